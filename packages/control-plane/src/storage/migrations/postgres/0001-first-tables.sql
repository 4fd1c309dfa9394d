-- The first tables. Kept in step with storage/schema.ts by the storage contract suite.

create table settings (
  name text collate "C" primary key,
  value text collate "C" not null
);

create table counters (
  name text collate "C" primary key,
  value bigint not null,
  hash text collate "C" not null
);

create table changes (
  sequence bigint primary key,
  kind text collate "C" not null,
  ref_id text collate "C" not null,
  at text collate "C" not null
);

create table audit_events (
  sequence bigint primary key,
  id text collate "C" not null,
  at text collate "C" not null,
  type text collate "C" not null,
  principal_id text collate "C",
  session_id text collate "C",
  resource_id text collate "C",
  data text collate "C" not null,
  previous_hash text collate "C" not null,
  hash text collate "C" not null
);
create unique index audit_events_id on audit_events (id);
create index audit_events_type on audit_events (type);

create table data_keys (
  id text collate "C" primary key,
  noun text collate "C" not null,
  ref_id text collate "C" not null,
  master_key_id text collate "C" not null,
  wrapped text collate "C" not null,
  created_at text collate "C" not null
);
create index data_keys_noun_ref_id on data_keys (noun, ref_id);

create table signing_keys (
  kid text collate "C" primary key,
  purpose text collate "C" not null,
  public_jwk text collate "C" not null,
  sealed_private text collate "C" not null,
  signs_from text collate "C" not null,
  verifies_until text collate "C"
);

create table principals (
  id text collate "C" primary key,
  name text collate "C" not null,
  kind text collate "C" not null,
  roles text collate "C" not null,
  disabled bigint not null,
  owner_id text collate "C",
  password_hash text collate "C",
  scram_salt text collate "C" not null,
  scram_iterations bigint not null,
  created_at text collate "C" not null
);
create unique index principals_name on principals (name);
create index principals_owner_id on principals (owner_id);

create table groups (
  id text collate "C" primary key,
  name text collate "C" not null,
  description text collate "C" not null
);
create unique index groups_name on groups (name);

create table group_members (
  group_id text collate "C" not null references groups (id) on delete cascade,
  principal_id text collate "C" not null references principals (id) on delete cascade,
  primary key (group_id, principal_id)
);
create index group_members_principal_id on group_members (principal_id);

create table resources (
  id text collate "C" primary key,
  name text collate "C" not null,
  protocol text collate "C" not null,
  tags text collate "C" not null,
  target text collate "C" not null,
  address text collate "C" not null,
  agent text collate "C" not null,
  enforce text collate "C" not null,
  created_at text collate "C" not null
);
create unique index resources_name on resources (name);

create table credentials (
  id text collate "C" primary key,
  resource_id text collate "C" not null references resources (id) on delete cascade,
  level text collate "C" not null,
  type text collate "C" not null,
  username text collate "C" not null,
  sealed text collate "C",
  created_at text collate "C" not null
);
create unique index credentials_resource_id_level on credentials (resource_id, level);

create table grants (
  id text collate "C" primary key,
  name text collate "C" not null,
  principal_id text collate "C" references principals (id) on delete cascade,
  group_id text collate "C" references groups (id) on delete cascade,
  resource_id text collate "C" references resources (id) on delete cascade,
  selector text collate "C",
  level text collate "C" not null,
  expires_at text collate "C",
  created_at text collate "C" not null
);
create unique index grants_name on grants (name);
create index grants_principal_id on grants (principal_id);
create index grants_group_id on grants (group_id);
create index grants_resource_id on grants (resource_id);

create table connection_secrets (
  id text collate "C" primary key,
  principal_id text collate "C" not null references principals (id) on delete cascade,
  resource_id text collate "C" references resources (id) on delete cascade,
  stored_key text collate "C" not null,
  server_key text collate "C" not null,
  created_at text collate "C" not null,
  expires_at text collate "C" not null,
  uses_left bigint,
  uses bigint not null,
  last_used_at text collate "C",
  revoked_at text collate "C"
);
create index connection_secrets_principal_id on connection_secrets (principal_id);

