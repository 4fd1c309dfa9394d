-- Providers of identities, sign-ins at them that are under way, and what command lines hold for a sign-in.

create table identity_providers (
  id text collate "C" primary key,
  name text collate "C" not null,
  settings text collate "C" not null,
  created_at text collate "C" not null,
  updated_at text collate "C" not null,
  asked_at text collate "C",
  unreachable_since text collate "C",
  problem text collate "C"
);
create unique index identity_providers_name on identity_providers (name);

alter table identities add column validated_at text collate "C";
alter table identities add column check_at text collate "C";
alter table identities add column sealed_token text collate "C";
create index identities_check_at on identities (check_at);

create table pending_sign_ins (
  id_hash text collate "C" primary key,
  provider text collate "C" not null,
  next text collate "C" not null,
  expires_at text collate "C" not null
);
create index pending_sign_ins_expires_at on pending_sign_ins (expires_at);

create table client_sign_ins (
  id text collate "C" primary key,
  kind text collate "C" not null,
  secret_hash text collate "C" not null,
  user_code_hash text collate "C",
  challenge text collate "C",
  client text collate "C" not null,
  address text collate "C" not null,
  state text collate "C" not null,
  sign_in_id text collate "C" references sign_ins (id) on delete cascade,
  created_at text collate "C" not null,
  expires_at text collate "C" not null,
  polled_at text collate "C"
);
create unique index client_sign_ins_secret_hash on client_sign_ins (secret_hash);
create unique index client_sign_ins_user_code_hash on client_sign_ins (user_code_hash);
create index client_sign_ins_expires_at on client_sign_ins (expires_at);

create table refresh_tokens (
  token_hash text collate "C" primary key,
  sign_in_id text collate "C" not null references sign_ins (id) on delete cascade,
  created_at text collate "C" not null,
  used_at text collate "C"
);
create index refresh_tokens_sign_in_id on refresh_tokens (sign_in_id);

create table seen_tokens (
  id_hash text collate "C" primary key,
  expires_at text collate "C" not null
);
create index seen_tokens_expires_at on seen_tokens (expires_at);

alter table resources add column identity_grace_seconds bigint;
