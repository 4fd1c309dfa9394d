-- Custom roles, roles of groups, attributes of principals, access rules and the requests made by them, and what every
-- noun that decides about access was like when.

create table roles (
  id text collate "C" primary key,
  name text collate "C" not null,
  description text collate "C" not null,
  permissions text collate "C" not null,
  scope text collate "C" not null,
  created_at text collate "C" not null
);
create unique index roles_name on roles (name);

alter table groups add column roles text collate "C" not null default '[]';
alter table principals add column attributes text collate "C" not null default '{}';
alter table grants add column request_id text collate "C";

create table access_rules (
  id text collate "C" primary key,
  name text collate "C" not null,
  rule text collate "C" not null,
  created_at text collate "C" not null
);
create unique index access_rules_name on access_rules (name);

create table access_requests (
  id text collate "C" primary key,
  short_id text collate "C" not null,
  rule_id text collate "C" not null,
  rule_name text collate "C" not null,
  principal_id text collate "C" not null,
  principal_name text collate "C" not null,
  owner_id text collate "C",
  resource_id text collate "C" not null,
  resource_name text collate "C" not null,
  level text collate "C" not null,
  duration_seconds bigint not null,
  reason text collate "C" not null,
  state text collate "C" not null,
  decisions text collate "C" not null,
  extends_id text collate "C",
  grant_id text collate "C",
  grant_expires_at text collate "C",
  requested_at text collate "C" not null,
  expires_at text collate "C" not null,
  escalated_at text collate "C",
  closed_at text collate "C",
  closed_reason text collate "C"
);
create index access_requests_short_id on access_requests (short_id);
create index access_requests_principal_id on access_requests (principal_id);
create index access_requests_state on access_requests (state);

create table history (
  noun text collate "C" not null,
  ref_id text collate "C" not null,
  version bigint not null,
  valid_from text collate "C" not null,
  sequence bigint not null,
  changed_by text collate "C",
  data text collate "C",
  primary key (noun, ref_id, version)
);
create index history_valid_from on history (noun, valid_from);
