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
