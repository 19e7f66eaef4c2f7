"""Clips chosen by a language model: what it is asked, and what becomes of whatever it answers."""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import selection
from clipper_core.domain.clip import Lengths
from clipper_core.domain.cut import Grade
from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Transcript, Word, sentences_of
from clipper_core.errors import PieceTooLarge, ServiceAnswerUnusable, ServiceKeyRefused
from clipper_core.stages.cuts.snap import silences_from_words
from clipper_core.stages.selection.ask import ChatSelection
from clipper_core.stages.selection.place import REACH_MS
from clipper_core.stages.selection.propose import propose_clips
from tests.budget import budget
from tests.unit.stages.selection.asked_chats import (
    MINUTE,
    Chat,
    Reader,
    Said,
    ask,
    assert_well_formed,
    clip,
    clips,
    talk,
)

# -- what is asked


# -- long recordings


def test_a_long_recording_is_asked_about_in_parts():
    reader = Reader(lambda n: clips(clip(n[0], n[0] + 5, 90), clip(n[20], n[25], 40 + n[0] % 7)))

    found = ask(reader, talk(60), max_words=2_000)

    assert [n for numbers in reader.asked for n in numbers] == list(range(1, 721))
    assert len(reader.asked) >= 3
    assert all(8 * len(numbers) <= 2_000 for numbers in reader.asked)
    assert len(found.proposals) == 2 * len(reader.asked)
    assert found.notes == ()


def test_each_part_is_asked_for_its_share_and_a_few_more():
    reader = Reader(lambda n: clips(clip(n[0], n[0] + 5)))

    ask(reader, talk(60), max_words=2_000)

    assert all(12 / len(reader.wanted) <= n <= 12 / len(reader.wanted) + 4 for n in reader.wanted)


def test_of_all_parts_together_the_best_are_taken():
    reader = Reader(lambda n: clips(clip(n[0], n[0] + 5, n[0] % 97), clip(n[20], n[25], 98 if n[0] == 1 else 1)))

    found = ask(reader, talk(60), Lengths(most=3), max_words=2_000)

    scores = sorted([98, *(numbers[0] % 97 for numbers in reader.asked)], reverse=True)
    assert [p.score for p in found.proposals] == [score / 100 for score in scores[:3]]


def test_a_part_without_a_clip_is_no_fault():
    reader = Reader(lambda n: clips(clip(n[0], n[0] + 5)) if n[0] == 1 else clips())

    found = ask(reader, talk(60), max_words=2_000)

    assert len(found.proposals) == 1
    assert found.notes == ()


def test_an_unusable_part_is_noted_and_others_count():
    reader = Reader(lambda n: clips(clip(n[0], n[0] + 5)) if n[0] > 1 else "no")

    found = ask(reader, talk(60), max_words=2_000)

    assert found.proposals and found.proposals[0].span.start_ms > 5 * MINUTE
    (note,) = found.notes
    assert note.startswith("What the language model answered about 0:00 to ")
    assert note.endswith("could not be used: it was not in the form that was asked for.")


def test_a_decided_part_is_not_asked_about():
    reader = Reader(lambda n: clips(clip(n[0], n[0] + 5)))
    ask(reader, talk(60), max_words=2_000)
    parts = len(reader.asked)

    reader = Reader(lambda n: clips(clip(n[-1] - 10, n[-1] - 5)))
    ask(reader, talk(60), max_words=2_000, avoid=[TimeRange(0, 30 * MINUTE)])

    assert len(reader.asked) < parts


def test_a_smaller_service_is_asked_about_less():
    class Small(Reader):
        def __call__(self, messages: Sequence[dict[str, str]], schema_name: str, schema: dict[str, Any]) -> Said:
            if len(messages[1]["content"]) > 40_000:
                raise PieceTooLarge
            return super().__call__(messages, schema_name, schema)

    reader = Small(lambda n: clips(clip(n[0], n[0] + 5)))

    found = ask(reader, talk(60))

    assert [n for numbers in reader.asked for n in numbers] == list(range(1, 721))
    assert len(found.proposals) == len(reader.asked) > 1


