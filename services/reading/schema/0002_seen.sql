-- What its reader had before the eyes: when the newest draft of a report was saved (or an addition signed), and when a task was
-- claimed. Study ids, one a line, and the number of images. What was written before this is known counts as written over none.
alter table report add column seen_studies text not null default '';
alter table report add column seen_instances bigint not null default 0;
alter table task add column claim_studies text not null default '';
alter table task add column claim_instances bigint not null default 0;
