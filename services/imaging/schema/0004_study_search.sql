-- What a study is searched by, once for each facility that may see it and once for nobody's own ('', for those who may see
-- all): whoever asks walks an index that holds nothing of others.
create table study_search (
  study_id text not null,
  facility_id text not null,
  created bigint not null,
  facility_patient_id text not null,
  accession_number text not null,
  name_key text not null,
  latin_key text not null,
  phonetic_key text not null,
  study_date text not null,
  primary key (study_id, facility_id)
);
insert into study_search (study_id, facility_id, created, facility_patient_id, accession_number, name_key, latin_key,
    phonetic_key, study_date)
  select s.id, a.facility_id, s.created, s.facility_patient_id, s.accession_number, s.name_key, s.latin_key, '', s.study_date
  from study_audience a join study s on s.id = a.study_id;
insert into study_search (study_id, facility_id, created, facility_patient_id, accession_number, name_key, latin_key,
    phonetic_key, study_date)
  select s.id, '', s.created, s.facility_patient_id, s.accession_number, s.name_key, s.latin_key, '', s.study_date
  from study s;
create index study_search_by_created on study_search (facility_id, created, study_id);
create index study_search_by_number on study_search (facility_id, facility_patient_id, created, study_id);
create index study_search_by_accession on study_search (facility_id, accession_number, created, study_id);
create index study_search_by_name on study_search (facility_id, name_key, created, study_id);
create index study_search_by_latin on study_search (facility_id, latin_key, created, study_id);
create index study_search_by_phonetic on study_search (facility_id, phonetic_key, created, study_id) where phonetic_key <> '';
create index study_search_by_date on study_search (facility_id, study_date, created, study_id);

-- The same by the modalities of a study's series.
create table study_search_modality (
  facility_id text not null,
  modality text not null,
  study_date text not null,
  created bigint not null,
  study_id text not null,
  primary key (facility_id, modality, study_date, created, study_id)
);
insert into study_search_modality (facility_id, modality, study_date, created, study_id)
  select distinct k.facility_id, x.modality, k.study_date, k.created, k.study_id
  from study_search k join series x on x.study_id = k.study_id where x.modality <> '';
create index study_search_modality_by_study on study_search_modality (study_id);

create index series_by_uid on series (series_instance_uid);

-- What objects say of their study (series_instance_uid '') and series beyond the columns: a data set in base64. Studies of
-- before have none; their objects are read when somebody asks.
create table header (
  study_id text not null,
  series_instance_uid text not null,
  attributes text not null,
  primary key (study_id, series_instance_uid)
);

-- Of a picture; -1 where it was not noted.
alter table instance add column pixel_rows bigint not null default -1;
alter table instance add column pixel_columns bigint not null default -1;
alter table instance add column bits_allocated bigint not null default -1;
