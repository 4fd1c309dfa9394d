-- Custom roles, roles of groups, attributes of principals, access rules and the requests made by them, and what every
-- noun that decides about access was like when.

create table roles (
  id text primary key not null,
  name text not null,
  description text not null,
  permissions text not null,
  scope text not null,
  created_at text not null
) strict;
create unique index roles_name on roles (name);

alter table groups add column roles text not null default '[]';
alter table principals add column attributes text not null default '{}';
alter table grants add column request_id text;

create table access_rules (
  id text primary key not null,
  name text not null,
  rule text not null,
  created_at text not null
) strict;
create unique index access_rules_name on access_rules (name);

create table access_requests (
  id text primary key not null,
  short_id text not null,
  rule_id text not null,
  rule_name text not null,
  principal_id text not null,
  principal_name text not null,
  owner_id text,
  resource_id text not null,
  resource_name text not null,
  level text not null,
  duration_seconds integer not null,
  reason text not null,
  state text not null,
  decisions text not null,
  extends_id text,
  grant_id text,
  grant_expires_at text,
  requested_at text not null,
  expires_at text not null,
  escalated_at text,
  closed_at text,
  closed_reason text
) strict;
create index access_requests_short_id on access_requests (short_id);
create index access_requests_principal_id on access_requests (principal_id);
create index access_requests_state on access_requests (state);

create table history (
  noun text not null,
  ref_id text not null,
  version integer not null,
  valid_from text not null,
  sequence integer not null,
  changed_by text,
  data text,
  primary key (noun, ref_id, version)
) strict;
create index history_valid_from on history (noun, valid_from);
