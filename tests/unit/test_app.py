"""A Clipper, as every process builds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from clipper_core.app import build_app, own_redis, relocation_for, serve_options
from clipper_core.domain.engines import Transcriber
from clipper_core.domain.ids import SAMPLE_PROJECT
from clipper_core.errors import SetupProblem, WrongState
from clipper_core.settings import Settings
from tests.services import fresh_settings


def test_building_an_app_starts_and_writes_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"

    app = build_app(Settings(_env_file=None, data_dir=data))

    assert not [path for path in data.rglob("*") if path.is_file()]
    app.database.close()


def test_migrating_twice_leaves_one_show_and_one_sample(tmp_path: Path) -> None:
    with fresh_settings(tmp_path / "data", empty=True) as settings:
        app = build_app(settings)

        for _ in range(2):
            app.migrate()

        assert [p.id for p in app.projects.find()] == [SAMPLE_PROJECT]
        assert len(app.shows.all()) == 1
        app.database.close()


@pytest.mark.parametrize("values", [{"transcriber": "faster-whisper"}, {"selector": "chat"}])
def test_settings_that_insist_on_a_missing_engine_build_nothing(tmp_path: Path, values: dict[str, str]) -> None:
    with pytest.raises(SetupProblem):
        build_app(Settings(_env_file=None, data_dir=tmp_path, **values))


def test_a_run_and_the_settings_page_choose_engines_alike(tmp_path: Path) -> None:
    app = build_app(Settings(_env_file=None, data_dir=tmp_path, transcriber="none"))

    assert app.engines.choose("en", True).transcriber is Transcriber.NONE
    app.database.close()


def test_a_process_beside_the_server_finds_its_redis(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path / "with space")

    assert own_redis(settings) == f"unix://{tmp_path}/with%20space/run/redis.sock?db=0"
    assert serve_options(settings).data == tmp_path / "with space"


def test_a_move_to_the_same_place_is_recognised(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path)
    other_name = settings.model_copy(update={"database_url": f"sqlite:///{tmp_path}/./clipper.db"})

    mover = relocation_for(settings, other_name)

    with pytest.raises(WrongState):  # one SQLite file, named in two ways
        mover.move(lambda *_: None)
