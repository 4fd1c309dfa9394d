import asyncio
import datetime
import decimal
import hashlib
import io
import os
import sys
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "shared"))

import asyncpg
from scenarios import ENDPOINT, run_async, scenario

SCENARIOS = {}


def connect():
    return asyncpg.connect(**ENDPOINT, ssl="require")


def plain(records):
    return [tuple(record) for record in records]


async def error_of(awaitable):
    try:
        await awaitable
    except asyncpg.PostgresError as error:
        return [error.sqlstate, error.message, error.constraint_name, error.position]
    return "no error"


async def main():
    connection = await connect()

    async def rows(query, *values):
        return plain(await connection.fetch(query, *values))

    @scenario(SCENARIOS, "connect")
    async def _():
        return [await rows("select current_database(), current_user::text"), connection.get_settings().server_encoding, list(connection.get_server_version())]

    @scenario(SCENARIOS, "simple")
    async def _():
        return [await connection.execute("select 1; create temp table t (a int); insert into t values (1), (2)")]

    @scenario(SCENARIOS, "parameters and results in binary")
    async def _():
        return await rows(
            "select $1::int2, $2::int4, $3::int8, $4::float8, $5::bool, $6::text, $7::bytea, $8::date, $9::timestamptz, $10::uuid, $11::interval, $12::jsonb, $13::numeric, $14::text, $15::inet",
            -7, 2147483647, 9223372036854775807, 0.1, True, "tëxt", b"\x00\x01\xff", datetime.date(2024, 2, 29),
            datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc), uuid.UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
            datetime.timedelta(days=1, hours=2), '{"a": [1, null]}', decimal.Decimal("1.50"), None, "10.0.0.0/8",
        )

    @scenario(SCENARIOS, "prepared")
    async def _():
        statement = await connection.prepare("select label from numbers where n = $1")
        types = [[one.name for one in statement.get_parameters()], [(one.name, one.type.name) for one in statement.get_attributes()]]
        return [types, [plain(await statement.fetch(n)) for n in (1, 500, -1)]]

    @scenario(SCENARIOS, "transaction")
    async def _():
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("insert into items (name) values ('rolled back')")
        await transaction.rollback()
        async with connection.transaction(isolation="serializable"):
            inserted = await rows("insert into items (name) values ($1) returning name", "kept")
        return [inserted, await rows("select name from items order by name")]

    @scenario(SCENARIOS, "savepoint")
    async def _():
        async def inner():
            async with connection.transaction():
                await connection.execute("insert into items (name) values ('kept')")
        async with connection.transaction():
            error = await error_of(inner())
            await connection.execute("insert into items (name) values ('after a savepoint')")
        return [error, await rows("select count(*) from items")]

    @scenario(SCENARIOS, "errors, then on")
    async def _():
        return [
            await error_of(rows("select 1/0")),
            await error_of(rows("selec 1")),
            await error_of(rows("select * from nowhere where a = $1", 1)),
            await error_of(rows("insert into customers (id) values ($1)", 1)),
            await rows("select 1 as on"),
        ]

    @scenario(SCENARIOS, "failed transaction")
    async def _():
        await connection.execute("begin")
        errors = [await error_of(rows("select 1/0")), await error_of(rows("select 1"))]
        return [errors, await connection.execute("rollback")]

    @scenario(SCENARIOS, "executemany in one batch")
    async def _():
        await connection.executemany("insert into items (name) values ($1)", [[f"many {n}"] for n in range(500)])
        failing = await error_of(connection.executemany("insert into items (name) values ($1)", [["new"], ["many 3"], ["newer"]]))
        returned = await connection.fetchmany("insert into items (name) values ($1) returning name", [["x"], ["y"]])
        return [failing, plain(returned), await rows("select count(*) from items")]

    @scenario(SCENARIOS, "cursor with row limit")
    async def _():
        async with connection.transaction():
            cursor = await connection.cursor("select n from numbers order by n")
            parts = [plain(await cursor.fetch(7)), await cursor.forward(100), tuple(await cursor.fetchrow())]
            counted = 0
            async for _record in connection.cursor("select n from numbers", prefetch=33):
                counted += 1
        return [parts, counted]

    @scenario(SCENARIOS, "copy in, out and fail")
    async def _():
        await connection.execute("create temp table copied (a int, b text)")
        records = await connection.copy_records_to_table("copied", records=[(n, f"line {n}") for n in range(2000)])
        text = await connection.copy_to_table("copied", source=io.BytesIO(b"2000\tlast\n"))
        out = io.BytesIO()
        copied = await connection.copy_from_query("select a, b from copied order by a", output=out, format="csv")
        error = await error_of(connection.copy_to_table("copied", source=io.BytesIO(b"x\ty\n")))
        return [records, text, copied, hashlib.sha256(out.getvalue()).hexdigest(), error, await rows("select count(*) from copied")]

    @scenario(SCENARIOS, "listen and notify")
    async def _():
        heard = asyncio.get_running_loop().create_future()
        await connection.add_listener("news", lambda _connection, _pid, channel, payload: heard.set_result([channel, payload]))
        other = await connect()
        await other.execute("select pg_notify('news', 'päyload')")
        await other.close()
        return await heard

    @scenario(SCENARIOS, "cancel by timeout")
    async def _():
        try:
            await connection.fetch("select pg_sleep(60)", timeout=0.5)
        except asyncio.TimeoutError:
            return ["timeout", await rows("select 3")]

    @scenario(SCENARIOS, "notice")
    async def _():
        notices = []
        def listen(_connection, message):
            notices.append([message.severity_en, message.sqlstate, message.message])
        connection.add_log_listener(listen)
        await connection.execute("do $$ begin raise notice 'hello %', 1; raise warning using errcode = '01234', message = 'mind'; end $$")
        await asyncio.sleep(0)
        connection.remove_log_listener(listen)
        return notices

    @scenario(SCENARIOS, "big result")
    async def _():
        found = await rows("select n, repeat('x', 50) || n from generate_series(1, 200000) n")
        return [len(found), hashlib.sha256(repr(found).encode()).hexdigest()]

    @scenario(SCENARIOS, "large parameter")
    async def _():
        return await rows("select length($1::text), octet_length($2::bytea)", "ä" * 4_000_000, b"\x07" * 5_000_000)

    @scenario(SCENARIOS, "many parameters")
    async def _():
        # the driver's own limit is 32,767
        values = list(range(32_767))
        return await rows(f"select count(*), sum(v)::int8 from unnest(array[{','.join(f'${n + 1}' for n in values)}]::int[]) v", *values)

    @scenario(SCENARIOS, "unicode")
    async def _():
        return [dict(one) for one in await connection.fetch('select $1::text as "naïve ☃", length($1) from (select 1) as "größe"', "🐘 l’été שלום")]

    @scenario(SCENARIOS, "types of its own: arrays, composites, enums, ranges, domains")
    async def _():
        await connection.execute("create type mood as enum ('sad', 'happy'); create type pair as (a int, b text); create domain positive as int check (value > 0)")
        found = await rows(
            "select $1::int[], $2::text[], $3::numeric, $4::int4range, $5::mood, $6::pair, $7::positive, array[[1,2],[3,4]], row(1, 'a,b', null), '{}'::int[], '{[1,3),[5,8)}'::int4multirange",
            [1, None, -3], ['a"b', "c,d", None, ""], decimal.Decimal("123456789012345678901234567890.000001"), asyncpg.Range(1, 5), "happy", (1, "x"), 7,
        )
        await connection.execute("drop type mood; drop type pair; drop domain positive")
        return repr(found)

    @scenario(SCENARIOS, "reset")
    async def _():
        await connection.execute("set work_mem = '9MB'")
        await connection.reset()
        return await rows("show work_mem")

    @scenario(SCENARIOS, "labelled")
    async def _():
        every = "select id, name, email, ssn from customers order by id"
        async with connection.transaction():
            fetched = [tuple(record) async for record in connection.cursor("select id, email from customers order by id", prefetch=2)]
        out = io.BytesIO()
        await connection.copy_from_query("select id, ssn from customers order by id", output=out)
        return [await rows(every), plain(await (await connection.prepare("select * from customers where id = $1")).fetch(2)), fetched, out.getvalue().decode()]

    await run_async(SCENARIOS)


asyncio.run(main())
