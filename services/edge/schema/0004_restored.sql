-- The hub was restored from a backup: what it was told since is sent again. purpose: "orders" or "results"; deliveries up to
-- after_id have been looked at, `resent` of them sent again; finished is 0 while it goes on.
create table hub_restore (
  purpose text primary key,
  noticed bigint not null,
  after_id bigint not null,
  resent bigint not null,
  finished bigint not null
);

-- A row while the hub's current results are being listed, because its feed no longer has all that was missed: from which page.
create table result_listing (
  id bigint primary key,
  page_token text not null
);
