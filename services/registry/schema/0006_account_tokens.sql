-- Tokens issued before this do not hold (microseconds since 1970; 0: all hold).
alter table accounts add column tokens_from bigint not null default 0;
