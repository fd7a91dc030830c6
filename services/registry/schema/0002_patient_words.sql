-- What facilities said of their patients, word by word: facts that hold exactly these words belong to the patient.
-- patient_id is whom they were resolved to; current_id is whom they count for, behind merges.
create table patient_words (
  facility_id text not null,
  number text not null,
  name text not null,
  birth_date text not null,
  patient_id text not null,
  current_id text not null,
  primary key (facility_id, number, name, birth_date)
);
create index patient_words_own on patient_words (patient_id);
create index patient_words_current on patient_words (current_id);
