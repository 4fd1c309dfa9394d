-- What identity providers push: their tokens, and which principals and groups are theirs.

create table scim_tokens (
  id text collate "C" primary key,
  provider text collate "C" not null,
  token_hash text collate "C" not null,
  created_at text collate "C" not null,
  created_by text collate "C" not null,
  expires_at text collate "C" not null,
  last_used_at text collate "C"
);
create unique index scim_tokens_token_hash on scim_tokens (token_hash);
create index scim_tokens_provider on scim_tokens (provider);

create table scim_users (
  principal_id text collate "C" primary key references principals (id) on delete cascade,
  provider text collate "C" not null,
  user_key text collate "C" not null,
  external_id text collate "C",
  active bigint not null,
  attributes text collate "C" not null,
  version bigint not null,
  created_at text collate "C" not null,
  updated_at text collate "C" not null
);
create unique index scim_users_provider_user_key on scim_users (provider, user_key);
create unique index scim_users_provider_external_id on scim_users (provider, external_id) where external_id is not null;

create table scim_groups (
  group_id text collate "C" primary key references groups (id) on delete cascade,
  provider text collate "C" not null,
  display_key text collate "C" not null,
  attributes text collate "C" not null,
  version bigint not null,
  created_at text collate "C" not null,
  updated_at text collate "C" not null
);
create unique index scim_groups_provider_display_key on scim_groups (provider, display_key);