def test_a_service_that_reads_too_little_is_refused():
    chat = Chat([PieceTooLarge()] * 20)

    with pytest.raises(PieceTooLarge):
        ask(chat, talk(60))

    assert len(chat.asked) < 10


# -- what a good answer becomes


def test_a_good_answer_becomes_clips_best_first():
    material = talk(20)
    chat = Chat([clips(clip(3, 10, 60), clip(50, 58, 90, title="Dough rises", reasons=["Asks why", "Says why"]))])

    found = ask(chat, material)

    assert_well_formed(found.proposals, material[1], Lengths())
    assert found.notes == ()
    best, other = found.proposals
    assert (best.title, best.reasons) == ("Dough rises", ("Asks why", "Says why"))
    assert best.span == TimeRange(49 * 5_000 - 150, 57 * 5_000 + 4_000 + 250)
    assert other.span == TimeRange(2 * 5_000 - 150, 9 * 5_000 + 4_000 + 250)
    for p in found.proposals:
        assert all(c.certificate.grade is Grade.CLEAN and c.certificate.sentence_boundary for c in p.cuts)
        assert p.alternatives
    assert len(chat.asked) == 1


def test_the_same_cuts_are_found_as_without_a_model():
    transcript, silences = talk(20)
    offline = propose_clips(transcript, silences)
    starts = {w.start_ms - 150: i // 8 + 1 for i, w in enumerate(transcript.words) if i % 8 == 0}
    named = [clip(starts[p.span.start_ms], starts[p.span.start_ms] + p.span.length_ms // 5_000) for p in offline]

    found = ask(Chat([clips(*named)]), (transcript, silences))

    assert {p.span for p in found.proposals} == {p.span for p in offline}
    assert {p.cuts for p in found.proposals} == {p.cuts for p in offline}
    assert {p.alternatives for p in found.proposals} == {p.alternatives for p in offline}


def test_no_more_clips_come_back_than_were_asked_for():
    named = [clip(k, k + 5, k % 100) for k in range(1, 200, 10)]

    assert len(ask(Chat([clips(*named)]), talk(20), Lengths(most=2)).proposals) == 2
    assert len(ask(Chat([clips(*named)]), talk(20)).proposals) == 4


@pytest.mark.parametrize(
    "around", ["```json\n{}\n```", "Here are the clips:\n{}\nI hope they help.", "\ufeff{}", "  {}\n\n"]
)
def test_text_around_the_json_is_ignored(around: str):
    chat = Chat([around.replace("{}", clips(clip(3, 10)))])

    assert len(ask(chat, talk(20)).proposals) == 1
    assert len(chat.asked) == 1


def test_of_two_clips_that_overlap_the_better_stays():
    chat = Chat([clips(clip(3, 10, 40), clip(5, 12, 90))])

    (p,) = ask(chat, talk(20)).proposals

    assert p.title == "From 5 to 12"


def test_neighbours_are_both_kept():
    found = ask(Chat([clips(clip(3, 10, 40), clip(11, 18, 90))]), talk(20))

    assert len(found.proposals) == 2


def test_a_clip_on_decided_ranges_is_left_out():
    material, avoid = talk(20), (TimeRange(0, 60_000),)

    found = ask(Chat([clips(clip(3, 10), clip(30, 38))]), material, avoid=avoid)

    assert_well_formed(found.proposals, material[1], Lengths(), avoid)
    assert [p.title for p in found.proposals] == ["From 30 to 38"]
    assert found.notes == ("Left out, as against the rules: 1 of what the language model chose.",)


def test_scores_off_the_scale_are_brought_back_to_it():
    found = ask(Chat([clips(clip(3, 10, 1e300), clip(30, 38, -5))]), talk(20))

    assert [p.score for p in found.proposals] == [1.0, 0.0]


def test_empty_or_repeated_titles_are_replaced():
    found = ask(
        Chat([clips(clip(3, 10, title="\u200f…\n"), clip(30, 38, title="Bread"), clip(50, 58, title="bread"))]),
        talk(20),
    )

    titles = {p.title for p in found.proposals}
    assert len(titles) == 3 and "Bread" in titles
    assert sum(t.startswith("Bakers know") for t in titles) == 2


def test_empty_reasons_are_replaced():
    (p,) = ask(Chat([clips(clip(3, 10, reasons=[" ", "\x07"]))]), talk(20)).proposals

    assert "Ends on a complete sentence" in p.reasons


def test_silence_inside_a_clip_is_said():
    first, _ = talk(1)
    words = tuple(
        Word(w.text, w.start_ms + 8_000 * (w.start_ms >= 30_000), w.end_ms + 8_000 * (w.start_ms >= 30_000))
        for w in first.words
    )

    (p,) = ask(
        Chat([clips(clip(3, 10))]),
        (Transcript("test", "en", words, sentences_of(words)), silences_from_words(words, 68_000)),
    ).proposals

    assert p.reasons == ("Opens with bread", "But 9 s of silence inside")


# -- answers that can't be used


BAD = {
    "not JSON": Said("I would choose the part about bread."),
    "nothing": Said(""),
    "another form": Said('{"segments": []}'),
    "clips of another kind": Said('{"clips": "none"}'),
    "a clip without numbers": Said(clips({"title": "Bread", "reasons": [], "score": 3})),
    "a clip that is no object": Said('{"clips": [3]}'),
    "a score that is no number": Said(clips(clip(3, 10)).replace("80", "NaN")),
    "half an answer": Said('{"clips": [{"first_sentence": 3, "last_sen', cut_short=True),
    "an answer said to be cut": Said(clips(clip(3, 10)), cut_short=True),
    "nesting without end": Said('{"clips": ' + "[" * 100_000),
    "half a character": Said('{"clips": ["\ud83d"]}'),
    "numbers that do not exist": Said(clips(clip(700, 710))),
    "a number too large for any sentence": Said(clips(clip(3, 10**400))),
    "a negative number": Said(clips(clip(-3, 10))),
    "an end before its beginning": Said(clips(clip(20, 10))),
    "clips that are far too long": Said(clips(clip(3, 60))),
    "clips that are far too short": Said(clips(clip(3, 3))),
}
UNUSABLE = {name: said for name, said in BAD.items() if name not in ("an answer said to be cut",)}


@pytest.mark.parametrize("said", BAD.values(), ids=BAD.keys())
def test_an_unusable_answer_is_asked_for_again(said: Said):
    chat = Chat([said, clips(clip(3, 15))])

    found = ask(chat, talk(20), Lengths(40_000, 90_000))

    assert [p.title for p in found.proposals] == ["From 3 to 15"]
    assert len(chat.asked) == 2
    assert found.notes == ("The language model's first answer could not be used, so it was asked once more.",)


@pytest.mark.parametrize("said", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_second_unusable_answer_is_an_error(said: Said):
    chat = Chat([said, said, clips(clip(3, 15))])

    with pytest.raises(ServiceAnswerUnusable, match="could not be used, even when it was asked again: it") as caught:
        ask(chat, talk(20), Lengths(40_000, 90_000))

    assert len(chat.asked) == 2
    assert caught.value.detail and len(caught.value.detail) <= 2_000
    caught.value.detail.encode()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (Said(clips(clip(700, 710))), "Clip 1 names a sentence that does not exist: they are numbered 1 to 240."),
        (Said(clips(clip(3, 60))), r"Clip 1 \(sentences 3 to 60\) lasts 289 seconds; at most 90 are allowed."),
        (Said("Bread."), "It is not the JSON that was asked for"),
        (Said('{"clips": [', cut_short=True), "It broke off. Answer with fewer clips"),
        (
            Said(clips(clip(3, 10), {"first_sentence": "three"})),
            "Clip 2 is not in the form that was asked for: first_s",
        ),
    ],
)
def test_the_second_request_names_the_problems(said: Said, told: str):
    chat = Chat([said, clips(clip(3, 10))])

    ask(chat, talk(20))

    before, again = chat.asked
    assert again[: len(before)] == before
    assert again[len(before)] == {"role": "assistant", "content": said.text}
    assert re.search(told, again[-1]["content"])


def test_an_empty_answer_is_not_said_back():
    chat = Chat(["", clips(clip(3, 10))])

    ask(chat, talk(20))

    assert [m["role"] for m in chat.asked[1]] == ["system", "user", "user"]


def test_the_better_of_two_answers_counts():
    chat = Chat([clips(clip(3, 10), clip(700, 710)), "no"])

    found = ask(chat, talk(20))

    assert [p.title for p in found.proposals] == ["From 3 to 10"]
    assert len(found.notes) == 2


def test_a_model_that_declines_is_not_asked_again():
    chat = Chat([Said(refusal="I can't help with that."), clips(clip(3, 10))])

    with pytest.raises(ServiceAnswerUnusable, match="The language model declined") as caught:
        ask(chat, talk(20))

    assert caught.value.detail == "I can't help with that."
    assert len(chat.asked) == 1


def test_a_model_that_finds_nothing_is_not_asked_again():
    chat = Chat([clips(), clips(clip(3, 10))])

    with pytest.raises(ServiceAnswerUnusable, match="found nothing in this recording"):
        ask(chat, talk(20))

    assert len(chat.asked) == 1


def test_a_service_that_fails_is_left_to_the_caller():
    with pytest.raises(ServiceKeyRefused):
        ask(Chat([ServiceKeyRefused()]), talk(20))
    with pytest.raises(ServiceKeyRefused):
        ask(Chat(["no", ServiceKeyRefused()]), talk(20))


def test_without_room_for_a_clip_nothing_is_asked():
    chat = Chat([])

    assert ask(chat, talk(0.25)) == ChatSelection()
    assert ask(chat, talk(20), Lengths(most=0)) == ChatSelection()
    assert ask(chat, talk(20), avoid=[TimeRange(0, 20 * MINUTE)]) == ChatSelection()
    assert chat.asked == []


def test_without_speech_nothing_is_asked():
    chat = Chat([])

    with pytest.raises(ServiceAnswerUnusable, match="too little speech"):
        ask(chat, (Transcript("test", "en"), SilenceMap(MINUTE)))

    assert chat.asked == []


def test_progress_rises_by_part_and_can_stop():
    seen: list[float] = []
    reader = Reader(lambda n: clips(clip(n[0], n[0] + 5)))

    ask(reader, talk(60), max_words=2_000, progress=seen.append)

    assert seen[0] == 0 and seen[-1] == 1 and all(a < b for a, b in pairwise(seen))

    class Stopped(Exception):
        pass

    def stop(_: float) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        ask(reader, talk(60), progress=stop)


# -- whatever comes

Json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
Clips = st.fixed_dictionaries(
    {
        "first_sentence": st.integers(-2, 70),
        "last_sentence": st.integers(-2, 70),
        "title": st.text(max_size=150),
        "reasons": st.lists(st.text(max_size=260), max_size=5),
        "score": st.integers(-10, 200) | st.floats(0, 100),
    }
)
NearlyClips = st.builds(lambda c, k, v: {**c, k: v}, Clips, st.sampled_from(["title", "score", "last_sentence"]), Json)
Answers = (
    st.lists(Clips, max_size=12).map(lambda c: json.dumps({"clips": c}))
    | st.lists(Clips | NearlyClips, max_size=12).map(lambda c: json.dumps({"clips": c}))
    | Json.map(json.dumps)
    | st.text(max_size=60)
)


@st.composite
def materials(draw: st.DrawFn) -> tuple[Transcript, SilenceMap]:
    """Any words, any silences, related or not."""
    at, silences = 0, []
    for gap, length in draw(st.lists(st.tuples(st.integers(1, 20_000), st.integers(1, 4_000)), max_size=25)):
        silences.append(Silence(at + gap, at + gap + length, -50.0))
        at += gap + length
    duration_ms = max(at, draw(st.integers(60_000, 300_000)))
    texts = st.sampled_from(["We", "bread", "bread.", "Why?", "um", "", "…", "And", "a" * 70, "Ünïcode.", "\ud800"])
    at, words = 0, []
    for text, step, length in draw(
        st.lists(st.tuples(texts, st.integers(0, 4_000), st.integers(0, 2_000)), min_size=1, max_size=80)
    ):
        at += step
        words.append(Word(text, at, at + length, draw(st.booleans())))
    timed = tuple(words)
    draft = draw(st.booleans())
    return Transcript("test", "en", timed, sentences_of(timed), draft), SilenceMap(duration_ms, tuple(silences))


@settings(max_examples=budget(normal=80, long=200), deadline=None)
@given(materials(), st.integers(2_000, 30_000), st.integers(0, 60_000), st.integers(0, 14), Answers, Answers, st.data())
def test_any_answer_gives_legal_clips_or_a_reason(
    material: tuple[Transcript, SilenceMap],
    min_ms: int,
    more_ms: int,
    most: int,
    first: str,
    second: str,
    data: st.DataObject,
):
    lengths = Lengths(min_ms, min_ms + more_ms, most)
    stretches = st.tuples(st.integers(0, 300_000), st.integers(1, 50_000))
    avoid = tuple(TimeRange(a, a + n) for a, n in data.draw(st.lists(stretches, max_size=3)))
    chat = Chat([Said(first, cut_short=data.draw(st.booleans())), second])

    try:
        found = ask(chat, material, lengths, avoid=avoid).proposals
    except ServiceAnswerUnusable as error:
        assert error.message
        return

    if chat.asked:
        assert_well_formed(found, material[1], lengths, avoid)
    else:
        assert found == ()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 100), st.integers(3, 17)), min_size=1, max_size=8))
