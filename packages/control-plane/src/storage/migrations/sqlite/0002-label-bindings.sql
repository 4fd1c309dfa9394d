create table label_places (
  id text primary key not null,
  resource_id text not null,
  system_id text not null,
  database_oid integer not null,
  database text not null,
  revision integer not null,
  first_seen_at text not null,
  changed_at text not null
) strict;
create unique index label_places_place on label_places (resource_id, system_id, database_oid);

create table label_relations (
  place_id text not null,
  oid integer not null,
  schema text not null,
  name text not null,
  kind text not null,
  gone integer not null,
  columns text not null,
  primary key (place_id, oid)
) strict;
