-- The epoch of the feed in which accession numbers were given last: a new one means that the database came back from a backup.
create table number_epoch (
  id bigint primary key,
  epoch text not null
);
