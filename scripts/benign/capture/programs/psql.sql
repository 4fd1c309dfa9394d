\set ON_ERROR_STOP 0
\pset pager off
\conninfo
\d
\d+
\dt
\dt+
\dt *.*
\dt warehouse.*
\d customers
\d+ customers
\d orders
\d+ orders
\d products
\d+ products
\d order_items
\d+ order_items
\d warehouse.stock
\d+ warehouse.stock
\d events
\d+ events
\d events_2026
\d+ events_2026
\d order_totals
\d+ order_totals
\d product_sales
\d+ product_sales
\d invoice_number
\d products_id_seq
\d customers_pkey
\d orders_customer
\d+ orders_created
\d nothing_here
\da
\da sum
\dA
\dA+
\dAc
\dAf
\dAo btree
\dAp btree
\db
\db+
\dc
\dconfig
\dconfig work_mem
\dconfig+ *mem*
\dC
\dC+ text
\dd
\dD
\dD+
\ddp
\dE
\des
\det
\deu
\dew
\df
\df+
\df order*
\dfa
\dfn
\dft
\dfw
\df pg_catalog.lower
\dF
\dFd
\dFp
\dFt
\dg
\dg+
\di
\di+
\diS+
\dl
\dL
\dL+
\dm
\dm+
\dn
\dn+
\dnS
\do
\do ||
\dO
\dp
\dp customers
\z
\dP
\dP+
\dPt
\dPi
\drds
\dRp
\dRp+
\dRs
\ds
\ds+
\dS
\dT
\dT+
\dTS json*
\du
\du+
\dv
\dv+
\dvS pg_stat*
\dx
\dx+
\dx+ plpgsql
\dX
\dy
\l
\l+
\l shop
\lo_list
\sf order_total
\sf+ touch
\sv order_totals
\sv+ order_totals
\encoding
\encoding UTF8
\echo :SERVER_VERSION_NUM
\timing on
select count(*) from orders;
\timing off
\x on
select id, country from customers where id = 7;
\x off
\gset
select 1 as one \gset
select :one + 1;
select id, total from orders where id < 3 \gx
select format('select %s', n) from generate_series(1, 3) n \gexec
select id, customer_id, total from orders where customer_id = 8 \crosstabview id customer_id total
select id, total from orders where id = 1 \gdesc
\copy (select id, total from orders where id < 20) to '/dev/null' csv header
\copy products (id, code, title) to '/dev/null'
\copy warehouse.stock to '/dev/null' with (format csv)
begin;
savepoint a;
select 1;
rollback to a;
commit;
\set AUTOCOMMIT off
select 2;
commit;
\set AUTOCOMMIT on
\set FETCH_COUNT 50
select id, total from orders where id < 200;
\unset FETCH_COUNT
show server_version;
show search_path;
set search_path = public, warehouse;
\dt
reset search_path;
explain select * from orders where customer_id = 5;
explain (analyze, timing off, summary off, buffers off) select count(*) from orders;
table product_sales limit 5;
values (1, 'a'), (2, 'b');
select version();
select current_user, session_user, current_database(), current_schema();
select pg_size_pretty(pg_database_size(current_database()));
select pg_size_pretty(pg_total_relation_size('orders'));
select 'unterminated;
';
\errverbose
