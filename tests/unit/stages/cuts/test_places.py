"""Places where a clip could start or end, and how good each of them is."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.transcript import Transcript, Word, sentences_of
from clipper_core.stages.cuts.places import MAX_PLACES, Places, Tier, find_edges, unplaced
from clipper_core.stages.cuts.snap import LEAD_MS, TAIL_MS

# Two sentences with 1.2 s between them, the second with a pause of 0.6 s in its middle.
WORDS = (Word("One", 600, 900), Word("two.", 950, 1_300), Word("Three", 2_500, 3_000), Word("four.", 3_600, 4_000))
SILENCES = SilenceMap(6_000, (Silence(0, 600), Silence(1_300, 2_500), Silence(3_000, 3_600), Silence(4_000, 6_000)))


def edges(words: tuple[Word, ...], silences: SilenceMap) -> tuple[Places, Places]:
    sentences = sentences_of(words)
    return find_edges(Transcript("test", "en", words, sentences), silences, sentences)


def tiers(places: Places) -> dict[int, Tier]:
    return {at: Tier(tier) for at, tier in zip(places.at_ms.tolist(), places.tier.tolist(), strict=True)}


def test_a_silence_at_a_sentence_edge_is_the_best_place():
    starts, ends = edges(WORDS, SILENCES)

    assert tiers(starts)[2_500 - LEAD_MS] is Tier.IDEAL
    assert tiers(ends)[1_300 + TAIL_MS] is Tier.IDEAL


def test_a_silence_inside_a_sentence_is_a_pause():
    starts, _ = edges(WORDS, SILENCES)

    assert tiers(starts)[3_600 - LEAD_MS] is Tier.PAUSE


def test_a_sentence_edge_without_silence_is_spoken():
    starts, _ = edges(WORDS, SilenceMap(6_000))

    spoken = {at: tier for at, tier in tiers(starts).items() if tier is Tier.SPOKEN}
    assert list(spoken) == [600 - LEAD_MS, 2_500 - LEAD_MS]


def test_places_name_their_first_or_last_word():
    starts, ends = edges(WORDS, SILENCES)

    assert starts.word[starts.at_ms == 2_500 - LEAD_MS].tolist() == [2]
    assert ends.word[ends.at_ms == 1_300 + TAIL_MS].tolist() == [1]


def test_without_words_longer_silences_are_better_places():
    starts, ends = find_edges(None, SilenceMap(9_000, (Silence(2_000, 2_200), Silence(5_000, 6_000))), ())

    assert list(tiers(starts).values()) == [Tier.IDEAL, Tier.PAUSE, Tier.IDEAL]  # the first is the recording's start
    assert tiers(ends)[9_000] is Tier.IDEAL


@given(st.lists(st.tuples(st.integers(1, 4_000), st.integers(1, 3_000)), max_size=30), st.booleans())
def test_places_are_in_order_and_inside_the_recording(steps: list[tuple[int, int]], with_words: bool):
    silences, words, at = [], [], 0
    for gap, length in steps:
        words.append(Word("word.", at, at + gap))
        silences.append(Silence(at + gap, at + gap + length))
        at += gap + length
    found = SilenceMap(at + 1, tuple(silences))

    both = edges(tuple(words), found) if with_words else find_edges(None, found, ())

    for places in both:
        moments = places.at_ms.tolist()
        assert all(a < b for a, b in pairwise(moments))
        assert all(0 <= m <= found.duration_ms for m in moments)
        assert [places.count_up_to(t) for t in Tier] == [len(places.up_to(t).at_ms) for t in Tier]


def test_of_very_many_silences_the_longest_are_kept():
    silences = tuple(Silence(100 * n, 100 * n + (90 if n % 2 else 20)) for n in range(2 * MAX_PLACES))

    starts, _ = find_edges(None, SilenceMap(200 * MAX_PLACES, silences), ())

    assert starts.pause_ms.tolist() == [90] * MAX_PLACES


def test_thinning_keeps_the_best_place_of_each_second():
    places = Places(*(np.array(row) for row in ([100, 400, 900, 1_500], [2, 0, 1, 4], [9, 5, 9, 0], [0, 1, 2, 3])))

    assert places.one_every(1_000).at_ms.tolist() == [400, 1_500]


def test_moments_by_the_clock_are_no_places():
    assert unplaced(np.array([0, 5_000])).up_to(max(Tier)).at_ms.tolist() == []
