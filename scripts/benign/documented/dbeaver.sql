-- tool: dbeaver
-- version: Community 24/25
-- source: its public PostgreSQL model (Apache-2.0): same catalogs, columns, functions and order; written by us
-- as: ana/write
-- protocol: pgjdbc

SET application_name = 'DBeaver - Main <shop>';

SELECT current_schema(), session_user;

SELECT * FROM pg_catalog.pg_enum WHERE 1<>1 LIMIT 1;

SELECT reltype FROM pg_catalog.pg_class WHERE 1<>1 LIMIT 1;

SELECT version();

SHOW search_path;

select string_agg(word, ',') from pg_catalog.pg_get_keywords() where word <> ALL ('{a,abs,all,and,any,as,by,from,in,is,or,to}'::text[]);

SELECT db.oid, db.* FROM pg_catalog.pg_database db WHERE datname = $1;
-- with: {database}

SELECT db.oid, db.* FROM pg_catalog.pg_database db WHERE datallowconn AND NOT datistemplate OR db.datname = $1 ORDER BY db.datname;
-- with: {database}

SELECT n.oid, n.*, d.description FROM pg_catalog.pg_namespace n
LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = n.oid AND d.objsubid = 0 AND d.classoid = 'pg_namespace'::regclass
ORDER BY nspname;

SELECT t.oid, t.*, c.relkind, format_type(nullif(t.typbasetype, 0), t.typtypmod) AS base_type_name, d.description
FROM pg_catalog.pg_type t
LEFT OUTER JOIN pg_catalog.pg_type et ON et.oid = t.typelem
LEFT OUTER JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
LEFT OUTER JOIN pg_catalog.pg_description d ON t.oid = d.objoid
WHERE t.typname IS NOT NULL AND (c.relkind IS NULL OR c.relkind = 'c') AND (et.typcategory IS NULL OR et.typcategory <> 'C');

SELECT e.enumlabel FROM pg_catalog.pg_enum e WHERE e.enumtypid = $1 ORDER BY e.enumsortorder;
-- with: {oid:type:order_state}

SELECT a.oid, a.*, pd.description FROM pg_catalog.pg_roles a
LEFT JOIN pg_catalog.pg_shdescription pd ON a.oid = pd.objoid ORDER BY a.rolname;

SELECT c.oid, c.*, d.description, pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS partition_expr, pg_catalog.pg_get_partkeydef(c.oid) AS partition_key
FROM pg_catalog.pg_class c
LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass
WHERE c.relnamespace = $1 AND c.relkind NOT IN ('i', 'I', 'c');
-- with: {oid:namespace:public}

SELECT c.oid, c.*, d.description, pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS partition_expr, pg_catalog.pg_get_partkeydef(c.oid) AS partition_key
FROM pg_catalog.pg_class c
LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass
WHERE c.relnamespace = $1 AND c.relkind NOT IN ('i', 'I', 'c');
-- with: {oid:namespace:warehouse}

SELECT c.relname, a.*, pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true) AS def_value, dsc.description, dep.objid
FROM pg_catalog.pg_attribute a
INNER JOIN pg_catalog.pg_class c ON (a.attrelid = c.oid)
LEFT OUTER JOIN pg_catalog.pg_attrdef ad ON (a.attrelid = ad.adrelid AND a.attnum = ad.adnum)
LEFT OUTER JOIN pg_catalog.pg_description dsc ON (c.oid = dsc.objoid AND a.attnum = dsc.objsubid)
LEFT OUTER JOIN pg_depend dep ON dep.refobjid = a.attrelid AND dep.deptype = 'i' AND dep.refobjsubid = a.attnum AND dep.classid = dep.refclassid
WHERE NOT a.attisdropped AND c.relkind NOT IN ('i', 'I', 'c') AND c.oid = $1 ORDER BY a.attnum;
-- with: {oid:class:customers}

SELECT c.relname, a.*, pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true) AS def_value, dsc.description, dep.objid
FROM pg_catalog.pg_attribute a
INNER JOIN pg_catalog.pg_class c ON (a.attrelid = c.oid)
LEFT OUTER JOIN pg_catalog.pg_attrdef ad ON (a.attrelid = ad.adrelid AND a.attnum = ad.adnum)
LEFT OUTER JOIN pg_catalog.pg_description dsc ON (c.oid = dsc.objoid AND a.attnum = dsc.objsubid)
LEFT OUTER JOIN pg_depend dep ON dep.refobjid = a.attrelid AND dep.deptype = 'i' AND dep.refobjsubid = a.attnum AND dep.classid = dep.refclassid
WHERE NOT a.attisdropped AND c.relkind NOT IN ('i', 'I', 'c') AND c.relnamespace = $1 ORDER BY a.attnum;
-- with: {oid:namespace:public}

