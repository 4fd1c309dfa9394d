-- tool: datagrip
-- version: 2024/2025
-- source: what its introspector asks, as seen in public server logs and reports: same catalogs, columns and functions; written by us
-- as: ana/write
-- protocol: pgjdbc

SET extra_float_digits = 3;

SET application_name = 'DataGrip';

select version();

SHOW TRANSACTION ISOLATION LEVEL;

select current_database() as a, current_schemas(false) as b;

select round(extract(epoch from pg_postmaster_start_time() at time zone 'UTC')) > 0 as startup_time;

select case when pg_catalog.pg_is_in_recovery() then null else (pg_catalog.txid_current() % 4294967296)::varchar::bigint end is not null as current_txid;

select L.transactionid::varchar::bigint > 0 as transaction_id from pg_catalog.pg_locks L where L.transactionid is not null order by pg_catalog.age(L.transactionid) desc limit 1;

select name, is_dst from pg_catalog.pg_timezone_names where name in ('UTC', 'Europe/Berlin') order by name;

select N.oid::bigint as id, datname as name, D.description, datistemplate as is_template, datallowconn as allow_connections, pg_catalog.pg_get_userbyid(N.datdba) as "owner"
from pg_catalog.pg_database N left join pg_catalog.pg_shdescription D on N.oid = D.objoid
order by case when datname = pg_catalog.current_database() then -1::bigint else N.oid::bigint end;

select N.oid::bigint as id, N.xmin::varchar::bigint > 0 as state_number, nspname as name, D.description, pg_catalog.pg_get_userbyid(N.nspowner) as "owner"
from pg_catalog.pg_namespace N left join pg_catalog.pg_description D on N.oid = D.objoid
order by case when nspname = pg_catalog.current_schema() then -1::bigint else N.oid::bigint end;

select R.oid::bigint as role_id, rolname as role_name, rolsuper as is_super, rolinherit as is_inherit, rolcreaterole as can_createrole, rolcreatedb as can_createdb,
  rolcanlogin as can_login, rolreplication as is_replication, rolconnlimit as conn_limit, rolvaliduntil as valid_until, rolbypassrls as bypass_rls, rolconfig as config, D.description
from pg_catalog.pg_roles R left join pg_catalog.pg_shdescription D on D.objoid = R.oid order by 1;

select member id, roleid role_id, admin_option from pg_catalog.pg_auth_members order by id, roleid::text;

select T.oid::bigint as id, T.spcname as name, pg_catalog.pg_get_userbyid(T.spcowner) as "owner", pg_catalog.pg_tablespace_location(T.oid) as location, T.spcoptions as options
from pg_catalog.pg_tablespace T order by 1;

select oid::bigint as id, amname as access_method_name, amhandler::oid as handler_id, pg_catalog.quote_ident(amhandler::regproc::text) as handler_name, amtype as access_method_type
from pg_catalog.pg_am order by id;

select E.oid as id, extname as name, extversion as version, extnamespace as schema_id, nspname as schema_name,
  array(select unnest from unnest(coalesce(extconfig, '{}'))) as config
from pg_catalog.pg_extension E join pg_namespace N on E.extnamespace = N.oid order by 1;

select T.oid table_id, T.relkind table_kind, T.relname table_name, T.xmin::varchar::bigint > 0 as table_state_number, false as table_with_oids, T.reltablespace as tablespace_id,
  T.reloptions as options, T.relpersistence as persistence, (select pg_catalog.array_agg(inhparent::bigint order by inhseqno)::varchar from pg_catalog.pg_inherits where T.oid = inhrelid) as ancestors,
  (select pg_catalog.array_agg(inhrelid::bigint order by inhrelid)::varchar from pg_catalog.pg_inherits where T.oid = inhparent) as successors,
  T.relispartition as is_partition, pg_catalog.pg_get_partkeydef(T.oid) as partition_key, pg_catalog.pg_get_expr(T.relpartbound, T.oid) as partition_expression, T.relam am_id,
  pg_catalog.pg_get_userbyid(T.relowner) as "owner"
