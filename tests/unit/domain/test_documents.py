"""The JSON that leaves Clipper reads back as the same values, and has the same form for every face."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.clip import Proposal
from clipper_core.domain.cut import Cut, EdgeCertificate, Grade, Side
from clipper_core.domain.documents import (
    cut_from_json,
    cut_json,
    media_json,
    proposal_json,
    silence_json,
    transcript_from_json,
    transcript_json,
)
from clipper_core.domain.media import AudioTrack, MediaInfo
from clipper_core.domain.silence import Silence, SilenceBasis
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Transcript, Word, sentences_of


@st.composite
def word_lists(draw: st.DrawFn) -> tuple[Word, ...]:
    steps = draw(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 900)), max_size=200))
    text = st.sampled_from(["so", "yes.", "Why?", "thing", "Mr.", "end!", "J."])
    words, at = [], 0
    for gap, length in steps:
        at += gap
        words.append(Word(draw(text), at, at + length))
    return tuple(words)


@given(word_lists())
def test_a_transcript_survives_being_written_and_read(words: tuple[Word, ...]) -> None:
    transcript = Transcript("captions", "en", words, sentences_of(words), draft=True)

    assert transcript_from_json(transcript_json(transcript)) == transcript


@pytest.mark.parametrize("silence", [None, Silence(900, 1_400, -58.0)])
def test_a_cut_survives_being_written_and_read(silence: Silence | None) -> None:
    level = silence.level_db if silence else None
    cut = Cut(1_250, Side.IN, EdgeCertificate(silence, level, None, True, Grade.FAIR, "why"))

    assert cut_from_json(cut_json(cut)) == cut


def test_a_proposal_has_the_form_of_an_undecided_clip() -> None:
    cut = Cut(10_000, Side.IN, EdgeCertificate(None, None, None, None, Grade.FAIR, "why"))
    proposal = Proposal(TimeRange(10_000, 40_500), 0.5, "A talk", ("it ends",), (cut,), (TimeRange(9_000, 40_500),))

    clip = proposal_json(proposal, "clp_1", 2)

    assert list(clip) == [
        "id", "title", "reasons", "rank", "status", "start_s", "end_s", "ranges", "cuts", "alternatives"
    ]  # fmt: skip
    assert (clip["id"], clip["rank"], clip["status"]) == ("clp_1", 2, "proposed")
    assert (clip["start_s"], clip["end_s"]) == (10.0, 40.5)
    assert clip["ranges"] == [{"start_s": 10.0, "end_s": 40.5}]
    assert clip["alternatives"] == [{"start_s": 9.0, "end_s": 40.5}]


def test_media_shows_the_chosen_sound_track() -> None:
    tracks = (AudioTrack(0, "aac", 48_000, 2), AudioTrack(1, "mp3", 8_000, 1))
    media = MediaInfo(1_500, "mp4", tracks)

    assert media_json(media, 1)["audio_codec"] == "mp3"
    assert media_json(media)["channels"] == 2
    assert media_json(media, 7)["sample_rate"] is None


def test_only_a_judged_silence_tells_its_basis() -> None:
    assert silence_json(Silence(500, 1_250, -60.04)) == {"start_s": 0.5, "end_s": 1.25, "level_db": -60.0}

    basis = next(iter(SilenceBasis))
    judged = silence_json(Silence(500, 1_250, -60.04, 0.876, basis))
    assert (judged["confidence"], judged["evidence"]) == (0.88, basis.value)
