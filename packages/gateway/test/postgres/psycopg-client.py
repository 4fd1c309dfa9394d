"""What psycopg 3 sees through the gateway, as one JSON object. Started by drivers.test.ts with a connection string."""

import json
import sys

import psycopg
from psycopg import errors

said = {}

with psycopg.connect(sys.argv[1], autocommit=True) as connection:
    pipeline = {}
    with connection.pipeline() as pipe:
        first = connection.execute("select 1")
        pipe.sync()
        pipeline["first"] = first.fetchone()
        refused = connection.execute("select * from vault")
        connection.execute("insert into items values (99, 'skipped')")
        try:
            pipe.sync()
            refused.fetchone()
        except psycopg.Error as error:
            pipeline["state"] = error.sqlstate
    pipeline["after"] = connection.execute("select count(*) from items").fetchone()
    said["pipeline"] = pipeline

    with connection.pipeline():
        cursors = [connection.execute("select %s::int", (n,)) for n in range(1000)]
        said["many"] = sum(1 for n, cursor in enumerate(cursors) if cursor.fetchone() == (n,))

    transaction = {}
    try:
        with connection.transaction():
            connection.execute("insert into items values (1, 'x')")
            connection.execute("select * from vault")
    except psycopg.Error as error:
        transaction["inside"] = error.sqlstate
    transaction["after"] = connection.execute("select count(*) from items").fetchone()[0]
    said["transaction"] = transaction

    with connection.cursor(binary=True) as cursor:
        rows = cursor.execute("select id, visits, email, born, note from customers order by id").fetchall()
        said["binary"] = [row[:2] for row in rows]
        said["masked"] = [[str(value) for value in row[2:]] for row in rows]

    with connection.transaction(), connection.cursor(name="server_side") as cursor:
        cursor.itersize = 3
        cursor.execute("select email, note from customers order by id")
        rows = [list(map(str, row)) for row in cursor]
        said["cursor"] = len(rows)
        said["cursor_rows"] = rows

    with connection.cursor() as cursor:
        with cursor.copy("copy customers to stdout") as copy:
            rows = [bytes(chunk).decode() for chunk in copy]
        said["copied"] = len(rows)
        said["copied_rows"] = rows
        with cursor.copy("copy items (id, note) from stdin") as copy:
            for n in range(3):
                copy.write_row((n, "note"))
        said["copied_in"] = cursor.execute("select count(*) from items").fetchone()[0]

    connection.autocommit = False
    connection.execute("select 1")
    try:
        connection.execute("select * from vault")
    except errors.InsufficientPrivilege:
        pass
    said["status"] = connection.info.transaction_status.name
    connection.rollback()

print(json.dumps(said))
