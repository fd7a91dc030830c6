-- Signed heads that gateways keep and that the chain contradicts: it was cut or turned back.
create table witness (
  sequence bigint not null,
  hash text not null,
  time bigint not null,
  algorithm text not null,
  value text not null,
  certificate text not null,
  facility text not null,
  received bigint not null,
  primary key (sequence, hash, facility)
);
