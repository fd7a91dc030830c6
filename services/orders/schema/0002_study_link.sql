-- The orders imaging has linked a study to. By study, not by UID: two patients' studies may have one UID. Takes the place of
-- order_study.linked.
create table study_link (
  study_id text not null,
  study_instance_uid text not null,
  order_id text not null,
  primary key (study_id, order_id)
);
create index study_link_by_uid on study_link (study_instance_uid, order_id);
