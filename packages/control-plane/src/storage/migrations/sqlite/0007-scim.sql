-- What identity providers push: their tokens, and which principals and groups are theirs.

create table scim_tokens (
  id text primary key not null,
  provider text not null,
  token_hash text not null,
  created_at text not null,
  created_by text not null,
  expires_at text not null,
  last_used_at text
) strict;
create unique index scim_tokens_token_hash on scim_tokens (token_hash);
create index scim_tokens_provider on scim_tokens (provider);

create table scim_users (
  principal_id text primary key not null references principals (id) on delete cascade,
  provider text not null,
  user_key text not null,
  external_id text,
  active integer not null,
  attributes text not null,
  version integer not null,
  created_at text not null,
  updated_at text not null
) strict;
create unique index scim_users_provider_user_key on scim_users (provider, user_key);
create unique index scim_users_provider_external_id on scim_users (provider, external_id) where external_id is not null;

create table scim_groups (
  group_id text primary key not null references groups (id) on delete cascade,
  provider text not null,
  display_key text not null,
  attributes text not null,
  version integer not null,
  created_at text not null,
  updated_at text not null
) strict;
create unique index scim_groups_provider_display_key on scim_groups (provider, display_key);
