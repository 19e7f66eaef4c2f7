"""Projects: found, renamed, deleted and restored."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.task import TaskState
from clipper_core.errors import BadSettings, ProjectNotFound, ShowNotFound
from clipper_core.services.projects.projects import Projects, clean_title
from tests.unit.review_room import Room, open_room


@pytest.fixture(scope="module")
def shared_room() -> Iterator[Room]:
    with open_room() as room:
        yield room


@pytest.fixture
def projects(shared_room: Room) -> Projects:
    projects = shared_room.app.projects
    projects.restore("prj_1")
    projects.change("prj_1", title="A talk")
    return projects


@pytest.mark.parametrize("search", ["", "talk", "T.WAV", "wav TALK", "ta lk"])
def test_a_search_matches_words_of_title_and_filename(projects: Projects, search: str) -> None:
    assert [p.id for p in projects.find(search=search)] == ["prj_1"]


@pytest.mark.parametrize("search", ["talks", "talk nowhere"])
def test_a_search_for_other_words_finds_nothing(projects: Projects, search: str) -> None:
    assert projects.find(search=search) == []


def test_accents_may_be_left_out_of_a_search(projects: Projects) -> None:
    projects.change("prj_1", title="Café Zoë")

    assert [p.title for p in projects.find(search="cafe\u0301")] == ["Café Zoë"]


def test_a_page_counts_the_projects_beyond_it(projects: Projects) -> None:
    page = projects.page(first=1, max_projects=1)

    assert (page.projects, page.total) == ([], 1)


def test_a_new_title_is_cleaned_and_never_empty(projects: Projects) -> None:
    assert projects.change("prj_1", title=" New\n title\x00 ").title == "New title"
    with pytest.raises(BadSettings):
        projects.change("prj_1", title=" \x00")
    assert projects.get("prj_1").title == "New title"


def test_a_project_moves_only_to_existing_shows(projects: Projects, shared_room: Room) -> None:
    show = shared_room.app.shows.create("Second show")

    assert projects.change("prj_1", show_id=show.id).show_id == show.id
    assert [p.id for p in projects.find(show_id=show.id)] == ["prj_1"]
    with pytest.raises(ShowNotFound):
        projects.change("prj_1", show_id="shw_nowhere")


def test_a_deleted_project_is_found_only_as_deleted(projects: Projects) -> None:
    projects.delete("prj_1")

    assert projects.find() == []
    assert [p.id for p in projects.find(deleted=True)] == ["prj_1"]
    for ask in (projects.get, projects.delete, lambda i: projects.change(i, title="x")):
        with pytest.raises(ProjectNotFound):
            ask("prj_1")


def test_deletion_stops_work_and_restoring_resumes_it(projects: Projects, shared_room: Room) -> None:
    run = shared_room.app.runs.start("prj_1")

    projects.delete("prj_1")
    assert shared_room.waiting() == []
    projects.restore("prj_1")

    assert shared_room.app.runs.get(run.id).state is TaskState.QUEUED
    assert len(shared_room.waiting()) == 1


def test_an_unknown_project_can_not_be_restored(projects: Projects) -> None:
    with pytest.raises(ProjectNotFound):
        projects.restore("prj_nowhere")


@given(st.text())
def test_any_title_becomes_one_printable_line(title: str) -> None:
    clean = clean_title(title)

    assert len(clean) <= 300
    assert clean.isprintable()
    assert clean == clean_title(clean)
