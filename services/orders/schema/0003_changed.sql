-- When anything last happened to an order: what is silent for too long is shown to a person.
alter table orders add column changed bigint not null default 0;
update orders set changed = created;
create index orders_changed on orders (state, changed);