def test_with_pauses_everywhere_cuts_are_clean_and_near(
    named: list[tuple[int, int]],
):
    material = talk(20)
    wished = [clip(first, first + more, 90 - place) for place, (first, more) in enumerate(named)]

    found = ask(Chat([clips(*wished)]), material).proposals

    assert_well_formed(found, material[1], Lengths())
    for p in found:
        assert all(c.certificate.grade is Grade.CLEAN and c.certificate.sentence_boundary for c in p.cuts)
        near = [(abs(5_000 * (a - 1) - p.span.start_ms), abs(5_000 * (a + n) - p.span.end_ms)) for a, n in named]
        assert min(max(pair) for pair in near) <= REACH_MS + 1_000


# -- real talk


@pytest.mark.parametrize("name", ["ami_ES2002a", "ami_IS1001b", "btc_bitcoin-explained-acc"])
def test_real_talk_gives_clips_that_keep_every_rule(shared: Path, name: str):
    judge = selection.evaluator()
    recording = next(iter(judge.load(str(shared / "eval" / "dev"), name).values()))
    transcript, silences = selection.visible(recording, "full")
    assert transcript is not None
    chance = random.Random(3)

    def choice(numbers: list[int]) -> str:
        starts = [chance.choice(numbers[:-30]) for _ in range(20)]
        return clips(*(clip(n, n + chance.randint(5, 20), chance.randint(0, 100)) for n in starts))

    found = ask(Reader(choice), (transcript, silences))

    assert_well_formed(found.proposals, silences, Lengths())
    assert len(found.proposals) >= 3
    ends = [c.certificate.sentence_boundary for p in found.proposals for c in p.cuts]
    assert all(ends)


def test_an_hour_of_talk_fits_into_thirty_thousand_tokens(shared: Path):
    judge = selection.evaluator()
    for name in ("ami_IS1001b", "btc_bitcoin-explained-acc"):
        recording = next(iter(judge.load(str(shared / "eval" / "dev"), name).values()))
        transcript, silences = selection.visible(recording, "full")
        assert transcript is not None
        chat = Chat([clips(clip(3, 10))] * 2)

        ask(chat, (transcript, silences), Lengths(1_000, 300_000))

        tokens = math.ceil(sum(len(m["content"]) for m in chat.asked[0]) / 4)
        assert tokens < 30_000 * silences.duration_ms / 3_600_000 + 1_000