SELECT c.oid, c.*, t.relname AS tabrelname, rt.relnamespace AS refnamespace, d.description,
  CASE WHEN c.contype = 'c' THEN substring(pg_get_constraintdef(c.oid), 7) ELSE null END consrc_copy
FROM pg_catalog.pg_constraint c
INNER JOIN pg_catalog.pg_class t ON t.oid = c.conrelid
LEFT OUTER JOIN pg_catalog.pg_class rt ON rt.oid = c.confrelid
LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.objsubid = 0 AND d.classoid = 'pg_constraint'::regclass
WHERE t.relnamespace = $1 ORDER BY c.oid;
-- with: {oid:namespace:public}

SELECT DISTINCT dep.deptype, dep.classid, dep.objid, cl.relkind, attr.attname, pg_get_expr(ad.adbin, ad.adrelid) adefval,
  CASE WHEN cl.relkind IS NOT NULL THEN cl.relkind::text || COALESCE(dep.objsubid::text, '') WHEN pr.oid IS NOT NULL THEN 'P' WHEN ty.oid IS NOT NULL THEN 'y' ELSE '' END AS type,
  COALESCE(coc.relname, clrw.relname) AS ownertable, COALESCE(cl.relname, pr.proname, ty.typname) AS refname, COALESCE(nsc.nspname, nsp.nspname, nst.nspname) AS nspname
FROM pg_depend dep
LEFT JOIN pg_class cl ON dep.objid = cl.oid
LEFT JOIN pg_attribute attr ON dep.objid = attr.attrelid AND dep.objsubid = attr.attnum
LEFT JOIN pg_namespace nsc ON cl.relnamespace = nsc.oid
LEFT JOIN pg_proc pr ON dep.objid = pr.oid
LEFT JOIN pg_namespace nsp ON pr.pronamespace = nsp.oid
LEFT JOIN pg_type ty ON dep.objid = ty.oid
LEFT JOIN pg_namespace nst ON ty.typnamespace = nst.oid
LEFT JOIN pg_constraint co ON dep.objid = co.oid
LEFT JOIN pg_class coc ON co.conrelid = coc.oid
LEFT JOIN pg_rewrite rw ON dep.objid = rw.oid
LEFT JOIN pg_class clrw ON clrw.oid = rw.ev_class
LEFT JOIN pg_attrdef ad ON ad.adrelid = attr.attrelid AND ad.adnum = attr.attnum
WHERE dep.refobjid = $1 ORDER BY type, refname;
-- with: {oid:class:orders}

SELECT i.*, i.indkey AS keys, c.relname, c.relnamespace, c.relam, c.reltablespace, tc.relname AS tabrelname, dsc.description,
  pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS pred_expr, pg_catalog.pg_get_expr(i.indexprs, i.indrelid, true) AS expr,
  pg_catalog.pg_relation_size(i.indexrelid) AS index_rel_size, pg_catalog.pg_stat_get_numscans(i.indexrelid) AS index_num_scans
FROM pg_catalog.pg_index i
INNER JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
INNER JOIN pg_catalog.pg_class tc ON tc.oid = i.indrelid
LEFT OUTER JOIN pg_catalog.pg_description dsc ON i.indexrelid = dsc.objoid
WHERE i.indrelid = $1 ORDER BY tabrelname, c.relname;
-- with: {oid:class:orders}

SELECT p.oid AS poid, p.*, pg_catalog.pg_get_expr(p.proargdefaults, 0) AS arg_defaults, l.lanname, d.description
FROM pg_catalog.pg_proc p
LEFT OUTER JOIN pg_catalog.pg_language l ON l.oid = p.prolang
LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = p.oid AND d.objsubid = 0
WHERE p.pronamespace = $1 AND p.prokind <> 'a' ORDER BY p.proname;
-- with: {oid:namespace:public}

SELECT pg_catalog.pg_get_functiondef(p.oid) FROM pg_catalog.pg_proc p WHERE p.oid = $1;
-- with: {oid:proc:order_total(integer)}

SELECT x.oid, x.*, p.pronamespace AS func_schema_id, d.description FROM pg_catalog.pg_trigger x
LEFT OUTER JOIN pg_catalog.pg_proc p ON p.oid = x.tgfoid
LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = x.oid AND d.objsubid = 0
WHERE x.tgrelid = $1 AND NOT x.tgisinternal;
-- with: {oid:class:warehouse.stock}

SELECT pg_catalog.pg_get_triggerdef(t.oid) FROM pg_catalog.pg_trigger t WHERE t.tgrelid = $1 AND NOT t.tgisinternal;
-- with: {oid:class:warehouse.stock}

