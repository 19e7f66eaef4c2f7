"""Requests name revisions, keys and ranges; what names none of ours is refused."""

from __future__ import annotations

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.time_range import TimeRange
from clipper_core.errors import BadRange, PreconditionMissing, Stale
from clipper_core.web.requests import Span, etag, expected_revision, plain_json, request_key


def request(method: str, path: str) -> Request:
    return Request({"type": "http", "method": method, "path": path, "headers": [], "query_string": b""})


@given(st.integers(0, 999_999_999), st.sampled_from(["", "W/"]), st.sampled_from(["", " "]))
def test_every_etag_of_ours_names_its_revision(revision: int, weak: str, space: str) -> None:
    assert expected_revision(f"{space}{weak}{etag(revision)}{space}") == revision


@given(st.text(alphabet='"0123456789W/ax, *', min_size=1, max_size=12))
def test_any_other_etag_is_stale(text: str) -> None:
    try:
        revision = expected_revision(text)
    except (Stale, PreconditionMissing):
        return
    assert etag(revision).strip('"') == str(revision)
    assert text.strip().removeprefix("W/").strip('"').lstrip("0") in (str(revision), "")


@pytest.mark.parametrize("header", [None, "", "  "])
def test_a_request_without_an_etag_is_refused(header: str | None) -> None:
    with pytest.raises(PreconditionMissing):
        expected_revision(header)


def test_a_key_belongs_to_its_method_and_path() -> None:
    keys = {
        request_key(request(method, path), key)
        for method in ("POST", "DELETE")
        for path in ("/api/clips/clp_1", "/api/clips/clp_2")
        for key in ("a", "b")
    }

    assert len(keys) == 8
    assert request_key(request("POST", "/api/clips/clp_1"), None) is None
    assert request_key(request("POST", "/api/clips/clp_1"), "") is None


def test_a_span_is_read_to_the_millisecond() -> None:
    assert Span(start_s=1.0004, end_s=2.9996).range() == TimeRange(1_000, 3_000)
    with pytest.raises(BadRange):
        Span(start_s=2, end_s=2.0001).range()


def test_plain_json_keeps_order_and_letters() -> None:
    answer = plain_json({"b": "Zoë", "a": [1, None]}, {"ETag": etag(3)})

    assert bytes(answer.body) == '{"b":"Zoë","a":[1,null]}'.encode()
    assert answer.headers["etag"] == '"3"'