from pg_catalog.pg_class T where relnamespace = $1::oid and relkind in ('r', 'm', 'v', 'f', 'p') order by table_kind, table_id;
-- with: {oid:namespace:public}

with T as (select distinct T.oid as table_id, T.relname as table_name from pg_catalog.pg_class T, pg_catalog.pg_attribute A
  where T.relnamespace = $1::oid and T.relkind in ('r', 'm', 'v', 'f', 'p') and A.attrelid = T.oid)
select T.table_id, C.attnum as column_position, C.attname as column_name, C.xmin::varchar::bigint > 0 as column_state_number, C.atttypmod as type_mod, C.attndims as dimensions_number,
  pg_catalog.format_type(C.atttypid, C.atttypmod) as type_spec, C.atttypid as type_id, C.attnotnull as mandatory, pg_catalog.pg_get_expr(D.adbin, T.table_id) as column_default_expression,
  not C.attislocal as column_is_inherited, C.attfdwoptions as options, C.attisdropped as column_is_dropped, C.attidentity as identity_kind, C.attgenerated as generated
from T join pg_catalog.pg_attribute C on T.table_id = C.attrelid left join pg_catalog.pg_attrdef D on (C.attrelid, C.attnum) = (D.adrelid, D.adnum)
where attnum > 0 order by table_id, attnum;
-- with: {oid:namespace:public}

select tab.oid table_id, tab.relkind table_kind, ind_stor.relname index_name, ind_head.indexrelid index_id, ind_stor.xmin::varchar::bigint > 0 as state_number, ind_head.indisunique is_unique,
  ind_head.indisprimary is_primary, pg_catalog.pg_get_expr(ind_head.indpred, ind_head.indrelid) as condition, (select pg_catalog.array_agg(inhparent::bigint order by inhseqno)::varchar
  from pg_catalog.pg_inherits where ind_stor.oid = inhrelid) as ancestors, ind_stor.reltablespace tablespace_id, opcmethod as access_method_id
from pg_catalog.pg_class tab join pg_catalog.pg_index ind_head on ind_head.indrelid = tab.oid join pg_catalog.pg_class ind_stor on tab.relnamespace = ind_stor.relnamespace and ind_stor.oid = ind_head.indexrelid
left join pg_catalog.pg_opclass on pg_opclass.oid = any(ind_head.indclass)
where tab.relnamespace = $1::oid and tab.relkind in ('r', 'm', 'v', 'p') and ind_stor.relkind in ('i', 'I') order by 4, 11;
-- with: {oid:namespace:public}

select ind_head.indexrelid index_id, k col_idx, k <= indnkeyatts in_key, ind_head.indkey[k - 1] column_position, ind_head.indoption[k - 1] column_options,
  ind_head.indcollation[k - 1] as collation, colln.nspname as collation_schema, collname as collation_str, ind_head.indclass[k - 1] as opclass,
  case when opcdefault then null else opcn.nspname end as opclass_schema, case when opcdefault then null else opcname end as opclass_str,
  case when indexprs is null then null when ind_head.indkey[k - 1] = 0 then chr(27) || pg_catalog.pg_get_indexdef(ind_head.indexrelid, k::int, true) else pg_catalog.pg_get_indexdef(ind_head.indexrelid, k::int, true) end as expression,
  amcanorder can_order
from pg_catalog.pg_index ind_head join pg_catalog.pg_class ind_stor on ind_stor.oid = ind_head.indexrelid
cross join unnest(ind_head.indkey) with ordinality u(u, k)
left join pg_catalog.pg_collation on pg_collation.oid = ind_head.indcollation[k - 1] left join pg_catalog.pg_namespace colln on collnamespace = colln.oid
cross join pg_catalog.pg_am am left join pg_catalog.pg_opclass on pg_opclass.oid = ind_head.indclass[k - 1] left join pg_catalog.pg_namespace opcn on opcnamespace = opcn.oid
where am.oid = ind_stor.relam and ind_stor.relnamespace = $1::oid order by index_id, k;
-- with: {oid:namespace:public}

