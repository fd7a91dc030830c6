-- Published results. `record` is the encoded tongjian.exchange.v1.Result (base64); the columns beside it are what is searched
-- by, and patient_id, which holds over the record's. `publisher` is empty for the results of our own centers.
create table result (
  id text primary key,
  publisher text not null,
  source text not null,
  source_id text not null,
  version bigint not null,
  patient_facility_id text not null,
  facility_patient_id text not null,
  patient_name text not null,
  patient_birth_date text not null,
  patient_id text not null,
  created bigint not null,
  record text not null
);
create unique index result_source on result (publisher, source, source_id);
create index result_words on result (patient_facility_id, facility_patient_id);
create index result_patient on result (patient_id, created, id) where patient_id <> '';

-- Who sees a result and is told of it: whom it names, and whoever accepted it in place of an exam.
create table result_facility (
  result_id text not null,
  facility_id text not null,
  primary key (result_id, facility_id)
);
create table result_order (
  order_id text not null,
  result_id text not null,
  created bigint not null,
  primary key (order_id, result_id)
);
-- The candidates of recognition.
create table result_item (
  result_id text not null,
  position bigint not null,
  patient_id text not null,
  recognition_code text not null,
  performed bigint not null,
  primary key (result_id, position)
);
create index result_item_candidate on result_item (patient_id, recognition_code, performed, result_id)
  where patient_id <> '';

-- What the other services have said, as far as results need it. Reports are kept with all their versions: what may not be
-- published yet waits here (waiting = 1).
create table report (
  id text primary key,
  version bigint not null,
  waiting bigint not null,
  patient_facility_id text not null,
  facility_patient_id text not null,
  record text not null
);
create index report_waiting on report (patient_facility_id, facility_patient_id) where waiting = 1;
create table report_order (
  order_id text not null,
  report_id text not null,
  primary key (order_id, report_id)
);
create index report_order_report on report_order (report_id);
create table report_study (
  study_id text not null,
  report_id text not null,
  primary key (study_id, report_id)
);
create index report_study_report on report_study (report_id);
create table exam_order (
  id text primary key,
  version bigint not null,
  record text not null
);
create table study (
  id text primary key,
  version bigint not null,
  record text not null
);
create table study_order (
  order_id text not null,
  study_id text not null,
  primary key (order_id, study_id)
);
create index study_order_study on study_order (study_id);

-- Words that stand for a master patient, and what is known of the patient.
create table patient_link (
  facility_id text not null,
  facility_patient_id text not null,
  name text not null,
  birth_date text not null,
  patient_id text not null,
  primary key (facility_id, facility_patient_id, name, birth_date)
);
create index patient_link_patient on patient_link (patient_id);
create table patient (
  id text primary key,
  verified bigint not null
);

-- Prompts: an exam about to be ordered at a visit, for which there is an earlier result. `record` is an ItemVerdict whose
-- results are reduced to their ids. `ignore_at` is 0 where no timer runs.
create table prompt (
  id text primary key,
  facility_id text not null,
  visit_key text not null,
  patient_facility_id text not null,
  facility_patient_id text not null,
  patient_name text not null,
  patient_birth_date text not null,
  patient_id text not null,
  recognition_code text not null,
  encounter text not null,
  counted bigint not null,
  decision_id text not null,
  ignore_at bigint not null,
  created bigint not null,
  record text not null
);
create unique index prompt_visit on prompt (facility_id, visit_key);
create index prompt_ignore on prompt (ignore_at, id) where ignore_at > 0;
create index prompt_words on prompt (patient_facility_id, facility_patient_id);

-- Decisions; `record` is the encoded Decision. `saving_until` is the end of the time in which an order for the same exam
-- takes the saving back, 0 where nothing is saved.
create table decision (
  id text primary key,
  prompt_id text not null,
  facility_id text not null,
  patient_id text not null,
  recognition_code text not null,
  encounter text not null,
  price_id text not null,
  result_id text not null,
  kind bigint not null,
  time bigint not null,
  saving_until bigint not null,
  record text not null
);
create index decision_prompt on decision (prompt_id);
create index decision_facility on decision (facility_id, time, id);
create index decision_patient on decision (patient_id, time, id);
create index decision_time on decision (time, id);
create index decision_saving on decision (patient_id, recognition_code, saving_until) where saving_until > 0;

-- The counts, append only: what is undone is taken off by an entry of its own.
create table tally (
  id text primary key,
  facility_id text not null,
  time bigint not null,
  measure bigint not null,
  delta bigint not null,
  fen bigint not null,
  prompt_id text not null,
  decision_id text not null
);
create index tally_facility on tally (facility_id, time);
create index tally_time on tally (time);
