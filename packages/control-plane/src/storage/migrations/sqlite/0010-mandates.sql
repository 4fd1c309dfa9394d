-- Proofs that carry less than their principal may: API keys, delegations, federated tokens.

create table mandates (
  id text primary key not null,
  type text not null,
  name text not null,
  principal_id text not null references principals (id) on delete cascade,
  owner_id text references principals (id) on delete cascade,
  secret_hash text,
  permissions text,
  resource_ids text,
  level text,
  source_id text,
  present integer not null,
  created_by text not null,
  created_at text not null,
  expires_at text not null,
  revoked_at text,
  last_used_at text,
  last_used_from text,
  last_refused_at text
);
create unique index mandates_secret_hash on mandates (secret_hash);
create index mandates_principal_id on mandates (principal_id);
create index mandates_owner_id on mandates (owner_id);
create index mandates_source_id on mandates (source_id);
create index mandates_expires_at on mandates (expires_at);

alter table access_tokens add column mandate_id text;
alter table connection_secrets add column mandate_id text;
alter table connection_secrets add column owner_id text;
create index connection_secrets_owner_id on connection_secrets (owner_id);
alter table sessions add column mandate_id text;
create index sessions_mandate_id on sessions (mandate_id);
alter table budget_accounts add column owner_id text;
