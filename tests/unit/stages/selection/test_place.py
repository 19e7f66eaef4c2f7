"""The cuts of clips that were named by their sentences."""

from __future__ import annotations

import pytest

from clipper_core.domain.clip import Lengths
from clipper_core.domain.cut import Grade
from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.transcript import Transcript, Word, sentences_of
from clipper_core.errors import ServiceAnswerUnusable
from tests.unit.stages.selection.asked_chats import Chat, ask, assert_well_formed, clip, clips, talk


def test_an_edge_moves_to_a_silence_that_is_near():
    transcript, silences = talk(20)
    unbroken = SilenceMap(silences.duration_ms, tuple(s for s in silences.silences if s.start_ms % 10_000 == 4_000))

    found = ask(Chat([clips(clip(3, 11))]), (transcript, unbroken))

    (p,) = found.proposals
    assert all(c.certificate.grade is Grade.CLEAN for c in p.cuts)
    assert abs(p.span.start_ms - 10_000) <= 6_000 and abs(p.span.end_ms - 54_000) <= 6_000


def test_no_edge_moves_to_a_pause_inside_a_sentence():
    words = [Word(f"word{i}" + "." * (i % 10 == 9), 500 * i, 500 * i + 500) for i in range(120)]
    broken_off = 66  # a pause of two seconds in the middle of the seventh sentence
    later = [Word(w.text, w.start_ms + 2_000, w.end_ms + 2_000) for w in words[broken_off:]]
    timed = (*words[:broken_off], *later)
    silences = SilenceMap(62_000, (Silence(33_000, 35_000),))

    (p,) = ask(Chat([clips(clip(1, 6))]), (Transcript("test", "en", timed, sentences_of(timed)), silences)).proposals

    assert p.span.end_ms == 30_000
    assert p.cuts[1].certificate.sentence_boundary


def test_no_sentence_is_cut_to_make_a_length_legal():
    words = tuple(Word(f"word{i}" + "." * (i in (99, 199)), 300 * i, 300 * i + 290) for i in range(200))
    transcript = Transcript("test", "en", words, sentences_of(words, max_words=200))
    chat = Chat([clips(clip(1, 2))] * 2)

    with pytest.raises(ServiceAnswerUnusable, match="wrong length"):
        ask(chat, (transcript, SilenceMap(60_000)), Lengths(40_000, 50_000))


@pytest.mark.parametrize(("first", "last"), [(3, 5), (3, 22), (3, 23)])
def test_a_nearly_legal_length_is_mended_by_sentences(first: int, last: int):
    material = talk(20)
    chat = Chat([clips(clip(first, last))])

    found = ask(chat, material)

    assert_well_formed(found.proposals, material[1], Lengths())
    assert all(c.certificate.grade is Grade.CLEAN for c in found.proposals[0].cuts)
    assert len(chat.asked) == 1
