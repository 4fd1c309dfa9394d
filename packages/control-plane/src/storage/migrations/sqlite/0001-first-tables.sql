-- The first tables. Kept in step with storage/schema.ts by the storage contract suite.

create table settings (
  name text primary key not null,
  value text not null
) strict;

create table counters (
  name text primary key not null,
  value integer not null,
  hash text not null
) strict;

create table changes (
  sequence integer primary key not null,
  kind text not null,
  ref_id text not null,
  at text not null
) strict;

create table audit_events (
  sequence integer primary key not null,
  id text not null,
  at text not null,
  type text not null,
  principal_id text,
  session_id text,
  resource_id text,
  data text not null,
  previous_hash text not null,
  hash text not null
) strict;
create unique index audit_events_id on audit_events (id);
create index audit_events_type on audit_events (type);

create table data_keys (
  id text primary key not null,
  noun text not null,
  ref_id text not null,
  master_key_id text not null,
  wrapped text not null,
  created_at text not null
) strict;
create index data_keys_noun_ref_id on data_keys (noun, ref_id);

create table signing_keys (
  kid text primary key not null,
  purpose text not null,
  public_jwk text not null,
  sealed_private text not null,
  signs_from text not null,
  verifies_until text
) strict;

create table principals (
  id text primary key not null,
  name text not null,
  kind text not null,
  roles text not null,
  disabled integer not null,
  owner_id text,
  password_hash text,
  scram_salt text not null,
  scram_iterations integer not null,
  created_at text not null
) strict;
create unique index principals_name on principals (name);
create index principals_owner_id on principals (owner_id);

create table groups (
  id text primary key not null,
  name text not null,
  description text not null
) strict;
create unique index groups_name on groups (name);

create table group_members (
  group_id text not null references groups (id) on delete cascade,
  principal_id text not null references principals (id) on delete cascade,
  primary key (group_id, principal_id)
) strict;
create index group_members_principal_id on group_members (principal_id);

create table resources (
  id text primary key not null,
  name text not null,
  protocol text not null,
  tags text not null,
  target text not null,
  address text not null,
  agent text not null,
  enforce text not null,
  created_at text not null
) strict;
create unique index resources_name on resources (name);

create table credentials (
  id text primary key not null,
  resource_id text not null references resources (id) on delete cascade,
  level text not null,
  type text not null,
  username text not null,
  sealed text,
  created_at text not null
) strict;
create unique index credentials_resource_id_level on credentials (resource_id, level);

create table grants (
  id text primary key not null,
  name text not null,
  principal_id text references principals (id) on delete cascade,
  group_id text references groups (id) on delete cascade,
  resource_id text references resources (id) on delete cascade,
  selector text,
  level text not null,
  expires_at text,
  created_at text not null
) strict;
create unique index grants_name on grants (name);
create index grants_principal_id on grants (principal_id);
create index grants_group_id on grants (group_id);
create index grants_resource_id on grants (resource_id);

create table connection_secrets (
  id text primary key not null,
  principal_id text not null references principals (id) on delete cascade,
  resource_id text references resources (id) on delete cascade,
  stored_key text not null,
  server_key text not null,
  created_at text not null,
  expires_at text not null,
  uses_left integer,
  uses integer not null,
  last_used_at text,
  revoked_at text
) strict;
create index connection_secrets_principal_id on connection_secrets (principal_id);

create table access_tokens (
  jti text primary key not null,
  principal_id text not null references principals (id) on delete cascade,
  issued_at text not null,
  expires_at text not null,
  revoked_at text
) strict;
create index access_tokens_principal_id on access_tokens (principal_id);

create table policy_versions (
  version integer primary key not null,
  applied_at text not null,
  applied_by text not null
) strict;

create table policy_documents (
  version integer not null references policy_versions (version) on delete cascade,
  name text not null,
  source text not null,
  primary key (version, name)
) strict;

create table agents (
  id text primary key not null,
  name text not null,
  public_jwk text not null,
  version text not null,
  joined_at text not null
) strict;
create unique index agents_name on agents (name);

create table agent_presence (
  agent_id text not null references agents (id) on delete cascade,
  gateway_id text not null,
  online integer not null,
  last_seen text not null,
  version text not null,
  data text not null,
  primary key (agent_id, gateway_id)
) strict;

create table join_tokens (
  id text primary key not null,
  name text not null,
  token_hash text not null,
  created_by text not null,
  expires_at text not null,
  used_at text
) strict;
create unique index join_tokens_token_hash on join_tokens (token_hash);

create table sessions (
  id text primary key not null,
  gateway_id text not null,
  principal_id text not null,
  principal_name text not null,
  principal_kind text not null,
  owner_id text,
  owner_name text,
  resource_id text not null,
  resource_name text not null,
  protocol text not null,
  level text not null,
  grant_id text not null,
  credential_id text not null,
  secret_id text,
  agent_id text not null,
  agent_name text not null,
  address text not null,
  client_address text not null,
  application text,
  detail text not null,
  policy_version integer not null,
  recording_key_id text not null,
  started_at text not null,
  heartbeat_at text not null,
  lease_expires_at text not null,
  ended_at text,
  end_reason text,
  kill_reason text,
  counters text not null,
  segments integer,
  last_segment_hash text
) strict;
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
  id text primary key not null,
  short_id text not null,
  session_id text not null,
  principal_id text not null,
  principal_name text not null,
  owner_id text,
  resource_id text not null,
  resource_name text not null,
  mode text not null,
  state text not null,
  rule_id text not null,
  reason text not null,
  asked_of text not null,
  count integer not null,
  binding text not null,
  sealed_statement text not null,
  summary text not null,
  labels text not null,
  estimated_rows integer,
  in_transaction integer not null,
  decisions text not null,
  requested_at text not null,
  expires_at text not null,
  closed_reason text
) strict;
create index reviews_state_expires_at on reviews (state, expires_at);
create index reviews_session_id on reviews (session_id);
create index reviews_binding on reviews (binding);
create index reviews_short_id on reviews (short_id);

-- A short id is unique among what is open.
create unique index reviews_open_short_id on reviews (short_id) where state in ('pending', 'approved');

insert into counters (name, value, hash) values ('changes', 0, ''), ('audit', 0, '');
