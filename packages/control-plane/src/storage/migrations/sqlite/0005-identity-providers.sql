-- Providers of identities, sign-ins at them that are under way, and what command lines hold for a sign-in.

create table identity_providers (
  id text primary key not null,
  name text not null,
  settings text not null,
  created_at text not null,
  updated_at text not null,
  asked_at text,
  unreachable_since text,
  problem text
) strict;
create unique index identity_providers_name on identity_providers (name);

alter table identities add column validated_at text;
alter table identities add column check_at text;
alter table identities add column sealed_token text;
create index identities_check_at on identities (check_at);

create table pending_sign_ins (
  id_hash text primary key not null,
  provider text not null,
  next text not null,
  expires_at text not null
) strict;
create index pending_sign_ins_expires_at on pending_sign_ins (expires_at);

create table client_sign_ins (
  id text primary key not null,
  kind text not null,
  secret_hash text not null,
  user_code_hash text,
  challenge text,
  client text not null,
  address text not null,
  state text not null,
  sign_in_id text references sign_ins (id) on delete cascade,
  created_at text not null,
  expires_at text not null,
  polled_at text
) strict;
create unique index client_sign_ins_secret_hash on client_sign_ins (secret_hash);
create unique index client_sign_ins_user_code_hash on client_sign_ins (user_code_hash);
create index client_sign_ins_expires_at on client_sign_ins (expires_at);

create table refresh_tokens (
  token_hash text primary key not null,
  sign_in_id text not null references sign_ins (id) on delete cascade,
  created_at text not null,
  used_at text
) strict;
create index refresh_tokens_sign_in_id on refresh_tokens (sign_in_id);

create table seen_tokens (
  id_hash text primary key not null,
  expires_at text not null
) strict;
create index seen_tokens_expires_at on seen_tokens (expires_at);

alter table resources add column identity_grace_seconds integer;
