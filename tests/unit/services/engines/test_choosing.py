"""Clips are chosen whatever becomes of the language model."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.clip import Lengths
from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Transcript, Word, sentences_of
from clipper_core.errors import Cancelled, ServiceAnswerUnusable, ServiceKeyRefused, ServiceUnavailable
from clipper_core.services.engines.choosing import (
    NOTHING_PROPOSED,
    NOTHING_PROPOSED_ON_DESK,
    around,
    choose_clips,
)
from clipper_core.services.engines.remembering import RememberingChat
from clipper_core.stages.selection.ask import ClipRequest

SILENCES = SilenceMap(600_000, tuple(Silence(at, at + 600, -60.0) for at in range(5_000, 595_000, 5_000)))
WORDS = tuple(Word(f"word{i % 7}.", 600 + i * 1_000, 1_400 + i * 1_000) for i in range(590))
TRANSCRIPT = Transcript("captions", "en", WORDS, sentences_of(WORDS))


class FailingChat:
    max_words = 20_000

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.disowned = False

    def __call__(self, *_: Any) -> Any:
        raise self.error

    def disown(self) -> None:
        self.disowned = True


def ask(chat: FailingChat) -> Any:
    return choose_clips(cast(RememberingChat, chat), TRANSCRIPT, SILENCES, ClipRequest())


@pytest.mark.parametrize("error", [ServiceUnavailable(), ServiceKeyRefused(), ServiceAnswerUnusable("It declined.")])
def test_a_failing_model_is_replaced_offline_with_a_warning(error: ServiceUnavailable) -> None:
    chat = FailingChat(error)

    proposals, (warning,) = ask(chat)

    assert proposals == choose_clips(None, TRANSCRIPT, SILENCES, ClipRequest())[0]
    assert warning.code == "chosen_offline" and warning.message.endswith(error.message)


def test_only_useless_answers_are_asked_for_again() -> None:
    useless, down = FailingChat(ServiceAnswerUnusable("Nonsense.")), FailingChat(ServiceUnavailable())

    ask(useless), ask(down)

    assert (useless.disowned, down.disowned) == (True, False)


def test_a_stop_is_not_a_failure_of_the_model() -> None:
    with pytest.raises(Cancelled):
        ask(FailingChat(Cancelled()))


@pytest.mark.parametrize("transcript", [None, Transcript("captions", "en")])
def test_without_words_the_model_is_not_asked(transcript: Transcript | None) -> None:
    chat = cast(RememberingChat, FailingChat(AssertionError("asked")))

    proposals, warnings = choose_clips(chat, transcript, SILENCES, ClipRequest())

    assert proposals and not warnings


@given(st.integers(0, 9_000), st.integers(1, 9_000), st.integers(1, 20_000))
def test_a_range_and_its_surroundings_are_the_recording(start_ms: int, length_ms: int, more_ms: int) -> None:
    span = TimeRange(start_ms, start_ms + length_ms)
    duration_ms = span.end_ms + more_ms

    parts = sorted([span, *around(span, duration_ms)])

    assert parts[0].start_ms == 0 and parts[-1].end_ms == duration_ms
    assert all(a.end_ms == b.start_ms for a, b in pairwise(parts))


def test_each_face_keeps_its_sentence_for_no_clips() -> None:
    assert NOTHING_PROPOSED.code == NOTHING_PROPOSED_ON_DESK.code == "no_clips"
    assert NOTHING_PROPOSED.message == (
        "Nothing here could be proposed as a clip: there is too little speech for the lengths you asked for."
    )
    assert NOTHING_PROPOSED_ON_DESK.message == (
        "Nothing here could be proposed as a clip: there is too little speech for the lengths you asked for. "
        "You can still make clips by hand on the desk."
    )


def test_chosen_clips_lie_within_the_range_and_avoid_others() -> None:
    silences = SilenceMap(600_000, tuple(Silence(at, at + 600, -60.0) for at in range(5_000, 595_000, 5_000)))
    stretch, taken = TimeRange(100_000, 300_000), TimeRange(150_000, 180_000)

    proposals, _ = choose_clips(None, None, silences, ClipRequest(Lengths(), (taken,), stretch))

    assert proposals
    assert all(p.span.start_ms >= 100_000 and p.span.end_ms <= 300_000 for p in proposals)
    assert not any(p.span.overlaps(taken) for p in proposals)
