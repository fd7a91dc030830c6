-- What patients decided on the use of their records, append only. patient_id is whom it was recorded on and never changes;
-- current_id is whom it counts for, behind merges, and joined since when. number counts a patient's own decisions.
create table patient_consents (
  id text not null primary key,
  patient_id text not null,
  current_id text not null,
  number bigint not null,
  coverage bigint not null,
  decision bigint not null,
  facility_id text not null,
  practitioner_id text not null,
  practitioner_name text not null,
  recorded_by text not null,
  recorded bigint not null,
  joined bigint not null,
  reason text not null
);
create unique index patient_consents_own on patient_consents (patient_id, number);
create index patient_consents_current on patient_consents (current_id, recorded, id);
