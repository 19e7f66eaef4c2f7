"""Moves everything to another database or file store, or both: from the embedded default to services, or back.

Files are copied first, then all rows in one transaction: the new place has nothing, or everything. A move that was
interrupted is therefore simply run again. The old place is only read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Table, delete, func, select, text
from sqlalchemy.orm import Session

from clipper_core.adapters.store.storage import Storage
from clipper_core.db.migrate import migrate
from clipper_core.db.models import Task, Upload, now
from clipper_core.db.session import Database
from clipper_core.db.transfer import TABLES, Row, Tally, is_newest, put_rows, rows_of, snapshot, tally
from clipper_core.domain.ids import DEFAULT_SHOW, SAMPLE_PROJECT
from clipper_core.domain.task import TaskState
from clipper_core.errors import ClipperError, Failed, WrongState
from clipper_core.services.server.copy_files import CopyReport, FileCopier, Flaw, NamedFile, named_files
from clipper_core.services.server.serve import check_folder, hold_folder

OURS = {"shows": {"id": DEFAULT_SHOW}, "projects": {"id": SAMPLE_PROJECT}, "assets": {"project_id": SAMPLE_PROJECT}}
"""The rows of an unused database: the default show, and the sample before it is processed."""

NEVER_RAN: Row = {"state": TaskState.QUEUED.value, "token": None, "lease_until": None, "worker": None, "progress": 0.0}

SAME = "There is nothing to move: the new place is the one in use. Name another database, file store or data folder."
OLD_TABLES = "The database to move from has no tables, or old ones. Run `python -m clipper_core migrate`, then move."
BUSY = "Work is under way. Stop Clipper, wait half a minute, then move."
CHANGED = "Recordings changed while they were moved. Stop Clipper, then run the same command again."
IN_USE = "The new database already holds other recordings. Move into one that is empty; nothing was changed there."

Progress = Callable[[str, float], None]
Tallies = dict[str, Tally]


@dataclass(frozen=True)
class Place:
    """One installation's database, files and data folder. ``rows_at`` and ``files_at`` are equal for equal ones."""

    database: Database
    storage: Storage
    data: Path
    rows_at: str
    files_at: str


@dataclass(frozen=True, slots=True)
class MoveReport:
    """Counts of what the new place holds now. ``rows`` or ``files`` is empty if these did not move."""

    rows: dict[str, int] = field(default_factory=dict)
    files: CopyReport = field(default_factory=CopyReport)
    unfinished_tasks: int = 0
    uploads_left: int = 0

    @property
    def flaws(self) -> tuple[Flaw, ...]:
        return self.files.flaws

    def to_json(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "files": {"copied": self.files.copied, "bytes": self.files.bytes, "already_there": self.files.already},
            "flaws": [flaw.to_json() for flaw in self.flaws],
            "unfinished_tasks": self.unfinished_tasks,
            "uploads_left": self.uploads_left,
        }


