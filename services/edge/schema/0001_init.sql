-- Objects on their way to the hub. state 0 waits, 1 was refused by the hub for good, 2 is at the hub (its bytes are gone from here and
-- the row only recognizes repeats).
create table spool (
  id text primary key,
  sequence bigint not null,
  sop_instance_uid text not null,
  study_instance_uid text not null,
  accession_number text not null,
  digest text not null,
  size bigint not null,
  locator text not null,
  facility_id text not null,
  device_ae_title text not null,
  device_address text not null,
  device_time bigint,
  receipt_time bigint not null,
  offset_ms bigint not null,
  implausible bigint not null,
  priority bigint not null,
  state bigint not null,
  attempts bigint not null,
  next_attempt bigint not null,
  last_error text not null,
  end_time bigint not null
);
create unique index spool_content on spool (sop_instance_uid, digest);
create unique index spool_sequence on spool (sequence);
create index spool_waiting on spool (state, priority, sequence);
create index spool_state on spool (state, sequence);
create index spool_by_study on spool (study_instance_uid, state);
create index spool_accession on spool (accession_number, state);
create index spool_locator on spool (locator);
create index spool_end on spool (state, end_time);

-- Studies that devices send. `reported` instances were told to the hub as all there are, -1 while open.
create table spool_study (
  study_instance_uid text primary key,
  facility_id text not null,
  last_receipt bigint not null,
  asked bigint not null,
  reported bigint not null
);
create index spool_study_open on spool_study (reported, last_receipt);

-- How devices' clocks stand. `best_ms` is the largest offset seen in the window that began at window_start, `before_ms`
-- that of the window before.
create table device_clock (
  ae_title text not null,
  address text not null,
  facility_id text not null,
  best_ms bigint not null,
  before_ms bigint not null,
  window_start bigint not null,
  implausible bigint not null,
  last_seen bigint not null,
  primary key (ae_title, address)
);

-- Blocks of accession numbers leased from the hub, used in the order of `id`.
create table accession_block (
  id bigint primary key,
  prefix text not null,
  digits bigint not null,
  next_number bigint not null,
  last_number bigint not null
);

-- Orders of this clinic. `record` is the order as encoded tongjian.orders.v1.Order (base64). at_hub is 0 while the hub does
-- not have it (the id is ours then), open is 1 on the worklist, canceling is 1 while a cancel is on its way.
create table clinic_order (
  id text primary key,
  at_hub bigint not null,
  accession_number text not null,
  placer_order_number text not null,
  patient_id text not null,
  state bigint not null,
  priority bigint not null,
  open bigint not null,
  canceling bigint not null,
  version bigint not null,
  created bigint not null,
  record text not null
);
create index clinic_order_accession on clinic_order (accession_number);
create index clinic_order_placer on clinic_order (placer_order_number);
create index clinic_order_patient on clinic_order (patient_id, created, id);
create index clinic_order_created on clinic_order (created, id);
create index clinic_order_state on clinic_order (state, created, id);
create index clinic_order_open on clinic_order (open, created, id);
create index clinic_order_at_hub on clinic_order (at_hub);

create table clinic_order_study (
  study_instance_uid text not null,
  order_id text not null,
  primary key (study_instance_uid, order_id)
);
create index clinic_order_study_order on clinic_order_study (order_id);

-- What the clinic's HIS knows an order by, where the gateway gave the id before the hub did.
create table order_alias (
  local_id text primary key,
  hub_id text not null
);
create index order_alias_hub on order_alias (hub_id);

-- Results for this clinic, as encoded tongjian.exchange.v1.Result (base64).
create table clinic_result (
  id text primary key,
  patient_id text not null,
  version bigint not null,
  updated bigint not null,
  dropped bigint not null,
  record text not null
);
create index clinic_result_patient on clinic_result (patient_id, updated, id);
create table clinic_result_order (
  order_id text not null,
  result_id text not null,
  primary key (order_id, result_id)
);
create index clinic_result_order_result on clinic_result_order (result_id);
