-- tool: postgrest
-- version: 12 to 14
-- source: its manual and public source (MIT): schema cache and requests, same catalogs and shape; written by us
-- as: dba/admin
-- protocol: prepared

SELECT current_setting('server_version_num')::integer, current_setting('server_version'), version() IS NOT NULL;

-- schema cache

SELECT current_setting('timezone') <> '' AS zoned, (SELECT count(*) > 100 FROM pg_catalog.pg_timezone_names) AS zones;

WITH base_types AS (WITH RECURSIVE recurse AS (
    SELECT oid, typbasetype, typnamespace AS base_namespace, COALESCE(NULLIF(typbasetype, 0), oid) AS base_type FROM pg_type
    UNION SELECT t.oid, b.typbasetype, b.typnamespace AS base_namespace, COALESCE(NULLIF(b.typbasetype, 0), b.oid) AS base_type FROM recurse t JOIN pg_type b ON t.typbasetype = b.oid)
  SELECT oid, base_namespace, base_type FROM recurse WHERE typbasetype = 0),
columns AS (
  SELECT c.oid AS relid, a.attname::name AS column_name, d.description AS description,
    CASE WHEN (t.typbasetype != 0) AND (ad.adbin IS NULL) THEN pg_get_expr(t.typdefaultbin, 0) WHEN a.attidentity = 'd' THEN format('nextval(%s)', quote_literal(seqsch.nspname || '.' || seqclass.relname)) WHEN a.attgenerated = 's' THEN null ELSE pg_get_expr(ad.adbin, ad.adrelid)::text END AS column_default,
    not (a.attnotnull OR t.typtype = 'd' AND t.typnotnull) AS is_nullable,
    CASE WHEN t.typtype = 'd' THEN CASE WHEN bt.base_namespace = 'pg_catalog'::regnamespace THEN format_type(bt.base_type, NULL::integer) ELSE format_type(a.atttypid, a.atttypmod) END
      ELSE CASE WHEN t.typnamespace = 'pg_catalog'::regnamespace THEN format_type(a.atttypid, NULL::integer) ELSE format_type(a.atttypid, a.atttypmod) END END::text AS data_type,
    format_type(a.atttypid, a.atttypmod)::text AS nominal_data_type, a.attnum AS position
  FROM pg_attribute a LEFT JOIN pg_description d ON d.objoid = a.attrelid AND d.objsubid = a.attnum AND d.classoid = 'pg_class'::regclass
    LEFT JOIN pg_attrdef ad ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum JOIN pg_class c ON a.attrelid = c.oid JOIN pg_type t ON a.atttypid = t.oid LEFT JOIN base_types bt ON t.oid = bt.oid
    LEFT JOIN pg_depend seqdep ON seqdep.refobjid = c.oid AND seqdep.refobjsubid = a.attnum AND seqdep.deptype = 'i' LEFT JOIN pg_class seqclass ON seqclass.oid = seqdep.objid AND seqclass.relkind = 'S' LEFT JOIN pg_namespace seqsch ON seqsch.oid = seqclass.relnamespace
  WHERE NOT pg_is_other_temp_schema(c.relnamespace) AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v', 'f', 'm', 'p') AND c.relnamespace = ANY($1::regnamespace[])),
columns_agg AS (SELECT relid, array_agg(row(column_name, description, is_nullable::boolean, data_type, nominal_data_type, column_default)::text order by position) AS columns FROM columns GROUP BY relid),
tbl_pk_cols AS (SELECT r.oid AS relid, array_agg(a.attname ORDER BY a.attname) AS pk_cols FROM pg_class r JOIN pg_constraint c ON r.oid = c.conrelid JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = ANY(c.conkey)
  WHERE c.contype IN ('p') AND r.relkind IN ('r', 'p') AND r.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) AND NOT pg_is_other_temp_schema(r.relnamespace) GROUP BY r.oid)
SELECT n.nspname AS table_schema, c.relname AS table_name, d.description AS table_description, c.relkind IN ('v', 'm') AS is_view,
  (c.relkind IN ('r', 'p') OR (c.relkind IN ('v', 'f') AND (pg_relation_is_updatable(c.oid::regclass, true) & 8) = 8)) AS insertable,
  (c.relkind IN ('r', 'p') OR (c.relkind IN ('v', 'f') AND (pg_relation_is_updatable(c.oid::regclass, true) & 4) = 4)) AS updatable,
  coalesce(tpks.pk_cols, '{}') AS pk_cols, coalesce(cols_agg.columns, '{}') AS columns
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_description d ON d.objoid = c.oid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass
LEFT JOIN tbl_pk_cols tpks ON c.oid = tpks.relid LEFT JOIN columns_agg cols_agg ON c.oid = cols_agg.relid
WHERE c.relkind IN ('v', 'r', 'm', 'f', 'p') AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) AND not c.relispartition ORDER BY table_schema, table_name;
-- with: {public,warehouse}

