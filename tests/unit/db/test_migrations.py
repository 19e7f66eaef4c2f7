"""The migrations make exactly the tables of the models."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import text

from clipper_core.db.migrate import migrate
from clipper_core.db.models import Base
from clipper_core.db.session import Database
from tests.unit.review_room import PROJECT, open_room


def test_migrations_make_the_tables_of_the_models(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path / 'clipper.db'}")
    migrate(database)

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)

    assert differences == []
    database.close()


def test_a_review_survives_a_downgrade_and_upgrade():
    with open_room() as room:
        clip = room.decided(room.made(10, 40))
        room.send("POST", f"/api/clips/{clip['id']}/notes", {"text": "Listen again"}, key="n")
        room.send("POST", f"{PROJECT}/transcript/replace", {"find": "word", "replace": "ward"}, seen='"trs_1"')
        config = Config()
        config.set_main_option("script_location", str(Path(migrate.__code__.co_filename).parent / "migrations"))

        with room.app.database.engine.connect() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, "0002")
            connection.commit()
        migrate(room.app.database)

        assert [(c["id"], c["status"]) for c in room.clips()] == [(clip["id"], "approved")]
        with room.app.database.read() as session:
            assert session.scalar(text("select count(*) from transcripts")) == 2
