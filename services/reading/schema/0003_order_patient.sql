-- Whose the orders are in which the facility gave no number of its own.
create table order_patient (
  order_id text primary key,
  patient_id text not null,
  verified bigint not null
);
