"""The pages, drawn by Streamlit's own test runner on a real database, with rows made through the services."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from clipper_core.adapters.queue import WorkerInfo
from clipper_core.app import App, build_app
from clipper_core.db.codecs import media_to_row
from clipper_core.db.models import Asset, Project, Render, Run, SilenceMapRow, Task, now
from clipper_core.domain.clip import ClipStatus, NewDecision, Proposal, Verdict
from clipper_core.domain.envelope import Envelope
from clipper_core.domain.ids import new_id
from clipper_core.domain.media import AudioTrack, MediaInfo
from clipper_core.domain.silence import FINDER, SilenceSettings
from clipper_core.domain.task import Kind, TaskState
from clipper_core.domain.time_range import TimeRange
from clipper_core.errors import QueueUnavailable
from clipper_core.pipeline import NewTask, RunSettings
from clipper_core.services.clips.idempotency import Sender
from clipper_core.services.clips.proposals import RunProposals, add_proposals
from clipper_core.services.silences.settings import Silences
from clipper_core.settings import Settings
from pages.components import phrasing
from pages.components.recording.selection import stretch_of
from tests.services import fresh_settings

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared"
LENGTH_MS = 600_000
HOSTILE = ":red[x] $\\LaTeX$ :material/delete: <img src=x onerror=alert(1)> [a](javascript:alert(1)) **b**"


class FakeQueue:
    """A queue with one worker, that can be out of order."""

    def __init__(self) -> None:
        self.broken = False
        self.hands = [WorkerInfo("w", ("fast", "speech"), True, datetime.now(UTC))]

    def depths(self) -> dict[str, int]:
        self.check()
        return {"fast": 0, "speech": 3, "render": 1}

    def workers(self) -> list[WorkerInfo]:
        self.check()
        return self.hands

    def check(self) -> None:
        if self.broken:
            raise QueueUnavailable(detail="connection refused")


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    with fresh_settings(tmp_path) as settings:
        made = build_app(settings)
        made.migrate()
        app = dataclasses.replace(made, queue=FakeQueue())
        monkeypatch.setattr("pages.components.frame.this_app", lambda: app)
        yield app
        made.database.close()


@pytest.fixture
def opened(app: App) -> Callable[..., AppTest]:
    def open_page(page: str = "", **query: str) -> AppTest:
        test = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=30)
        if page:
            test.switch_page(f"pages/{page}.py")
        for name, value in query.items():
            test.query_params[name] = value
        test.run()
        if page == "review":
            test.run()  # the map is drawn at the second look where no desk says that it is ready
        assert not test.exception
        return test

    return open_page


def recording(app: App, title: str, *, mapped: bool = True, finder: int = FINDER, **states: TaskState) -> str:
    """A recording whose run has a task of each named kind in the named state."""
    with app.database.write() as session:
        project = Project(id=new_id("prj"), show_id="shw_default", title=title, filename=f"{title}.mp3", preferences={})
        project.media = media_to_row(MediaInfo(LENGTH_MS, "mp3", (AudioTrack(0, "mp3", 48_000, 1),)))
        session.add(project)
        session.flush()
        run = Run(
            id=new_id("run"), project_id=project.id, settings=RunSettings("none", "offline").to_json(), warnings=[]
        )
        session.add(run)
        session.flush()
        for name, state in (states or {"probe": TaskState.SUCCEEDED}).items():
            task, _ = app.tasks.add(session, project.id, run.id, NewTask(Kind(name), {"of": project.id}))
            _put(task, state)
        project_id = project.id
    if mapped:
        _map(app, project_id, finder)
    return project_id


def _put(task: Task, state: TaskState) -> None:
    task.state = state.value
    task.progress = 0.4 if state is TaskState.RUNNING else 0.0
    if state is not TaskState.QUEUED:
        task.started_at = now()
    if state.is_final:
        task.finished_at = now()
    if state is TaskState.FAILED:
        task.error_code, task.error, task.error_detail = (
            "media_tool_failed",
            "FFmpeg could not work.",
            "moov atom missing",
        )


def _map(app: App, project_id: str, finder: int) -> None:
    frames = LENGTH_MS // 10
    level = (-2_000 + 600 * np.sin(np.arange(frames) / 4)).astype(np.int16)
    level[1_000:1_100] = -6_000
    peaks = np.zeros(frames, np.int8)
    file = app.settings.data / f"{project_id}.npz"
    file.write_bytes(Envelope(level, peaks, peaks, LENGTH_MS, 48_000, 1).to_bytes())
    with app.database.write() as session:
        asset = Asset(id=new_id("ast"), project_id=project_id, kind="map", key=f"{project_id}/map", mime="x/y", size=1)
        app.exports._storage.put(file, asset.key)
        session.add(asset)
        session.flush()
        silences = {"v": 1, "silences": [[10_000, 11_000, -60.0]]}
        settings = {"threshold_db": None, "min_silence_ms": 100, "finder": finder}
        row = SilenceMapRow(
            id=new_id("map"),
            project_id=project_id,
            asset_id=asset.id,
            duration_ms=LENGTH_MS,
            threshold_db=-45.0,
            settings=settings,
            silences=silences,
        )
        session.add(row)
        session.flush()
        session.get_one(Project, project_id).map_id = row.id


def with_clips(app: App, project_id: str, *statuses: ClipStatus) -> None:
    spans = [TimeRange(20_000 + i * 60_000, 50_000 + i * 60_000) for i in range(len(statuses))]
    with app.database.write() as session:
        run = session.scalars(select(Run).where(Run.project_id == project_id)).one()
        project = session.get_one(Project, project_id)
        proposals = [Proposal(s, 1.0, f"Clip {i}", ("one topic",)) for i, s in enumerate(spans)]
        assert project.map_id
        add_proposals(session, project, RunProposals(run.id, proposals, project.map_id, None))
    for clip, status in zip(app.clips.of_project(project_id), statuses, strict=True):
        if status is not ClipStatus.PROPOSED:
            app.clips.decide(clip.id, clip.revision, NewDecision(Verdict(status.value)), Sender("Ana"))


def finish_renders(app: App, project_id: str, state: TaskState = TaskState.SUCCEEDED) -> None:
    with app.database.write() as session:
        for render in session.scalars(select(Render).where(Render.project_id == project_id)):
            _put(session.get_one(Task, render.task_id), state)
            if state is TaskState.SUCCEEDED:
                file = Asset(
                    id=new_id("ast"),
                    project_id=project_id,
                    kind="render",
                    key=render.id,
                    mime="audio/mp4",
                    size=2_345_678,
                )
                session.add(file)
                session.flush()
                render.asset_id = file.id
                render.measured = {"duration_s": 30.02, "first_level_db": -58.1, "last_level_db": -49.3}


def html(test: AppTest) -> str:
    return "\n".join(str(block.proto.body) for block in test.get("html"))


def labels(test: AppTest) -> list[str]:
    return [button.label for button in test.button]


# -- home


def test_an_empty_home_says_what_will_be_here_and_offers_the_first_step(opened):
    test = opened()

    assert "Your recordings will be here" in html(test)
    assert labels(test) == ["Upload a recording", "Try the sample"]


def test_a_card_says_title_length_and_how_many_clips_stand_how(app, opened):
    project_id = recording(app, "Episode 142")
    with_clips(app, project_id, ClipStatus.PROPOSED, ClipStatus.PROPOSED, ClipStatus.APPROVED)

    page = html(opened())

    assert "Episode 142" in page and "10:00" in page
    assert "· 2 proposed" in page and "✓ 1 approved" in page
    assert "data:image/svg+xml;base64," in page


def test_a_failed_recording_says_why_and_can_be_retried(app, opened):
    project_id = recording(app, "Broken", mapped=False, probe=TaskState.FAILED)
    test = opened()
    assert "FFmpeg could not work." in html(test)

    test.button(key=f"retry-{project_id}").click().run()

    assert app.projects.get(project_id).run.state is TaskState.QUEUED


def test_search_leaves_the_recordings_that_match(app, opened):
    recording(app, "Pricing")
    recording(app, "Hiring")
    test = opened()

    test.text_input(key="q").set_value("hir").run()

    assert "Hiring" in html(test) and "Pricing" not in html(test)


def test_a_search_without_a_match_says_so(app, opened):
    recording(app, "Pricing")

    test = opened(q="nowhere")

    assert "No recording matches" in html(test)


def test_a_deleted_recording_can_be_brought_back_at_once_and_later(app, opened):
    project_id = recording(app, "Pricing")
    test = opened()

    test.session_state["changing"] = ("Delete", project_id, "Pricing", "shw_default")
    test.run()
    assert "Deleted “Pricing”." in html(test)
    assert not app.projects.find(search="Pricing")

    test.button(key="undo").click().run()
    assert app.projects.get(project_id).title == "Pricing"

    app.projects.delete(project_id)
    test.run()
    test.button(key=f"restore-{project_id}").click().run()
    assert app.projects.get(project_id).title == "Pricing"


def test_many_recordings_are_shown_twenty_at_a_time(app, opened):
    for number in range(45):
        recording(app, f"Number {number}", mapped=False)

    test = opened()

    assert html(test).count("Number ") == 20


def test_a_database_that_was_never_set_up_is_said_in_a_sentence(tmp_path, monkeypatch, opened):
    with fresh_settings(tmp_path / "bare", empty=True) as settings:
        bare = build_app(settings)
        monkeypatch.setattr("pages.components.frame.this_app", lambda: bare)

        page = html(opened())

        bare.database.close()
    assert "The database has no tables yet" in page
    assert "setup_problem" in page


# -- jobs


def test_jobs_say_the_step_and_the_plain_reason_of_a_failure(app, opened):
    recording(app, "Busy", probe=TaskState.SUCCEEDED, map_silence=TaskState.RUNNING)
    recording(app, "Broken", probe=TaskState.FAILED)

    page = html(opened("jobs"))

    assert "Mapping the silences" in page and "◐ at work" in page
    assert "! failed" in page and "moov atom missing" in page
    assert "3 waiting" in page and "◐ busy, takes quick steps, speech" in page


def test_the_run_in_the_address_shows_its_steps(app, opened):
    project_id = recording(app, "Done", probe=TaskState.SUCCEEDED, map_silence=TaskState.SUCCEEDED)
    run = app.runs.of_project(project_id)
    assert "Looking at the file" not in html(opened("jobs"))

    test = opened("jobs", run=run.id)

    assert "Looking at the file" in html(test)
    assert "Hide steps" in labels(test)


def test_a_run_can_be_cancelled_and_retried(app, opened):
    project_id = recording(app, "Busy", probe=TaskState.QUEUED)
    run = app.runs.of_project(project_id)
    test = opened("jobs")

    test.button(key=f"cancel-{run.id}").click().run()
    assert app.runs.get(run.id).state is TaskState.CANCELLED

    test.button(key=f"retry-{run.id}").click().run()
    assert app.runs.get(run.id).state is TaskState.QUEUED


@pytest.mark.parametrize(
    ("broken", "said"), [(True, "The queue (Redis) did not answer"), (False, "No worker is running")]
)
def test_a_banner_appears_only_when_a_person_is_needed(app, opened, broken, said):
    assert 'class="box"' not in html(opened("jobs"))

    app.queue.broken = broken
    app.queue.hands = []

    page = html(opened("jobs"))
    assert 'class="box"' in page and said in page


# -- review


def test_review_shows_the_map(app, opened):
    project_id = recording(app, "Episode")
    with_clips(app, project_id, ClipStatus.PROPOSED)

    test = opened("review", project=project_id)

    assert "The whole recording" in html(test)
    assert test.get("plotly_chart")


def silences_widget(test: AppTest, kind: str, name: str) -> Any:
    return next(w for w in test.get(kind) if (w.key or "").startswith(f"silences-{name}-"))


def test_silences_are_tried_on_the_map_before_they_are_used(app, opened):
    project_id = recording(app, "Episode")
    before = app.projects.get(project_id).map_id
    test = opened("review", project=project_id)
    assert "1 silence<" in html(test) and "dead air: 1.0 s in 1 place" in html(test)
    assert silences_widget(test, "button", "use").disabled and silences_widget(test, "button", "back").disabled

    silences_widget(test, "button_group", "how").set_value("Fixed level").run()
    silences_widget(test, "slider", "level").set_value(-65).run()

    assert not test.exception
    assert "0 silences" in html(test) and "nothing is changed yet" in html(test)
    assert app.projects.get(project_id).map_id == before

    silences_widget(test, "button", "use").click().run()

    used = app.silences.show(project_id)
    assert used.revision != before and used.silence_map.settings.threshold_db == -65
    assert silences_widget(test, "slider", "level").value == -65
    assert silences_widget(test, "button", "use").disabled

    silences_widget(test, "button", "back").click().run()

    assert app.projects.get(project_id).map_id == before
    assert "1 silence<" in html(test)


def test_trying_other_silences_is_given_up_by_going_back(app, opened):
    project_id = recording(app, "Episode")
    before = app.projects.get(project_id).map_id
    test = opened("review", project=project_id)

    silences_widget(test, "slider", "dead-air").set_value(2.0).run()
    assert "dead air: none" in html(test)
    silences_widget(test, "button", "back").click().run()

    assert silences_widget(test, "slider", "dead-air").value == 1.0
    assert "dead air: 1.0 s in 1 place" in html(test)
    assert app.projects.get(project_id).map_id == before


def test_silences_somebody_else_changed_meanwhile_are_said_and_not_overwritten(app, opened):
    project_id = recording(app, "Episode")
    test = opened("review", project=project_id)
    silences_widget(test, "slider", "dead-air").set_value(2.0).run()

    # Between what was drawn and the press of the button.
    use = app.silences.use
    theirs = SilenceSettings(threshold_db=-30.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Silences, "use", lambda _, *args, **more: (use(project_id, theirs), use(*args, **more))[1])
        silences_widget(test, "button", "use").click().run()

    assert "Somebody else changed the silences" in test.warning[0].value
    assert silences_widget(test, "slider", "dead-air").value == 2.0
    assert app.silences.show(project_id).silence_map.settings == theirs


@pytest.mark.parametrize("button", ["use", "back"])
def test_who_did_not_know_of_a_change_presses_twice(app, opened, button: str):
    project_id = recording(app, "Episode")
    test = opened("review", project=project_id)
    silences_widget(test, "slider", "dead-air").set_value(2.0).run()
    theirs = SilenceSettings(threshold_db=-30.0)
    app.silences.use(project_id, theirs)

    silences_widget(test, "button", button).click().run()

    assert "Somebody else changed the silences" in test.warning[0].value
    assert app.silences.show(project_id).silence_map.settings == theirs

    silences_widget(test, "button", button).click().run()

    assert not test.warning
    mine = SilenceSettings(dead_air_ms=2_000) if button == "use" else SilenceSettings()
    assert app.silences.show(project_id).silence_map.settings == mine


def test_whoever_stops_trying_sees_what_is_used(app, opened):
    project_id = recording(app, "Episode")
    test = opened("review", project=project_id)
    silences_widget(test, "slider", "dead-air").set_value(2.0).run()
    app.silences.use(project_id, SilenceSettings(threshold_db=-30.0))

    silences_widget(test, "button", "stop").click().run()

    assert not test.warning
    assert silences_widget(test, "slider", "level").value == -30.0
    assert silences_widget(test, "button", "use").disabled


def test_silences_an_earlier_version_found_can_be_found_anew(app, opened):
    project_id = recording(app, "Episode", finder=1)
    before = app.projects.get(project_id).map_id
    test = opened("review", project=project_id)

    silences_widget(test, "button", "back").click().run()

    assert app.projects.get(project_id).map_id != before
    assert app.silences.show(project_id).silence_map.settings == SilenceSettings()
    assert silences_widget(test, "button", "back").disabled


def test_review_of_a_recording_that_failed_before_its_map_says_why_and_offers_retry(app, opened):
    project_id = recording(app, "Broken", mapped=False, probe=TaskState.FAILED)

    test = opened("review", project=project_id)

    assert "FFmpeg could not work." in html(test)
    assert labels(test) == ["Retry"]


def test_review_of_nothing_known_is_a_sentence(opened):
    assert "This recording does not exist" in html(opened("review", project="prj_none"))


# -- exports


def test_exports_offer_what_is_approved_and_rendered(app, opened):
    project_id = recording(app, "Episode")
    with_clips(app, project_id, ClipStatus.APPROVED, ClipStatus.PROPOSED, ClipStatus.APPROVED)
    finish_renders(app, project_id)

    page = html(opened("exports", project=project_id))

    asset_id = app.renders.of_project(project_id)[0].asset_id
    assert "Download all 2 files" in page
    assert f'href="/media-files/{asset_id}?download=1"' in page
    assert f'href="/api/projects/{project_id}/bundle"' in page
    assert "30.02 s long, starts at −58 dB and ends at −49 dB" in page
    assert "Clip 0" in page and "Clip 1" not in page


def test_a_file_that_failed_can_be_rendered_again(app, opened):
    project_id = recording(app, "Episode")
    with_clips(app, project_id, ClipStatus.APPROVED)
    finish_renders(app, project_id, TaskState.FAILED)
    render = app.renders.of_project(project_id)[0]
    test = opened("exports")

    test.button(key=f"again-{render.id}").click().run()

    assert app.renders.get(render.id).state is TaskState.QUEUED


def test_exports_without_files_say_what_makes_them(opened):
    assert "Finished clips will be here" in html(opened("exports"))


# -- settings


def test_settings_show_no_secret(tmp_path, monkeypatch, opened):
    settings = Settings(
        data_dir=tmp_path / "other",
        database_url="postgresql://clip:hunter2@db.example:5433/clips",
        redis_url="redis://:hunter2@queue.example:6379/0",
        openai_api_key="sk-hunter2",
        openai_base_url="https://user:hunter2@speech.example/v1",
        storage_url="s3://clips/main",
        s3_endpoint_url="https://store.example:9000",
        aws_access_key_id="hunter2",
        aws_secret_access_key="hunter2",
        _env_file=None,
    )
    monkeypatch.setattr("pages.components.frame.this_app", lambda: build_app(settings))

    page = html(opened("settings"))

    assert "hunter2" not in page
    assert "PostgreSQL at db.example:5433" in page
    assert "Redis at queue.example:6379" in page
    assert "on, at speech.example" in page
    assert "s3://clips/main, at store.example:9000" in page


def test_settings_say_which_part_does_not_answer(app, opened):
    page = html(opened("settings"))

    assert "✓ answers" in page
    assert "✕ The queue (Redis) did not answer" in page


# -- upload


def test_a_show_can_be_added_where_recordings_are_uploaded(app, opened):
    test = opened("upload")

    test.text_input[0].set_value("The Monday Podcast")
    test.button[0].click().run()

    assert [s.name for s in app.shows.all()][-1] == "The Monday Podcast"


# -- what users typed is text


def hostile_names() -> list[str]:
    manifest = SHARED / "bad_inputs" / "manifest.json"
    if not manifest.is_file():
        return [HOSTILE]
    cases = json.loads(manifest.read_text(encoding="utf-8"))["cases"]
    return [HOSTILE, *(c["client_filename"] for c in cases if c["category"] == "filename")]


@pytest.mark.parametrize("name", hostile_names(), ids=lambda n: repr(n[:24]))
def test_no_sign_of_markdown_in_a_name_is_left_unescaped(name: str) -> None:
    said = phrasing.plain(name)

    bare = said.replace("\\\\", "")
    assert all(i > 0 and bare[i - 1] == "\\" for i, c in enumerate(bare) if c in "[]()*_`$<>!#|~:")
    assert "\n" not in said and "\r" not in said and "\x00" not in said


@given(st.text())
def test_escaping_adds_signs_and_changes_no_letter(text: str) -> None:
    said = phrasing.plain(text)

    unescaped = said.replace("\\\\", "\0").replace("\\", "").replace("\0", "\\").replace(phrasing.JOINER, "")
    assert unescaped == phrasing.one_line(text).replace(phrasing.JOINER, "")


@pytest.mark.parametrize(
    "name", [":material/delete:", ":smile:", "https://x.example", "www.x.example", "a@b.example", "a -> b", "x -- y"]
)
def test_what_browsers_would_read_as_icons_links_or_arrows_is_kept_apart(name: str) -> None:
    assert phrasing.JOINER in phrasing.plain(name)


def test_a_hostile_title_is_shown_as_it_is_on_every_page(app, opened):
    project_id = recording(app, HOSTILE, probe=TaskState.FAILED)

    for test in (opened(), opened("jobs"), opened("review", project=project_id)):
        assert "<img src=x" not in html(test)
        assert all(HOSTILE not in block.value for block in test.markdown)
    assert "&lt;img src=x onerror=alert(1)&gt;" in html(opened())


# -- words


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 bytes"), (999, "999 bytes"), (34_000_000, "34 MB"), (1_234_000_000, "1.2 GB"), (9_960_000, "10 MB")],
)
def test_sizes_are_said_in_round_numbers(count: int, said: str) -> None:
    assert phrasing.size(count) == said


@pytest.mark.parametrize(
    ("ms", "said"), [(4_200, "4.2 s"), (48_000, "48 s"), (9_960, "10 s"), (125_000, "2 min 5 s"), (180_000, "3 min")]
)
def test_lengths_of_clips_are_said_in_seconds_and_minutes(ms: int, said: str) -> None:
    assert phrasing.length(ms) == said


def test_a_moment_is_said_as_seen_from_now() -> None:
    now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

    assert phrasing.when(now - timedelta(hours=2), now) == "today 10:00"
    assert phrasing.when(now - timedelta(hours=14), now) == "yesterday 22:00"
    assert phrasing.when(datetime(2026, 3, 3, 9, 2, tzinfo=UTC), now) == "3 Mar 09:02"
    assert phrasing.when(datetime(2025, 3, 3, 9, 2, tzinfo=UTC), now) == "3 Mar 2025"


# -- a stretch selected on the map


def selected(*ends: Any) -> dict[str, Any]:
    return {"selection": {"box": [{"x": list(ends), "y": [0, 1]}]}}


@given(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4), st.integers(1, 10_000_000))
def test_a_selected_stretch_lies_inside_the_recording(one: float, other: float, duration_ms: int) -> None:
    span = stretch_of(selected(one, other), duration_ms)

    assert span is None or 0 <= span.start_ms < span.end_ms <= duration_ms


def test_a_stretch_may_be_drawn_from_right_to_left() -> None:
    assert stretch_of(selected(20.5, 10.25), 60_000) == TimeRange(10_250, 20_500)


@pytest.mark.parametrize(
    "event", [None, {}, {"selection": {"box": []}}, selected(), selected("a", None), selected(5, 5)]
)
def test_nothing_selected_is_no_stretch(event: Any) -> None:
    assert stretch_of(event, 60_000) is None
