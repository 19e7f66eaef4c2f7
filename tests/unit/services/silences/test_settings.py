"""The silences of a project: tried in its stored envelope, put to use, put back; and its waveform, read in parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.adapters.store.local import LocalStorage
from clipper_core.db.map_rows import map_in_use, map_of_row, map_row
from clipper_core.db.models import Asset, Project, SilenceMapRow
from clipper_core.db.session import Database
from clipper_core.domain.documents import silence_json
from clipper_core.domain.envelope import Envelope
from clipper_core.domain.silence import Silence, SilenceBasis, SilenceMap, SilenceSettings
from clipper_core.errors import BadRange, BadSettings, NotReady, ProjectNotFound, Stale
from clipper_core.services.assets.files import Files
from clipper_core.services.assets.measured import MeasuredArtifacts
from clipper_core.services.projects.views import ProjectView
from clipper_core.services.silences.peaks import Peaks, sound_peaks
from clipper_core.services.silences.settings import Silences, checked_settings
from clipper_core.stages.silence.find import find_silences

LENGTH_MS = 60_000
FIXED = SilenceSettings(threshold_db=-50.0, min_silence_ms=300, dead_air_ms=2_000)


class Kept(LocalStorage):
    """A store that notes which bytes were read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.reads: list[tuple[int, int | None]] = []

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        self.reads.append((start, end))
        return super().read(key, start, end)


