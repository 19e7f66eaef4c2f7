"""The other places for an edge: legal, each in a silence of its own, best first."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from clipper_core.domain.cut import Cut, Grade, Side
from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.transcript import Transcript, Word, sentences_of
from clipper_core.stages.cuts.rank import BOUNDARY, FAR_REACH_MS, MIN_LENGTH_MS, Edge, places_near
from clipper_core.stages.cuts.snap import RANK, certify
from tests.budget import budget

MINUTE = 60_000


@st.composite
def recordings(draw: st.DrawFn) -> tuple[SilenceMap, Transcript | None]:
    """Speech and silence by turns; words in the speech, some sentences ending there."""
    at = 0
    silences: list[Silence] = []
    words: list[Word] = []
    for quiet, loud, ends in draw(
        st.lists(st.tuples(st.integers(20, 1_500), st.integers(100, 9_000), st.booleans()), min_size=1, max_size=40)
    ):
        silences.append(Silence(at, at + quiet, -60.0))
        at += quiet
        words.append(Word("End." if ends else "and", at, at + loud))
        at += loud
    transcript = Transcript("test", "en", tuple(words), sentences_of(tuple(words)))
    return SilenceMap(at, tuple(silences)), draw(st.sampled_from([transcript, None]))


def rank(cut: Cut, at_ms: int) -> tuple[int, int, int]:
    evidence = cut.certificate
    return RANK[evidence.grade], BOUNDARY[evidence.sentence_boundary], abs(cut.at_ms - at_ms)


@settings(max_examples=budget(normal=100, long=300))
@given(recordings(), st.sampled_from(list(Side)), st.data())
def test_other_places_are_legal_certified_distinct_and_best_first(
    recording: tuple[SilenceMap, Transcript | None], side: Side, data: st.DataObject
) -> None:
    silences, words = recording
    at_ms = data.draw(st.integers(0, silences.duration_ms))
    other_ms = data.draw(st.one_of(st.none(), st.integers(0, silences.duration_ms)))

    found = places_near(Edge(at_ms, side, other_ms), silences, words)

    assert len(found) <= 4
    assert [c for c in found if c != certify(c.at_ms, side, silences, words)] == []
    assert all(rank(a, at_ms) <= rank(b, at_ms) for a, b in pairwise(found))
    assert len({c.certificate.silence for c in found}) == len(found)
    for cut in found:
        assert 0 <= cut.at_ms <= silences.duration_ms
        assert 0 < abs(cut.at_ms - at_ms) <= FAR_REACH_MS
        if other_ms is not None:
            length = other_ms - cut.at_ms if side is Side.IN else cut.at_ms - other_ms
            assert length >= MIN_LENGTH_MS


@settings(max_examples=budget(normal=100, long=300))
@given(recordings(), st.sampled_from(list(Side)), st.data())
def test_only_a_place_on_the_other_side_displaces_better_ones(
    recording: tuple[SilenceMap, Transcript | None], side: Side, data: st.DataObject
) -> None:
    silences, words = recording
    at_ms = data.draw(st.integers(0, silences.duration_ms))

    few, all_of_them = (places_near(Edge(at_ms, side, None), silences, words, most) for most in (4, 1_000))

    near = [c for c in all_of_them if abs(c.at_ms - at_ms) <= 15_000]
    pool = near if len(near) >= 4 else list(all_of_them)
    assert set(few) <= set(pool)
    assert list(few[:3]) == pool[:3]
    for earlier in (True, False):
        if any((c.at_ms < at_ms) is earlier for c in pool):
            assert any((c.at_ms < at_ms) is earlier for c in few)


def spoken(*texts: str, every_ms: int = 5_000) -> Transcript:
    words = tuple(Word(t, i * every_ms + 600, (i + 1) * every_ms - 600) for i, t in enumerate(texts))
    return Transcript("test", "en", words, sentences_of(words))


def silent(*spans: tuple[int, int]) -> SilenceMap:
    return SilenceMap(MINUTE, tuple(Silence(a, b, -58.0) for a, b in spans))


BETWEEN = silent(*((at - 500, at + 500) for at in range(5_000, MINUTE, 5_000)))
SAYING = spoken("one", "two.", "Three", "four.", "Five", "six.", "Seven", "eight.", "Nine", "ten.")


def test_a_sentence_end_comes_before_a_nearer_pause() -> None:
    found = places_near(Edge(22_000, Side.OUT, 2_000), BETWEEN, SAYING)

    assert [c.at_ms for c in found[:3]] == [19_750, 29_750, 9_750]
    assert [c.certificate.sentence_boundary for c in found[:3]] == [True] * 3
    assert {c.certificate.grade for c in found[:3]} == {Grade.CLEAN}


def test_an_edge_does_not_come_too_near_the_opposite_one() -> None:
    found = places_near(Edge(12_000, Side.IN, 15_200), BETWEEN, None)

    assert max(c.at_ms for c in found) < 15_200 - MIN_LENGTH_MS


def test_the_recordings_own_start_is_a_place_too() -> None:
    assert [c.at_ms for c in places_near(Edge(4_000, Side.IN, 30_000), silent(), SAYING)] == [0]
    assert places_near(Edge(0, Side.IN, 30_000), silent(), SAYING) == ()


def test_where_silences_are_rare_places_further_away_are_offered() -> None:
    found = places_near(Edge(30_000, Side.IN, 59_000), silent((1_000, 2_000), (46_000, 47_000)), None)

    assert {c.at_ms for c in found} == {0, 1_850, 46_850}


def test_a_place_leaves_a_third_of_the_clip() -> None:
    found = places_near(Edge(30_000, Side.IN, 59_000), silent((1_000, 2_000), (50_000, 51_000)), None)

    assert 50_850 not in {c.at_ms for c in found}