WITH pks_uniques_cols AS (SELECT conrelid, conkey, array_agg(key order by key) AS cols FROM pg_constraint, LATERAL unnest(conkey) AS _(key) WHERE contype IN ('p', 'u') AND connamespace <> 'pg_catalog'::regnamespace GROUP BY oid, conrelid, conkey)
SELECT ns1.nspname AS table_schema, tab.relname AS table_name, ns2.nspname AS foreign_table_schema, other.relname AS foreign_table_name, (ns1.nspname, tab.relname) = (ns2.nspname, other.relname) AS is_self, traint.conname AS constraint_name,
  column_info.cols_and_fcols, (column_info.cols IN (SELECT cols FROM pks_uniques_cols WHERE conrelid = traint.conrelid)) AS one_to_one
FROM pg_constraint traint JOIN LATERAL (SELECT array_agg(row(cols.attname, refs.attname)::text order by ord) AS cols_and_fcols, array_agg(cols.attnum order by cols.attnum) AS cols FROM unnest(traint.conkey, traint.confkey) WITH ORDINALITY AS _(col, ref, ord)
  JOIN pg_attribute cols ON cols.attrelid = traint.conrelid AND cols.attnum = col JOIN pg_attribute refs ON refs.attrelid = traint.confrelid AND refs.attnum = ref) AS column_info ON TRUE
JOIN pg_namespace ns1 ON ns1.oid = traint.connamespace JOIN pg_class tab ON tab.oid = traint.conrelid JOIN pg_class other ON other.oid = traint.confrelid JOIN pg_namespace ns2 ON ns2.oid = other.relnamespace
WHERE traint.contype = 'f' AND traint.conparentid = 0 ORDER BY traint.conrelid, traint.conname;

SELECT pn.nspname AS proc_schema, p.proname AS proc_name, d.description AS proc_description, p.pronargs, tn.nspname AS schema, t.typname AS name, p.proretset AS rettype_is_setof, t.typtype = 'c' AS rettype_is_composite, p.provolatile, p.provariadic > 0 AS hasvariadic, p.prosrc
FROM pg_proc p LEFT JOIN pg_description d ON d.objoid = p.oid AND d.classoid = 'pg_proc'::regclass JOIN pg_namespace pn ON pn.oid = p.pronamespace JOIN pg_type t ON t.oid = p.prorettype JOIN pg_namespace tn ON tn.oid = t.typnamespace
WHERE t.oid <> 'trigger'::regtype AND prokind = 'f' AND p.pronamespace = ANY($1::regnamespace[]) ORDER BY 1, 2;
-- with: {public,warehouse}

WITH views AS (SELECT c.oid AS view_id, n.nspname AS view_schema, c.relname AS view_name, r.ev_action AS view_definition FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_rewrite r ON r.ev_class = c.oid
  WHERE c.relkind IN ('v', 'm') AND n.nspname = ANY($1::text[]))
SELECT view_schema, view_name, length(regexp_replace(view_definition::text, ':location \d+', '', 'g')) > 0 AS parsed FROM views ORDER BY 1, 2;
-- with: {public,warehouse}

SELECT n.nspname AS media_schema, t.typname AS media_type, t.typbasetype AS base FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'd' AND t.typname LIKE '%/%' ORDER BY 1, 2;

SELECT r.rolname, regexp_replace(s, '=.*$', '') AS key, regexp_replace(s, '^[^=]*=', '') AS value FROM pg_roles r, pg_db_role_setting d, unnest(d.setconfig) AS s WHERE r.oid = d.setrole ORDER BY 1, 2;

LISTEN "pgrst";

-- a request: settings of the transaction, then one statement

BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY;

select set_config('search_path', $1, true), set_config('request.jwt.claims', $2, true), set_config('request.method', $3, true), set_config('request.path', $4, true), set_config('request.headers', $5, true), set_config('request.cookies', $6, true);
-- with: "public" | {"role": "anon"} | GET | /orders | {"accept": "*/*"} | {}

