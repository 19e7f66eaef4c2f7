"""Which clips are proposed, how many, and what is said about them."""

from __future__ import annotations

import random
import time
from itertools import combinations, pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import selection
from clipper_core.domain.clip import Lengths, Proposal
from clipper_core.domain.cut import Grade, Side
from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Transcript, Word, sentences_of
from clipper_core.stages.cuts.snap import silences_from_words
from clipper_core.stages.selection.propose import propose_clips
from tests.budget import budget

MINUTE = 60_000
SUBJECTS = [
    ["flour", "water", "salt", "yeast", "dough", "oven", "crust", "loaf", "bakery", "sourdough"],
    ["sail", "mast", "harbour", "anchor", "rope", "keel", "deck", "captain", "tide", "rudder"],
    ["pricing", "churn", "revenue", "customers", "invoice", "margin", "discount", "contract", "renewal", "budget"],
]


def recording(minutes: float, seed: int = 1, marked: bool = True) -> tuple[Transcript, SilenceMap]:
    """Somebody who talks about one subject after the other in sentences, with a pause after each."""
    chance = random.Random(seed)
    words: list[Word] = []
    at, end = 300, round(minutes * MINUTE)
    while at < end - 8_000:
        subject = SUBJECTS[at // 150_000 % len(SUBJECTS)]
        texts = ["We", "know", *(chance.choice(subject) for _ in range(chance.randint(4, 14)))]
        for text in [*texts[:-1], texts[-1] + "." * marked]:
            words.append(Word(text, at, at + 300))
            at += 320
        at += chance.choice([400, 600, 900])
    timed = tuple(words)
    transcript = Transcript("test", "en", timed, sentences_of(timed), draft=not marked)
    return transcript, silences_from_words(timed, end)


def assert_well_formed(
    found: tuple[Proposal, ...], silences: SilenceMap, lengths: Lengths, avoid: tuple[TimeRange, ...] = ()
) -> None:
    assert len(found) <= min(12, lengths.most)
    assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)
    for p in found:
        assert lengths.min_ms <= p.span.length_ms <= lengths.max_ms
        assert p.span.end_ms <= silences.duration_ms
        assert 0 < len(p.title) <= 60
        assert p.reasons and all(p.reasons)
        assert [(c.at_ms, c.side) for c in p.cuts] == [(p.span.start_ms, Side.IN), (p.span.end_ms, Side.OUT)]
        assert not any(p.span.overlaps(taken) for taken in avoid)
    assert not any(a.span.overlaps(b.span) for a, b in combinations(found, 2))
    assert len({p.title for p in found}) == len(found)


def test_twenty_minutes_give_four_clean_clips():
    transcript, silences = recording(20)

    found = propose_clips(transcript, silences)

    assert len(found) == 4
    assert_well_formed(found, silences, Lengths())
    for p in found:
        assert all(c.certificate.grade is Grade.CLEAN and c.certificate.sentence_boundary for c in p.cuts)


def test_no_more_clips_are_proposed_than_were_asked_for():
    transcript, silences = recording(30)

    assert len(propose_clips(transcript, silences, Lengths(most=2))) == 2
    assert propose_clips(transcript, silences, Lengths(most=0)) == ()


def test_a_short_recording_gives_one_clip():
    transcript, silences = recording(53 / 60)

    (clip,) = propose_clips(transcript, silences)

    assert_well_formed((clip,), silences, Lengths())


def test_a_short_recording_may_be_one_clip():
    words = tuple(Word(f"word{i}" + "." * (i == 99), 400 * i, 400 * i + 400) for i in range(100))

    (clip,) = propose_clips(Transcript("test", "en", words, sentences_of(words)), SilenceMap(40_000))

    assert clip.span == TimeRange(0, 40_000)
    assert all(c.certificate.grade is Grade.CLEAN for c in clip.cuts)


def test_a_recording_shorter_than_the_shortest_clip_gives_none():
    transcript, silences = recording(15 / 60)

    assert propose_clips(transcript, silences) == ()


def test_silence_alone_gives_no_clips():
    silences = SilenceMap(10 * MINUTE, (Silence(0, 10 * MINUTE),))

    assert propose_clips(None, silences) == ()


