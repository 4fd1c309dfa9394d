-- Each act of signing in, what it gave out, and the proofs of identity that principals have at providers.

create table identities (
  id text primary key not null,
  provider text not null,
  subject text not null,
  principal_id text not null references principals (id) on delete cascade,
  username text not null,
  created_at text not null,
  last_sign_in_at text
) strict;
create unique index identities_provider_subject on identities (provider, subject);
create index identities_principal_id on identities (principal_id);

create table sign_ins (
  id text primary key not null,
  principal_id text not null references principals (id) on delete cascade,
  via text not null,
  provider text not null,
  identity_id text references identities (id) on delete set null,
  provider_session text,
  methods text not null,
  authenticated_at text not null,
  created_at text not null,
  expires_at text not null,
  address text not null,
  ended_at text,
  end_reason text
) strict;
create index sign_ins_principal_id on sign_ins (principal_id);
create index sign_ins_identity_id on sign_ins (identity_id);
create index sign_ins_expires_at on sign_ins (expires_at);

create table web_sessions (
  id_hash text primary key not null,
  sign_in_id text not null references sign_ins (id) on delete cascade,
  created_at text not null,
  last_used_at text not null
) strict;
create index web_sessions_sign_in_id on web_sessions (sign_in_id);

alter table access_tokens add column sign_in_id text references sign_ins (id) on delete cascade;
create index access_tokens_sign_in_id on access_tokens (sign_in_id);
alter table connection_secrets add column sign_in_id text references sign_ins (id) on delete set null;
alter table connection_secrets add column revoked_reason text;
create index connection_secrets_sign_in_id on connection_secrets (sign_in_id);
alter table sessions add column sign_in_id text;
create index sessions_sign_in_id on sessions (sign_in_id);
