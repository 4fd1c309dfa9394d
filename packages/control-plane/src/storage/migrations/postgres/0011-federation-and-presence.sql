-- Trust in tokens of other issuers, tokens that were used, and resources that take a person's presence.

create table federations (
  id text collate "C" primary key not null,
  name text collate "C" not null,
  issuer text collate "C" not null,
  audience text collate "C" not null,
  subject text collate "C" not null,
  condition text collate "C",
  principal_id text collate "C" not null references principals (id) on delete cascade,
  lifetime_seconds bigint not null,
  jwks_uri text collate "C",
  single_use bigint not null,
  permissions text collate "C",
  resource_ids text collate "C",
  level text collate "C",
  created_at text collate "C" not null
);
create unique index federations_name on federations (name);
create index federations_issuer on federations (issuer);
create index federations_principal_id on federations (principal_id);

create table federation_tokens (
  issuer text collate "C" not null,
  jti text collate "C" not null,
  used_at text collate "C" not null,
  expires_at text collate "C" not null,
  primary key (issuer, jti)
);
create index federation_tokens_expires_at on federation_tokens (expires_at);

alter table mandates add column sign_in_id text collate "C";
create index mandates_sign_in_id on mandates (sign_in_id);
alter table connection_secrets add column present bigint not null default 0;
alter table sign_ins add column presence_at text collate "C";
