#!/usr/bin/env bash
# A small dbt project: seed, run (table, view, incremental), test, snapshot, docs.
set -euo pipefail
where=$(mktemp -d)
trap 'rm -rf "$where"' EXIT
cd "$where"
mkdir -p models seeds snapshots
cat > dbt_project.yml <<Y
name: shop
version: "1.0"
profile: shop
Y
cat > profiles.yml <<Y
shop:
  target: dev
  outputs:
    dev: { type: postgres, host: $PGHOST, port: $PGPORT, user: $PGUSER, password: $PGPASSWORD, dbname: $PGDATABASE, schema: analytics, threads: 1 }
Y
printf 'code,land\nDE,Germany\nFR,France\n' > seeds/countries.csv
cat > models/sources.yml <<Y
sources: [ { name: shop, schema: public, tables: [ { name: orders }, { name: customers } ] } ]
models:
  - name: daily
    columns: [ { name: day, data_tests: [ not_null, unique ] } ]
Y
echo "select date_trunc('day', created_at) as day, count(*) as orders, sum(total) as total from {{ source('shop', 'orders') }} group by 1" > models/daily.sql
echo "{{ config(materialized='table') }} select * from {{ ref('daily') }} where orders > 0" > models/busy.sql
echo "{{ config(materialized='table') }} select c.country, sum(o.total) as total from {{ source('shop','orders') }} o join {{ source('shop','customers') }} c on c.id = o.customer_id group by 1" > models/countries_total.sql
echo "{{ config(materialized='incremental', unique_key='id') }} select id, total, created_at from {{ source('shop', 'orders') }} {% if is_incremental() %} where created_at > (select max(created_at) from {{ this }}) {% endif %}" > models/recent.sql
echo "{% snapshot kept %}{{ config(target_schema='analytics', unique_key='product_id', strategy='timestamp', updated_at='counted_at') }} select * from warehouse.stock {% endsnapshot %}" > snapshots/kept.sql
export DBT_SEND_ANONYMOUS_USAGE_STATS=false
dbt="$1 --no-use-colors"
$dbt debug --profiles-dir . > /dev/null
$dbt seed --profiles-dir . > /dev/null
$dbt run --profiles-dir . > /dev/null
$dbt run --profiles-dir . > /dev/null
$dbt test --profiles-dir . > /dev/null
$dbt snapshot --profiles-dir . > /dev/null
$dbt snapshot --profiles-dir . > /dev/null
$dbt docs generate --profiles-dir . > /dev/null
