"""Titles from a clip's own words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.time_range import TimeRange
from clipper_core.stages.cuts.snap import certify_ranges
from clipper_core.stages.selection.features import features_of
from clipper_core.stages.selection.name import Name, clock_title, name_clips, shortened, without_lead_in


def test_a_title_drops_what_only_leads_in():
    assert without_lead_in(["So,", "um,", "you", "know,", "the", "the", "first", "hire", "changed", "everything."]) == (
        ["the", "first", "hire", "changed", "everything."]
    )


def test_a_long_sentence_is_shortened_at_a_clause():
    text = "The first hire changed everything, because until then we had done all of it on our own"

    assert shortened(text.split()) == "The first hire changed everything"


def test_a_question_keeps_its_mark():
    assert shortened(["who", "pays", "for", "it?"]) == "Who pays for it?"


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1, max_size=30), max_size=30)
)
def test_a_title_is_short_and_of_whole_words(words: list[str]):
    title = shortened(words)

    assert len(title) <= 60
    whole = {w.casefold() for w in " ".join(words).split()}
    for word in title.removesuffix("…").split()[1:-1]:
        assert word.casefold() in whole


def test_a_clock_title_shows_hours_from_one_on():
    assert clock_title(TimeRange(723_000, 800_000)) == "Clip at 12:03"
    assert clock_title(TimeRange(3_723_000, 3_800_000)) == "Clip at 1:02:03"


def test_a_long_silence_inside_is_warned_of_last():
    silences, span = SilenceMap(60_000, (Silence(20_000, 27_000),)), TimeRange(5_000, 50_000)
    cuts = certify_ranges([span], silences, None)

    for preferred in ((), (Name("Bread", ("It is about bread",)),)):
        (name,) = name_clips([span], [cuts], features_of(None, silences), preferred)

        assert name.reasons[-1] == "But 7 s of silence inside"
        assert len(name.reasons) == 2
