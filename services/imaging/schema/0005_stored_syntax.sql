-- Which transfer syntaxes objects of a class are stored in: noted with the first object of each series.
create table stored_syntax (
  sop_class_uid text not null,
  transfer_syntax_uid text not null,
  primary key (sop_class_uid, transfer_syntax_uid)
);
insert into stored_syntax (sop_class_uid, transfer_syntax_uid)
  select distinct sop_class_uid, transfer_syntax_uid from instance;
