"""Drives pgAdmin's own web application in this process, as its browser part does: the tree with every tab, the grid of a
table, the query tool, the dashboard. Needs the package pgadmin4 of PyPI; PGADMIN_DATA is a folder for its state."""

import builtins
import importlib.util
import json
import os
import sys
import time

home = list(importlib.util.find_spec("pgadmin4").submodule_search_locations)[0]
data = os.environ["PGADMIN_DATA"]
os.makedirs(data, exist_ok=True)
sys.path.insert(0, home)
os.chdir(home)
builtins.SERVER_MODE = False
# pgAdmin keeps everything of its own below the home directory
os.environ["HOME"] = data

import config  # noqa: E402

for name, value in {
    "SERVER_MODE": False,
    "MASTER_PASSWORD_REQUIRED": False,
    "USE_OS_SECRET_STORAGE": False,
    "UPGRADE_CHECK_ENABLED": False,
    "WTF_CSRF_ENABLED": False,
}.items():
    setattr(config, name, value)

from pgadmin import create_app  # noqa: E402
from pgadmin.setup import create_app_data_directory  # noqa: E402

create_app_data_directory(config)
app = create_app()
app.PGADMIN_INT_KEY = ""
app.PGADMIN_RUNTIME = False
app.config["WTF_CSRF_ENABLED"] = False
with app.app_context():
    app.run_before_app_start()
browser = app.test_client()

GROUP = 1
SEEN = {}


def call(method, path, body=None):
    try:
        answer = getattr(browser, method)(path, **({"json": body} if body is not None else {}))
    except TypeError:  # a few folders answer nothing where a table has no such part
        return {}
    SEEN[answer.status_code] = SEEN.get(answer.status_code, 0) + 1
    if answer.status_code >= 400:
        print(answer.status_code, method, path, answer.data[:160], file=sys.stderr)
        return {}
    try:
        return json.loads(answer.data)
    except ValueError:
        return {}


def nodes(kind, *parents):
    """The identifiers below one folder of the tree."""
    answer = call("get", f"/browser/{kind}/nodes/{GROUP}/{'/'.join(map(str, parents))}/")
    found = answer.get("data") or answer.get("result") or []
    found = [found] if isinstance(found, dict) else found
    return [(one["_id"], one.get("label")) for one in found if isinstance(one, dict) and "_id" in one]


def open_node(kind, parents, own, tabs=("obj", "sql", "stats", "dependency", "dependent", "children")):
    """What a click on a node asks for: properties, SQL, statistics, dependencies, children."""
    for tab in tabs:
        if any(str(rule).startswith(f"/browser/{kind}/{tab}/") for rule in RULES):
            call("get", f"/browser/{kind}/{tab}/{GROUP}/{'/'.join(map(str, [*parents, own]))}")


def list_tab(kind, *parents):
    """The properties tab of a folder."""
    call("get", f"/browser/{kind}/obj/{GROUP}/{'/'.join(map(str, parents))}/")


def query(trans, sql, explain=None):
    call("post", f"/sqleditor/query_tool/start/{trans}", {"sql": sql, "explain_plan": explain})
    for _ in range(50):
        answer = call("get", f"/sqleditor/poll/{trans}")
        if (answer.get("data") or {}).get("status") != "Busy":
            return
        time.sleep(0.1)


RULES = list(app.url_map.iter_rules())
call("get", "/browser/")
server = call(
    "post",
    f"/browser/server/obj/{GROUP}/",
    {
        "name": "shop",
        "host": os.environ["PGHOST"],
        "port": int(os.environ["PGPORT"]),
        "username": os.environ["PGUSER"],
        "db": os.environ["PGDATABASE"],
        "password": os.environ["PGPASSWORD"],
        "connect_now": False,
        "connection_params": [{"name": "sslmode", "value": "prefer", "keyword": "sslmode"}],
    },
)["node"]["_id"]
call("post", f"/browser/server/connect/{GROUP}/{server}", {"password": os.environ["PGPASSWORD"]})
open_node("server", [], server, ("obj", "stats", "children"))

for kind in ("role", "tablespace"):
    list_tab(kind, server)
    for own, _ in nodes(kind, server)[:2]:
        open_node(kind, [server], own)
list_tab("database", server)
for variant in ("get_encodings", "get_ctypes"):
    call("get", f"/browser/database/{variant}/{GROUP}/{server}/")
database = next(own for own, label in nodes("database", server) if label == os.environ["PGDATABASE"])
call("post", f"/browser/database/connect/{GROUP}/{server}/{database}")
open_node("database", [server], database)
call("get", f"/browser/database/stats/{GROUP}/{server}/")

for kind in ("cast", "event_trigger", "extension", "foreign_data_wrapper", "language", "publication", "subscription"):
    list_tab(kind, server, database)
    for own, _ in nodes(kind, server, database)[:2]:
        open_node(kind, [server, database], own)
