-- Who follows a live session at the moment.

create table session_watches (
  id text collate "C" primary key,
  session_id text collate "C" not null,
  principal_id text collate "C" not null,
  principal_name text collate "C" not null,
  resource_id text collate "C" not null,
  originals bigint not null,
  started_at text collate "C" not null,
  until text collate "C" not null
);
create index session_watches_session_id on session_watches (session_id);
create index session_watches_until on session_watches (until);
