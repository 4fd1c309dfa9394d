-- tool: grafana
-- version: 10 to 12
-- source: the manual of its PostgreSQL data source (macros, query builder, variables); written by us
-- as: ana
-- protocol: simple

SELECT current_setting('server_version_num')::int/100 as version;

SELECT extversion FROM pg_extension WHERE extname = 'timescaledb';

SELECT CASE WHEN quote_ident(table_schema) IN (SELECT CASE WHEN trim(s[i]) = '"$user"' THEN user ELSE trim(s[i]) END FROM generate_series(array_lower(string_to_array(current_setting('search_path'), ','), 1), array_upper(string_to_array(current_setting('search_path'), ','), 1)) AS i, string_to_array(current_setting('search_path'), ',') s)
 THEN quote_ident(table_name) ELSE quote_ident(table_schema) || '.' || quote_ident(table_name) END AS "table"
FROM information_schema.tables WHERE quote_ident(table_schema) NOT IN ('information_schema', 'pg_catalog', '_timescaledb_cache', '_timescaledb_catalog') ORDER BY 1;

SELECT quote_ident(column_name) AS "column", data_type AS "type" FROM information_schema.columns WHERE quote_ident(table_name) = 'orders' ORDER BY ordinal_position;

SELECT quote_ident(column_name) AS "column", data_type AS "type" FROM information_schema.columns WHERE quote_ident(table_schema) || '.' || quote_ident(table_name) = 'warehouse.stock' ORDER BY ordinal_position;

SELECT DISTINCT(country) FROM customers ORDER BY country LIMIT 100;

SELECT created_at AS "time", total FROM orders WHERE created_at BETWEEN '2020-01-01T00:00:00Z' AND '2030-01-01T00:00:00Z' ORDER BY created_at, id LIMIT 50;

SELECT floor(extract(epoch from created_at)/3600)*3600 AS "time", count(*) AS "orders", sum(total) AS "total" FROM orders WHERE created_at BETWEEN '2020-01-01T00:00:00Z' AND '2030-01-01T00:00:00Z' GROUP BY 1 ORDER BY 1;

SELECT date_trunc('day', created_at) AS "time", avg(total) AS "mean", max(total) - min(total) AS spread FROM orders WHERE created_at BETWEEN '2020-01-01T00:00:00Z' AND '2030-01-01T00:00:00Z' GROUP BY 1 ORDER BY 1;

SELECT floor(extract(epoch from o.created_at)/86400)*86400 AS "time", c.country AS metric, count(*) AS value FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.country IN ('DE','FR','US') AND extract(epoch from o.created_at) >= 1500000000 GROUP BY 1, 2 ORDER BY 1, 2;

SELECT id AS __value, title AS __text FROM products ORDER BY title LIMIT 100;

SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY total) AS p95 FROM orders;

SELECT product_id, amount, counted_at AS "time" FROM warehouse.stock WHERE product_id IN ('1','2','3') ORDER BY product_id;

SELECT happened AS "time", state::text AS text, 'event' AS tags FROM events WHERE happened BETWEEN '2026-01-01' AND '2026-01-05' ORDER BY happened, id LIMIT 100;

SELECT relname, n_live_tup >= 0 AS rows, pg_total_relation_size(relid) > 0 AS bytes FROM pg_stat_user_tables ORDER BY relname;

SELECT datname, numbackends >= 0 AS backends, xact_commit >= 0 AS commits FROM pg_stat_database WHERE datname = 'postgres';

SELECT state, count(*) >= 0 AS sessions FROM pg_stat_activity WHERE state = 'active' GROUP BY state;

SELECT mode, count(*) > 0 AS held FROM pg_locks WHERE pid = pg_backend_pid() GROUP BY mode ORDER BY mode;
