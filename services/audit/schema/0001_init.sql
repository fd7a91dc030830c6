-- The chain. `record` holds exactly the bytes that are hashed (base64); time, actor, facility and method are copies of what
-- stands in it, for searching, and verifying compares them.
create table entry (
  sequence bigint primary key,
  source text not null,
  record text not null,
  record_digest text not null,
  previous_hash text not null,
  hash text not null,
  time bigint not null,
  actor text not null,
  facility text not null
);
create unique index entry_record on entry (record_digest);
create index entry_time on entry (time, sequence);
create index entry_actor on entry (actor, sequence);
create index entry_facility on entry (facility, sequence);

-- What an entry touched: a master patient's id, or "sha256:..." of a facility's own number; ids of objects.
create table entry_patient (
  patient text not null,
  sequence bigint not null,
  primary key (patient, sequence)
);
create index entry_patient_sequence on entry_patient (sequence);
create table entry_object (
  object text not null,
  sequence bigint not null,
  primary key (object, sequence)
);
create index entry_object_sequence on entry_object (sequence);

-- Which facility numbers (as digests) stand for a master patient, from the registry's feed: records written before the link
-- was known are found by it.
create table patient_link (
  digest text primary key,
  patient_id text not null
);
create index patient_link_patient on patient_link (patient_id);

create table head (
  sequence bigint primary key,
  hash text not null,
  time bigint not null,
  algorithm text not null,
  value text not null,
  certificate text not null
);
