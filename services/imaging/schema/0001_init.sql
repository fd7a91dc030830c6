create table study (
  id text not null primary key,
  facility_id text not null,
  study_instance_uid text not null,
  variant bigint not null,
  facility_patient_id text not null,
  patient_name text not null,
  patient_name_latin text not null,
  person_name text not null,
  name_key text not null,
  latin_key text not null,
  sex bigint not null,
  birth_date text not null,
  patient_id text not null,
  accession_number text not null,
  modalities text not null,
  description text not null,
  body_part text not null,
  study_number text not null,
  study_date text not null,
  study_time text not null,
  device_time bigint,
  receipt_time bigint not null,
  offset_ms bigint not null,
  implausible bigint not null,
  state bigint not null,
  match bigint not null,
  series_count bigint not null,
  instance_count bigint not null,
  size bigint not null,
  conflict_count bigint not null,
  expected_count bigint not null,
  grade text not null,
  grade_reason text not null,
  charset_guessed bigint not null,
  device_ae_title text not null,
  device_id text not null,
  priority bigint not null,
  flags bigint not null,
  created bigint not null,
  updated bigint not null,
  version bigint not null,
  quiet_at bigint not null,
  emitted bigint not null,
  dirty bigint not null,
  unique (facility_id, study_instance_uid, variant)
);
create index study_by_uid on study (study_instance_uid);
create index study_by_accession on study (accession_number);
create index study_by_facility_patient on study (facility_id, facility_patient_id);
create index study_by_patient on study (patient_id, created, id);
create index study_by_created on study (created, id);
create index study_by_match on study (match, created, id);
create index study_by_quiet on study (quiet_at);
create index study_by_dirty on study (dirty, emitted);
create index study_by_name on study (name_key, created, id);
create index study_by_latin_name on study (latin_key, created, id);
create index study_by_date on study (study_date, created, id);

create table series (
  study_id text not null,
  series_instance_uid text not null,
  modality text not null,
  number bigint not null,
  description text not null,
  body_part text not null,
  instance_count bigint not null,
  primary key (study_id, series_instance_uid)
);

create table instance (
  facility_id text not null,
  sop_instance_uid text not null,
  study_id text not null,
  series_instance_uid text not null,
  sop_class_uid text not null,
  transfer_syntax_uid text not null,
  number bigint not null,
  frames bigint not null,
  size bigint not null,
  digest text not null,
  dataset_digest text not null,
  locator text not null,
  received bigint not null,
  primary key (facility_id, sop_instance_uid)
);
create index instance_by_place on instance (study_id, series_instance_uid, number, sop_instance_uid);
create index instance_by_locator on instance (locator);

create table conflict (
  id text not null primary key,
  study_id text not null,
  facility_id text not null,
  sop_instance_uid text not null,
  first_digest text not null,
  later_digest text not null,
  later_dataset_digest text not null,
  later_study_instance_uid text not null,
  size bigint not null,
  locator text not null,
  received bigint not null,
  device_ae_title text not null,
  state bigint not null,
  decided_by text not null,
  reason text not null,
  decided bigint,
  unique (facility_id, sop_instance_uid, later_digest)
);
create index conflict_by_state on conflict (state, received, id);
create index conflict_by_study on conflict (study_id, received, id);
create index conflict_by_locator on conflict (locator);

create table study_audience (
  facility_id text not null,
  created bigint not null,
  study_id text not null,
  primary key (facility_id, created, study_id)
);
create index study_audience_by_study on study_audience (study_id, facility_id);

create table study_link (
  study_id text not null,
  order_id text not null,
  active bigint not null,
  by_what bigint not null,
  actor text not null,
  reason text not null,
  time bigint not null,
  primary key (study_id, order_id)
);
create index study_link_by_order on study_link (order_id, active);

create table study_history (
  study_id text not null,
  sequence bigint not null,
  time bigint not null,
  action text not null,
  order_id text not null,
  by_what text not null,
  actor text not null,
  reason text not null,
  primary key (study_id, sequence)
);

create table order_ref (
  order_id text not null primary key,
  accession_number text not null,
  placer_order_number text not null,
  ordering_facility_id text not null,
  recording_facility_id text not null,
  performing_facility_id text not null,
  patient_facility_id text not null,
  facility_patient_id text not null,
  name_key text not null,
  latin_key text not null,
  birth_date text not null,
  live bigint not null,
  provisional bigint not null,
  bound_order_id text not null,
  priority bigint not null,
  version bigint not null
);
create index order_ref_by_accession on order_ref (accession_number);
create index order_ref_by_placer on order_ref (placer_order_number);

create table order_study (
  order_id text not null,
  study_instance_uid text not null,
  primary key (order_id, study_instance_uid)
);
create index order_study_by_uid on order_study (study_instance_uid);

create table patient_link (
  facility_id text not null,
  facility_patient_id text not null,
  name text not null,
  birth_date text not null,
  patient_id text not null,
  primary key (facility_id, facility_patient_id, name, birth_date)
);

create table upload (
  sender text not null,
  upload_id text not null,
  size bigint not null,
  digest text not null,
  outcome bigint not null,
  sop_instance_uid text not null,
  study_id text not null,
  finished bigint not null,
  primary key (sender, upload_id)
);
create index upload_by_time on upload (finished);
