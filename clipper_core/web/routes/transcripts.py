"""``/api/projects/{id}/transcript``: the words, and corrections of them."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from clipper_core.domain.corrections import Edit, Replacement
from clipper_core.errors import PreconditionMissing, TranscriptStale
from clipper_core.services.transcripts.corrections import CorrectionResult
from clipper_core.web.requests import ForChange, Name, app_of, etag
from clipper_core.web.views import correction_json, transcript_view_json

router = APIRouter(prefix="/api/projects/{project_id}/transcript", tags=["transcripts"])

Words = Annotated[str, Field(max_length=10_000)]


class EditBody(BaseModel):
    """The words from number ``index`` on, which read ``was``, should read ``text``."""

    index: int = Field(ge=0)
    was: Words
    text: Words


class EditsBody(BaseModel):
    edits: list[EditBody] = Field(min_length=1, max_length=2000)
    by: Name = ""


class ReplaceBody(BaseModel):
    """Whole words, in this very case; what stands around them and a possessive 's stay."""

    find: Words
    replace: Words
    by: Name = ""


class RestoreBody(BaseModel):
    """An earlier revision of this recording's words, to be used again."""

    revision: str = Field(max_length=40)
    by: Name = ""


@router.get("")
def transcript(request: Request, response: Response, project_id: str) -> dict[str, Any]:
    """All words and sentences; none, with revision null, before there are any."""
    view = app_of(request).corrections.show(project_id)
    if view is not None:
        response.headers["ETag"] = etag(view.revision)
    return transcript_view_json(view)


@router.post("/words", status_code=201)
def correct_words(
    request: Request, response: Response, project_id: str, body: EditsBody, headers: ForChange
) -> dict[str, Any]:
    """Put words right in place; their times stay. 409 where a word is another by now, 412 for an older revision."""
    edits = [Edit(e.index, e.was, e.text) for e in body.edits]
    expected = _expected_revision(headers.if_match)
    return _answer(
        app_of(request).corrections.correct(project_id, expected, edits, by=body.by, key=headers.key), response
    )


@router.post("/replace", status_code=201)
def replace_words(
    request: Request, response: Response, project_id: str, body: ReplaceBody, headers: ForChange
) -> dict[str, Any]:
    """Replace a name of one or several words wherever it stands. Nothing found: the revision stays."""
    expected = _expected_revision(headers.if_match)
    replacement = Replacement(body.find, body.replace)
    made = app_of(request).corrections.replace(project_id, expected, replacement, by=body.by, key=headers.key)
    return _answer(made, response)


@router.post("/restore", status_code=201)
def restore_words(
    request: Request, response: Response, project_id: str, body: RestoreBody, headers: ForChange
) -> dict[str, Any]:
    """The words of an earlier revision again, as a new one: how a replacement is taken back."""
    expected = _expected_revision(headers.if_match)
    return _answer(
        app_of(request).corrections.restore(project_id, expected, body.revision, by=body.by, key=headers.key), response
    )


def _expected_revision(if_match: str | None) -> str:
    """The revision named by If-Match. Raises PreconditionMissing without one, TranscriptStale for one we never gave."""
    if if_match is None or not if_match.strip():
        raise PreconditionMissing
    named = re.fullmatch(r'\s*(?:W/)?"([\w-]{1,40})"\s*', if_match)
    if named is None:
        raise TranscriptStale
    return named.group(1)


def _answer(correction: CorrectionResult, response: Response) -> dict[str, Any]:
    response.headers["ETag"] = etag(correction.revision)
    return correction_json(correction)
