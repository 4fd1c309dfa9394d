#!/usr/bin/env bash
# A dump of the tables without labels, restored under other names in the same database.
set -euo pipefail
dump=$(mktemp)
trap 'rm -f "$dump"' EXIT
psql -X -q -c "create schema archive" -c "create table archive.items as select * from order_items where order_id < 20" \
  -c "create table archive.goods (id int primary key, title text not null)" \
  -c "insert into archive.goods select id, title from products" -c "create index on archive.items (order_id)" \
  -c "create view archive.titles as select title from archive.goods"
pg_dump --format=custom --schema=archive --file="$dump"
pg_restore --clean --if-exists --dbname="$PGDATABASE" "$dump"
pg_restore --data-only --dbname="$PGDATABASE" --single-transaction --disable-triggers --table=goods "$dump" || true
pg_restore --clean --if-exists --jobs=2 --dbname="$PGDATABASE" "$dump"
