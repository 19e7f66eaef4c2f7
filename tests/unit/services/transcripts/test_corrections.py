"""Stored corrections: a new revision beside the old, clips that follow, and all of it or nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from clipper_core.adapters.store.local import LocalStorage
from clipper_core.db.models import Asset, Clip, ClipVersion, Decision, Project, SilenceMapRow, TranscriptRow
from clipper_core.db.session import Database
from clipper_core.db.transcript_rows import transcript_in_use
from clipper_core.domain.clip import ClipStatus, Verdict
from clipper_core.domain.corrections import Edit, Replacement
from clipper_core.domain.documents import transcript_json
from clipper_core.domain.ids import new_id
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Transcript, Word, sentences_of
from clipper_core.errors import (
    NotReady,
    ProjectNotFound,
    StorageFailed,
    TranscriptNotFound,
    TranscriptStale,
    WordChanged,
)
from clipper_core.services.assets.files import Files, write_json
from clipper_core.services.assets.measured import MAX_KEPT, CertifiedCuts, MeasuredArtifacts
from clipper_core.services.clips.views import VersionContent, clip_views, new_version
from clipper_core.services.transcripts.corrections import Corrections
from tests.unit.review_room import PROJECT, Room, open_room

SAID = "We met Ann Lee. Ann's idea was good. Then we left early."
FIRST, SECOND = TimeRange(0, 4_000), TimeRange(7_000, 11_000)


class Breaking(LocalStorage):
    """A folder on a disk that is full, when told so."""

    full = False

    def put(self, path: Path, key: str) -> int:
        if self.full:
            raise StorageFailed
        return super().put(path, key)


@pytest.fixture
def room() -> Iterator[Room]:
    with open_room() as room:
        yield room


@pytest.fixture
def storage(tmp_path: Path) -> Breaking:
    return Breaking(tmp_path / "files")


@pytest.fixture
def corrections(database: Database, storage: Breaking, tmp_path: Path) -> Corrections:
    """Of a recording with words a second apart, and two clips: the first names Ann, the second does not."""
    words = tuple(Word(t, 1000 * i, 1000 * i + 800) for i, t in enumerate(SAID.split()))
    path = write_json(tmp_path / "words", transcript_json(Transcript("captions", "en", words, sentences_of(words))))
    size = storage.put(path, "projects/prj_1/first")
    with database.write() as session:
        for key in ("first", "map"):
            session.add(Asset(id=key, project_id="prj_1", kind=key, key=f"projects/prj_1/{key}", mime="x", size=size))
        session.flush()
        about: dict[str, Any] = {"engine": "captions", "language": "en", "draft": False, "word_count": len(words)}
        session.add(TranscriptRow(id="trs_1", project_id="prj_1", asset_id="first", **about))
        found: dict[str, Any] = {"v": 1, "silences": []}
        settings = {"v": 1, "threshold_db": None, "min_silence_ms": 300, "offset_db": 0.0, "dead_air_ms": 1000}
        about = {"duration_ms": 12_000, "threshold_db": -40.0, "settings": settings, "silences": found}
        session.add(SilenceMapRow(id="map_1", project_id="prj_1", asset_id="map", **about))
        project = session.get_one(Project, "prj_1")
        project.media, project.map_id, project.transcript_id = {"duration_ms": 12_000}, "map_1", "trs_1"
        for clip_id, span in (("clp_1", FIRST), ("clp_2", SECOND)):
            clip = Clip(id=clip_id, project_id="prj_1", origin="manual", reasons=[], alternatives=[], newest=1)
            session.add(clip)
            session.flush()
            content = VersionContent(f"Title of {clip_id}", [span], "source", "Ana")
            session.add(new_version(clip, content, CertifiedCuts((), project.map_id, project.transcript_id)))
    return Corrections(database, storage, MeasuredArtifacts(database, Files(database, storage)))


def read(corrections: Corrections) -> str:
    view = corrections.show("prj_1")
    assert view is not None
    return " ".join(w.text for w in view.transcript.words)


def decide(database: Database, clip_id: str) -> None:
    with database.write() as session:
        clip = session.get_one(Clip, clip_id)
        version = session.scalars(select(ClipVersion.id).where(ClipVersion.clip_id == clip_id)).one()
        clip.revision += 1
        made = {"number": clip.revision, "verdict": Verdict.APPROVED.value, "decided_by": "Ana"}
        session.add(Decision(id=new_id("dec"), clip_id=clip_id, version_id=version, **made))


def stored_files(storage: LocalStorage) -> set[str]:
    return {f.key for f in storage.files()}


def test_a_correction_adds_a_revision(database: Database, corrections: Corrections) -> None:
    made = corrections.correct("prj_1", "trs_1", [Edit(2, "Ann", "Anne")], by="Ben")

    assert (made.changed, made.clips) == (1, 1)
    assert read(corrections) == SAID.replace("Ann Lee", "Anne Lee")
    with database.read() as session:
        project = session.get_one(Project, "prj_1")
        row = session.get_one(TranscriptRow, made.revision)
        assert (project.transcript_id, project.revision) == (made.revision, 2)
        assert (row.parent_id, row.edited_by, row.word_count) == ("trs_1", "Ben", 12)
        assert session.get(TranscriptRow, "trs_1") is not None


def test_undecided_clips_get_a_version_on_new_words(database: Database, corrections: Corrections) -> None:
    made = corrections.replace("prj_1", "trs_1", Replacement("Ann", "Anne Marie"), by="Ben")

    with database.read() as session:
        clips = [session.get_one(Clip, c) for c in ("clp_1", "clp_2")]
        first, second = clip_views(session, clips)
        newest = session.get_one(ClipVersion, first.version_id)
    assert (first.version, first.revision, first.title, first.ranges) == (2, 2, "Title of clp_1", (FIRST,))
    assert (newest.created_by, newest.transcript_id, len(newest.cuts)) == ("Ben", made.revision, 2)
    assert (second.version, second.revision) == (1, 1)
    assert made.clips == 1


def test_a_decided_clip_keeps_its_words(database: Database, corrections: Corrections) -> None:
    decide(database, "clp_1")

    made = corrections.replace("prj_1", "trs_1", Replacement("Ann", "Anne"))

    with database.read() as session:
        view = clip_views(session, [session.get_one(Clip, "clp_1")])[0]
        version = session.get_one(ClipVersion, view.version_id)
    assert (made.clips, view.version, view.status) == (0, 1, ClipStatus.APPROVED)
    assert version.transcript_id == "trs_1"


def test_a_stale_correction_names_the_earlier_corrector(corrections: Corrections) -> None:
    corrections.correct("prj_1", "trs_1", [Edit(2, "Ann", "Anne")], by="Ana")

    with pytest.raises(TranscriptStale, match="Ana corrected the words"):
        corrections.correct("prj_1", "trs_1", [Edit(9, "left", "went")], by="Ben")

    assert "Anne Lee" in read(corrections)
    assert "left" in read(corrections)


def test_of_simultaneous_corrections_exactly_one_succeeds(corrections: Corrections, storage: Breaking) -> None:
    together = threading.Barrier(5)
    outcomes: list[str] = []

    def one(number: int) -> None:
        together.wait()
        try:
            outcomes.append(corrections.correct("prj_1", "trs_1", [Edit(2, "Ann", f"A{number}")]).revision)
        except TranscriptStale:
            outcomes.append("stale")

    people = [threading.Thread(target=one, args=(n,)) for n in range(5)]
    for person in people:
        person.start()
    for person in people:
        person.join()

    assert outcomes.count("stale") == 4
    assert len(stored_files(storage)) == 2


def test_a_correction_sent_twice_is_made_once(database: Database, corrections: Corrections) -> None:
    first = corrections.replace("prj_1", "trs_1", Replacement("Ann", "Ann Ann"), key="k1")
    again = corrections.replace("prj_1", "trs_1", Replacement("Ann", "Ann Ann"), key="k1")

    assert again == first
    assert read(corrections).startswith("We met Ann Ann Lee. Ann Ann's")
    with database.read() as session:
        assert len(session.scalars(select(TranscriptRow)).all()) == 2


def test_restoring_a_revision_restores_words_and_times(corrections: Corrections) -> None:
    before = corrections.show("prj_1")
    made = corrections.replace("prj_1", "trs_1", Replacement("Ann", "Anne Marie"))

    back = corrections.restore("prj_1", made.revision, "trs_1", by="Ben")

    after = corrections.show("prj_1")
    assert before is not None and after is not None
    assert after.transcript == before.transcript
    assert after.revision == back.revision not in ("trs_1", made.revision)
    assert (after.edited_by, back.clips) == ("Ben", 1)


def test_where_nothing_is_found_nothing_is_made(corrections: Corrections, storage: Breaking) -> None:
    made = corrections.replace("prj_1", "trs_1", Replacement("Nobody", "Somebody"))

    assert (made.revision, made.changed) == ("trs_1", 0)
    assert len(stored_files(storage)) == 1


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (lambda c: c.correct("prj_1", "trs_1", [Edit(2, "Anna", "Anne")]), WordChanged),
        (lambda c: c.correct("prj_9", "trs_1", [Edit(2, "Ann", "Anne")]), ProjectNotFound),
        (lambda c: c.replace("prj_1", "trs_9", Replacement("Ann", "Anne")), TranscriptStale),
        (lambda c: c.restore("prj_1", "trs_1", "trs_9"), TranscriptNotFound),
    ],
)
def test_a_refused_correction_leaves_nothing_behind(
    corrections: Corrections, storage: Breaking, wrong: Callable[[Corrections], object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        wrong(corrections)

    assert read(corrections) == SAID
    assert len(stored_files(storage)) == 1


def test_a_failed_correction_leaves_nothing_behind(
    database: Database, corrections: Corrections, storage: Breaking, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.full = True
    with pytest.raises(StorageFailed):
        corrections.correct("prj_1", "trs_1", [Edit(2, "Ann", "Anne")])
    storage.full = False

    def broken(*_: object) -> int:
        raise RuntimeError("the process died here")

    monkeypatch.setattr(corrections, "_renew_clips", broken)
    with pytest.raises(RuntimeError):
        corrections.correct("prj_1", "trs_1", [Edit(2, "Ann", "Anne")])

    assert read(corrections) == SAID
    assert len(stored_files(storage)) == 1
    with database.read() as session:
        assert len(session.scalars(select(TranscriptRow)).all()) == 1


def test_before_there_are_words_none_can_be_corrected(database: Database, corrections: Corrections) -> None:
    with database.write() as session:
        session.get_one(Project, "prj_1").transcript_id = None

    assert corrections.show("prj_1") is None
    with pytest.raises(NotReady):
        corrections.correct("prj_1", "trs_1", [Edit(0, "We", "I")])


def test_a_repeated_run_keeps_the_corrected_words(database: Database, corrections: Corrections) -> None:
    one = corrections.correct("prj_1", "trs_1", [Edit(2, "Ann", "Anne")])
    two = corrections.correct("prj_1", one.revision, [Edit(3, "Lee.", "Li.")])

    with database.read() as session:
        project = session.get_one(Project, "prj_1")
        assert transcript_in_use(session, project, "trs_1") == two.revision
        assert transcript_in_use(session, project, "trs_other") == "trs_other"


def test_old_revisions_are_compared_without_being_reread(room: Room) -> None:
    revision = "trs_1"
    for number in range(MAX_KEPT + 4):
        answer = room.send("POST", f"{PROJECT}/transcript/words", edit_of(number), seen=f'"{revision}"')
        revision = answer.json()["revision"]
        start_s = 200 + 10 * number
        room.decided(room.made(start_s, start_s + 10))
        room.clips()
    before = room.app.measured.transcript.cache_info().misses

    answer = room.send("POST", f"{PROJECT}/transcript/words", edit_of(MAX_KEPT + 4), seen=f'"{revision}"')
    clips = room.clips()

    assert answer.status_code == 201
    assert not any(c["words_changed"] for c in clips)
    assert room.app.measured.transcript.cache_info().misses == before + 1  # the words that were just corrected


def edit_of(number: int) -> dict[str, Any]:
    return {"edits": [{"index": number, "was": ("Word", "word", "word.")[number % 3], "text": f"other{number}"}]}