def test_a_silence_map_alone_gives_clips_between_its_silences():
    _, silences = recording(20)

    found = propose_clips(None, silences)

    assert len(found) == 4
    assert_well_formed(found, silences, Lengths())
    assert all(c.certificate.grade is Grade.CLEAN for p in found for c in p.cuts)
    assert all(p.title.startswith("Clip at ") for p in found)


def test_a_transcript_without_words_counts_as_none():
    _, silences = recording(20)

    assert propose_clips(Transcript("test", "en"), silences) == propose_clips(None, silences)


def test_a_draft_gives_clips_whose_titles_quote_no_sentence():
    transcript, silences = recording(20, marked=False)

    found = propose_clips(transcript, silences)

    assert len(found) == 4
    assert_well_formed(found, silences, Lengths())
    assert not any("know" in p.title for p in found)
    assert all(c.certificate.sentence_boundary is None for p in found for c in p.cuts)


def test_sound_without_silence_or_words_gives_clips():
    silences = SilenceMap(20 * MINUTE)

    found = propose_clips(None, silences)

    assert len(found) == 4
    assert_well_formed(found, silences, Lengths())


def test_one_endless_sentence_without_a_pause_still_gives_clips():
    words = tuple(Word(f"word{i % 40}", 300 * i, 300 * i + 300) for i in range(2_000))
    silences = SilenceMap(600_000)

    found = propose_clips(Transcript("test", "en", words, sentences_of(words)), silences)

    assert found
    assert_well_formed(found, silences, Lengths())


def test_scattered_speech_gives_a_clip():
    loud = [(m * MINUTE, m * MINUTE + 3_000) for m in range(1, 31)]
    edges = [0, *(t for pair in loud for t in pair), 60 * MINUTE]
    silences = SilenceMap(60 * MINUTE, tuple(Silence(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True)))

    found = propose_clips(None, silences)

    assert found
    assert_well_formed(found, silences, Lengths())


def test_clips_all_of_one_exact_length_can_be_had():
    transcript, silences = recording(20)
    exact = Lengths(min_ms=31_234, max_ms=31_234)

    found = propose_clips(transcript, silences, exact)

    assert found
    assert_well_formed(found, silences, exact)


def test_what_was_already_decided_is_left_alone():
    transcript, silences = recording(20)
    decided = tuple(p.span for p in propose_clips(transcript, silences))

    further = propose_clips(transcript, silences, avoid=decided)

    assert further
    assert_well_formed(further, silences, Lengths(), decided)


def test_nothing_is_proposed_where_everything_was_decided():
    transcript, silences = recording(5)

    assert propose_clips(transcript, silences, avoid=[TimeRange(0, 5 * MINUTE)]) == ()


def test_the_same_material_gives_the_same_clips():
    transcript, silences = recording(20)

    assert propose_clips(transcript, silences) == propose_clips(transcript, silences)


def test_a_sponsor_read_is_passed_over():
    transcript, silences = recording(12)
    advert = ["This", "is", "brought", "to", "you", "by", "Acme", "with", "the", "code", "clip."]
    words = list(transcript.words)
    for p in propose_clips(transcript, silences):
        at = next(i for i, w in enumerate(words) if w.start_ms >= p.span.start_ms + 5_000 and w.text == "We")
        for i, text in enumerate(advert):
            words[at + i] = Word(text, words[at + i].start_ms, words[at + i].end_ms)
    sold = tuple(words)

    found = propose_clips(Transcript("test", "en", sold, sentences_of(sold)), silences)

    heard = [" ".join(w.text for w in sold if p.span.contains(w.start_ms)) for p in found]
    assert heard and not any("brought to you by" in text for text in heard)


def test_a_clip_does_not_begin_with_a_leaning_word():
    transcript, silences = recording(20)
    starts = [s.first_word for s in transcript.sentences]
    leaning = set(starts[::2])
    words = tuple(Word("But", w.start_ms, w.end_ms) if i in leaning else w for i, w in enumerate(transcript.words))

    found = propose_clips(Transcript("test", "en", words, transcript.sentences), silences)

    firsts = [next(w.text for w in words if w.start_ms >= p.span.start_ms) for p in found]
    assert firsts == ["We"] * 4


