-- Records of the directory: facilities, communities, memberships, centers, agreements, policies, targets, calendar,
-- practitioners, devices, items, qualifications. `record` is the protobuf snapshot that callers read and followers get:
-- binary, so that a release that does not know a field keeps it when it writes the row back.
create table records (
  kind text not null,
  id text not null,
  facility_id text not null,
  version bigint not null,
  record text not null,
  updated bigint not null,
  primary key (kind, id)
);

-- What records are listed by: "facility:<id>", "community:<id>", "discipline:<n>"...
create table record_groups (
  kind text not null,
  group_key text not null,
  id text not null,
  primary key (kind, group_key, id)
);
create index record_groups_of_record on record_groups (kind, id);

-- What only one record of a kind may have: an AE title within a facility, an own code of an item
create table record_uniques (
  kind text not null,
  unique_key text not null,
  id text not null,
  primary key (kind, unique_key)
);
create index record_uniques_of_record on record_uniques (kind, id);

create table accounts (
  id text not null primary key,
  user_name text not null unique,
  facility_id text not null,
  practitioner_id text not null,
  roles text not null,
  active bigint not null,
  password_hash text not null,
  failures bigint not null,
  locked_until bigint,
  version bigint not null
);
create index accounts_by_facility on accounts (facility_id, id);

-- One row that counts attempts with unknown names: they cost the same write as a wrong password.
create table unknown_log_ins (
  id text not null primary key,
  attempts bigint not null
);

create table enrollment_codes (
  hash text not null primary key,
  facility_id text not null,
  role text not null,
  expiry bigint not null,
  used_by text not null
);
create index enrollment_codes_by_expiry on enrollment_codes (expiry);

-- name_key and latin_key are hexadecimal of the folded names: they sort alike under every collation.
create table patients (
  id text not null primary key,
  state bigint not null,
  name text not null,
  name_key text not null,
  name_latin text not null,
  latin_key text not null,
  sex bigint not null,
  birth_date text not null,
  unnamed bigint not null,
  mother_patient_id text not null,
  merged_into_id text not null,
  notes text not null,
  version bigint not null,
  updated bigint not null
);
create index patients_by_name on patients (name_key, id);
create index patients_by_latin on patients (latin_key, id);
create index patients_by_birth on patients (birth_date, id);
create index patients_merged on patients (merged_into_id, id);

-- patient_id is whom the number was given to and never changes; current_id is whom it counts for, behind merges.
create table patient_identifiers (
  type bigint not null,
  assigner text not null,
  value text not null,
  patient_id text not null,
  current_id text not null,
  verified bigint not null,
  primary key (type, assigner, value, patient_id)
);
create index patient_identifiers_own on patient_identifiers (patient_id);
create index patient_identifiers_current on patient_identifiers (current_id, assigner);
create index patient_identifiers_value on patient_identifiers (value, type);

-- One row for each number of a facility. Resolving touches it, so that two at once collide and one comes after the other.
create table facility_numbers (
  facility_id text not null,
  number text not null,
  resolved bigint not null,
  primary key (facility_id, number)
);

create table patient_merges (
  id text not null primary key,
  source_id text not null,
  target_id text not null,
  merged bigint not null,
  reason text not null,
  undone bigint,
  undone_reason text not null
);
create index patient_merges_by_source on patient_merges (source_id);
