create table label_places (
  id text collate "C" primary key,
  resource_id text collate "C" not null,
  system_id text collate "C" not null,
  database_oid bigint not null,
  database text collate "C" not null,
  revision bigint not null,
  first_seen_at text collate "C" not null,
  changed_at text collate "C" not null
);
create unique index label_places_place on label_places (resource_id, system_id, database_oid);

create table label_relations (
  place_id text collate "C" not null,
  oid bigint not null,
  schema text collate "C" not null,
  name text collate "C" not null,
  kind text collate "C" not null,
  gone bigint not null,
  columns text collate "C" not null,
  primary key (place_id, oid)
);
