-- Each act of signing in, what it gave out, and the proofs of identity that principals have at providers.

create table identities (
  id text collate "C" primary key,
  provider text collate "C" not null,
  subject text collate "C" not null,
  principal_id text collate "C" not null references principals (id) on delete cascade,
  username text collate "C" not null,
  created_at text collate "C" not null,
  last_sign_in_at text collate "C"
);
create unique index identities_provider_subject on identities (provider, subject);
create index identities_principal_id on identities (principal_id);

create table sign_ins (
  id text collate "C" primary key,
  principal_id text collate "C" not null references principals (id) on delete cascade,
  via text collate "C" not null,
  provider text collate "C" not null,
  identity_id text collate "C" references identities (id) on delete set null,
  provider_session text collate "C",
  methods text collate "C" not null,
  authenticated_at text collate "C" not null,
  created_at text collate "C" not null,
  expires_at text collate "C" not null,
  address text collate "C" not null,
  ended_at text collate "C",
  end_reason text collate "C"
);
create index sign_ins_principal_id on sign_ins (principal_id);
create index sign_ins_identity_id on sign_ins (identity_id);
create index sign_ins_expires_at on sign_ins (expires_at);

create table web_sessions (
  id_hash text collate "C" primary key,
  sign_in_id text collate "C" not null references sign_ins (id) on delete cascade,
  created_at text collate "C" not null,
  last_used_at text collate "C" not null
);
create index web_sessions_sign_in_id on web_sessions (sign_in_id);

alter table access_tokens add column sign_in_id text collate "C" references sign_ins (id) on delete cascade;
create index access_tokens_sign_in_id on access_tokens (sign_in_id);
alter table connection_secrets add column sign_in_id text collate "C" references sign_ins (id) on delete set null;
alter table connection_secrets add column revoked_reason text collate "C";
create index connection_secrets_sign_in_id on connection_secrets (sign_in_id);
alter table sessions add column sign_in_id text collate "C";
create index sessions_sign_in_id on sessions (sign_in_id);
