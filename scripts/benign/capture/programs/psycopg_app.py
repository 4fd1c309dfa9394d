"""psycopg 3 and asyncpg: parameters, pipelines, server-side cursors, binary, COPY."""
import asyncio, datetime, os
import asyncpg, psycopg

url = os.environ["DATABASE_URL"]
with psycopg.connect(url, autocommit=True) as db:
    for binary in (False, True):
        cur = db.cursor(binary=binary)
        for n in range(7):
            cur.execute("select id, total, created_at from orders where id = %s", (n,)).fetchall()
        cur.execute("select id, title, attributes, tags, price from products where id = any(%s)", ([1, 2, 3],)).fetchall()
        cur.execute("select count(*) from orders where created_at > %s", (datetime.date(2026, 2, 1),)).fetchone()
        cur.execute("select id, country from customers where email = %s", ("customer9@mail.example",)).fetchall()
    with db.pipeline():
        for n in range(3):
            db.execute("select total from orders where id = %s", (n,))
    with db.transaction():
        with db.cursor("big") as cur:
            cur.execute("select id, total from orders where id < 300")
            cur.fetchmany(50)
            cur.fetchall()
        cur = db.cursor()
        cur.executemany("update warehouse.stock set amount = amount + %s where product_id = %s", [(1, 1), (2, 2), (3, 3)])
        with db.transaction(force_rollback=True):
            cur.execute("delete from warehouse.stock where product_id = %s returning *", (5,)).fetchall()
    with db.cursor().copy("copy (select id, total from orders where id < 50) to stdout") as copy:
        for _ in copy.rows():
            pass
    db.execute("create temp table loaded (a int, b text)") if False else None


async def main():
    db = await asyncpg.connect(url)
    await db.fetch("select id, total, created_at from orders where id = $1", 3)
    await db.fetchrow("select title, price, tags, attributes from products where id = $1", 4)
    await db.fetchval("select count(*) from orders where total > $1", 100)
    await db.fetch("select id, code::text from products order by id limit 5")
    await db.fetch("select id, state from events where state = 'open' limit 3")
    async with db.transaction():
        await db.execute("update warehouse.stock set amount = $1 where product_id = $2", 8, 9)
        async for _ in db.cursor("select id from orders where id < 120"):
            pass
    await db.executemany("update orders set total = $1 where id = $2", [(1, 1), (2, 2)])
    await db.close()


asyncio.run(main())
