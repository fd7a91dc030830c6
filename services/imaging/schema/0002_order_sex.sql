-- The sex in an order's words, as in common.v1.Sex; 0 for orders that were heard of before.
alter table order_ref add column sex bigint not null default 0;
