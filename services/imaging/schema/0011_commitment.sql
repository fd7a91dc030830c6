-- Requests for storage commitment (common/acquisition). state 1 waits to be judged, 2 is judged and on its way to the device, 3 was
-- told, 4 could not be told. `instances` holds a line for each: SOP class, SOP instance, failure reason (0: committed).
create table commitment (
  id text not null primary key,
  facility_id text not null,
  transaction_uid text not null,
  device_ae_title text not null,
  device_address text not null,
  called_ae_title text not null,
  state bigint not null,
  instances text not null,
  delivery_id bigint not null,
  last_error text not null,
  created bigint not null,
  updated bigint not null,
  unique (facility_id, device_ae_title, transaction_uid)
);
create index commitment_by_time on commitment (created, id);
create index commitment_by_facility on commitment (facility_id, created, id);
create index commitment_by_state on commitment (state, created, id);
create index commitment_by_change on commitment (state, updated);