class Relocation:
    """Copies all rows and files from ``source`` to ``target``."""

    def __init__(self, source: Place, target: Place) -> None:
        self._source = source
        self._target = target
        self._rows_move = source.rows_at != target.rows_at
        self._files_move = source.files_at != target.files_at
        self._uploads_stay = source.data == target.data  # their bytes are staged in the data folder

    def move(self, progress: Progress) -> MoveReport:
        """Copy everything and check it.

        Args:
            progress: Called with the step's name and the share of it that is done (0-1).

        Returns:
            What was moved, for the user.

        Raises:
            WrongState: Tasks are running, or the new database is in use.
            SetupProblem: Clipper runs with one of the data folders.
            ClipperError: What the databases and file stores raise.
        """
        if not (self._rows_move or self._files_move):
            raise WrongState(SAME)
        with self._alone():
            files = self._check_source()
            self._check_target()
            copied = CopyReport()
            if self._files_move:
                copier = FileCopier(self._source.storage, self._target.storage, self._target.data / "moving")
                copied = copier.copy(files, lambda fraction: progress("moving files", fraction))
            tallies = self._move_rows(files, progress) if self._rows_move else {}
            if not tallies:
                self._check_unchanged(files, tallies)
            unfinished, uploads = self._left()
        return MoveReport({name: done.rows for name, done in tallies.items()}, copied, unfinished, uploads)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Lock both data folders against Clipper and other moves. Raises SetupProblem if one is in use."""
        with ExitStack() as held:
            for folder in sorted({self._source.data.resolve(), self._target.data.resolve()}):
                check_folder(folder)
                held.enter_context(hold_folder(folder))
            yield

    # -- may it be moved?

    def _check_source(self) -> list[NamedFile]:
        if not is_newest(self._source.database):
            raise WrongState(OLD_TABLES)
        with snapshot(self._source.database) as here:
            _check_idle(here)
            return named_files(here)

    def _check_target(self) -> None:
        with _naming_the_new_place():
            if self._files_move:
                self._target.storage.prepare()
            if not self._rows_move:
                return
            with self._target.database.read() as there:
                there.execute(text("select 1"))
            migrate(self._target.database)
            with snapshot(self._source.database) as here, snapshot(self._target.database) as there:
                self._has_it_all(here, there)

    def _has_it_all(self, here: Session, there: Session) -> bool:
        """True if an earlier move is complete, False for an unused database. Raises WrongState for any other."""
        if _is_new(there):
            return False
        if all(tally(rows_of(there, table)) == tally(self._rows(here, table)) for table in TABLES):
            return True
        raise WrongState(IN_USE)

    def _check_unchanged(self, files: list[NamedFile], tallies: Tallies) -> None:
        """Compare the old place with what was read from it. Raises WrongState if it changed."""
        with snapshot(self._source.database) as here:
            _check_idle(here)
            same = named_files(here) == files
            if not same or any(tally(self._rows(here, table)) != tallies[table.name] for table in TABLES if tallies):
                raise WrongState(CHANGED)

    def _left(self) -> tuple[int, int]:
        """The numbers of unfinished tasks, and of unfinished uploads that were not moved."""
        with snapshot(self._source.database) as here:
            tasks = select(func.count()).where(Task.state.in_((TaskState.QUEUED, TaskState.RUNNING)))
            uploads = select(func.count()).where(Upload.project_id.is_(None))
            return here.scalar(tasks) or 0, 0 if self._uploads_stay else here.scalar(uploads) or 0

    # -- the rows

    def _move_rows(self, files: list[NamedFile], progress: Progress) -> Tallies:
        done: Tallies = {}
        # Under the migration lock, so that no Clipper that starts there puts its sample in between.
        migrate(self._target.database, lambda: done.update(self._copy_tables(files, progress)))
        return done

    def _copy_tables(self, files: list[NamedFile], progress: Progress) -> Tallies:
        with snapshot(self._source.database) as here, self._target.database.write() as there:
            if self._has_it_all(here, there):
                return {table.name: tally(rows_of(there, table)) for table in TABLES}
            replaced = _clear(there)
            total = sum(here.scalar(select(func.count()).select_from(table)) or 0 for table in TABLES)
            done: Tallies = {}
            for table in TABLES:
                count = _counting(progress, sum(t.rows for t in done.values()), total)
                done[table.name] = put_rows(there, table, self._rows(here, table), count)
                if tally(rows_of(there, table)) != done[table.name]:
                    raise Failed(f"The table {table.name} did not read back as it was written; nothing was moved.")
            progress("moving rows", 1.0)
            # Before the commit: changes made meanwhile would be lost.
            self._check_unchanged(files, done)
        for key in replaced - {f.key for f in files}:
            self._target.storage.delete(key)
        return done

    def _rows(self, session: Session, table: Table) -> Iterator[Row]:
        """A table's rows as they are written to the new place: running tasks queued, unfinished uploads left out."""
        for row in rows_of(session, table):
            if table.name == Task.__tablename__ and row["state"] == TaskState.RUNNING:
                yield {**row, **NEVER_RAN}
            elif table.name != Upload.__tablename__ or row["project_id"] is not None or self._uploads_stay:
                yield row


def _counting(progress: Progress, before: int, total: int) -> Callable[[int], None]:
    return lambda rows: progress("moving rows", min(1.0, (before + rows) / max(total, 1)))


def _check_idle(session: Session) -> None:
    held = select(Task.id).where(Task.state == TaskState.RUNNING, Task.lease_until > now()).limit(1)
    if session.scalar(held) is not None:
        raise WrongState(BUSY)


def _is_new(session: Session) -> bool:
    for table in TABLES:
        others = select(func.count()).select_from(table)
        for column, value in OURS.get(table.name, {}).items():
            others = others.where(table.c[column] != value)
        if session.scalar(others):
            return False
    return True


def _clear(session: Session) -> set[str]:
    """Delete the rows of an unused database. Returns the keys of the files they named."""
    keys = {f.key for f in named_files(session)}
    for table in reversed(TABLES):
        session.execute(delete(table))
    return keys


@contextmanager
def _naming_the_new_place() -> Iterator[None]:
    try:
        yield
    except WrongState:
        raise
    except ClipperError as error:
        raise type(error)(f"In the new place: {error.message}", detail=error.detail) from error
