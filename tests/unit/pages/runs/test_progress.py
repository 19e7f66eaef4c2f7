"""Bars and words for how far a recording is."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.clip import ClipStatus
from clipper_core.domain.task import TaskState
from pages.components.runs import progress
from tests.unit.pages.page_room import recording, with_clips


@given(st.floats(0, 1))
def test_a_bar_is_always_visible_and_never_overfull(part: float) -> None:
    html = progress.bar(part, "Progress")

    width = int(re.findall(r"width:(\d+)%", html)[0])
    value = int(re.findall(r'aria-valuenow="(\d+)"', html)[0])
    assert 1 <= width <= 100
    assert 0 <= value <= 100 * part


def test_the_label_of_a_bar_can_not_end_its_attribute() -> None:
    assert 'aria-label="&quot;&gt;&lt;b&gt;"' in progress.bar(0.5, '"><b>')


@pytest.mark.parametrize(("state", "kind"), [(s, "ok" if s is TaskState.SUCCEEDED else None) for s in TaskState])
def test_a_state_is_told_by_sign_words_and_colour(state: TaskState, kind: str | None) -> None:
    html = progress.state_html(state)

    assert re.fullmatch(r'<span class="(ok|error|muted)">\S \w[\w ]*</span>', html)
    assert kind is None or f'class="{kind}"' in html


def test_a_waiting_run_has_no_percent_yet(app) -> None:
    project_id = recording(app, "New", mapped=False, probe=TaskState.QUEUED)

    assert progress.step_in_words(app.runs.of_project(project_id)) == "Waiting to start"


def test_a_running_step_is_named_with_its_percent(app) -> None:
    project_id = recording(app, "Busy", mapped=False, probe=TaskState.RUNNING)

    assert re.fullmatch(r"Looking at the file \d+\u202f%", progress.step_in_words(app.runs.of_project(project_id)))


def test_the_status_counts_only_what_there_is(app) -> None:
    project_id = recording(app, "Episode")
    with_clips(app, project_id, ClipStatus.PROPOSED, ClipStatus.REJECTED)

    html = progress.status_html(app.projects.get(project_id))

    assert "1 proposed" in html and "1 rejected" in html
    assert "approved" not in html and "No clips yet" not in html


def test_an_open_desk_is_named_while_work_goes_on(app) -> None:
    project_id = recording(app, "Busy", probe=TaskState.SUCCEEDED, map_silence=TaskState.RUNNING)

    assert "review is open" in progress.status_html(app.projects.get(project_id))


def test_warnings_of_a_finished_run_are_escaped() -> None:
    run = SimpleNamespace(is_final=True, failure=None, warnings=({"code": "x", "message": "<b>odd</b>"},))

    html = progress.work_html(SimpleNamespace(run=run))

    assert html == '<div class="warn">&lt;b&gt;odd&lt;/b&gt;</div>'


def test_nothing_is_shown_before_the_first_run() -> None:
    assert progress.work_html(SimpleNamespace(run=None)) == ""
    assert not progress.is_busy(None)
