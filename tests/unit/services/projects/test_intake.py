"""Uploads, the sample and captions become projects with work to do, and nothing is stored twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.db.models import Asset, Project, Upload
from clipper_core.domain.ids import SAMPLE_PROJECT, new_id
from clipper_core.errors import BadCaptions, BadSettings, ProjectNotFound, StoredFileMissing
from clipper_core.services.projects.intake import ProjectIntake, project_of_upload, title_from
from tests.unit.review_room import Room, open_room

CAPTIONS = b"1\n00:00:00,000 --> 00:00:01,000\nHello\n"


@pytest.fixture
def room() -> Iterator[Room]:
    with open_room() as room:
        yield room


@pytest.fixture
def intake(room: Room) -> ProjectIntake:
    return room.app.intake


def upload_of(room: Room, **preferences: str) -> Upload:
    upload = Upload(id=new_id("upl"), filename="My_talk.mp4", filetype="video/mp4", size=3, preferences=preferences)
    with room.app.database.write() as session:
        session.add(upload)
    return upload


def file_in(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def taken(room: Room, upload: Upload, tmp_path: Path) -> Project:
    intake = room.app.intake
    stored = intake.store(upload.id, file_in(tmp_path, "in", b"abc"), file_in(tmp_path, "srt", CAPTIONS))
    with room.app.database.write() as session:
        project_id = intake.complete(session, upload, stored)
    intake.announce(project_id)
    with room.app.database.read() as session:
        return session.get_one(Project, project_id)


def content(room: Room, asset_id: str | None) -> bytes:
    with room.app.database.read() as session:
        key = session.get_one(Asset, asset_id).key
    return b"".join(room.app.storage.read(key))


def test_an_upload_becomes_a_project_with_tasks(room: Room, tmp_path: Path) -> None:
    upload = upload_of(room, min_s="30", language="de")

    project = taken(room, upload, tmp_path)

    assert (project.id, project.title, project.filename) == (project_of_upload(upload.id), "My talk", "My_talk.mp4")
    assert (project.preferences["min_ms"], project.preferences["language"]) == (30_000, "de")
    assert content(room, project.source_id) == b"abc"
    assert content(room, project.captions_id) == CAPTIONS
    assert [t.project_id for t in room.waiting()] == [project.id]


def test_a_title_that_was_sent_is_taken(room: Room, tmp_path: Path) -> None:
    assert taken(room, upload_of(room, title=" Pricing\n"), tmp_path).title == "Pricing"


def test_an_upload_with_bad_preferences_makes_no_project(room: Room, tmp_path: Path) -> None:
    upload = upload_of(room, most="0")

    with pytest.raises(BadSettings):
        taken(room, upload, tmp_path)

    with room.app.database.read() as session:
        assert session.get(Project, project_of_upload(upload.id)) is None


def test_only_files_without_a_project_are_discarded(room: Room, tmp_path: Path) -> None:
    failed, done = upload_of(room), upload_of(room)
    stored = room.app.intake.store(failed.id, file_in(tmp_path, "in", b"abc"), None)
    project = taken(room, done, tmp_path)

    for upload in (failed, done):
        room.app.intake.discard(upload.id)

    with pytest.raises(StoredFileMissing):
        room.app.storage.size(stored.source.key)
    assert content(room, project.source_id) == b"abc"


def test_the_sample_is_made_once(room: Room, intake: ProjectIntake) -> None:
    assert intake.ensure_sample() == intake.ensure_sample() == SAMPLE_PROJECT

    with room.app.database.read() as session:
        project = session.get_one(Project, SAMPLE_PROJECT)
        assert session.query(Asset).where(Asset.project_id == SAMPLE_PROJECT).count() == 2
    assert content(room, project.source_id)
    assert project.preferences["language"] == "en"
    assert room.waiting() == []


def test_a_deleted_sample_comes_back_only_on_request(room: Room, intake: ProjectIntake) -> None:
    intake.ensure_sample()
    room.app.projects.delete(SAMPLE_PROJECT)

    intake.ensure_sample(bring_back=False)
    with pytest.raises(ProjectNotFound):
        room.app.projects.get(SAMPLE_PROJECT)
    intake.ensure_sample()

    assert room.app.projects.get(SAMPLE_PROJECT).deleted_at is None


def test_new_captions_replace_the_active_run(room: Room, intake: ProjectIntake) -> None:
    before = room.app.runs.start("prj_1")

    view = intake.set_captions("prj_1", CAPTIONS)

    assert content(room, view.captions_id) == CAPTIONS
    assert view.run is not None and view.run.id != before.id
    assert view.run.settings["transcriber"] == "captions"


def test_refused_captions_leave_nothing_in_the_store(room: Room, intake: ProjectIntake) -> None:
    before = {f.key for f in room.app.storage.files("projects/")}

    with pytest.raises(BadCaptions):
        intake.set_captions("prj_1", b"no captions")
    with pytest.raises(ProjectNotFound):
        intake.set_captions("prj_nowhere", CAPTIONS)

    assert {f.key for f in room.app.storage.files("projects/")} == before


@given(st.text(max_size=400))
def test_any_file_name_makes_a_title(filename: str) -> None:
    assert 0 < len(title_from(filename)) <= 300


@pytest.mark.parametrize(
    ("filename", "title"),
    [
        ("my_talk.final.mp4", "my talk.final"),
        ("C:\\talks\\one.wav", "one"),
        ("a/b.mp3", "b"),
        (".hidden", ".hidden"),
        ("___.mp4", "___.mp4"),
        ("\x00", "Recording"),
    ],
)
def test_a_title_omits_folder_and_ending(filename: str, title: str) -> None:
    assert title_from(filename) == title
