"""The parts of a request that several routes read (App, revision, key, time ranges), and the ETag of an answer."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel, Field
from pydantic_core import to_json

from clipper_core.app import App
from clipper_core.domain.time_range import TimeRange, milliseconds
from clipper_core.errors import BadRange, PreconditionMissing, Stale

Name = Annotated[str, Field(max_length=200)]
IfMatch = Annotated[str | None, Header(alias="If-Match")]


def app_of(request: Request) -> App:
    """The App behind a request."""
    return cast(App, request.app.state.clipper)


# -- keys and revisions


def request_key(
    request: Request, key: Annotated[str | None, Header(alias="Idempotency-Key", max_length=80)] = None
) -> str | None:
    """The idempotency key of a request, made its own for this method and path."""
    if not key:
        return None
    return hashlib.sha256(f"{request.method} {request.url.path}\n{key}".encode()).hexdigest()


Key = Annotated[str | None, Depends(request_key)]


def expected_revision(if_match: str | None) -> int:
    """The revision named by If-Match. Raises PreconditionMissing without one, Stale for one we never gave."""
    if if_match is None or not if_match.strip():
        raise PreconditionMissing
    named = re.fullmatch(r'\s*(?:W/)?"(\d{1,9})"\s*', if_match)
    if named is None:
        raise Stale
    return int(named.group(1))


@dataclass(frozen=True, slots=True)
class ChangeHeaders:
    """The headers of a change: the revision it expects, as If-Match names it, and its idempotency key."""

    if_match: str | None
    key: str | None

    @property
    def expected_revision(self) -> int:
        """The expected revision of a clip. Raises PreconditionMissing, Stale."""
        return expected_revision(self.if_match)


def change_headers(if_match: IfMatch = None, key: Key = None) -> ChangeHeaders:
    return ChangeHeaders(if_match, key)


ForChange = Annotated[ChangeHeaders, Depends(change_headers)]


def etag(revision: int | str) -> str:
    return f'"{revision}"'


# -- bodies


class Span(BaseModel):
    start_s: float = Field(ge=0, le=1e7)
    end_s: float = Field(ge=0, le=1e7)

    def range(self) -> TimeRange:
        try:
            return TimeRange(milliseconds(self.start_s), milliseconds(self.end_s))
        except ValueError as error:
            raise BadRange from error


class ByBody(BaseModel):
    by: Name = ""


# -- answers


def plain_json(content: Any, headers: dict[str, str] | None = None) -> Response:
    """Values that are JSON already, without the second pass FastAPI makes over each: long records are many of them."""
    return Response(to_json(content), media_type="application/json", headers=headers)
