-- tool: metabase
-- version: 0.50 to 0.56
-- source: what its documentation says of syncs, fingerprints and questions: same catalogs and shape of statements; written by us. Its calls of DatabaseMetaData are those of pgjdbc.jsonl
-- as: ana/write
-- protocol: pgjdbc

SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY;

SHOW TRANSACTION ISOLATION LEVEL;

SELECT current_setting('server_version_num')::int >= 140000 AS recent, current_setting('TimeZone') AS zone;

-- all schemas, then what the role may select

SELECT nspname AS "schema" FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY nspname;

WITH readable AS (
  SELECT n.nspname AS "schema", c.relname AS "table", pg_catalog.has_table_privilege(current_user, c.oid, 'SELECT') AS "select",
    pg_catalog.has_table_privilege(current_user, c.oid, 'UPDATE') AS "update", pg_catalog.has_table_privilege(current_user, c.oid, 'INSERT') AS "insert",
    pg_catalog.has_table_privilege(current_user, c.oid, 'DELETE') AS "delete"
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON c.relnamespace = n.oid
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p', 'v', 'f', 'm'))
SELECT NULL AS "role", t.* FROM readable t WHERE pg_catalog.has_schema_privilege(t."schema", 'USAGE') ORDER BY 2, 3;

SELECT n.nspname AS "schema", c.relname AS "name", CASE c.relkind WHEN 'r' THEN 'TABLE' WHEN 'p' THEN 'PARTITIONED TABLE' WHEN 'v' THEN 'VIEW' WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'm' THEN 'MATERIALIZED VIEW' END AS "type",
  d.description AS "description", stat.n_live_tup >= 0 AS "estimated_row_count"
FROM pg_catalog.pg_class AS c INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
LEFT JOIN pg_catalog.pg_description AS d ON (c.oid = d.objoid) AND (d.objsubid = 0) AND (d.classoid = 'pg_class'::regclass)
LEFT JOIN pg_stat_user_tables AS stat ON (n.nspname = stat.schemaname) AND (c.relname = stat.relname)
WHERE (c.relnamespace = n.oid) AND (n.nspname !~ '^information_schema|catalog_history|pg_') AND (c.relkind IN ('r', 'p', 'v', 'f', 'm')) AND n.nspname IN ($1, $2)
ORDER BY "type" ASC, "schema" ASC, "name" ASC;
-- with: public | warehouse

SELECT c.column_name AS "name", CASE WHEN c.udt_schema IN ('public', 'pg_catalog') THEN FORMAT('%s', c.udt_name) ELSE FORMAT('"%s"."%s"', c.udt_schema, c.udt_name) END AS "database-type",
  c.ordinal_position - 1 AS "database-position", c.table_schema AS "table-schema", c.table_name AS "table-name", pk.column_name IS NOT NULL AS "pk?",
  COL_DESCRIPTION(CAST(CAST(FORMAT('%I.%I', CAST(c.table_schema AS TEXT), CAST(c.table_name AS TEXT)) AS REGCLASS) AS OID), c.ordinal_position) AS "field-comment",
  ((c.column_default IS NULL) OR (LOWER(c.column_default) = 'null')) AND (c.is_nullable = 'NO') AND NOT (((c.column_default IS NOT NULL) AND (c.column_default LIKE '%nextval(%')) OR (c.is_identity <> 'NO')) AS "database-required",
  ((c.column_default IS NOT NULL) AND (c.column_default LIKE '%nextval(%')) OR (c.is_identity <> 'NO') AS "database-is-auto-increment"
FROM information_schema.columns AS c
LEFT JOIN (SELECT tc.table_schema, tc.table_name, kc.column_name FROM information_schema.table_constraints AS tc
  INNER JOIN information_schema.key_column_usage AS kc ON (tc.constraint_name = kc.constraint_name) AND (tc.table_schema = kc.table_schema) AND (tc.table_name = kc.table_name)
  WHERE tc.constraint_type = 'PRIMARY KEY') AS pk
  ON (c.table_schema = pk.table_schema) AND (c.table_name = pk.table_name) AND (c.column_name = pk.column_name)
WHERE c.table_schema !~ '^information_schema|catalog_history|pg_' AND (c.table_schema IN ($1, $2))
UNION ALL
SELECT pa.attname AS "name", CASE WHEN ptn.nspname IN ('public', 'pg_catalog') THEN FORMAT('%s', pt.typname) ELSE FORMAT('"%s"."%s"', ptn.nspname, pt.typname) END, pa.attnum - 1, pn.nspname, pc.relname, FALSE, NULL, FALSE, FALSE
FROM pg_catalog.pg_class AS pc INNER JOIN pg_catalog.pg_namespace AS pn ON pn.oid = pc.relnamespace INNER JOIN pg_catalog.pg_attribute AS pa ON pa.attrelid = pc.oid
INNER JOIN pg_catalog.pg_type AS pt ON pt.oid = pa.atttypid INNER JOIN pg_catalog.pg_namespace AS ptn ON ptn.oid = pt.typnamespace
WHERE (pc.relkind = 'm') AND (pa.attnum >= 1) AND (pn.nspname IN ($1, $2))
ORDER BY "table-schema", "table-name", "database-position";
-- with: public | warehouse

SELECT fk_ns.nspname AS "fk-table-schema", fk_table.relname AS "fk-table-name", fk_column.attname AS "fk-column-name", pk_ns.nspname AS "pk-table-schema", pk_table.relname AS "pk-table-name", pk_column.attname AS "pk-column-name"
FROM pg_constraint AS c INNER JOIN pg_class AS fk_table ON c.conrelid = fk_table.oid INNER JOIN pg_namespace AS fk_ns ON c.connamespace = fk_ns.oid
INNER JOIN pg_attribute AS fk_column ON c.conrelid = fk_column.attrelid INNER JOIN pg_class AS pk_table ON c.confrelid = pk_table.oid INNER JOIN pg_namespace AS pk_ns ON pk_table.relnamespace = pk_ns.oid
INNER JOIN pg_attribute AS pk_column ON c.confrelid = pk_column.attrelid
WHERE fk_ns.nspname !~ '^information_schema|catalog_history|pg_' AND (c.contype = 'f'::char) AND (fk_column.attnum = ANY(c.conkey)) AND (pk_column.attnum = ANY(c.confkey)) AND (fk_ns.nspname IN ($1))
ORDER BY "fk-table-schema", "fk-table-name";
-- with: public

SELECT tmp.table_schema AS "table-schema", tmp.table_name AS "table-name", trim(BOTH '"' FROM pg_catalog.pg_get_indexdef(tmp.index_oid, tmp.pos, false)) AS "field-name"
FROM (SELECT n.nspname AS table_schema, c.relname AS table_name, i.indexrelid AS index_oid, 1 AS pos FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE i.indpred IS NULL AND i.indexprs IS NULL) AS tmp
WHERE tmp.table_schema !~ '^information_schema|catalog_history|pg_' ORDER BY 1, 2, 3;

SELECT nspname, typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.oid IN (SELECT DISTINCT e.enumtypid FROM pg_enum e) ORDER BY 1, 2;

-- fingerprints: a sample of rows

SELECT "public"."orders"."id" AS "id", "public"."orders"."customer_id" AS "customer_id", "public"."orders"."total" AS "total", "public"."orders"."created_at" AS "created_at" FROM "public"."orders" LIMIT 10000;

SELECT "public"."products"."id" AS "id", "public"."products"."code" AS "code", substring("public"."products"."title", 1, 1234) AS "substring1", "public"."products"."price" AS "price" FROM "public"."products" LIMIT 10000;

SELECT substring("public"."customers"."full_name", 1, 1234) AS "substring1", substring("public"."customers"."email", 1, 1234) AS "substring2", substring("public"."customers"."country", 1, 1234) AS "substring3" FROM "public"."customers" LIMIT 10000;
-- expect: pii-bulk-needs-a-person

-- values of filters

SELECT "public"."customers"."country" AS "country" FROM "public"."customers" GROUP BY "public"."customers"."country" ORDER BY "public"."customers"."country" ASC LIMIT 1000;

SELECT "public"."products"."title" AS "title" FROM "public"."products" GROUP BY "public"."products"."title" ORDER BY "public"."products"."title" ASC LIMIT 1000;

-- questions

-- Metabase:: userID: 1 queryType: MBQL queryHash: 7f0d
SELECT "public"."orders"."id" AS "id", "public"."orders"."customer_id" AS "customer_id", "public"."orders"."total" AS "total", "public"."orders"."created_at" AS "created_at" FROM "public"."orders" ORDER BY "public"."orders"."id" ASC LIMIT 2000;

-- Metabase:: userID: 1 queryType: MBQL queryHash: 11ac
SELECT DATE_TRUNC('month', "public"."orders"."created_at") AS "created_at", COUNT(*) AS "count", SUM("public"."orders"."total") AS "sum", AVG("public"."orders"."total") AS "avg" FROM "public"."orders"
WHERE "public"."orders"."created_at" >= $1::timestamptz GROUP BY DATE_TRUNC('month', "public"."orders"."created_at") ORDER BY DATE_TRUNC('month', "public"."orders"."created_at") ASC;
-- with: 2020-01-01 00:00:00Z

-- Metabase:: userID: 1 queryType: MBQL queryHash: 52b0
SELECT "Customers"."country" AS "Customers__country", COUNT(*) AS "count", SUM("public"."orders"."total") AS "sum" FROM "public"."orders"
LEFT JOIN "public"."customers" AS "Customers" ON "public"."orders"."customer_id" = "Customers"."id" GROUP BY "Customers"."country" ORDER BY "sum" DESC, "Customers"."country" ASC;

-- Metabase:: userID: 1 queryType: MBQL queryHash: 03e1
SELECT FLOOR((("public"."orders"."total" - 0.0) / 50.0)) * 50.0 + 0.0 AS "total", COUNT(*) AS "count" FROM "public"."orders" GROUP BY FLOOR((("public"."orders"."total" - 0.0) / 50.0)) * 50.0 + 0.0 ORDER BY 1 ASC;

-- Metabase:: userID: 1 queryType: MBQL queryHash: 9a77
SELECT "source"."country" AS "country", "source"."n" AS "n" FROM (SELECT "public"."customers"."country" AS "country", COUNT(DISTINCT "public"."customers"."id") AS "n" FROM "public"."customers" GROUP BY "public"."customers"."country") AS "source" WHERE "source"."n" > 1 ORDER BY 1 LIMIT 1048575;

-- Metabase:: userID: 1 queryType: MBQL queryHash: a120
SELECT "public"."products"."title" AS "title", ("public"."products"."attributes"#>>array['weight']::text[])::bigint AS "weight" FROM "public"."products" ORDER BY 2 DESC NULLS LAST, 1 LIMIT 20;

-- Metabase:: userID: 1 queryType: MBQL queryHash: bb01
SELECT CASE WHEN "public"."orders"."total" > 100 THEN 'large' ELSE 'small' END AS "size", COUNT(*) AS "count", SUM(COUNT(*)) OVER (ORDER BY CASE WHEN "public"."orders"."total" > 100 THEN 'large' ELSE 'small' END ASC ROWS UNBOUNDED PRECEDING) AS "running" FROM "public"."orders" GROUP BY 1 ORDER BY 1;

-- Metabase:: userID: 1 queryType: native queryHash: 1dd0
select o.id, c.email, o.total from orders o join customers c on c.id = o.customer_id where o.id between 10 and 20 order by o.id;
