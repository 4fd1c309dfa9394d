"""What an application of the shop and the people who run it ask, over psycopg 3: written by us, sent by a real driver."""
import os
import psycopg

LOOKUPS = [
    ("select id, country from customers where email = %s", ("customer7@mail.example",)),
    ("select c.id, c.country, o.created_at, o.total from customers c join orders o on o.customer_id = c.id where c.id = %s order by o.created_at desc limit 20", (7,)),
    ("select email from customers where id = %s", (12,)),
    ("select full_name, phone from customers where id in (3, 4, 5)", ()),
    ("select id, left(country, 1) as c from customers where country = %s order by id limit 50", ("SE",)),
    ("select exists (select 1 from customers where email = %s)", ("nobody@mail.example",)),
    ("select count(*) from customers where country = %s", ("FR",)),
    ("select country, count(*) as customers from customers group by country order by customers desc, country", ()),
    ("select c.country, date_trunc('month', o.created_at) as month, sum(o.total) from orders o join customers c on c.id = o.customer_id group by 1, 2 order by 1, 2", ()),
    ("select id, full_name, email, country from customers order by id limit 25 offset 50", ()),
    ("select id, notes from customers where id = %s", (3,)),
    ("select percentile_cont(0.5) within group (order by total) from orders", ()),
    ("select customer_id, total, sum(total) over (partition by customer_id order by created_at) from orders where customer_id < 9 order by 1, 2", ()),
    ("select * from orders where created_at between %s and %s order by id limit 100", ("2026-01-05", "2026-01-09")),
    ("select p.title, sum(i.quantity) as sold from order_items i join products p on p.id = i.product_id group by p.title order by sold desc, p.title limit 10", ()),
    ("with spent as (select customer_id, sum(total) as t from orders group by 1) select width_bucket(t, 0, 2000, 5), count(*) from spent group by 1 order by 1", ()),
    ("select o.id, o.total, (select count(*) from order_items i where i.order_id = o.id) as items from orders o where o.customer_id = %s order by 1", (5,)),
    ("select * from products where lower(title) like %s order by id", ("product 1%",)),
    ("select attributes ->> 'weight' as weight, tags from products where attributes @> '{\"weight\": 4}'", ()),
    ("select * from order_totals where customer_id = %s", (4,)),
    ("select product_id, sold from product_sales order by sold desc, product_id limit 5", ()),
    ("select state, count(*) from events where happened >= %s group by state", ("2026-06-01",)),
    ("select s.amount, p.code::text from warehouse.stock s join products p on p.id = s.product_id where s.amount < 20 order by 2", ()),
    ("select c.id from customers c left join orders o on o.customer_id = c.id where o.id is null order by 1", ()),
    ("select distinct country from customers order by 1", ()),
    ("select generate_series(date '2026-01-01', date '2026-01-07', '1 day')::date as day", ()),
    ("select current_date - 1 < current_date, now() > '2020-01-01'", ()),
    ("select id, case when total > 150 then 'big' when total > 50 then 'middle' else 'small' end as size from orders where id < 12 order by id", ()),
    ("select string_agg(code, ', ' order by code) from products where price < 9", ()),
    ("select json_agg(json_build_object('id', id, 'total', total) order by id) from orders where customer_id = %s", (6,)),
    ("select to_char(created_at, 'YYYY-MM'), round(avg(total), 2) from orders group by 1 order by 1", ()),
    ("select count(*) filter (where total > 100) as big, count(*) as every from orders", ()),
    ("select id from orders where customer_id = any(%s) order by id", ([1, 2, 3],)),
    ("select a.id, b.id from orders a join orders b on b.customer_id = a.customer_id and b.id > a.id where a.id < 3 order by 1, 2", ()),
    ("(select id, total from orders order by total desc, id limit 3) union all (select id, total from orders order by total, id limit 3)", ()),
    ("select coalesce(max(id), 0) + 1 from orders", ()),
    ("select * from customers where 1 = 0", ()),
    ("select pg_size_pretty(pg_relation_size('orders')), obj_description('products'::regclass)", ()),
    ("explain select total from orders where id = 5", ()),
]
WRITES = [
    ("insert into orders (id, customer_id, total, created_at) values (%s, %s, %s, %s) returning id", (95001, 7, 20, "2026-04-01")),
    ("insert into order_items (order_id, position, product_id, quantity) values (%s, 1, 3, 2), (%s, 2, 4, 1)", (95001, 95001)),
    ("update orders set total = total * 1.1 where id = %s returning id, total", (95001,)),
    ("update warehouse.stock set amount = amount - i.quantity from order_items i where i.product_id = stock.product_id and i.order_id = %s", (95001,)),
    ("insert into warehouse.stock values (%s, 5, now()) on conflict (product_id) do update set amount = excluded.amount", (3,)),
    ("update customers set country = %s where id = %s", ("PT", 9)),
    ("update customers set notes = %s where id = %s", ("called", 9)),
    ("insert into customers values (%s, 'New Person', 'new@post.example', '900-55-9999', '+12025550199', '4242424242424242', '1990-01-01', 'DE', null)", (9001,)),
    ("update customers set phone = %s where id = %s", ("+12025550142", 9001)),
    ("delete from order_items where order_id = %s and position = 2", (95001,)),
    ("delete from order_items where order_id = %s", (95001,)),
    ("delete from orders where id = %s", (95001,)),
    ("delete from customers where id = %s", (9001,)),
    ("select id from orders where id = %s for update", (5,)),
]
#: What the example policy stops or holds, and rightly so.
STOPPED = [
    ("select email from customers", "pii-bulk-needs-a-person"),
    ("select country, count(*) from customers where email like 'a%' group by 1", "no-probing"),
    ("select id from customers where left(full_name, 1) = 'A'", "no-probing"),
    ("update orders set total = 0", "no-unbounded-write"),
    ("alter table orders add column x integer", "schema-needs-admin"),
    ("select set_config('search_path', 'warehouse', false)", "no-setting-by-function"),
    ("set role postgres", "no-role-change"),
]
with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as db:
    for statements in (LOOKUPS, WRITES):
        for text, values in statements:
            db.execute(text, values)
        with db.transaction():
            for text, values in statements:
                db.execute(text, values)
    for text, values in LOOKUPS:
        db.cursor(binary=True).execute(text, values)
    for text, _ in STOPPED[:-5]:
        db.execute(text)
    with db.transaction(force_rollback=True):
        pass
    for text, _ in STOPPED[-5:]:
        db.execute("begin")
        db.execute(text)
        db.execute("rollback")
