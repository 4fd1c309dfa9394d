-- Changes that wait for a second person, and identities for emergencies.

create table change_requests (
  id text primary key not null,
  short_id text not null,
  unit text not null,
  args text not null,
  findings text not null,
  binding text not null,
  state text not null,
  requested_by text not null,
  requester_name text not null,
  owner_id text,
  requested_at text not null,
  expires_at text not null,
  decided_by text,
  decided_at text,
  comment text,
  closed_reason text
) strict;
create index change_requests_short_id on change_requests (short_id);
create index change_requests_state on change_requests (state);

create table emergency_identities (
  id text primary key not null,
  name text not null,
  principal_id text not null references principals (id) on delete cascade,
  resource_id text not null references resources (id) on delete cascade,
  level text not null,
  codes text not null,
  created_by text not null,
  created_at text not null
) strict;
create unique index emergency_identities_name on emergency_identities (name);

create table emergency_uses (
  id text primary key not null,
  short_id text not null,
  name text not null,
  principal_id text not null,
  resource_name text not null,
  level text not null,
  reason text not null,
  claimed_name text not null,
  address text not null,
  grant_id text not null,
  used_at text not null,
  expires_at text not null,
  review_due_at text not null,
  ended_at text,
  overdue_at text,
  reviewed_by text,
  reviewed_at text,
  review_comment text
) strict;
create index emergency_uses_reviewed_at on emergency_uses (reviewed_at);
