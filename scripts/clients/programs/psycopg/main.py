import datetime
import decimal
import hashlib
import os
import sys
import threading
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "shared"))

import psycopg
from psycopg import sql
from psycopg.types.json import Json, Jsonb
from psycopg.types.range import Range
from scenarios import NotOffered, run, scenario

SCENARIOS = {}


def connect(conninfo="", **options):
    # host and the like come from libpq's own variables
    return psycopg.connect(conninfo, autocommit=True, **options)


CONNECTION = connect()


def rows(query, parameters=None, **options):
    return CONNECTION.execute(query, parameters, **options).fetchall()


def error_of(action):
    try:
        action()
    except psycopg.Error as error:
        diag = error.diag
        return [diag.sqlstate, diag.message_primary, diag.constraint_name, diag.statement_position]
    return "no error"


@scenario(SCENARIOS, "connect")
def _():
    info = CONNECTION.info
    parameters = ["server_encoding", "client_encoding", "integer_datetimes", "standard_conforming_strings", "is_superuser", "server_version"]
    # what a server does not report is None, and must be so through the gateway as well
    return [rows("select current_database(), current_user::text"), [info.parameter_status(one) for one in parameters]]


@scenario(SCENARIOS, "simple")
def _():
    cursor = CONNECTION.execute("select 1 as a; select 'two', null")
    first = cursor.fetchall()
    cursor.nextset()
    return [first, cursor.fetchall(), CONNECTION.execute("").statusmessage]


VALUES = [
    -7, 2147483647, 9223372036854775807, 0.1, True, "tëxt", b"\x00\x01\xff", datetime.date(2024, 2, 29),
    datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc), uuid.UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    datetime.timedelta(days=1, hours=2), Jsonb({"a": [1, None, "x"]}), decimal.Decimal("1.50"), None,
]


def typed(placeholder):
    casts = ["int2", "int4", "int8", "float8", "bool", "text", "bytea", "date", "timestamptz", "uuid", "interval", "jsonb", "numeric", "text"]
    return "select " + ", ".join(f"{placeholder}::{cast}" for cast in casts)


@scenario(SCENARIOS, "parameters in text")
def _():
    return rows(typed("%t"), VALUES)


@scenario(SCENARIOS, "parameters and results in binary")
def _():
    # this driver has no binary form of text-only types; those go as they can
    return CONNECTION.execute(typed("%s"), VALUES, binary=True).fetchall()


@scenario(SCENARIOS, "prepared")
def _():
    query = "select label from numbers where n = %s"
    answers = [CONNECTION.execute(query, [n], prepare=True).fetchall() for n in (1, 500, -1)]
    return [answers, rows("select count(*) from pg_prepared_statements")]


@scenario(SCENARIOS, "transaction")
def _():
    with CONNECTION.transaction(force_rollback=True):
        CONNECTION.execute("insert into items (name) values ('rolled back')")
    with CONNECTION.transaction():
        inserted = rows("insert into items (name) values ('kept') returning name")
    return [inserted, rows("select name from items order by name"), CONNECTION.info.transaction_status]


@scenario(SCENARIOS, "savepoint")
def _():
    with CONNECTION.transaction():
        def fail():
            with CONNECTION.transaction():
                CONNECTION.execute("insert into items (name) values ('kept')")
        error = error_of(fail)
        CONNECTION.execute("insert into items (name) values ('after a savepoint')")
    return [error, rows("select count(*) from items")]


@scenario(SCENARIOS, "errors, then on")
def _():
    return [
        error_of(lambda: rows("select 1/0")),
        error_of(lambda: rows("selec 1")),
        error_of(lambda: rows("select * from nowhere where a = %s", [1])),
        error_of(lambda: rows("insert into customers (id) values (%s)", [1])),
        rows("select 1 as on"),
    ]


@scenario(SCENARIOS, "failed transaction")
def _():
    CONNECTION.execute("begin")
    errors = [error_of(lambda: rows("select 1/0")), error_of(lambda: rows("select 1"))]
    state = CONNECTION.info.transaction_status
    return [errors, state, CONNECTION.execute("commit").statusmessage]


