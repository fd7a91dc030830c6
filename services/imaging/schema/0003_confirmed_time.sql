-- When a person says that a study was recorded; null where nobody had to.
alter table study add column confirmed bigint;
