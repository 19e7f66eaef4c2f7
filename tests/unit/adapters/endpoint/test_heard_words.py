"""Answers of speech services, as Clipper's own values."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.adapters.endpoint.answers import Complaint, Completion, Transcription
from clipper_core.adapters.endpoint.heard_words import clean, language_code, words_as_written
from clipper_core.domain.recognised import RecognisedPiece, piece_from_row, piece_to_row
from clipper_core.domain.spending import Spending

KEYS = ["text", "words", "word", "start", "end", "segments", "language", "languages", "code", "usage", "input_tokens"]
tokens = st.text("abcd'-.,", min_size=1, max_size=6)
anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("said", "code"),
    [("english", "en"), ("German", "de"), ("en", "en"), ("en-US", "en"), ("zh_CN", "zh"), ("yue", "yue")]
    + [(said, None) for said in ("", None, "auto", "und", "martian", "12", "e")],
)
def test_languages_are_told_by_their_codes(said: str | None, code: str | None) -> None:
    assert language_code(said) == code


@given(st.text())
def test_clean_text_is_one_line_that_any_table_stores(text: str) -> None:
    shown = clean(text)

    shown.encode("utf-8")
    assert "\0" not in shown
    assert len(shown.splitlines()) <= 1
    assert clean(shown) == shown


def test_marks_and_capitals_come_back_to_words_told_without_them() -> None:
    timed = [("so", 0, 200), ("my", 300, 500), ("fellow", 600, 900), ("americans", 900, 1_500), ("ask", 1_600, 1_900)]

    words = words_as_written("So, my fellow Americans: ask!", timed)

    assert words == (
        ("So,", 0, 200),
        ("my", 300, 500),
        ("fellow", 600, 900),
        ("Americans:", 900, 1_500),
        ("ask!", 1_600, 1_900),
    )


def test_a_word_that_was_told_in_two_gets_the_time_of_both() -> None:
    timed = [("a", 0, 100), ("twenty", 200, 500), ("one", 500, 800), ("year", 900, 1_200)]

    assert words_as_written("a twenty-one year", timed)[1] == ("twenty-one", 200, 800)


def test_a_word_without_a_time_lies_between_its_neighbours() -> None:
    words = words_as_written("one — two", [("one", 0, 400), ("two", 900, 1_300)])

    assert words == (("one", 0, 400), ("—", 400, 900), ("two", 900, 1_300))


def test_where_words_are_not_spaced_the_told_ones_stay() -> None:
    timed = [(c, i * 100, i * 100 + 90) for i, c in enumerate("今天天气很好")]

    assert words_as_written("今天天气很好。", timed) == tuple(timed)


@given(
    st.lists(tokens, max_size=12), st.lists(st.tuples(tokens, st.integers(0, 9_000), st.integers(0, 900)), max_size=12)
)
def test_written_words_are_whole_and_in_order(texts: list[str], heard: list[tuple[str, int, int]]) -> None:
    timed = [(t, a, a + n) for t, a, n in heard]

    words = words_as_written(" ".join(texts), timed)

    assert all(a[1] <= b[1] for a, b in pairwise(words))
    assert all(a <= b for _, a, b in words)
    if heard and 2 * len(texts) >= len(heard):
        told = {t for t, _, _ in timed}
        assert [t for t, _, _ in words if t not in told] == [t for t in texts if t not in told]


@given(
    st.text(max_size=20), st.none() | st.lists(st.tuples(st.text(max_size=4), st.integers(0, 9), st.integers(9, 99)))
)
def test_what_was_heard_is_kept_as_json_and_read_again(text: str, words: list[tuple[str, int, int]] | None) -> None:
    piece = RecognisedPiece(text, None if words is None else tuple(words), "en", Spending(1, 2, 3, 4, 0.5))

    assert piece_from_row(json.loads(json.dumps(piece_to_row(piece)))) == piece


def test_words_are_read_with_their_times_inside_the_piece() -> None:
    words = [{"word": "Hi", "start": -0.1, "end": 0.38}, {"word": "there", "start": 0.4, "end": 99.0}]
    said = Transcription.model_validate({"text": "Hi there.", "words": words, "language": "english"})

    assert said.heard(2_000) == RecognisedPiece("Hi there.", (("Hi", 0, 380), ("there.", 400, 2_000)), "en")


def test_words_inside_segments_are_read_too() -> None:
    segments = [
        {"words": [{"word": " Hi", "start": 0.1, "end": 0.4}]},
        {"words": [{"word": " you", "start": 1, "end": 2}]},
    ]
    said = Transcription.model_validate({"text": "Hi you", "segments": segments})

    assert said.heard(2_000).words == (("Hi", 100, 400), ("you", 1_000, 2_000))


@pytest.mark.parametrize("words", ["none", [{"word": "Hi"}], [{"word": "Hi", "start": float("nan"), "end": 1}], [], {}])
def test_times_that_make_no_sense_leave_the_text(words: Any) -> None:
    said = Transcription.model_validate({"text": "Hi there.", "words": words})

    assert said.heard(2_000) == RecognisedPiece("Hi there.", None, None)


@given(anything)
def test_whatever_is_answered_is_read_or_refused(value: Any) -> None:
    try:
        heard = Transcription.model_validate(value).heard(1_000)
    except ValueError:
        return

    assert all(0 <= a <= b <= 1_000 and t for t, a, b in heard.words or ())


@given(st.binary(max_size=60) | anything.map(lambda v: json.dumps(v).encode()))
def test_whatever_an_error_says_becomes_a_sentence(body: bytes) -> None:
    assert isinstance(Complaint.read(body).text, str)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"error": {"message": "No such model", "code": "model_not_found"}}, "No such model"),
        ({"error": "model is loading"}, "model is loading"),
        ({"detail": "Not Found"}, "Not Found"),
        ({"message": "quota"}, "quota"),
        ({"detail": [{"loc": ["file"]}]}, '[{"loc": ["file"]}]'),
    ],
)
def test_errors_of_many_servers_are_understood(body: dict[str, Any], text: str) -> None:
    assert Complaint.read(json.dumps(body).encode()).text == text


def test_a_page_in_place_of_an_answer_is_called_one() -> None:
    assert Complaint.read(b"<!DOCTYPE html><html>lots of it").text == "a web page in place of an answer"


@pytest.mark.parametrize(
    "choices",
    [[], [{}], [{"message": {}}], [{"message": {"content": ""}}], [{"message": {"content": [1]}}], None, "text"],
)
def test_an_answer_of_neither_text_nor_refusal_is_none(choices: Any) -> None:
    with pytest.raises(ValueError):
        Completion.model_validate({"choices": choices}).answer()


def test_a_filtered_answer_is_a_refusal() -> None:
    said = Completion.model_validate({"choices": [{"message": {"content": None}, "finish_reason": "content_filter"}]})

    assert "filter" in (said.answer().refusal or "")
