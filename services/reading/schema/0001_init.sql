-- Reading tasks. `record` is the encoded tongjian.reading.v1.Task (base64); the columns beside it are what is searched by, and
-- patient_id, claimed_by, claim_expires hold over the record's. `urgency` is minus the priority, so that all of the worklist's key rises.
create table task (
  id text primary key,
  version bigint not null,
  state bigint not null,
  urgency bigint not null,
  deadline bigint not null,
  order_id text not null,
  center_id text not null,
  requesting_facility_id text not null,
  performing_facility_id text not null,
  modalities text not null,
  claimed_by text not null,
  claim_expires bigint not null,
  patient_facility_id text not null,
  facility_patient_id text not null,
  patient_name text not null,
  patient_birth_date text not null,
  patient_id text not null,
  created bigint not null,
  escalated bigint not null,
  return_seen bigint not null,
  instances_read bigint not null,
  order_priority bigint not null,
  record text not null
);
create unique index task_order on task (order_id) where state <> 8;
create index task_order_all on task (order_id);
create index task_performing on task (performing_facility_id, state, urgency, deadline, id);
create index task_requesting on task (requesting_facility_id, state, urgency, deadline, id);
create index task_center on task (center_id, state, urgency, deadline, id);
create index task_state on task (state, urgency, deadline, id);
create index task_claimant on task (claimed_by, state, urgency, deadline, id) where claimed_by <> '';
create index task_queue on task (center_id, deadline, created) where state in (2, 9);
create index task_expiry on task (claim_expires) where claimed_by <> '';
create index task_words on task (patient_facility_id, facility_patient_id);

-- Reports. `record` is the encoded tongjian.reading.v1.Report without its versions; `pending` is the version that waits for its
-- approver (empty: none), with the bytes its author signed and the accounts of its signers, one a line.
create table report (
  id text primary key,
  version bigint not null,
  state bigint not null,
  task_id text not null,
  requesting_facility_id text not null,
  performing_facility_id text not null,
  patient_facility_id text not null,
  facility_patient_id text not null,
  patient_name text not null,
  patient_birth_date text not null,
  patient_id text not null,
  created bigint not null,
  record text not null,
  pending text not null,
  pending_canonical text not null,
  pending_users text not null
);
create index report_task on report (task_id);
create index report_words on report (patient_facility_id, facility_patient_id);
create index report_patient on report (patient_id, created, id) where patient_id <> '';

-- Issued versions: rows are only added. `released` is a mark beside them and not part of what was signed.
create table report_version (
  report_id text not null,
  number bigint not null,
  released bigint not null,
  record text not null,
  canonical text not null,
  users text not null,
  primary key (report_id, number)
);

create table report_order (
  order_id text not null,
  created bigint not null,
  report_id text not null,
  primary key (order_id, created, report_id)
);
create index report_order_report on report_order (report_id);

-- What the other services said last.
create table known_order (
  id text primary key,
  version bigint not null,
  record text not null
);
create table study (
  id text primary key,
  version bigint not null,
  complete bigint not null,
  instances bigint not null,
  modalities text not null
);
create table study_order (
  order_id text not null,
  study_id text not null,
  primary key (order_id, study_id)
);
create index study_order_study on study_order (study_id);

-- Words that stand for a master patient, and whether that patient's identity is verified.
create table patient_link (
  facility_id text not null,
  facility_patient_id text not null,
  name text not null,
  birth_date text not null,
  patient_id text not null,
  verified bigint not null,
  primary key (facility_id, facility_patient_id, name, birth_date)
);
