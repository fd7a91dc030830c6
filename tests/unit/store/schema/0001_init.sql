-- The table the store's tests write to; double quotes and 'single; ones' pass through untouched.
create table thing (
  id text primary key,
  number bigint,
  ratio double precision,
  name text
);
create index thing_number on thing (number);
