"""Parts of a recording transcribed in processes of their own."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest

from clipper_core.domain.recognised import RecognisedPiece
from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.errors import Cancelled
from clipper_core.services.local import side_by_side
from clipper_core.services.local.side_by_side import transcribe_side_by_side

MINUTES = SilenceMap(180_000, tuple(Silence(at - 500, at + 500, -60.0) for at in range(45_000, 180_000, 45_000)))


class NamesItsPart:
    """Says where the part lies that it is given."""

    name, version, languages, draft = "fake", "1", frozenset({"en"}), True
    piece_ms, spares_ms, in_flight = None, 1_500, 1

    def hear(self, pcm: Any, offset_ms: int, progress: Any) -> RecognisedPiece:
        return RecognisedPiece(f"at{offset_ms}", ((f"at{offset_ms}", 0, 100),), "en")


def make(_language: str) -> NamesItsPart:
    return NamesItsPart()


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    path = tmp_path / "speech"
    path.write_bytes(bytes(180_000 * 32))
    return path


def test_a_silent_recording_starts_no_process(speech: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "ProcessPoolExecutor", lambda *_, **__: pytest.fail("started a process"))
    silent = SilenceMap(60_000, (Silence(0, 60_000, -80.0),))

    assert transcribe_side_by_side(functools.partial(make, "en"), speech, silent, lambda _: None) == ()


def test_words_come_in_order_whichever_part_is_first(speech: Path) -> None:
    reports: list[float] = []

    words = transcribe_side_by_side(functools.partial(make, "en"), speech, MINUTES, reports.append)

    assert [w.text for w in words] == [f"at{at}" for at in sorted(w.start_ms for w in words)]
    assert len(words) >= 3
    assert reports == sorted(reports) and (reports[0], reports[-1]) == (0.0, 1.0)


def test_a_stop_ends_the_processes(speech: Path) -> None:
    def stop(fraction: float) -> None:
        if fraction > 0:
            raise Cancelled

    with pytest.raises(Cancelled):
        transcribe_side_by_side(functools.partial(make, "en"), speech, MINUTES, stop)