def test_reasons_state_what_is_there():
    transcript, silences = recording(20)
    words = tuple(
        Word("know?", w.start_ms, w.end_ms) if i + 1 == len(transcript.words) else w
        for i, w in enumerate(transcript.words)
    )

    found = propose_clips(Transcript("test", "en", words, transcript.sentences), silences)

    for p in found:
        assert "Ends on a complete sentence" in p.reasons
        assert "Opens and closes in silence" in p.reasons
        assert "Starts with a question" not in p.reasons
        topic = next((r for r in p.reasons if r.startswith("Stays on one topic: ")), "")
        for term in topic.removeprefix("Stays on one topic: ").split(", "):
            assert term == "" or sum(term in w.text for w in words if p.span.contains(w.start_ms)) >= 2


def test_three_hours_take_well_under_two_seconds():
    transcript, silences = recording(180)
    assert len(transcript.words) > 20_000

    began = time.process_time()
    found = propose_clips(transcript, silences)
    took_s = time.process_time() - began

    assert len(found) == 12
    assert took_s < 2.0


def test_ten_hours_of_short_silences_take_seconds():
    silences = SilenceMap(36_000_000, tuple(Silence(t, t + 300) for t in range(1_000, 35_999_000, 1_000)))

    began = time.process_time()
    found = propose_clips(None, silences)

    assert len(found) == 12
    assert time.process_time() - began < 4.0


@st.composite
def materials(draw: st.DrawFn) -> tuple[Transcript | None, SilenceMap]:
    """Any words, any silences, related or not."""
    at = 0
    silences: list[Silence] = []
    for gap, length in draw(st.lists(st.tuples(st.integers(1, 30_000), st.integers(1, 20_000)), max_size=25)):
        silences.append(Silence(at + gap, at + gap + length, -50.0))
        at += gap + length
    duration_ms = max(at, draw(st.integers(1, 400_000)))
    texts = st.sampled_from(["We", "bread", "bread.", "Why?", "um", "", "…", "And", "sponsor", "a" * 70, "Ünïcode."])
    at = 0
    words: list[Word] = []
    for text, step, length in draw(
        st.lists(st.tuples(texts, st.integers(0, 5_000), st.integers(0, 2_000)), max_size=80)
    ):
        at += step
        words.append(Word(text, at, at + length, draw(st.booleans())))
    timed = tuple(words)
    language = draw(st.sampled_from(["en", "de", ""]))
    transcript = Transcript("test", language, timed, sentences_of(timed), draft=draw(st.booleans()))
    return draw(st.sampled_from([None, transcript])), SilenceMap(duration_ms, tuple(silences))


@settings(max_examples=budget(normal=60, long=150), deadline=None)
@given(materials(), st.integers(1_000, 60_000), st.integers(0, 60_000), st.integers(0, 14), st.data())
def test_any_material_gives_clips_that_keep_every_rule(
    material: tuple[Transcript | None, SilenceMap], min_ms: int, more_ms: int, most: int, data: st.DataObject
):
    transcript, silences = material
    lengths = Lengths(min_ms, min_ms + more_ms, most)
    stretches = st.tuples(st.integers(0, 400_000), st.integers(1, 100_000))
    avoid = tuple(TimeRange(a, a + n) for a, n in data.draw(st.lists(stretches, max_size=4)))

    found = propose_clips(transcript, silences, lengths, avoid=avoid)

    assert_well_formed(found, silences, lengths, avoid)


def test_in_order_of_time_the_clips_are_apart():
    transcript, silences = recording(60)

    spans = sorted(p.span for p in propose_clips(transcript, silences))

    assert len(spans) == 12
    assert all(a.end_ms <= b.start_ms for a, b in pairwise(spans))


def test_labelled_meetings_give_clean_clips_on_one_topic(shared: Path):
    judge, recordings = selection.evaluator(), {}
    for series in ("ami_ES2002", "ami_IS1001"):
        recordings.update(judge.load(str(shared / "eval" / "dev"), series))

    found = selection.figures(judge, recordings, "full")

    assert found["yield"] == found["clean_cut"] == 1.0
    assert found["dangling_start"] <= 0.05
    assert found["topic_cross"] < found["topic_cross_exp"]
    assert found["hl_lift"] > 1.1