select T.oid table_id, relkind table_kind, C.oid::bigint con_id, C.xmin::varchar::bigint > 0 as con_state_id, conname con_name, contype con_kind, conkey con_columns, conindid index_id,
  confrelid ref_table_id, condeferrable is_deferrable, condeferred is_init_deferred, confupdtype on_update, confdeltype on_delete, connoinherit no_inherit,
  pg_catalog.pg_get_expr(conbin, T.oid) con_expression, confkey ref_columns, conexclop::int[] excl_operators,
  array(select unnest::regoper::varchar from unnest(conexclop)) excl_operators_str
from pg_catalog.pg_constraint C join pg_catalog.pg_class T on C.conrelid = T.oid
where relkind in ('r', 'v', 'f', 'p') and relnamespace = $1::oid and contype in ('p', 'u', 'f', 'c', 'x') and connamespace = $1::oid order by 3;
-- with: {oid:namespace:public}

with languages as (select oid as lang_oid, lanname as lang from pg_catalog.pg_language),
  routines as (select proname as r_name, prolang as lang_oid, oid as r_id, xmin::varchar::bigint > 0 as r_state_number, proargnames as arg_names, proargmodes as arg_modes,
    proargtypes::int[] as in_arg_types, proallargtypes::int[] as all_arg_types, pg_catalog.pg_get_expr(proargdefaults, 0) as arg_defaults, provariadic as arg_variadic_id, prorettype as ret_type_id,
    proretset as ret_set, prokind as kind, provolatile as volatile_kind, proisstrict as is_strict, prosecdef as is_security_definer, proconfig as configuration_parameters, procost as cost,
    pg_catalog.pg_get_userbyid(proowner) as "owner", prorows as rows, proleakproof as is_leakproof, proparallel as concurrency_kind
    from pg_catalog.pg_proc where pronamespace = $1::oid and not (prokind = 'a'))
select * from routines natural join languages order by r_id;
-- with: {oid:namespace:public}

select PC.oid as id, PC.prosrc as source_text from pg_catalog.pg_proc PC where PC.pronamespace = $1::oid order by id;
-- with: {oid:namespace:public}

select T.relkind as view_kind, T.oid as view_id, pg_catalog.pg_get_viewdef(T.oid, true) as source_text
from pg_catalog.pg_class T join pg_catalog.pg_namespace N on T.relnamespace = N.oid where N.oid = $1::oid and T.relkind in ('m', 'v') order by view_id;
-- with: {oid:namespace:public}

with A as (select oid as table_id, pg_catalog.upper(relkind::text) as table_kind from pg_catalog.pg_class where relnamespace = $1::oid and relkind in ('r', 'm', 'v', 'f', 'p'))
select table_id, table_kind, R.oid as rule_id, R.xmin::varchar::bigint > 0 as rule_state_number, rulename as rule_name, pg_catalog.translate(ev_type::text, '1234', 'SUID') as rule_event_code,
  ev_enabled as rule_fire_mode, is_instead as rule_is_instead
from A join pg_catalog.pg_rewrite R on A.table_id = R.ev_class where rulename != '_RETURN'::name order by table_id, ev_type, rule_id;
-- with: {oid:namespace:public}

select T.tgrelid as table_id, T.oid as trigger_id, T.xmin::varchar::bigint > 0 as trigger_state_number, tgname as trigger_name, tgfoid as function_id, pg_catalog.encode(tgargs, 'escape') as function_args,
  tgtype as bits, tgdeferrable as is_deferrable, tginitdeferred as is_init_deferred, tgenabled as trigger_fire_mode, tgattr as columns, tgconstraint != 0 as is_constraint,
  tgoldtable as old_table_name, tgnewtable as new_table_name, pg_catalog.pg_get_triggerdef(T.oid, true) as source_code
from pg_catalog.pg_trigger T join pg_catalog.pg_class TAB on TAB.oid = T.tgrelid and TAB.relnamespace = $1::oid where not tgisinternal order by 2;
-- with: {oid:namespace:warehouse}

