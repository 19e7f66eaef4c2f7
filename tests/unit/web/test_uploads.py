"""The tus face says what it can do, and refuses what it does not speak."""

from __future__ import annotations

import pytest

from clipper_core.web.uploads import EXTENSIONS, PIECE_TYPE, VERSION
from tests.unit.review_room import Room


def test_every_answer_says_which_tus_it_speaks(room: Room) -> None:
    able = room.client.options("/uploads")
    refused = room.client.post("/uploads", headers={"Upload-Length": "1"})

    assert able.status_code == 204
    assert able.headers["tus-extension"] == EXTENSIONS
    assert int(able.headers["tus-max-size"]) > 0
    assert refused.status_code == 412
    for answer in (able, refused):
        assert answer.headers["tus-resumable"] == answer.headers["tus-version"] == VERSION
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("length", ["", "x", "-1", "1.5", "9" * 19, "٣"])
def test_a_length_that_is_no_number_is_refused(room: Room, length: str) -> None:
    headers = {"Tus-Resumable": VERSION, "Upload-Length": length.encode()}

    answer = room.client.post("/uploads", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_upload")


def test_a_piece_has_a_content_type_of_its_own(room: Room) -> None:
    headers = {"Tus-Resumable": VERSION, "Upload-Offset": "0", "Content-Type": "text/plain"}

    assert room.client.patch("/uploads/upl_9", content=b"x", headers=headers).status_code == 415
    unknown = room.client.patch("/uploads/upl_9", content=b"x", headers={**headers, "Content-Type": PIECE_TYPE})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "upload_not_found")


def test_an_override_for_another_method_is_refused(room: Room) -> None:
    answer = room.client.post("/uploads/upl_9", headers={"X-HTTP-Method-Override": "PUT"})

    assert answer.status_code == 405
