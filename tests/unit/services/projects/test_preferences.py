"""Preferences for a recording: which are accepted, and how they are stored."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.clip import Lengths
from clipper_core.errors import BadSettings
from clipper_core.services.projects.preferences import checked_preferences, with_defaults

LENGTHS_S = st.integers(1_000, 3_600_000).map(lambda ms: ms / 1000)


def test_without_preferences_everything_is_as_usual() -> None:
    usual = Lengths()

    assert checked_preferences({}) == {
        "min_ms": usual.min_ms,
        "max_ms": usual.max_ms,
        "track": 0,
        "language": "auto",
    }


@given(LENGTHS_S, LENGTHS_S, st.integers(1, 200), st.integers(0, 63), st.booleans())
def test_preferences_in_range_are_stored_in_milliseconds(
    one_s: float, other_s: float, most: int, track: int, as_text: bool
) -> None:
    low, high = sorted((one_s, other_s))
    sent: dict[str, Any] = {"min_s": low, "max_s": high, "most": most, "track": track, "language": " DE-at "}

    checked = checked_preferences({k: str(v) for k, v in sent.items()} if as_text else sent)

    assert checked == {
        "min_ms": round(low * 1000),
        "max_ms": round(high * 1000),
        "track": track,
        "most": most,
        "language": "de-at",
    }


@pytest.mark.parametrize(
    ("preferences", "sentence"),
    [
        ({"min_s": "x"}, "numbers of seconds"),
        ({"max_s": "nan"}, "numbers of seconds"),
        ({"max_s": "1e999"}, "numbers of seconds"),
        ({"most": "some"}, "numbers of seconds"),
        ({"min_s": 90, "max_s": 20}, "not be longer"),
        ({"min_s": 0.9}, "one second to an hour"),
        ({"max_s": 3600.1}, "one second to an hour"),
        ({"most": 0}, "between 1 and 200"),
        ({"most": 201}, "between 1 and 200"),
        ({"track": 64}, "a track the recording has"),
        ({"track": -1}, "a track the recording has"),
    ],
)
def test_preferences_that_can_not_be_met_are_refused(preferences: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadSettings, match=sentence):
        checked_preferences(preferences)


@pytest.mark.parametrize("language", ["", "e n", "../en", "de;drop"])
def test_a_language_of_other_signs_means_auto(language: str) -> None:
    assert checked_preferences({"language": language})["language"] == "auto"


def test_sent_preferences_override_the_shows_defaults() -> None:
    defaults = {"language": "de", "min_s": 10, "reviewers": ["Ana"]}

    assert with_defaults({"min_s": "30", "title": "T"}, defaults) == {"language": "de", "min_s": "30", "title": "T"}
