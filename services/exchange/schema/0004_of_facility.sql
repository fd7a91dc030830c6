-- The results of a facility, newest first: ids sort by time.
create index result_facility_list on result_facility (facility_id, result_id);
