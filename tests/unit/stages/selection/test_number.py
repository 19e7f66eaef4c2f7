"""Numbered sentences, in parts that a model can read."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.clip import Lengths
from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.transcript import Transcript, Word, sentences_of
from clipper_core.stages.selection.number import Line, in_parts, one_line
from clipper_core.stages.selection.topics import Topics
from tests.unit.stages.selection.asked_chats import Chat, ask, clip, clips


@given(st.lists(st.integers(1, 60), min_size=1, max_size=80), st.integers(1, 400), st.data())
def test_parts_hold_all_lines_and_none_too_many(sizes: list[int], most: int, data: st.DataObject):
    lines = [Line(n, 0, size - 1, 1_000 * n, 1_000 * n + 900, "", False) for n, size in enumerate(sizes, 1)]
    at = tuple(sorted(data.draw(st.sets(st.sampled_from([line.start_ms for line in lines])))))
    topics = Topics(at, tuple(0.5 for _ in at))

    parts = in_parts(lines, topics, most)

    assert [line for part in parts for line in part] == lines
    assert all(len(part) == 1 or sum(line.size for line in part) <= most for part in parts)


def test_a_part_begins_where_a_topic_does():
    lines = [Line(n, 0, 9, 1_000 * n, 1_000 * n + 900, "", False) for n in range(1, 101)]

    parts = in_parts(lines, Topics((1_000, 43_000, 50_000), (1.0, 0.9, 0.2)), 600)

    assert parts[1][0].number == 43


@given(st.text(max_size=300), st.integers(2, 120))
def test_a_line_is_one_line_that_shows_what_it_holds(text: str, most: int):
    line = one_line(text, most)

    assert len(line) <= most
    assert line == " ".join(line.split())
    assert all(c.isprintable() or c in "\u200c\u200d" for c in line)


def test_a_long_sentence_is_divided_at_its_longest_pause():
    words = tuple(Word(f"word{i}", 500 * i + 800 * (i >= 33), 500 * i + 800 * (i >= 33) + 480) for i in range(60))
    transcript = Transcript("test", "en", words, sentences_of(words, pause_ms=5_000))
    chat = Chat([clips(clip(1, 1))])

    found = ask(chat, (transcript, SilenceMap(31_000, (Silence(16_480, 17_300),))), Lengths(10_000, 20_000))

    assert len(re.findall(r"^\[\d+\]", chat.words, re.M)) == 2
    assert found.proposals[0].span.end_ms == 16_480 + 250
