"""Measured artifacts: loaded once, and compared without being loaded again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clipper_core.db.models import Project
from clipper_core.domain.time_range import TimeRange
from clipper_core.errors import NotReady, ProjectNotFound, StoredFileMissing
from clipper_core.services.assets.measured import MeasuredArtifacts
from tests.unit.review_room import Room, open_room

RANGE = TimeRange(10_000, 40_000)


@pytest.fixture
def room() -> Iterator[Room]:
    with open_room() as room:
        yield room


@pytest.fixture
def measured(room: Room) -> MeasuredArtifacts:
    return room.app.measured


def test_cuts_rest_on_the_current_map_and_words(room: Room, measured: MeasuredArtifacts) -> None:
    words = room.say("ward")

    certified = measured.certified("prj_1", [RANGE])

    assert (certified.map_id, certified.transcript_id) == ("map_1", words)
    assert [c.at_ms for c in certified.cuts] == [10_000, 40_000]


def test_before_the_map_nothing_is_certified(room: Room, measured: MeasuredArtifacts) -> None:
    with room.app.database.write() as session:
        session.get_one(Project, "prj_1").map_id = None

    with pytest.raises(NotReady):
        measured.certified("prj_1", [RANGE])
    with pytest.raises(ProjectNotFound):
        measured.measured("prj_nowhere")


def test_a_map_and_words_are_loaded_once(measured: MeasuredArtifacts) -> None:
    first, again = measured.measured("prj_1"), measured.measured("prj_1")

    assert first[0] is again[0]
    assert first[1] is again[1]


def test_words_differ_only_where_they_were_changed(room: Room, measured: MeasuredArtifacts) -> None:
    before, after = "trs_1", room.say("ward", 20)

    assert measured.words_changed(before, after, [TimeRange(20_000, 30_000)])
    assert not measured.words_changed(before, after, [TimeRange(100_000, 130_000)])
    assert not measured.words_changed(before, before, [RANGE])
    assert not measured.words_changed(before, None, [RANGE])


@pytest.mark.parametrize("draft", [True, False])
def test_a_first_transcript_counts_unless_a_draft(room: Room, measured: MeasuredArtifacts, draft: bool) -> None:
    words = room.say("word", draft=draft)

    assert measured.words_changed(None, words, [RANGE]) is not draft


def test_a_missing_file_does_not_fail_a_comparison(room: Room, measured: MeasuredArtifacts) -> None:
    gone = room.say("ward")
    room.app.storage.delete(gone)

    assert not measured.words_changed("trs_1", gone, [RANGE])
    with pytest.raises(StoredFileMissing):
        measured.transcript(gone)


def test_words_just_stored_are_not_read_again(room: Room, measured: MeasuredArtifacts, tmp_path: Path) -> None:
    stored = room.say("ward")
    words = measured.transcript("trs_1")
    room.app.storage.delete(stored)

    measured.keep(stored, words)

    assert measured.transcript(stored) is words


def test_a_rough_range_is_snapped_into_silences(measured: MeasuredArtifacts) -> None:
    snapped = measured.snapped("prj_1", TimeRange(10_700, 39_200))

    silences = measured.silence_map("map_1").silences
    assert all(any(s.start_ms <= at <= s.end_ms for s in silences) for at in (snapped.start_ms, snapped.end_ms))
