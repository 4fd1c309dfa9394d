-- Trust in tokens of other issuers, tokens that were used, and resources that take a person's presence.

create table federations (
  id text primary key not null,
  name text not null,
  issuer text not null,
  audience text not null,
  subject text not null,
  condition text,
  principal_id text not null references principals (id) on delete cascade,
  lifetime_seconds integer not null,
  jwks_uri text,
  single_use integer not null,
  permissions text,
  resource_ids text,
  level text,
  created_at text not null
);
create unique index federations_name on federations (name);
create index federations_issuer on federations (issuer);
create index federations_principal_id on federations (principal_id);

create table federation_tokens (
  issuer text not null,
  jti text not null,
  used_at text not null,
  expires_at text not null,
  primary key (issuer, jti)
);
create index federation_tokens_expires_at on federation_tokens (expires_at);

alter table mandates add column sign_in_id text;
create index mandates_sign_in_id on mandates (sign_in_id);
alter table connection_secrets add column present integer not null default 0;
alter table sign_ins add column presence_at text;