def envelope() -> Envelope:
    """Speech, with a pause of 0.5 s in every third second, and one of 3 s at 30 s."""
    rng = np.random.default_rng(4)
    level = (-2_000 + 600 * np.sin(np.arange(LENGTH_MS // 10) / 4) + rng.normal(0, 60, LENGTH_MS // 10)).astype(
        np.int16
    )
    for at in range(100, len(level), 300):
        level[at : at + 50] = -6_000 + rng.normal(0, 60, 50)
    level[3_000:3_300] = -6_000
    high = np.full(len(level), 40, np.int8)
    return Envelope(level, -high, high, LENGTH_MS, 48_000, 1)


class House:
    """A recording that was mapped, and heard at 16 kHz."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.storage = Kept(folder / "files")
        self.files = Files(database, self.storage)
        self.evidence = MeasuredArtifacts(database, self.files)
        self.silences = Silences(database, self.evidence)
        self.peaks = Peaks(self.evidence, self.files)
        self.sound = (np.sin(np.arange(LENGTH_MS * 16) / 16_000 * 2 * np.pi * 200) * 16_384).astype("<i2")
        self.store(folder, "ast_map", envelope().to_bytes())
        self.store(folder, "ast_other", envelope().to_bytes())
        self.store(folder, "ast_speech", self.sound.tobytes())
        found = find_silences(envelope(), SilenceSettings())
        with database.write() as session:
            session.add(map_row("map_1", "prj_1", "ast_map", found))
            session.add(map_row("map_other", "prj_1", "ast_other", found))
            project = session.get_one(Project, "prj_1")
            project.map_id, project.speech_id = "map_1", "ast_speech"

    def store(self, folder: Path, name: str, data: bytes) -> None:
        (folder / name).write_bytes(data)
        self.storage.put(folder / name, name)
        with self.database.write() as session:
            session.add(Asset(id=name, project_id="prj_1", kind="map", key=name, mime="x/y", size=len(data)))

    def project(self) -> Project:
        with self.database.read() as session:
            return session.get_one(Project, "prj_1")

    def view(self) -> ProjectView:
        names = ProjectView.__dataclass_fields__
        row = self.project()
        return ProjectView(**{n: getattr(row, n) if n in ("map_id", "speech_id") else None for n in names})

    def rows(self) -> int:
        with self.database.read() as session:
            return session.query(SilenceMapRow).count()


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path)


# -- trying


def test_trying_other_settings_stores_nothing(house: House) -> None:
    before = house.project()

    tried = house.silences.show("prj_1", FIXED)

    assert tried.revision == "map_1"
    assert [s.length_ms >= 300 for s in tried.silence_map.silences] == [True] * 20
    assert tried.silence_map.settings == FIXED and len(tried.silence_map.dead_air) == 1
    assert (house.rows(), house.project().revision) == (2, before.revision)


def test_without_settings_it_is_the_stored_map(house: House) -> None:
    assert house.silences.show("prj_1").silence_map == house.evidence.silence_map("map_1")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"threshold_db": 3.0}, "from -120 to 0"),
        ({"threshold_db": -130.0}, "from -120 to 0"),
        ({"threshold_db": float("nan")}, "from -120 to 0"),
        ({"offset_db": 21.0}, "at most 20 dB"),
        ({"offset_db": float("inf")}, "at most 20 dB"),
        ({"min_silence_ms": 0}, "10 to 600000 ms"),
        ({"dead_air_ms": 600_001}, "10 to 600000 ms"),
        ({"threshold_db": -40.0, "offset_db": 2.0}, "Leave it out"),
    ],
)
def test_settings_beyond_reason_are_refused_in_words(asked: dict[str, float], said: str) -> None:
    with pytest.raises(BadSettings, match=said):
        checked_settings(**asked)  # type: ignore[arg-type]


# -- using


def test_settings_put_to_use_are_the_map_from_then_on(house: House) -> None:
    used = house.silences.use("prj_1", FIXED)

    assert house.project().map_id == used.revision != "map_1"
    assert house.silences.show("prj_1") == used
    assert used.silence_map.settings == FIXED
    assert house.evidence.silence_map(used.revision) == used.silence_map
    assert house.evidence.envelope(used.revision) is house.evidence.envelope("map_1")


def test_going_back_takes_the_maps_there_were(house: House) -> None:
    fixed = house.silences.use("prj_1", FIXED).revision

    assert house.silences.use("prj_1", SilenceSettings()).revision == "map_1"
    assert house.silences.use("prj_1", FIXED).revision == fixed
    assert house.silences.use("prj_1", FIXED).revision == fixed
    assert house.rows() == 3


def test_who_chose_by_a_map_that_was_changed_meanwhile_is_told(house: House) -> None:
    house.silences.use("prj_1", FIXED, seen="map_1")

    with pytest.raises(Stale, match="silences"):
        house.silences.use("prj_1", SilenceSettings(offset_db=3), seen="map_1")

    assert house.silences.show("prj_1").silence_map.settings == FIXED


def test_without_a_recording_or_a_map_it_is_said(house: House) -> None:
    with house.database.write() as session:
        session.get_one(Project, "prj_1").map_id = None

    for ask in (lambda: house.silences.show("prj_1"), lambda: house.silences.use("prj_1", FIXED)):
        with pytest.raises(NotReady):
            ask()
    with pytest.raises(ProjectNotFound):
        house.silences.show("prj_none")


def test_a_run_goes_by_the_changed_map_only_over_the_same_envelope(house: House) -> None:
    used = house.silences.use("prj_1", FIXED).revision

    with house.database.read() as session:
        project = session.get_one(Project, "prj_1")
        assert map_in_use(session, project, "map_1") == used
        assert map_in_use(session, project, used) == used
        assert map_in_use(session, project, "map_other") == "map_other"


# -- rows and documents


def test_a_map_comes_back_from_its_row_with_how_sure_it_is(database: Database) -> None:
    silences = (
        Silence(0, 500, -60.25, 0.875, SilenceBasis.BANDS),
        Silence(600, 900, -50.0),
        Silence(1_000, 9_000, -70.0, 1.0),
    )
    there = SilenceMap(LENGTH_MS, silences, -45.5, SilenceSettings(None, 120, 2.5, 800, False))

    assert map_of_row(map_row("map_1", "prj_1", "ast_1", there)) == there


def test_a_row_of_the_first_version_has_the_usual_settings(database: Database) -> None:
    row = map_row("map_1", "prj_1", "ast_1", SilenceMap(LENGTH_MS))
    row.settings = {"threshold_db": None, "min_silence_ms": 100}
    row.silences = {"v": 1, "silences": [[10, 500, -60.0]]}

    assert map_of_row(row).settings == SilenceSettings()
    assert map_of_row(row).silences == (Silence(10, 500, -60.0),)


def test_a_silence_says_how_sure_it_is_only_where_somebody_judged() -> None:
    assert silence_json(Silence(0, 500, -60.04)) == {"start_s": 0.0, "end_s": 0.5, "level_db": -60.0}
    assert silence_json(Silence(0, 500, -60.0, 0.876, SilenceBasis.NOBODY)) == {
        "start_s": 0.0,
        "end_s": 0.5,
        "level_db": -60.0,
        "confidence": 0.88,
        "evidence": "nobody",
    }


# -- peaks


def test_far_out_the_envelope_is_drawn_and_no_sound_is_read(house: House) -> None:
    view = house.peaks.of(house.view(), 0, None, 1_000)

    assert (view.resolution_ms, set(view.low.tolist()), set(view.high.tolist())) == (60, {-40}, {40})
    assert house.storage.reads == []


def test_close_by_the_sound_itself_is_read_and_nothing_but_the_stretch(house: House) -> None:
    view = house.peaks.of(house.view(), 12_340, 12_350, 4_000)

    assert house.storage.reads == [(12_340 * 32, 12_350 * 32)]
    assert (len(view.low), view.resolution_ms) == (160, 0.0625)
    wanted = house.sound[12_340 * 16 : 12_350 * 16] / 256
    assert view.low.tolist() == view.high.tolist() == [round(v, 2) for v in wanted.tolist()]
    assert view.high.max() == pytest.approx(64, abs=0.1) and view.low.min() == pytest.approx(-64, abs=0.1)


def test_sound_that_ends_early_is_followed_by_nothing(house: House, tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(house.sound[: 59_995 * 16].tobytes())
    house.storage.put(tmp_path / "short", "ast_speech")

    view = house.peaks.of(house.view(), 59_990, 90_000, 2_000)

    assert (view.end_ms, len(view.low)) == (LENGTH_MS, 160)
    assert not view.high[80:].any() and view.high[:80].any()


def test_a_stretch_outside_the_recording_is_refused(house: House) -> None:
    with pytest.raises(BadRange):
        house.peaks.of(house.view(), LENGTH_MS, None, 100)


@given(st.lists(st.integers(-32_768, 32_767), min_size=1, max_size=400), st.integers(1, 500))
def test_no_sample_is_lost_between_the_parts(samples: list[int], points: int) -> None:
    low, high = sound_peaks(np.array(samples, np.int16), points)

    assert len(low) == len(high) == min(points, len(samples))
    assert low.min() == pytest.approx(min(127, min(samples) / 256), abs=0.006)
    assert high.max() == pytest.approx(min(127, max(samples) / 256), abs=0.006)
    assert (low <= high).all() and low.min() >= -128 and high.max() <= 127