for own, _ in nodes("catalog", server, database)[:2]:
    open_node("catalog", [server, database], own)
    for inner, _ in nodes("catalog_object", server, database, own)[:1]:
        open_node("catalog_object", [server, database, own], inner, ("obj", "dependency", "dependent"))

BELOW_SCHEMA = (
    *("table", "view", "mview", "function", "procedure", "trigger_function", "sequence", "type", "domain", "collation"),
    *("aggregate", "operator", "fts_configuration", "fts_dictionary", "fts_parser", "fts_template", "foreign_table"),
)
BELOW_TABLE = (
    *("column", "index", "primary_key", "foreign_key", "check_constraint", "unique_constraint", "exclusion_constraint"),
    *("trigger", "rule", "row_security_policy", "partition"),
)
list_tab("schema", server, database)
tables = {}
for schema, name in nodes("schema", server, database):
    open_node("schema", [server, database], schema)
    for kind in BELOW_SCHEMA:
        list_tab(kind, server, database, schema)
        found = nodes(kind, server, database, schema)
        if kind == "table":
            tables.update((label, own) for own, label in found)
        for own, _ in found[: 3 if kind == "table" else 1]:
            open_node(kind, [server, database, schema], own)
            if kind == "table":
                call("get", f"/browser/table/count_rows/{GROUP}/{server}/{database}/{schema}/{own}")
                for script in ("select_sql", "insert_sql", "update_sql"):
                    call("get", f"/browser/table/{script}/{GROUP}/{server}/{database}/{schema}/{own}")
            if kind not in ("table", "view", "mview"):
                continue
            for inner in BELOW_TABLE if kind == "table" else ("column", "rule", "index")[: 2 if kind == "view" else 3]:
                list_tab(inner, server, database, schema, own)
                for part, _ in nodes(inner, server, database, schema, own)[:1]:
                    open_node(inner, [server, database, schema, own], part)
    if name == "public":
        for choice in ("get_types", "get_inherits", "get_oftype", "get_relations", "get_access_methods", "get_table_vacuum"):
            call("get", f"/browser/table/{choice}/{GROUP}/{server}/{database}/{schema}/")

# The grid: first rows, sorted, and the count of rows
for number, table in enumerate(("orders", "customers", "products", "order_items"), start=1):
    trans = 1000 + number
    oid = tables[table]
    call("post", f"/sqleditor/initialize/viewdata/{trans}/3/table/{GROUP}/{server}/{database}/{oid}", {"user": "", "role": ""})
    call("get", f"/sqleditor/view_data/start/{trans}")
    for _ in range(50):
        if (call("get", f"/sqleditor/poll/{trans}").get("data") or {}).get("status") != "Busy":
            break
        time.sleep(0.1)
    call("get", f"/sqleditor/object/get/{trans}")
    call("get", f"/sqleditor/filter_dialog/{trans}")
    call("get", f"/sqleditor/status/{trans}")
    call("delete", f"/sqleditor/close/{trans}")

trans = 2000
call("post", f"/sqleditor/initialize/sqleditor/{trans}/{GROUP}/{server}/{database}", {"user": None, "role": None, "dbname": os.environ["PGDATABASE"]})
for sql in (
    "select * from orders order by id limit 20",
    "select id, country from customers order by id limit 10",
    "select c.country, count(*), sum(o.total) from customers c join orders o on o.customer_id = c.id group by 1 order by 1",
    "select email, full_name from customers order by id limit 5",
    "select now()",
    "select product_id, amount from warehouse.stock order by 1",
):
    query(trans, sql)
explain = {"format": "json", "analyze": False, "verbose": False, "buffers": False, "timing": False, "costs": True}
query(trans, "select * from orders where customer_id = 3", explain)
query(trans, "select * from orders where customer_id = 3", {**explain, "analyze": True, "timing": True})
for words in ("select * from ord", "select o. from orders o", "select * from customers c join "):
    call("post", f"/sqleditor/autocomplete/{trans}", [words, words])
call("get", f"/sqleditor/status/{trans}")
call("delete", f"/sqleditor/close/{trans}")

for board in ("activity", "locks", "prepared"):
    call("get", f"/dashboard/{board}/{server}")
    call("get", f"/dashboard/{board}/{server}/{database}")
call("get", f"/dashboard/config/{server}")
call("get", f"/dashboard/replication_stats/{server}")
call("get", f"/dashboard/replication_slots/{server}")
for place in (f"{server}", f"{server}/{database}"):
    call("get", f"/dashboard/dashboard_stats/{place}?chart_names=session_stats,tps_stats,ti_stats,to_stats,bio_stats")
call("delete", f"/browser/database/connect/{GROUP}/{server}/{database}")
call("delete", f"/browser/server/connect/{GROUP}/{server}")
print("answers:", SEEN, file=sys.stderr)
# threads of psycopg's pools would keep the program
os._exit(0)
