create table part (
  id text primary key,
  thing_id text not null references thing (id)
);