SELECT r.oid, r.*, pg_get_ruledef(r.oid) AS definition FROM pg_catalog.pg_rewrite r WHERE r.ev_class = $1;
-- with: {oid:class:order_totals}

SELECT pg_catalog.pg_get_viewdef($1, true);
-- with: {oid:class:order_totals}

SELECT i.*, c.relnamespace FROM pg_catalog.pg_inherits i, pg_catalog.pg_class c WHERE i.inhrelid = $1 AND c.oid = i.inhparent ORDER BY i.inhseqno;
-- with: {oid:class:events_2026}

SELECT c.oid, c.*, pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS partition_expr FROM pg_catalog.pg_inherits i, pg_catalog.pg_class c WHERE i.inhparent = $1 AND c.oid = i.inhrelid;
-- with: {oid:class:events}

SELECT c.oid, pg_catalog.pg_total_relation_size(c.oid) AS total_rel_size, pg_catalog.pg_relation_size(c.oid) AS rel_size
FROM pg_class c WHERE c.relnamespace = $1 AND c.relkind NOT IN ('i', 'I', 'c') ORDER BY c.oid;
-- with: {oid:namespace:warehouse}

SELECT * FROM pg_catalog.pg_sequences WHERE schemaname = $1 AND sequencename = $2;
-- with: public | invoice_number

SELECT last_value, is_called FROM public.invoice_number;

SELECT x.oid, x.*, n.nspname AS schema_name FROM pg_catalog.pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace ORDER BY x.oid;

SELECT am.oid, am.* FROM pg_catalog.pg_am am ORDER BY am.oid;

SELECT l.oid, l.* FROM pg_catalog.pg_language l ORDER BY l.oid;

SELECT t.oid, t.*, pg_tablespace_location(t.oid) loc FROM pg_catalog.pg_tablespace t ORDER BY t.oid;

SELECT l.oid, l.*, p.pronamespace AS handler_schema_id, pv.pronamespace AS validator_schema_id FROM pg_catalog.pg_foreign_data_wrapper l
LEFT OUTER JOIN pg_catalog.pg_proc p ON p.oid = l.fdwhandler LEFT OUTER JOIN pg_catalog.pg_proc pv ON pv.oid = l.fdwvalidator ORDER BY l.fdwname;

SELECT name, setting, unit, category, short_desc, context, vartype, source, min_val, max_val, reset_val FROM pg_catalog.pg_settings WHERE name LIKE 'enable%' ORDER BY name;

SELECT c.contype, pg_catalog.pg_get_constraintdef(c.oid) FROM pg_catalog.pg_constraint c WHERE c.conrelid = $1 ORDER BY c.conname;
-- with: {oid:class:order_items}

SELECT a.attname, a.attacl FROM pg_catalog.pg_attribute a WHERE a.attrelid = $1 AND a.attacl IS NOT NULL;
-- with: {oid:class:customers}

SELECT table_catalog, table_schema, table_name, privilege_type, is_grantable, with_hierarchy, grantor FROM information_schema.table_privileges WHERE table_schema = $1 AND grantee = $2 ORDER BY table_name, privilege_type;
-- with: public | postgres

SELECT x.* FROM public.orders x ORDER BY x.id;
-- rows: 200

SELECT x.* FROM public.products x ORDER BY x.id DESC;
-- rows: 200

SELECT x.* FROM public.customers x WHERE x.id < 20 ORDER BY x.id;
-- rows: 200

SELECT count(*) FROM public.orders x;

EXPLAIN (FORMAT XML, VERBOSE, COSTS) SELECT x.* FROM public.orders x WHERE x.customer_id = 3;

UPDATE warehouse.stock SET amount = $1 WHERE product_id = $2;
-- with: 17 | 4

SELECT sa.pid, sa.usename, sa.state, sa.backend_type, sa.wait_event FROM pg_catalog.pg_stat_activity sa WHERE sa.pid = pg_backend_pid();

SELECT d.datname, d.numbackends >= 0 AS has_backends, d.deadlocks FROM pg_catalog.pg_stat_database d WHERE d.datname = $1;
-- with: {database}

SELECT nsp.nspname, c.relname, c.relkind FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace nsp ON nsp.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND c.relname ILIKE $1 AND nsp.oid IN ($2, $3) ORDER BY c.relname LIMIT 100;
-- with: ord% | {oid:namespace:public} | {oid:namespace:warehouse}

SELECT DISTINCT x.oid, x.attname, x.attrelid, x.relnamespace FROM (SELECT c.oid, a.attname, a.attrelid, c.relnamespace FROM pg_catalog.pg_attribute a, pg_catalog.pg_class c
WHERE a.attrelid = c.oid AND a.attname ILIKE $1 AND a.attnum > 0) x ORDER BY x.attname, x.oid LIMIT 100;
-- with: custom%