@scenario(SCENARIOS, "pipeline")
def _():
    with CONNECTION.pipeline() as pipeline:
        cursors = [CONNECTION.execute("select %s::int", [n]) for n in range(100)]
        pipeline.sync()
        before = [cursor.fetchone() for cursor in cursors]

    def failing():
        # where the error is raised depends on how answers arrive; what it is does not
        with CONNECTION.pipeline():
            CONNECTION.execute("insert into items (name) values ('not kept')")
            CONNECTION.execute("select 1/%s::int", [0])
            CONNECTION.execute("insert into items (name) values ('skipped')")

    error = error_of(failing)
    return [before, error, rows("select count(*) from items where name in ('not kept', 'skipped')"), CONNECTION.info.transaction_status]


@scenario(SCENARIOS, "executemany")
def _():
    with CONNECTION.cursor() as cursor:
        cursor.executemany("insert into items (name) values (%s) returning name", [[f"many {n}"] for n in range(50)], returning=True)
        names = [cursor.fetchone() for _ in [None, *iter(cursor.nextset, None)]]
    return [len(names), rows("select count(*) from items where name like 'many %%'", [])]


@scenario(SCENARIOS, "server-side cursor")
def _():
    with CONNECTION.transaction():
        with CONNECTION.cursor("named", scrollable=True) as cursor:
            cursor.execute("select n from numbers order by n")
            parts = [cursor.fetchmany(7), cursor.fetchone()]
            cursor.scroll(500, mode="absolute")
            parts.append(cursor.fetchone())
        with CONNECTION.cursor("binary") as cursor:
            cursor.execute("select n, label from numbers order by n", binary=True)
            parts.append(cursor.fetchmany(3))
    return parts


@scenario(SCENARIOS, "stream row by row")
def _():
    with CONNECTION.cursor() as cursor:
        return sum(n for (n,) in cursor.stream("select n from numbers"))


@scenario(SCENARIOS, "copy in, out and fail")
def _():
    CONNECTION.execute("create temp table copied (a int, b text)")
    with CONNECTION.cursor() as cursor:
        with cursor.copy("copy copied from stdin") as copy:
            for n in range(1000):
                copy.write_row((n, f"line {n}"))
        with cursor.copy("copy copied from stdin (format binary)") as copy:
            copy.set_types(["int4", "text"])
            for n in range(1000, 2000):
                copy.write_row((n, f"line {n}"))
        digest = hashlib.sha256()
        with cursor.copy("copy copied to stdout (format csv)") as copy:
            for data in copy:
                digest.update(data)
        with cursor.copy("copy (select 1::int4, 'x'::text) to stdout (format binary)") as copy:
            copy.set_types(["int4", "text"])
            binary = list(copy.rows())

        def broken():
            with cursor.copy("copy copied from stdin") as copy:
                copy.write_row(("x", "y"))

        return [rows("select count(*), sum(a) from copied"), digest.hexdigest(), binary, error_of(broken), rows("select 1")]


@scenario(SCENARIOS, "listen and notify")
def _():
    CONNECTION.execute("listen news")
    with connect() as other:
        other.execute("select pg_notify('news', 'päyload')")
    heard = next(CONNECTION.notifies(timeout=20, stop_after=1))
    return [heard.channel, heard.payload]


def canceled(connection, cancel):
    """Cancels a sleeping statement once the server says that it sleeps."""
    def later():
        with connect() as other:
            asleep = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'"
            for _ in range(200):
                if other.execute(asleep).fetchone()[0] > 0:
                    break
                time.sleep(0.02)
        cancel()
    thread = threading.Thread(target=later)
    thread.start()
    error = error_of(lambda: connection.execute("select pg_sleep(60)"))
    thread.join()
    return [error, connection.execute("select 3").fetchall()]


@scenario(SCENARIOS, "cancel, encrypted")
def _():
    return canceled(CONNECTION, lambda: CONNECTION.cancel_safe(timeout=20))


@scenario(SCENARIOS, "cancel, in clear text")
def _():
    return canceled(CONNECTION, CONNECTION.cancel)


@scenario(SCENARIOS, "notice")
def _():
    notices = []
    def listen(diag):
        notices.append([diag.severity, diag.sqlstate, diag.message_primary])
    CONNECTION.add_notice_handler(listen)
    CONNECTION.execute("do $$ begin raise notice 'hello %', 1; raise warning using errcode = '01234', message = 'mind'; end $$")
    CONNECTION.remove_notice_handler(listen)
    return notices