WITH pgrst_source AS (SELECT "public"."orders".* FROM "public"."orders" WHERE "public"."orders"."customer_id" = $1::int ORDER BY "public"."orders"."id")
SELECT null::bigint AS total_result_set, pg_catalog.count(_postgrest_t) AS page_total, coalesce(json_agg(_postgrest_t), '[]')::text AS body, nullif(current_setting('response.headers', true), '') AS response_headers, nullif(current_setting('response.status', true), '') AS response_status, '' AS response_inserted
FROM (SELECT * FROM pgrst_source) _postgrest_t;
-- with: 5

COMMIT;

BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY;

WITH pgrst_source AS (SELECT "public"."orders"."id", row_to_json("orders_customers_1".*)::jsonb AS "customers" FROM "public"."orders" LEFT JOIN LATERAL (SELECT "customers_1"."id", "customers_1"."country" FROM "public"."customers" AS "customers_1" WHERE "customers_1"."id" = "public"."orders"."customer_id") AS "orders_customers_1" ON TRUE ORDER BY "public"."orders"."id" LIMIT $1::int OFFSET $2::int)
SELECT null::bigint AS total_result_set, pg_catalog.count(_postgrest_t) AS page_total, coalesce(json_agg(_postgrest_t), '[]')::text AS body, nullif(current_setting('response.headers', true), '') AS response_headers FROM (SELECT * FROM pgrst_source) _postgrest_t;
-- with: 10 | 0

COMMIT;

BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY;

WITH pgrst_source AS (SELECT "public"."products"."id", "public"."products"."title", "public"."products"."attributes"->>'weight' AS "weight" FROM "public"."products" WHERE "public"."products"."price" > $1::numeric AND "public"."products"."title" ilike $2::text ORDER BY "public"."products"."id"),
 pgrst_source_count AS (SELECT 1 FROM "public"."products" WHERE "public"."products"."price" > $1::numeric AND "public"."products"."title" ilike $2::text)
SELECT (SELECT pg_catalog.count(*) FROM pgrst_source_count) AS total_result_set, pg_catalog.count(_postgrest_t) AS page_total, coalesce(json_agg(_postgrest_t), '[]')::text AS body, nullif(current_setting('response.headers', true), '') AS response_headers FROM (SELECT * FROM pgrst_source) _postgrest_t;
-- with: 20 | product 1%

COMMIT;

BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;

WITH pgrst_source AS (UPDATE "warehouse"."stock" SET "amount" = "pgrst_body"."amount" FROM (SELECT $1::json AS json_data) pgrst_payload, LATERAL (SELECT "amount" FROM json_to_record(pgrst_payload.json_data) AS _("amount" integer)) pgrst_body WHERE "warehouse"."stock"."product_id" = $2::int RETURNING "warehouse"."stock"."product_id", "warehouse"."stock"."amount")
SELECT '' AS total_result_set, pg_catalog.count(_postgrest_t) AS page_total, array[]::text[] AS header, coalesce(json_agg(_postgrest_t), '[]')::text AS body, nullif(current_setting('response.headers', true), '') AS response_headers FROM (SELECT * FROM pgrst_source) _postgrest_t;
-- with: {"amount": 12} | 6

COMMIT;

BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY;

WITH pgrst_source AS (SELECT pgrst_call.pgrst_scalar FROM (SELECT $1::json AS json_data) pgrst_payload, LATERAL (SELECT * FROM json_to_record(pgrst_payload.json_data) AS _("wanted" integer)) pgrst_body, LATERAL (SELECT "public"."order_total"("wanted" := pgrst_body."wanted") pgrst_scalar) pgrst_call)
SELECT null::bigint AS total_result_set, pg_catalog.count(_postgrest_t) AS page_total, coalesce(json_agg(_postgrest_t.pgrst_scalar)->0, 'null')::text AS body FROM (SELECT "order_total".* FROM pgrst_source "order_total") _postgrest_t;
-- with: {"wanted": 7}

COMMIT;

BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY;

WITH pgrst_source AS (SELECT "public"."customers".* FROM "public"."customers" WHERE "public"."customers"."id" = $1::int)
SELECT null::bigint AS total_result_set, pg_catalog.count(_postgrest_t) AS page_total, coalesce(json_agg(_postgrest_t), '[]')::text AS body, nullif(current_setting('response.headers', true), '') AS response_headers FROM (SELECT * FROM pgrst_source) _postgrest_t;
-- with: 3

COMMIT;
