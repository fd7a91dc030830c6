-- Whose the facts are in which a facility gave no number of its own: an order (kind 1) or a study (kind 2), each by itself. Name and
-- birth date, kept as they were said, are two people's as easily as one's. patient_id is whom it was resolved to; current_id is whom it
-- counts for, behind merges. Of a study: its UID, and the order through which it is whose.
create table patient_facts (
  kind bigint not null,
  id text not null,
  facility_id text not null,
  name text not null,
  birth_date text not null,
  study_uid text not null,
  order_id text not null,
  patient_id text not null,
  current_id text not null,
  primary key (kind, id)
);
create index patient_facts_own on patient_facts (patient_id);
create index patient_facts_current on patient_facts (current_id, kind, id);
create index patient_facts_study on patient_facts (study_uid, facility_id) where kind = 2;
create index patient_facts_order on patient_facts (order_id) where kind = 2;