@scenario(SCENARIOS, "big result")
def _():
    digest = hashlib.sha256()
    with CONNECTION.cursor(binary=True) as cursor:
        cursor.execute("select n, repeat('x', 50) || n from generate_series(1, 200000) n")
        for row in cursor:
            digest.update(repr(row).encode())
    return digest.hexdigest()


@scenario(SCENARIOS, "large parameter")
def _():
    return rows("select length(%s::text), octet_length(%s::bytea)", ["ä" * 4_000_000, b"\x07" * 5_000_000])


@scenario(SCENARIOS, "many parameters")
def _():
    values = list(range(65_535))
    return rows(f"select count(*), sum(v)::int8 from unnest(array[{','.join(['%s'] * len(values))}]::int[]) v", values)


@scenario(SCENARIOS, "unicode")
def _():
    cursor = CONNECTION.execute(sql.SQL("select %s as {}, length(%s) from (select 1) as {}").format(sql.Identifier("naïve ☃"), sql.Identifier("größe")), ["🐘 l’été שלום"] * 2)
    return [[column.name for column in cursor.description], cursor.fetchall()]


@scenario(SCENARIOS, "arrays, json, numeric, ranges")
def _():
    query = "select %s::int[], %s::text[], %s::json, %s::numeric, %s::int4range, array[[1,2],[3,4]], row(1,'a,b',null)::text, '{}'::int[], '{[1,3),[5,8)}'::int4multirange::text"
    values = [[1, None, -3], ['a"b', "c,d", None, ""], Json({"deep": {"er": [True]}}), decimal.Decimal("123456789012345678901234567890.000001"), Range(1, 5, empty=False)]
    return [rows(query, values), CONNECTION.execute(query, values, binary=True).fetchall()]


@scenario(SCENARIOS, "two-phase commit is the server's to refuse")
def _():
    return error_of(lambda: CONNECTION.execute("prepare transaction 'x'"))


def with_libpq(conninfo):
    """What libpq 17 and 18 can do beside: only with TLS, which the endpoint has to offer."""
    if psycopg.pq.version() < 180000:
        raise NotOffered("libpq 18")
    with connect(conninfo) as connection:
        pgconn = connection.pgconn
        key = pgconn.get_cancel
        return [connection.execute("select 1").fetchall(), bool(pgconn.ssl_in_use), canceled(connection, lambda: connection.cancel_safe(timeout=20)), callable(key)]


@scenario(SCENARIOS, "P1 direct TLS with ALPN")
def _():
    return with_libpq("sslmode=require sslnegotiation=direct")


@scenario(SCENARIOS, "P1 GSS is asked for first, then TLS")
def _():
    return with_libpq("gssencmode=prefer")


@scenario(SCENARIOS, "P3 protocol 3.2 with its longer cancel key")
def _():
    return with_libpq("min_protocol_version=3.2 max_protocol_version=3.2")


@scenario(SCENARIOS, "P3 the latest protocol")
def _():
    return with_libpq("max_protocol_version=latest")


@scenario(SCENARIOS, "P4 certificate verified")
def _():
    return with_libpq(f"sslmode=verify-ca sslrootcert={os.environ['CLIENT_CA']}")


@scenario(SCENARIOS, "labelled")
def _():
    every = "select id, name, email, ssn from customers order by id"
    with CONNECTION.transaction():
        with CONNECTION.cursor("labelled") as cursor:
            cursor.execute("select id, email from customers order by id")
            fetched = cursor.fetchall()
    with CONNECTION.cursor() as cursor:
        with cursor.copy("copy customers (id, ssn) to stdout") as copy:
            text = b"".join(map(bytes, copy)).decode()
        with cursor.copy("copy customers (id, email) to stdout (format binary)") as copy:
            copy.set_types(["int4", "text"])
            binary = list(copy.rows())
    with CONNECTION.pipeline():
        piped = [CONNECTION.execute("select email from customers where id = %s", [n]) for n in (1, 2, 3)]
        piped = [cursor.fetchone() for cursor in piped]
    return [rows(every), CONNECTION.execute(every, binary=True).fetchall(), CONNECTION.execute(every, prepare=True).fetchall(), fetched, text, binary, piped]


run(SCENARIOS)
