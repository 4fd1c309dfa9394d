create table browser_logins (
  id text collate "C" primary key,
  token_hash text collate "C" not null,
  code_hash text collate "C" not null,
  wrong_codes bigint not null,
  gateway_id text collate "C" not null,
  client_address text collate "C" not null,
  client_port bigint not null,
  resource_name text collate "C" not null,
  application text collate "C",
  state text collate "C" not null,
  secret_id text collate "C",
  created_at text collate "C" not null,
  expires_at text collate "C" not null,
  decided_at text collate "C",
  used_at text collate "C"
);
create unique index browser_logins_token_hash on browser_logins (token_hash);
create index browser_logins_client_address on browser_logins (client_address);
create index browser_logins_expires_at on browser_logins (expires_at);
