create table browser_logins (
  id text primary key not null,
  token_hash text not null,
  code_hash text not null,
  wrong_codes integer not null,
  gateway_id text not null,
  client_address text not null,
  client_port integer not null,
  resource_name text not null,
  application text,
  state text not null,
  secret_id text,
  created_at text not null,
  expires_at text not null,
  decided_at text,
  used_at text
) strict;
create unique index browser_logins_token_hash on browser_logins (token_hash);
create index browser_logins_client_address on browser_logins (client_address);
create index browser_logins_expires_at on browser_logins (expires_at);
