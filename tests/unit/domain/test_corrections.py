"""Corrections of a transcript change their own words and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.corrections import Edit, Replacement, correct, replace_everywhere, words_of
from clipper_core.domain.transcript import Sentence, Transcript, Word, sentences_of
from clipper_core.errors import BadWord, WordChanged


def said(text: str) -> Transcript:
    """A word a second, each 0.8 s long."""
    words = tuple(Word(t, 1000 * i, 1000 * i + 800) for i, t in enumerate(text.split()))
    return Transcript("captions", "en", words, sentences_of(words))


def read(transcript: Transcript) -> str:
    return " ".join(w.text for w in transcript.words)


def sentences(transcript: Transcript) -> list[str]:
    return [transcript.text(s) for s in transcript.sentences]


def test_a_word_put_right_keeps_its_time() -> None:
    transcript = said("Hello Mr Smyth. Welcome.")

    corrected, changed = correct(transcript, [Edit(2, "Smyth.", "Smith.")])

    assert (read(corrected), changed) == ("Hello Mr Smith. Welcome.", 1)
    assert corrected.words[2] == Word("Smith.", 2000, 2800)
    assert corrected.sentences == transcript.sentences


def test_a_word_that_changed_meanwhile_is_refused() -> None:
    with pytest.raises(WordChanged):
        correct(said("Hello Ann"), [Edit(1, "Anne", "Anna")])
    with pytest.raises(WordChanged):
        correct(said("Hello Ann"), [Edit(2, "Ann", "Anna")])


def test_one_word_corrected_into_two_divides_its_time() -> None:
    corrected, _ = correct(said("in Newyorks today"), [Edit(1, "Newyorks", "New Yorks.")])

    assert corrected.words[1:3] == (Word("New", 1000, 1266), Word("Yorks.", 1266, 1800))
    assert corrected.words[3] == Word("today", 2000, 2800)


def test_two_words_corrected_into_one_join_their_times() -> None:
    corrected, _ = correct(said("some thing else."), [Edit(0, "some thing", "Something")])

    assert corrected.words[0] == Word("Something", 0, 1800)
    assert sentences(corrected) == ["Something else."]


@pytest.mark.parametrize("text", ["", "  ", "\u200f", "\x00\n", "a" * 201, "a " * 21, "\u200d"])
def test_an_unstorable_word_is_refused(text: str) -> None:
    with pytest.raises(BadWord):
        correct(said("Hello Ann"), [Edit(1, "Ann", text)])


def test_a_word_is_stored_without_invisible_characters() -> None:
    assert words_of(" a\u202eb\x07c\u00a0d  ") == ("ab", "c", "d")
    assert words_of("می\u200cخواهم") == ("می\u200cخواهم",)


@pytest.mark.parametrize(
    ("text", "find", "new", "expected", "times"),
    [
        ("Smyth, said Smyth's wife to “Smyth.”", "Smyth", "Smith", "Smith, said Smith's wife to “Smith.”", 3),
        ("smyth Smythe Smyth-Jones McSmyth", "Smyth", "Smith", "smyth Smythe Smyth-Jones McSmyth", 0),
        ("in new york, in New York's heart", "New York", "Boston", "in new york, in Boston's heart", 1),
        ("Boston. And Boston's own", "Boston", "New York", "New York. And New York's own", 2),
        ("the new, york and new york", "new york", "town", "the new, york and town", 1),
        ("C, C++, C# and (C)", "C", "D", "D, C++, C# and (D)", 2),
        ("ha ha ha", "ha ha", "hoho", "hoho ha", 1),
        ("Smyth’s Smyth’", "Smyth", "Jones", "Jones’s Jones’", 2),
        ("cafe\u0301 life", "caf\u00e9", "bar", "bar life", 1),
    ],
)
def test_a_replaced_name_keeps_its_punctuation(text: str, find: str, new: str, expected: str, times: int) -> None:
    replaced, changed = replace_everywhere(said(text), Replacement(find, new))

    assert (read(replaced), changed) == (expected, times)


def test_a_longer_name_keeps_sentences_intact() -> None:
    replaced, _ = replace_everywhere(said("This is Ann. Ann runs. She is fast."), Replacement("Ann", "Ann Marie Lee"))

    assert sentences(replaced) == ["This is Ann Marie Lee.", "Ann Marie Lee runs.", "She is fast."]


def test_a_name_never_spans_two_sentences() -> None:
    words = said("we met Ann Lee came").words
    transcript = Transcript("x", "en", words, (Sentence(0, 2), Sentence(3, 4)))

    assert replace_everywhere(transcript, Replacement("Ann Lee", "Anneli")) == (transcript, 0)


@pytest.mark.parametrize("find", ["", "  ", ",", "…"])
def test_only_words_are_searched_for(find: str) -> None:
    with pytest.raises(BadWord):
        replace_everywhere(said("Hello, Ann"), Replacement(find, "x"))


VOCABULARY = ["ann", "Ann", "Ann,", "Ann's", "“Ann", "Lee", "Lee.", "lee?", "and", "…", "x"]


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    """Words in order, some of them overlapping or without length; sentences by what was written."""
    starts = sorted(draw(st.lists(st.integers(0, 60_000), min_size=1, max_size=40)))
    words = tuple(
        Word(draw(st.sampled_from(VOCABULARY)), s, s + draw(st.integers(0, 3_000)), draw(st.booleans())) for s in starts
    )
    return Transcript("x", "en", words, sentences_of(words))


FINDS = st.sampled_from(["Ann", "Lee", "Ann Lee", "and", "Ann Lee Ann"])
NEWS = st.sampled_from(["Anna", "Lee", "Anna Maria", "A B C D", "Zoë"])


@given(transcripts(), FINDS, NEWS)
def test_a_replacement_moves_nothing_else(before: Transcript, find: str, new: str) -> None:
    after, times = replace_everywhere(before, Replacement(find, new))

    grown = len(after.words) - len(before.words)
    assert grown == times * (len(new.split()) - len(find.split())) or new == find
    kept = [w for w in before.words if not any(part in w.text for part in find.split())]
    assert [w for w in after.words if w in kept] == kept or new in VOCABULARY
    assert len(after.sentences) == len(before.sentences)
    covered = [i for s in after.sentences for i in range(s.first_word, s.last_word + 1)]
    assert covered == list(range(len(after.words)))
    for was, now in zip(before.sentences, after.sentences, strict=True):
        old, fresh = before.text(was), after.text(now)
        assert old == fresh or new.split()[0] in fresh
        assert before.words[was.first_word].start_ms == after.words[now.first_word].start_ms
        assert before.words[was.last_word].text[-1:] == after.words[now.last_word].text[-1:] or old != fresh
    assert [w.start_ms for w in after.words] == sorted(w.start_ms for w in after.words)


@given(transcripts(), st.data())
def test_a_reverted_correction_restores_the_transcript(before: Transcript, data: st.DataObject) -> None:
    chosen = data.draw(st.sets(st.integers(0, len(before.words) - 1), min_size=1))
    edits = [Edit(i, before.words[i].text, f"new{i}") for i in sorted(chosen)]

    after, changed = correct(before, edits)
    back, _ = correct(after, [Edit(e.index, e.text, e.was) for e in edits])

    assert changed == len(chosen)
    times = [(w.start_ms, w.end_ms, w.timed) for w in before.words]
    assert [(w.start_ms, w.end_ms, w.timed) for w in after.words] == times
    assert after.sentences == before.sentences
    assert back == before


@given(transcripts(), st.data())
def test_corrections_of_any_length_keep_the_time(before: Transcript, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(before.words) - 1))
    end = data.draw(st.integers(first + 1, min(len(before.words), first + 4)))
    texts = data.draw(st.lists(st.sampled_from(["one", "three", "i"]), min_size=1, max_size=6))
    was = " ".join(w.text for w in before.words[first:end])

    after, _ = correct(before, [Edit(first, was, " ".join(texts))])

    assert after.words[:first] == before.words[:first]
    assert after.words[first + len(texts) :] == before.words[end:]
    new = after.words[first : first + len(texts)]
    assert [w.text for w in new] == texts
    assert new[0].start_ms == before.words[first].start_ms
    assert max(w.end_ms for w in new) == max(w.end_ms for w in before.words[first:end])
