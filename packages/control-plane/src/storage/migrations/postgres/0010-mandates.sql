-- Proofs that carry less than their principal may: API keys, delegations, federated tokens.

create table mandates (
  id text collate "C" primary key not null,
  type text collate "C" not null,
  name text collate "C" not null,
  principal_id text collate "C" not null references principals (id) on delete cascade,
  owner_id text collate "C" references principals (id) on delete cascade,
  secret_hash text collate "C",
  permissions text collate "C",
  resource_ids text collate "C",
  level text collate "C",
  source_id text collate "C",
  present bigint not null,
  created_by text collate "C" not null,
  created_at text collate "C" not null,
  expires_at text collate "C" not null,
  revoked_at text collate "C",
  last_used_at text collate "C",
  last_used_from text collate "C",
  last_refused_at text collate "C"
);
create unique index mandates_secret_hash on mandates (secret_hash);
create index mandates_principal_id on mandates (principal_id);
create index mandates_owner_id on mandates (owner_id);
create index mandates_source_id on mandates (source_id);
create index mandates_expires_at on mandates (expires_at);

alter table access_tokens add column mandate_id text collate "C";
alter table connection_secrets add column mandate_id text collate "C";
alter table connection_secrets add column owner_id text collate "C";
create index connection_secrets_owner_id on connection_secrets (owner_id);
alter table sessions add column mandate_id text collate "C";
create index sessions_mandate_id on sessions (mandate_id);
alter table budget_accounts add column owner_id text collate "C";
