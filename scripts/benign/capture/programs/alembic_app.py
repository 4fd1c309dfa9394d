"""Upgrade, autogenerate and downgrade of Alembic."""
import os, pathlib, tempfile
from alembic import command
from alembic.config import Config

where = pathlib.Path(tempfile.mkdtemp())
config = Config(str(where / "alembic.ini"))
config.set_main_option("script_location", str(where / "migrations"))
url = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg2://")
config.set_main_option("sqlalchemy.url", url)
command.init(config, str(where / "migrations"))
config.set_main_option("sqlalchemy.url", url)
env = where / "migrations" / "env.py"
env.write_text(env.read_text().replace("target_metadata = None", """
from sqlalchemy import MetaData, Table, Column, Integer, String, Numeric
target_metadata = MetaData()
Table("coupons", target_metadata, Column("id", Integer, primary_key=True), Column("code", String(20), unique=True, nullable=False), Column("percent", Numeric(5, 2)))
def include_name(name, type_, parent_names):
    return type_ != "table" or name == "coupons"
""").replace("target_metadata=target_metadata\n", "target_metadata=target_metadata, include_name=include_name\n"))
command.revision(config, "first", autogenerate=True)
command.upgrade(config, "head")
second = command.revision(config, "second")
path = pathlib.Path(second.path)
path.write_text(path.read_text().replace("def upgrade() -> None:\n    \"\"\"Upgrade schema.\"\"\"\n    pass", """def upgrade() -> None:
    op.add_column("coupons", sa.Column("used", sa.Integer(), server_default="0", nullable=False))
    op.create_index("coupons_percent", "coupons", ["percent"])
    op.alter_column("coupons", "percent", type_=sa.Numeric(6, 2))
    op.bulk_insert(sa.table("coupons", sa.column("code"), sa.column("percent")), [{"code": "A", "percent": 5}])
    op.execute("update coupons set used = 1 where code = 'A'")
""").replace("def downgrade() -> None:\n    \"\"\"Downgrade schema.\"\"\"\n    pass", """def downgrade() -> None:
    op.drop_index("coupons_percent")
    op.drop_column("coupons", "used")
"""))
command.upgrade(config, "head")
command.current(config)
command.history(config)
try:
    command.check(config)
except Exception as found:
    print("differences, as they should be:", type(found).__name__)
command.downgrade(config, "-1")
command.downgrade(config, "base")
