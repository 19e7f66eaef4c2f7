"""Keys and passwords never get past the scrubber, however a service writes them."""

from __future__ import annotations

import base64
import json
import string
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.adapters.endpoint.scrubbing import RUN, Scrubber

KEY = "sk-proj-aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3z-Test"
keys = st.text(string.ascii_letters + string.digits + "-_", min_size=RUN, max_size=80)
noise = st.text(max_size=60)


@given(keys, noise, noise)
def test_a_whole_key_is_never_left(key: str, before: str, after: str) -> None:
    shown = Scrubber([key]).scrub(f"{before}{key}{after}")

    assert key not in shown


@given(keys, st.data(), noise, noise)
def test_no_longer_part_of_a_key_is_left(key: str, data: st.DataObject, before: str, after: str) -> None:
    first = data.draw(st.integers(0, len(key) - RUN))
    last = data.draw(st.integers(first + RUN, len(key)))

    shown = Scrubber([key]).scrub(f"{before} {key[first:last]} {after}")

    assert not any(key[i : i + RUN] in shown for i in range(len(key) - RUN + 1))


@given(st.integers(0, 12), st.integers(0, 8), st.sampled_from("*•"), st.integers(3, 30))
def test_a_key_with_its_middle_starred_is_not_shown(head: int, tail: int, star: str, stars: int) -> None:
    masked = KEY[:head] + star * stars + (KEY[-tail:] if tail else "")

    shown = Scrubber([KEY]).scrub(f"Incorrect API key provided: {masked}. Look it up.")

    assert shown.startswith("Incorrect API key provided: [key]")
    assert shown.endswith("Look it up.")
    assert star not in shown


@pytest.mark.parametrize("masked", ["sk-proj...Test", "sk-proj…Test", "sk-projXXXXXXXXTest", "sk-...Test", "…Test"])
def test_a_key_with_its_middle_left_out_is_not_shown(masked: str) -> None:
    shown = Scrubber([KEY]).scrub(f'key "{masked}" is unknown')

    assert shown == 'key "[key]" is unknown'


@given(st.text(string.printable, min_size=RUN, max_size=40))
def test_a_password_is_not_shown_as_addresses_json_or_headers_write_it(password: str) -> None:
    scrubber = Scrubber([password])

    for written in (quote(password, safe=""), json.dumps(password), base64.b64encode(password.encode()).decode()):
        assert written.strip('"') not in scrubber.scrub(f"https://me:{written}@host/v1")


@pytest.mark.parametrize(
    "text",
    [
        "The server had an error while processing your request. Sorry about that!",
        "audio duration 1600 seconds is longer than 1400 seconds which is the maximum...",
        "Limit 3, Used 3, see https://example.org/docs/a-b_c.html",
        "Use *emphasis* or 2 * 3 and so on…",
    ],
)
def test_what_holds_no_secret_stays_as_it_is(text: str) -> None:
    assert Scrubber([KEY]).scrub(text) == text


def test_without_secrets_nothing_changes() -> None:
    assert Scrubber([None, "", "abc"]).scrub("abc and more") == "abc and more"
