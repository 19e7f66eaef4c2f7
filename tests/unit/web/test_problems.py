"""Every refusal and failure has one shape, and says nothing of the inside."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.testclient import TestClient

from clipper_core.errors import ClipNotFound, ClipperError
from clipper_core.web import problems


@pytest.fixture(scope="module")
def client() -> TestClient:
    api = FastAPI()

    @api.get("/raise/{name}")
    def fail(name: str) -> None:
        raise {
            "ours": ClipNotFound("Ana deleted this clip."),
            "inside": ClipperError(detail="the password is 123"),
            "http": HTTPException(405, headers={"Allow": "GET"}),
            "checksum": HTTPException(460),
            "unforeseen": RuntimeError("the password is 123"),
        }[name]

    @api.get("/number")
    def number(value: int) -> int:
        return value

    problems.install(api)
    return TestClient(api, raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("ours", 404, "clip_not_found"),
        ("inside", 500, ClipperError.code),
        ("http", 405, "method_not_allowed"),
        ("checksum", 460, "checksum_mismatch"),
        ("unforeseen", 500, ClipperError.code),
    ],
)
def test_every_error_is_a_problem_with_a_code(client: TestClient, name: str, status: int, code: str) -> None:
    answer = client.get(f"/raise/{name}")

    assert answer.headers["content-type"] == problems.CONTENT_TYPE
    assert list(answer.json()) == ["type", "title", "status", "detail", "code"]
    assert (answer.status_code, answer.json()["status"], answer.json()["code"]) == (status, status, code)
    assert "123" not in answer.text


def test_a_sentence_and_headers_reach_the_client(client: TestClient) -> None:
    assert client.get("/raise/ours").json()["detail"] == "Ana deleted this clip."
    assert client.get("/raise/http").headers["allow"] == "GET"


def test_an_invalid_request_says_where(client: TestClient) -> None:
    problem = client.get("/number", params={"value": "x"}).json()

    assert (problem["status"], problem["code"]) == (422, "bad_request")
    assert problem["errors"][0]["where"] == "query.value"
    assert problem["errors"][0]["message"] in problem["detail"]
