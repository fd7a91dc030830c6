-- Why the device broke an exam of the study off, in its words.
alter table study add column exam_note text not null default '';
