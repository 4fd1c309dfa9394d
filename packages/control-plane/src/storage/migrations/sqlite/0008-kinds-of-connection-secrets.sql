alter table resources add column secrets text;
alter table signing_keys add column certificate text;

create table connection_secrets_new (
  id text primary key not null,
  principal_id text not null references principals (id) on delete cascade,
  resource_id text references resources (id) on delete cascade,
  stored_key text,
  server_key text,
  created_at text not null,
  expires_at text not null,
  uses_left integer,
  uses integer not null,
  last_used_at text,
  revoked_at text,
  kind text not null,
  fingerprint text,
  client_address text,
  sign_in_id text references sign_ins (id) on delete set null,
  revoked_reason text
) strict;
insert into connection_secrets_new
  select id, principal_id, resource_id, stored_key, server_key,
    created_at, expires_at, uses_left, uses, last_used_at, revoked_at, 'password', null, null, sign_in_id, revoked_reason
  from connection_secrets;
drop table connection_secrets;
alter table connection_secrets_new rename to connection_secrets;
create index connection_secrets_principal_id on connection_secrets (principal_id);
create index connection_secrets_client_address on connection_secrets (client_address);
