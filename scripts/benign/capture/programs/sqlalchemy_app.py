"""Reflection and everyday ORM work of SQLAlchemy 2 over psycopg 3 and psycopg 2."""
import datetime, os
from decimal import Decimal
from sqlalchemy import MetaData, create_engine, func, inspect, select, text, update, delete, String, ForeignKey, Numeric
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, joinedload, mapped_column, relationship, selectinload

url = os.environ["DATABASE_URL"].split("://")[1]


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    full_name: Mapped[str]
    email: Mapped[str]
    country: Mapped[str]
    orders: Mapped[list["Order"]] = relationship(back_populates="customer")


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    total: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    created_at: Mapped[datetime.datetime]
    customer: Mapped[Customer] = relationship(back_populates="orders")
    items: Mapped[list["Item"]] = relationship(back_populates="order")


class Item(Base):
    __tablename__ = "order_items"
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    quantity: Mapped[int]
    order: Mapped[Order] = relationship(back_populates="items")
    product: Mapped["Product"] = relationship()


class Product(Base):
    __tablename__ = "products"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    title: Mapped[str]
    price: Mapped[Decimal]


for driver in ("psycopg", "psycopg2"):
    engine = create_engine(f"postgresql+{driver}://{url}")
    seen = inspect(engine)
    seen.get_schema_names()
    for schema in (None, "warehouse"):
        seen.get_table_names(schema)
        seen.get_view_names(schema)
        seen.get_materialized_view_names(schema)
        seen.get_sequence_names(schema)
        seen.get_enums(schema)
        seen.get_domains(schema)
        for table in seen.get_table_names(schema):
            seen.get_columns(table, schema)
            seen.get_pk_constraint(table, schema)
            seen.get_foreign_keys(table, schema)
            seen.get_indexes(table, schema)
            seen.get_unique_constraints(table, schema)
            seen.get_check_constraints(table, schema)
            seen.get_table_comment(table, schema)
            seen.get_table_options(table, schema)
    seen.get_view_definition("order_totals")
    MetaData().reflect(engine)
    MetaData().reflect(engine, schema="warehouse", views=True)
    with Session(engine) as session:
        session.get(Order, 5)
        session.get(Customer, 5)
        session.scalars(select(Order).where(Order.customer_id == 7).order_by(Order.created_at.desc()).limit(10)).all()
        session.scalars(select(Order).options(joinedload(Order.items).joinedload(Item.product)).where(Order.id == 9)).unique().all()
        session.scalars(select(Order).options(selectinload(Order.items)).where(Order.id.in_([1, 2, 3]))).all()
        session.execute(select(Customer.country, func.count(), func.sum(Order.total)).join(Order.customer).group_by(Customer.country)).all()
        session.execute(select(Customer.id, Customer.country).where(Customer.email == "customer7@mail.example")).all()
        session.execute(select(func.date_trunc("month", Order.created_at), func.avg(Order.total)).group_by(text("1")).order_by(text("1"))).all()
        session.execute(select(func.count()).select_from(select(Order.id).where(Order.total > 100).subquery())).scalar()
        session.scalars(select(Customer).where(Customer.country == "DE").order_by(Customer.id).limit(20).offset(20)).all()
        session.execute(select(Product.title, func.row_number().over(order_by=Product.price.desc())).limit(5)).all()
        session.execute(select(Order.id).where(select(Item).where(Item.order_id == Order.id, Item.quantity > 2).exists()).limit(5)).all()
    with Session(engine) as session:
        session.add_all([Product(code="ZZ-0001", title="New", price=Decimal("9.99"))] if driver == "none" else [])
        order = Order(id=90000 if driver == "psycopg" else 90001, customer_id=3, total=Decimal("12.50"), created_at=datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc))
        session.add(order)
        session.flush()
        session.add(Item(order_id=order.id, position=1, product_id=2, quantity=3))
        session.commit()
        order.total = Decimal("13.00")
        session.commit()
        session.execute(update(Order).where(Order.id == order.id).values(total=Order.total + 1))
        with session.begin_nested():
            session.execute(delete(Item).where(Item.order_id == order.id))
        session.delete(order)
        session.commit()
        session.add(Order(id=5, customer_id=1, total=1, created_at=datetime.datetime(2026, 1, 1)))
        try:
            session.commit()
        except Exception:
            session.rollback()
    engine.dispose()
