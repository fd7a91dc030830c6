-- The documents of a verified patient (an encoded PatientRef, base64) and since when it is verified: both tell which facts
-- without a number of the facility's own are surely its own.
alter table patient add column verified_since bigint not null default 0;
alter table patient add column documents text not null default '';

-- Of the waiting reports those of which a final version is kept back.
alter table report add column held bigint not null default 0;
update report set held = waiting;
create index report_held on report (id) where held = 1;