create table access_tokens (
  jti text collate "C" primary key,
  principal_id text collate "C" not null references principals (id) on delete cascade,
  issued_at text collate "C" not null,
  expires_at text collate "C" not null,
  revoked_at text collate "C"
);
create index access_tokens_principal_id on access_tokens (principal_id);

create table policy_versions (
  version bigint primary key,
  applied_at text collate "C" not null,
  applied_by text collate "C" not null
);

create table policy_documents (
  version bigint not null references policy_versions (version) on delete cascade,
  name text collate "C" not null,
  source text collate "C" not null,
  primary key (version, name)
);

create table agents (
  id text collate "C" primary key,
  name text collate "C" not null,
  public_jwk text collate "C" not null,
  version text collate "C" not null,
  joined_at text collate "C" not null
);
create unique index agents_name on agents (name);

create table agent_presence (
  agent_id text collate "C" not null references agents (id) on delete cascade,
  gateway_id text collate "C" not null,
  online bigint not null,
  last_seen text collate "C" not null,
  version text collate "C" not null,
  data text collate "C" not null,
  primary key (agent_id, gateway_id)
);

create table join_tokens (
  id text collate "C" primary key,
  name text collate "C" not null,
  token_hash text collate "C" not null,
  created_by text collate "C" not null,
  expires_at text collate "C" not null,
  used_at text collate "C"
);
create unique index join_tokens_token_hash on join_tokens (token_hash);

create table sessions (
  id text collate "C" primary key,
  gateway_id text collate "C" not null,
  principal_id text collate "C" not null,
  principal_name text collate "C" not null,
  principal_kind text collate "C" not null,
  owner_id text collate "C",
  owner_name text collate "C",
  resource_id text collate "C" not null,
  resource_name text collate "C" not null,
  protocol text collate "C" not null,
  level text collate "C" not null,
  grant_id text collate "C" not null,
  credential_id text collate "C" not null,
  secret_id text collate "C",
  agent_id text collate "C" not null,
  agent_name text collate "C" not null,
  address text collate "C" not null,
  client_address text collate "C" not null,
  application text collate "C",
  detail text collate "C" not null,
  policy_version bigint not null,
  recording_key_id text collate "C" not null,
  started_at text collate "C" not null,
  heartbeat_at text collate "C" not null,
  lease_expires_at text collate "C" not null,
  ended_at text collate "C",
  end_reason text collate "C",
  kill_reason text collate "C",
  counters text collate "C" not null,
  segments bigint,
  last_segment_hash text collate "C"
);
create index sessions_gateway_id on sessions (gateway_id);
create index sessions_principal_id on sessions (principal_id);
create index sessions_owner_id on sessions (owner_id);
create index sessions_resource_id on sessions (resource_id);
create index sessions_grant_id on sessions (grant_id);
create index sessions_credential_id on sessions (credential_id);
create index sessions_secret_id on sessions (secret_id);
create index sessions_agent_id on sessions (agent_id);
create index sessions_started_at on sessions (started_at);
create index sessions_ended_at on sessions (ended_at);

create table reviews (
  id text collate "C" primary key,
  short_id text collate "C" not null,
  session_id text collate "C" not null,
  principal_id text collate "C" not null,
  principal_name text collate "C" not null,
  owner_id text collate "C",
  resource_id text collate "C" not null,
  resource_name text collate "C" not null,
  mode text collate "C" not null,
  state text collate "C" not null,
  rule_id text collate "C" not null,
  reason text collate "C" not null,
  asked_of text collate "C" not null,
  count bigint not null,
  binding text collate "C" not null,
  sealed_statement text collate "C" not null,
  summary text collate "C" not null,
  labels text collate "C" not null,
  estimated_rows bigint,
  in_transaction bigint not null,
  decisions text collate "C" not null,
  requested_at text collate "C" not null,
  expires_at text collate "C" not null,
  closed_reason text collate "C"
);
create index reviews_state_expires_at on reviews (state, expires_at);
create index reviews_session_id on reviews (session_id);
create index reviews_binding on reviews (binding);
create index reviews_short_id on reviews (short_id);

-- A short id is unique among what is open.
create unique index reviews_open_short_id on reviews (short_id) where state in ('pending', 'approved');

insert into counters (name, value, hash) values ('changes', 0, ''), ('audit', 0, '');
