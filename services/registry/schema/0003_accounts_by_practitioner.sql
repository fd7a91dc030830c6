create index accounts_by_practitioner on accounts (practitioner_id, active);
