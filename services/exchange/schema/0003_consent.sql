-- Whether the patient refuses that results are shown to facilities that neither ordered, made nor published them.
alter table patient add column sharing_refused bigint not null default 0;
-- 1: the result does not name the facility, which accepted it in place of an exam. It sees it as long as the patient agrees.
alter table result_facility add column told bigint not null default 0;

-- Looks in an emergency at what a patient refuses to share; record is an encoded EmergencyLook (base64).
create table emergency_look (
  id text primary key,
  facility_id text not null,
  time bigint not null,
  record text not null
);
create index emergency_look_facility on emergency_look (facility_id, time, id);
create index emergency_look_time on emergency_look (time, id);
