-- Signed heads of the hub's trail, as the hub gave them: one for every ten minutes in which there was a newer one. `head` is a
-- serialized tongjian.audit.v1.SignedHead (base64); `told` is set once the hub was shown it and its trail contradicted it.
create table trail_head (
  period bigint primary key,
  sequence bigint not null,
  head text not null,
  received bigint not null,
  told bigint not null
);
create index trail_head_sequence on trail_head (sequence);

-- Where the hub's trail was at its last answer; one row.
create table trail_position (
  id bigint primary key,
  sequence bigint not null,
  hash text not null
);
