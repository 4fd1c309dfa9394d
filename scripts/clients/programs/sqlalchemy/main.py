import datetime
import decimal
import os
import sys
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "shared"))

from scenarios import ENDPOINT, run, scenario
from sqlalchemy import URL, Column, MetaData, String, Table, bindparam, create_engine, func, inspect, select, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, INT4RANGE, Range, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

SCENARIOS = {}
url = URL.create("postgresql+psycopg", username=ENDPOINT["user"], password=ENDPOINT["password"], host=ENDPOINT["host"], port=ENDPOINT["port"], database=ENDPOINT["database"])
engine = create_engine(url)


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(String, unique=True)
    note: Mapped[str | None]


class Number(Base):
    __tablename__ = "numbers"
    n: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str]


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    email: Mapped[str | None]
    ssn: Mapped[str | None]
    born: Mapped[datetime.date | None]
    balance: Mapped[decimal.Decimal | None]


def rows(statement, parameters=None):
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(statement, parameters or {})]


def error_of(action):
    try:
        action()
    except DBAPIError as error:
        return [error.orig.sqlstate, type(error).__name__]
    return "no error"


@scenario(SCENARIOS, "connect")
def _():
    return [rows(text("select current_database(), current_user::text")), engine.dialect.server_version_info, engine.dialect.default_schema_name]


@scenario(SCENARIOS, "simple")
def _():
    return rows(select(Number.label).where(Number.n == 42))


@scenario(SCENARIOS, "parameters")
def _():
    values = {"a": -7, "b": 9223372036854775807, "c": 0.1, "d": True, "e": "tëxt", "f": b"\x00\xff", "g": datetime.date(2024, 2, 29), "h": uuid.UUID(int=7), "i": decimal.Decimal("1.50"), "j": None}
    return rows(text("select :a, :b, cast(:c as float8), :d, :e, :f, :g, :h, :i, cast(:j as text)"), values)


@scenario(SCENARIOS, "transaction and savepoint")
def _():
    with Session(engine) as session:
        session.add(Item(name="rolled back"))
        session.flush()
        session.rollback()
        session.add_all([Item(name="a"), Item(name="b", note="ü")])
        session.flush()

        def fail():
            with session.begin_nested():
                session.add(Item(name="a"))
                session.flush()

        error = error_of(fail)
        session.add(Item(name="c"))
        session.commit()
        return [error, session.scalars(select(Item.name).order_by(Item.name)).all()]


@scenario(SCENARIOS, "errors, then on")
def _():
    with engine.connect() as connection:
        errors = [error_of(lambda: connection.execute(text("select 1/0"))), error_of(lambda: connection.execute(text("select 1")))]
        connection.rollback()
        return [errors, connection.scalar(text("select 1"))]


@scenario(SCENARIOS, "insert many values with returning")
def _():
    with Session(engine) as session:
        names = session.scalars(insert(Item).returning(Item.name, sort_by_parameter_order=True), [{"name": f"many {n}"} for n in range(2500)]).all()
        session.commit()
        return [len(names), names[-1]]


@scenario(SCENARIOS, "upsert, update and delete")
def _():
    with Session(engine) as session:
        upsert = insert(Item).values(name="a", note="new")
        found = [session.scalars(upsert.on_conflict_do_update(index_elements=["name"], set_={"note": "newer"}).returning(Item.note)).all()]
        item = session.scalars(select(Item).where(Item.name == "b")).one()
        item.note = "changed"
        session.flush()
        session.delete(item)
        session.commit()
        return [found, session.scalar(select(func.count()).select_from(Item))]


@scenario(SCENARIOS, "server-side cursor")
def _():
    with engine.connect().execution_options(yield_per=100) as connection:
        return [len(part) for part in connection.execute(select(Number.n)).partitions(300)]


@scenario(SCENARIOS, "reflection")
def _():
    inspector = inspect(engine)
    found = {}
    for table in sorted(inspector.get_table_names()):
        columns = [(one["name"], str(one["type"]), one["nullable"], one["default"]) for one in inspector.get_columns(table)]
        found[table] = [columns, inspector.get_pk_constraint(table)["constrained_columns"], inspector.get_foreign_keys(table), sorted(one["name"] for one in inspector.get_indexes(table)), sorted(one["name"] for one in inspector.get_unique_constraints(table))]
    reflected = Table("customers", MetaData(), autoload_with=engine)
    return [found, inspector.get_view_names(), inspector.get_schema_names(), inspector.get_enums(), [column.name for column in reflected.columns]]


@scenario(SCENARIOS, "schema changes")
def _():
    metadata = MetaData()
    table = Table("made_here", metadata, Column("id", String, primary_key=True), Column("tags", ARRAY(String)), Column("body", JSONB), Column("span", INT4RANGE))
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(table.insert(), [{"id": "x", "tags": ["a", 'b"c'], "body": {"k": [1]}, "span": Range(1, 5)}, {"id": "ü", "tags": [], "body": None, "span": None}])
        found = [tuple(row) for row in connection.execute(table.select().order_by(table.c.id))]
        filtered = connection.scalars(select(table.c.id).where(table.c.body["k"][0].as_integer() == 1)).all()
    metadata.drop_all(engine)
    return [repr(found), filtered]


@scenario(SCENARIOS, "many parameters")
def _():
    wanted = bindparam("wanted", list(range(20_000)), expanding=True)
    return rows(select(func.count()).select_from(Number).where(Number.n.in_(wanted)))


@scenario(SCENARIOS, "labelled")
def _():
    with Session(engine) as session:
        found = [(one.id, one.name, one.email, one.ssn, one.born, one.balance) for one in session.scalars(select(Customer).order_by(Customer.id))]
        loaded = session.get(Customer, 2, populate_existing=True)
        return [found, loaded.email, session.execute(select(Customer.email.label("other")).where(Customer.id == 3)).all()[0][0]]


run(SCENARIOS)
