-- Who follows a live session at the moment.

create table session_watches (
  id text primary key not null,
  session_id text not null,
  principal_id text not null,
  principal_name text not null,
  resource_id text not null,
  originals integer not null,
  started_at text not null,
  until text not null
) strict;
create index session_watches_session_id on session_watches (session_id);
create index session_watches_until on session_watches (until);