select cls.oid as sequence_id, cls.relname as sequence_name, cls.relpersistence as persistence, sq.seqstart as start_value, sq.seqincrement as inc_value, sq.seqmin as min_value, sq.seqmax as max_value,
  sq.seqcycle as cycle_option, sq.seqcache as cache_size, pg_catalog.format_type(sq.seqtypid, null) as data_type, D.refobjid as table_id, D.refobjsubid as col
from pg_catalog.pg_sequence sq join pg_catalog.pg_class cls on sq.seqrelid = cls.oid left join pg_catalog.pg_depend D on D.objid = cls.oid and D.deptype in ('a', 'i') and D.refclassid = 'pg_class'::regclass
where cls.relnamespace = $1::oid order by 1;
-- with: {oid:namespace:public}

select T.oid as type_id, T.xmin::varchar::bigint > 0 as type_state_number, T.typname as type_name, T.typtype as type_sub_kind, T.typcategory as type_category, T.typrelid as class_id, T.typbasetype as base_type_id,
  case when T.typtype in ('c', 'e') then null else pg_catalog.format_type(T.typbasetype, T.typtypmod) end as type_def, T.typndims as dimensions_number, T.typdefault as default_expression, T.typnotnull as mandatory,
  pg_catalog.pg_get_userbyid(T.typowner) as "owner"
from pg_catalog.pg_type T where T.typnamespace = $1::oid and (T.typtype in ('d', 'e') or T.typtype = 'c' and exists (select 1 from pg_catalog.pg_class C where C.oid = T.typrelid and C.relkind = 'c')) order by 1;
-- with: {oid:namespace:public}

select E.enumtypid as type_id, pg_catalog.array_agg(E.enumlabel::varchar order by E.enumsortorder) as labels from pg_catalog.pg_enum E join pg_catalog.pg_type T on E.enumtypid = T.oid where T.typnamespace = $1::oid group by 1;
-- with: {oid:namespace:public}

select D.objoid id, case when 'pg_catalog.pg_class'::regclass = classoid then case when relkind in ('v', 'm') then 'V' else 'C' end else pg_catalog.translate(classoid::text, '0123456789', '..........') end kind, D.objsubid sub_id, D.description
from pg_catalog.pg_description D join pg_catalog.pg_class C on D.objoid = C.oid where C.relnamespace = $1::oid and C.relkind != 'c' order by id, sub_id;
-- with: {oid:namespace:public}

select T.oid as object_id, T.relacl as acl from pg_catalog.pg_class T where relnamespace = $1::oid and relacl is not null order by object_id;
-- with: {oid:namespace:public}

select objid as dependent_id, refobjid as owner_id, refobjsubid as owner_subobject_id from pg_catalog.pg_depend
where deptype = 'a' and classid = 'pg_class'::regclass and refclassid = 'pg_class'::regclass and objid >= 16384 order by 1, 2;

select L.oid as id, L.lanname as name, L.lanpltrusted as trusted, H.proname as handler, I.proname as inline_handler, V.proname as validator, pg_catalog.pg_get_userbyid(L.lanowner) as "owner"
from pg_catalog.pg_language L left join pg_catalog.pg_proc H on L.lanplcallfoid = H.oid left join pg_catalog.pg_proc I on I.oid = L.laninline left join pg_catalog.pg_proc V on V.oid = L.lanvalidator order by 1;

select t.* from public.orders t order by id limit 501;

select t.* from public.products t limit 501;

select t.* from public.customers t where id <= 20 order by id limit 501;

select t.*, t.ctid is not null as CTID from public.orders t where customer_id = 7 order by id limit 501;

select count(*) from public.order_items;

explain (format xml) select * from orders where customer_id = 3;

update warehouse.stock set amount = $1::int where product_id = $2::int;
-- with: 9 | 5

select relname, n_live_tup >= 0 as counted, last_vacuum is null as never from pg_catalog.pg_stat_user_tables where relname = $1;
-- with: orders
