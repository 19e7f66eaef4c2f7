"""Cuts, their certificates, and the edges a listener may choose instead."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from clipper_core.domain.clip import Lengths
from clipper_core.domain.cut import Grade, Side
from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Sentence, Transcript, Word, sentences_of
from clipper_core.stages.cuts.snap import (
    LEAD_MS,
    TAIL_MS,
    alternatives,
    certify,
    certify_ranges,
    cut_points,
    cuts_and_alternatives,
    silences_from_words,
    snap,
)

MINUTE = 60_000


def spoken(*words: tuple[str, int, int], draft: bool = False) -> Transcript:
    timed = tuple(Word(*w) for w in words)
    return Transcript("test", "en", timed, sentences_of(timed), draft=draft)


def silent(*ranges: tuple[int, int], duration_ms: int = MINUTE, level_db: float = -58.0) -> SilenceMap:
    return SilenceMap(duration_ms, tuple(Silence(a, b, level_db) for a, b in ranges))


TWO_SENTENCES = spoken(("One", 1_000, 1_300), ("two.", 1_350, 2_000), ("Three", 2_620, 3_000), ("four.", 3_050, 3_600))
BETWEEN = silent((2_000, 2_620))


def test_cuts_leave_a_lead_and_a_tail():
    out_ms, in_ms = cut_points(Silence(2_000, 4_000))

    assert (out_ms, in_ms) == (2_000 + TAIL_MS, 4_000 - LEAD_MS)


@given(st.integers(0, 10_000_000), st.integers(1, 100_000))
def test_cut_points_lie_in_their_silence_in_order(start: int, length: int):
    out_ms, in_ms = cut_points(Silence(start, start + length))

    assert start <= out_ms <= in_ms <= start + length


def test_a_cut_in_silence_between_sentences_is_clean():
    cut = certify(2_470, Side.IN, BETWEEN, TWO_SENTENCES)

    assert cut.certificate.grade is Grade.CLEAN
    assert cut.certificate.level_db == -58.0
    assert cut.certificate.gap_to_word_ms == 150
    assert cut.certificate.sentence_boundary is True
    assert cut.certificate.reason == "silence 0.62 s at -58 dB, first word 150 ms away, sentence starts"


def test_an_out_cut_measures_the_gap_before_it():
    cut = certify(2_250, Side.OUT, BETWEEN, TWO_SENTENCES)

    assert cut.certificate.gap_to_word_ms == 250
    assert cut.certificate.reason.endswith("last word 250 ms away, sentence ends")


def test_a_cut_inside_a_word_is_poor_and_names_the_word():
    cut = certify(1_600, Side.IN, BETWEEN, TWO_SENTENCES)

    assert cut.certificate.grade is Grade.POOR
    assert cut.certificate.silence is None
    assert cut.certificate.level_db is None
    assert "“two.” is cut" in cut.certificate.reason


def test_a_cut_without_silence_is_poor_between_words():
    assert certify(1_325, Side.IN, BETWEEN, TWO_SENTENCES).certificate.grade is Grade.POOR


def test_a_cut_in_a_short_silence_is_fair():
    cut = certify(2_060, Side.OUT, silent((2_000, 2_120)), TWO_SENTENCES)

    assert cut.certificate.grade is Grade.FAIR
    assert "short" in cut.certificate.reason


def test_a_cut_in_silence_inside_a_sentence_is_fair():
    transcript = spoken(("One", 1_000, 1_300), ("two", 2_620, 3_000), ("three.", 3_050, 3_600))

    cut = certify(1_550, Side.OUT, silent((1_300, 2_620)), transcript)

    assert cut.certificate.sentence_boundary is False
    assert cut.certificate.grade is Grade.FAIR
    assert "in the middle of a sentence" in cut.certificate.reason


def test_a_silence_that_contradicts_a_word_is_fair():
    sloppy = spoken(("One.", 1_000, 2_400), ("Two.", 2_650, 3_000))

    cut = certify(2_250, Side.OUT, BETWEEN, sloppy)

    assert cut.certificate.grade is Grade.FAIR
    assert "near the word “One.”" in cut.certificate.reason


def test_the_ends_of_the_recording_are_clean_cuts():
    nothing_silent = SilenceMap(MINUTE)

    first, last = certify_ranges([TimeRange(0, MINUTE)], nothing_silent, None)

    assert first.certificate.grade is last.certificate.grade is Grade.CLEAN
    assert (first.certificate.reason, last.certificate.reason) == (
        "the recording starts here",
        "the recording ends here",
    )


def test_a_cut_at_the_edge_of_silence_is_fair():
    assert certify(2_620, Side.IN, BETWEEN, TWO_SENTENCES).certificate.grade is Grade.FAIR


def test_untrusted_words_say_nothing_about_a_cut():
    draft = Transcript("test", "en", TWO_SENTENCES.words, TWO_SENTENCES.sentences, draft=True)
    untimed = Transcript("test", "en", tuple(Word(w.text, w.start_ms, w.end_ms, False) for w in draft.words))

    for transcript in (None, draft, untimed):
        certificate = certify(2_470, Side.IN, BETWEEN, transcript).certificate

        assert certificate.gap_to_word_ms is None
        assert certificate.sentence_boundary is None
        assert certificate.grade is Grade.CLEAN


def test_ranges_are_certified_in_and_out_in_turn():
    cuts = certify_ranges([TimeRange(0, 2_250), TimeRange(2_470, MINUTE)], BETWEEN, TWO_SENTENCES)

    assert [(c.at_ms, c.side) for c in cuts] == [
        (0, Side.IN),
        (2_250, Side.OUT),
        (2_470, Side.IN),
        (MINUTE, Side.OUT),
    ]


def test_snapping_moves_each_edge_to_the_speech_it_keeps():
    silences = silent((9_000, 10_000), (30_000, 31_000))

    assert snap(TimeRange(9_500, 30_600), silences, None) == TimeRange(10_000 - LEAD_MS, 30_000 + TAIL_MS)


def test_snapping_prefers_a_clean_cut_to_a_nearer_one():
    silences = silent((9_000, 10_000), (10_300, 10_400), (30_000, 31_000))

    assert snap(TimeRange(10_350, 30_250), silences, None).start_ms == 10_000 - LEAD_MS


def test_an_edge_with_no_silence_in_reach_stays():
    span = TimeRange(20_000, 40_000)

    assert snap(span, silent((1_000, 2_000)), None) == span


def test_an_edge_deep_in_a_silence_stays():
    silences = silent((10_000, 30_000))

    assert snap(TimeRange(20_000, 40_000), silences, None).start_ms == 20_000


def test_an_edge_past_a_silence_moves_to_its_near_side():
    silences = silent((10_000, 30_000))

    assert snap(TimeRange(1_000, 30_300), silences, None).end_ms == 30_000 - LEAD_MS


@st.composite
def silence_maps(draw: st.DrawFn) -> SilenceMap:
    at = 0
    silences: list[Silence] = []
    for gap, length in draw(st.lists(st.tuples(st.integers(1, 9_000), st.integers(20, 3_000)), max_size=40)):
        silences.append(Silence(at + gap, at + gap + length, -60.0))
        at += gap + length
    return SilenceMap(at + draw(st.integers(1_000, 100_000)), tuple(silences))


@given(silence_maps(), st.data())
def test_snapping_stays_in_the_recording_and_in_reach(silences: SilenceMap, data: st.DataObject):
    start = data.draw(st.integers(0, silences.duration_ms - 1))
    end = data.draw(st.integers(start + 1, silences.duration_ms))

    snapped = snap(TimeRange(start, end), silences, None, reach_ms=800)

    assert 0 <= snapped.start_ms < snapped.end_ms <= silences.duration_ms
    assert abs(snapped.start_ms - start) <= 800 and abs(snapped.end_ms - end) <= 800


@given(silence_maps(), st.data())
def test_alternatives_are_legal_and_mostly_the_same_range(silences: SilenceMap, data: st.DataObject):
    assume(silences.duration_ms > 3_000)
    start = data.draw(st.integers(0, silences.duration_ms - 2_000))
    span = TimeRange(start, data.draw(st.integers(start + 1_000, silences.duration_ms)))
    lengths = Lengths(min_ms=1_000, max_ms=90_000)

    found = alternatives(span, silences, None, lengths)

    assert len(found) <= 4 and len(set(found)) == len(found) and span not in found
    for other in found:
        assert lengths.min_ms <= other.length_ms <= lengths.max_ms
        assert other.end_ms <= silences.duration_ms
        assert 2 * (min(other.end_ms, span.end_ms) - max(other.start_ms, span.start_ms)) >= span.length_ms


def test_alternatives_offer_an_earlier_start_and_a_later_end():
    silences = silent((8_000, 9_000), (14_000, 15_000), (40_000, 41_000), (46_000, 47_000))
    span = TimeRange(15_000 - LEAD_MS, 40_000 + TAIL_MS)

    found = alternatives(span, silences, None, Lengths())

    assert TimeRange(9_000 - LEAD_MS, span.end_ms) in found
    assert TimeRange(span.start_ms, 46_000 + TAIL_MS) in found


def test_a_clip_gets_its_cuts_and_alternatives_together():
    silences = silent((8_000, 9_000), (14_000, 15_000), (40_000, 41_000), (46_000, 47_000))
    span = TimeRange(15_000 - LEAD_MS, 40_000 + TAIL_MS)

    cuts, others = cuts_and_alternatives(span, silences, None, Lengths())

    assert cuts == certify_ranges([span], silences, None)
    assert others == alternatives(span, silences, None, Lengths())


def test_pauses_between_words_replace_unmeasured_silences():
    words = (Word("a", 500, 900), Word("b", 1_000, 1_500), Word("c", 1_700, 2_000))

    found = silences_from_words(words, 2_100)

    assert [(s.start_ms, s.end_ms) for s in found.silences] == [(0, 500), (1_500, 1_700)]


@given(st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 5_000)), max_size=50), st.integers(1, 100_000))
def test_pauses_between_words_make_a_map_whatever_the_times(steps: list[tuple[int, int]], duration_ms: int):
    at = 0
    words: list[Word] = []
    for step, length in steps:
        at += step
        words.append(Word("w", at, at + length))

    found = silences_from_words(words, duration_ms)

    assert found.duration_ms == duration_ms
    for silence in found.silences:
        assert silence.end_ms <= duration_ms
        assert not any(w.start_ms < silence.end_ms and w.end_ms > silence.start_ms for w in words)


def test_without_sentences_the_boundary_is_unknown():
    transcript = Transcript("test", "en", TWO_SENTENCES.words, ())

    assert certify(2_470, Side.IN, BETWEEN, transcript).certificate.sentence_boundary is None


def test_the_sentences_of_the_transcript_decide_not_the_marks():
    one = Transcript("test", "en", TWO_SENTENCES.words, (Sentence(0, 3),))

    assert certify(2_470, Side.IN, BETWEEN, one).certificate.sentence_boundary is False
