"""Words of the pages, and text that users typed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.task import TaskState
from pages.components import phrasing
from tests.unit.pages.page_room import HOSTILE, SHARED, html, recording


def hostile_names() -> list[str]:
    manifest = SHARED / "bad_inputs" / "manifest.json"
    if not manifest.is_file():
        return [HOSTILE]
    cases = json.loads(manifest.read_text(encoding="utf-8"))["cases"]
    return [HOSTILE, *(c["client_filename"] for c in cases if c["category"] == "filename")]


@pytest.mark.parametrize("name", hostile_names(), ids=lambda n: repr(n[:24]))
def test_every_markdown_sign_in_a_name_is_escaped(name: str) -> None:
    said = phrasing.label_text(name)

    bare = said.replace("\\\\", "")
    assert all(i > 0 and bare[i - 1] == "\\" for i, c in enumerate(bare) if c in "[]()*_`$<>!#|~:")
    assert "\n" not in said and "\r" not in said and "\x00" not in said


@given(st.text())
def test_escaping_adds_signs_and_changes_no_letter(text: str) -> None:
    said = phrasing.label_text(text)

    unescaped = said.replace("\\\\", "\0").replace("\\", "").replace("\0", "\\").replace(phrasing.JOINER, "")
    assert unescaped == phrasing.one_line(text).replace(phrasing.JOINER, "")


@pytest.mark.parametrize(
    "name", [":material/delete:", ":smile:", "https://x.example", "www.x.example", "a@b.example", "a -> b", "x -- y"]
)
def test_icons_links_and_arrows_are_taken_apart(name: str) -> None:
    assert phrasing.JOINER in phrasing.label_text(name)


def test_a_hostile_title_stays_text_on_every_page(app, opened):
    project_id = recording(app, HOSTILE, probe=TaskState.FAILED)

    for test in (opened(), opened("jobs"), opened("review", project=project_id)):
        assert "<img src=x" not in html(test)
        assert all(HOSTILE not in block.value for block in test.markdown)
    assert "&lt;img src=x onerror=alert(1)&gt;" in html(opened())


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 bytes"), (999, "999 bytes"), (34_000_000, "34 MB"), (1_234_000_000, "1.2 GB"), (9_960_000, "10 MB")],
)
def test_sizes_are_in_round_numbers(count: int, said: str) -> None:
    assert phrasing.byte_size(count) == said


@pytest.mark.parametrize(
    ("ms", "said"), [(4_200, "4.2 s"), (48_000, "48 s"), (9_960, "10 s"), (125_000, "2 min 5 s"), (180_000, "3 min")]
)
def test_durations_are_in_seconds_and_minutes(ms: int, said: str) -> None:
    assert phrasing.duration(ms) == said


def test_a_moment_is_relative_to_now() -> None:
    now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

    assert phrasing.moment(now - timedelta(hours=2), now) == "today 10:00"
    assert phrasing.moment(now - timedelta(hours=14), now) == "yesterday 22:00"
    assert phrasing.moment(datetime(2026, 3, 3, 9, 2, tzinfo=UTC), now) == "3 Mar 09:02"
    assert phrasing.moment(datetime(2025, 3, 3, 9, 2, tzinfo=UTC), now) == "3 Mar 2025"
