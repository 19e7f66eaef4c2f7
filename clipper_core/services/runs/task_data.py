"""Data that steps need beside their inputs: the recording's media, and the answers of paid services."""

from __future__ import annotations

from typing import Any

from clipper_core.db.models import Project
from clipper_core.db.session import Database
from clipper_core.services.engines.answers import Answers
from clipper_core.services.runs.tasks import Claim


def stored_media(database: Database, project_id: str) -> dict[str, Any]:
    """The row that probing stored for a project; every other step comes after it."""
    with database.read() as session:
        media = session.get_one(Project, project_id).media
    assert media is not None, "probing comes before everything else"
    return media


def paid_answers(database: Database, claim: Claim) -> Answers:
    """The answers that the task of this claim has paid for, or pays for now."""
    return Answers(database, claim.project_id, claim.id, claim.kind.value)
