-- Orders. `record` is the whole order as encoded tongjian.orders.v1.Order (base64); the columns beside it are what is searched by,
-- and patient_id, which holds over the record's.
create table orders (
  id text primary key,
  version bigint not null,
  state bigint not null,
  origin bigint not null,
  ordering_facility_id text not null,
  recording_facility_id text not null,
  center_id text not null,
  accession_number text not null,
  placer_order_number text not null,
  patient_facility_id text not null,
  facility_patient_id text not null,
  patient_name text not null,
  patient_birth_date text not null,
  patient_id text not null,
  needs_desk bigint not null,
  unbound bigint not null,
  created bigint not null,
  record text not null
);
-- A number is one order's; a device's own stands on its provisional order until a HIS order takes it over.
create unique index orders_accession on orders (accession_number, ordering_facility_id) where origin <> 2;
create index orders_device_accession on orders (accession_number, ordering_facility_id) where origin = 2;
create index orders_placer on orders (ordering_facility_id, placer_order_number, created) where placer_order_number <> '';
create index orders_words on orders (patient_facility_id, facility_patient_id);
create index orders_patient on orders (patient_id, created, id) where patient_id <> '';
create index orders_ordering on orders (ordering_facility_id, created, id);
create index orders_center on orders (center_id, state, created, id);
create index orders_state on orders (state, created, id);
create index orders_created on orders (created, id);
create index orders_desk on orders (created, id) where needs_desk = 1;
create index orders_unrouted on orders (id) where needs_desk = 1 and center_id = '';
create index orders_unbound on orders (created, id) where unbound = 1;

-- Who sees an order: one row for each facility concerned.
create table order_facility (
  facility_id text not null,
  created bigint not null,
  order_id text not null,
  state bigint not null,
  primary key (facility_id, created, order_id)
);
create index order_facility_state on order_facility (facility_id, state, created, order_id);

-- Study UIDs an order names: given out beforehand, or there already; linked = 1 where imaging has said that the study is the order's.
create table order_study (
  study_instance_uid text not null,
  order_id text not null,
  linked bigint not null,
  primary key (study_instance_uid, order_id)
);

create table timeline (
  order_id text not null,
  sequence bigint not null,
  time bigint not null,
  state bigint not null,
  action text not null,
  actor text not null,
  facility_id text not null,
  note text not null,
  primary key (order_id, sequence)
);

-- What devices may find now; a row is there only as long as it is on the worklist. `day` is YYYYMMDD in the hub's zone, empty
-- for "any time from now on". Name keys are folded as dicom::SearchKey does.
create table worklist (
  order_id text not null,
  item_id text not null,
  facility_id text not null,
  day text not null,
  time bigint not null,
  created bigint not null,
  modality text not null,
  ae_title text not null,
  accession_number text not null,
  facility_patient_id text not null,
  name_key text not null,
  latin_key text not null,
  primary key (order_id, item_id)
);
create index worklist_day on worklist (facility_id, day, modality, created, order_id, item_id);
create index worklist_accession on worklist (accession_number);
create index worklist_patient on worklist (facility_id, facility_patient_id);
create index worklist_name on worklist (facility_id, name_key);
create index worklist_latin on worklist (facility_id, latin_key) where latin_key <> '';

-- Words that stand for a master patient, for orders to come.
create table patient_link (
  facility_id text not null,
  facility_patient_id text not null,
  name text not null,
  birth_date text not null,
  patient_id text not null,
  primary key (facility_id, facility_patient_id, name, birth_date)
);

-- Accession numbers: the counter they come from, and the blocks leased from it.
create table accession_counter (
  prefix text primary key,
  next_number bigint not null
);
create table accession_block (
  prefix text not null,
  first_number bigint not null,
  last_number bigint not null,
  facility_id text not null,
  leased bigint not null,
  primary key (prefix, first_number)
);
create index accession_block_facility on accession_block (facility_id, prefix, first_number);

-- The newest version of each study, task, report and result whose news was applied.
create table news (
  source text not null,
  key text not null,
  version bigint not null,
  primary key (source, key)
);
