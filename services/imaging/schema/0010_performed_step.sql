-- Performed procedure steps as devices reported them (common/acquisition). status 1 is in progress, 2 completed, 3 discontinued;
-- `attributes` is the whole data set (explicit little endian, UTF-8, base64).
create table performed_step (
  facility_id text not null,
  sop_instance_uid text not null,
  status bigint not null,
  attributes text not null,
  device_ae_title text not null,
  device_address text not null,
  device_id text not null,
  created bigint not null,
  updated bigint not null,
  version bigint not null,
  primary key (facility_id, sop_instance_uid)
);
create index performed_step_by_time on performed_step (created, sop_instance_uid);
create index performed_step_by_facility on performed_step (facility_id, created, sop_instance_uid);
create index performed_step_by_status on performed_step (status, created, sop_instance_uid);
create index performed_step_by_change on performed_step (updated);

-- The studies they were made for.
create table performed_step_study (
  facility_id text not null,
  study_instance_uid text not null,
  sop_instance_uid text not null,
  requested_procedure_id text not null,
  primary key (study_instance_uid, facility_id, sop_instance_uid, requested_procedure_id)
);
create index performed_step_study_by_step on performed_step_study (facility_id, sop_instance_uid);

-- Instances that ended steps name and that have not come: the study is complete when none is left.
create table step_awaited (
  facility_id text not null,
  sop_instance_uid text not null,
  study_instance_uid text not null,
  primary key (facility_id, sop_instance_uid)
);
create index step_awaited_by_study on step_awaited (facility_id, study_instance_uid);

-- How the exam stands by its steps (0: none spoke of it), what was broken off, how many named instances have not come.
alter table study add column exam bigint not null default 0;
alter table study add column exam_note text not null default '';
alter table study add column awaited bigint not null default 0;
