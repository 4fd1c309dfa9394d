-- Changes that wait for a second person, and identities for emergencies.

create table change_requests (
  id text collate "C" primary key,
  short_id text collate "C" not null,
  unit text collate "C" not null,
  args text collate "C" not null,
  findings text collate "C" not null,
  binding text collate "C" not null,
  state text collate "C" not null,
  requested_by text collate "C" not null,
  requester_name text collate "C" not null,
  owner_id text collate "C",
  requested_at text collate "C" not null,
  expires_at text collate "C" not null,
  decided_by text collate "C",
  decided_at text collate "C",
  comment text collate "C",
  closed_reason text collate "C"
);
create index change_requests_short_id on change_requests (short_id);
create index change_requests_state on change_requests (state);

create table emergency_identities (
  id text collate "C" primary key,
  name text collate "C" not null,
  principal_id text collate "C" not null references principals (id) on delete cascade,
  resource_id text collate "C" not null references resources (id) on delete cascade,
  level text collate "C" not null,
  codes text collate "C" not null,
  created_by text collate "C" not null,
  created_at text collate "C" not null
);
create unique index emergency_identities_name on emergency_identities (name);

create table emergency_uses (
  id text collate "C" primary key,
  short_id text collate "C" not null,
  name text collate "C" not null,
  principal_id text collate "C" not null,
  resource_name text collate "C" not null,
  level text collate "C" not null,
  reason text collate "C" not null,
  claimed_name text collate "C" not null,
  address text collate "C" not null,
  grant_id text collate "C" not null,
  used_at text collate "C" not null,
  expires_at text collate "C" not null,
  review_due_at text collate "C" not null,
  ended_at text collate "C",
  overdue_at text collate "C",
  reviewed_by text collate "C",
  reviewed_at text collate "C",
  review_comment text collate "C"
);
create index emergency_uses_reviewed_at on emergency_uses (reviewed_at);
