"""The migrations make exactly the tables the code speaks of."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from clipper_core.db.migrate import migrate
from clipper_core.db.models import Base
from clipper_core.db.session import Database


def test_the_tables_after_all_migrations_are_those_of_the_models(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path / 'clipper.db'}")
    migrate(database)

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)

    assert differences == []
    database.close()
