"""Find a recording's row, or raise the error its absence means."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from clipper_core.db.models import Project
from clipper_core.errors import NotReady, ProjectNotFound

NOT_MAPPED = "The silences of this recording are not mapped yet. Wait until the desk opens."


def project(session: Session, project_id: str, *, lock: bool = False) -> Project:
    """The project of this id, unless it is deleted.

    Args:
        session: The caller's transaction.
        project_id: The recording that is asked for.
        lock: Hold the row until the transaction ends, for a caller that is about to change it.

    Raises:
        ProjectNotFound: There is none, or it is deleted.
    """
    row = session.get(Project, project_id, with_for_update=True if lock else None)
    if row is None or row.deleted_at is not None:
        raise ProjectNotFound
    return row


def mapped_project(session: Session, project_id: str, *, lock: bool = False) -> Project:
    """The same, for a project whose silences are mapped.

    Args:
        session: The caller's transaction.
        project_id: The recording that is asked for.
        lock: Hold the row until the transaction ends.

    Raises:
        ProjectNotFound: There is none, or it is deleted.
        NotReady: It has no silence map yet.
    """
    row = project(session, project_id, lock=lock)
    if row.map_id is None:
        raise NotReady(NOT_MAPPED)
    return row


def lock_project(session: Session, project_id: str) -> None:
    """Hold a project's row, deleted or not, until the transaction ends.

    Take it before any lock on its tasks, runs or clips: one order for all prevents deadlocks.
    """
    session.execute(select(Project.id).where(Project.id == project_id).with_for_update())
