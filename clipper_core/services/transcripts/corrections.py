"""Words put right by people: each correction is a new revision of the project's transcript, beside the ones before."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from clipper_core.adapters.store.local import Storage
from clipper_core.db import lookups
from clipper_core.db.models import Asset, Clip, Project, TranscriptRow
from clipper_core.db.session import Database
from clipper_core.domain.clip import ClipStatus
from clipper_core.domain.corrections import Edit, correct, replace_everywhere
from clipper_core.domain.documents import transcript_json
from clipper_core.domain.ids import new_id
from clipper_core.domain.transcript import Transcript, wording_differs
from clipper_core.errors import ClipperError, NotReady, TranscriptNotFound, TranscriptStale
from clipper_core.services.assets.files import write_json
from clipper_core.services.assets.measured import Certified, MeasuredArtifacts
from clipper_core.services.clips.idempotency import record, result_of
from clipper_core.services.clips.outlines import outlines
from clipper_core.services.clips.views import VersionContent, clean_text, new_version
from clipper_core.stages.cuts.snap import certify_ranges

NO_WORDS = "The words of this recording are not known yet. Wait until they are transcribed."

CORRECTED = "{} corrected the words while you had them open. Look at them as they are now, then try again."

Change = Callable[[Transcript], tuple[Transcript, int]]


@dataclass(frozen=True, slots=True)
class TranscriptView:
    """The words in use, their revision, and who corrected them last, if anybody did."""

    revision: str
    transcript: Transcript
    edited_by: str | None


@dataclass(frozen=True, slots=True)
class Corrected:
    """The revision there is now, in how many places it differs, and how many clips got a new version by it."""

    revision: str
    changed: int
    clips: int


class Corrections:
    """Corrects a project's transcript. ``seen`` is always the revision somebody corrected by."""

    def __init__(self, database: Database, storage: Storage, measured: MeasuredArtifacts) -> None:
        self._database = database
        self._storage = storage
        self._measured = measured

    def show(self, project_id: str) -> TranscriptView | None:
        """The words in use; None before there are any. Raises ProjectNotFound."""
        with self._database.read() as session:
            transcript_id = lookups.project(session, project_id).transcript_id
            if transcript_id is None:
                return None
            edited_by = session.get_one(TranscriptRow, transcript_id).edited_by
        return TranscriptView(transcript_id, self._measured.transcript(transcript_id), edited_by)

    def correct(
        self, project_id: str, seen: str, edits: Sequence[Edit], *, by: str = "", key: str | None = None
    ) -> Corrected:
        """Put words right in place. Raises ProjectNotFound, NotReady, TranscriptStale, WordChanged, BadWord."""
        return self._make(project_id, seen, lambda words: correct(words, edits), by, key)

    def replace(
        self, project_id: str, seen: str, find: str, new: str, *, by: str = "", key: str | None = None
    ) -> Corrected:
        """Replace a name wherever it stands. Raises ProjectNotFound, NotReady, TranscriptStale, BadWord."""
        return self._make(project_id, seen, lambda words: replace_everywhere(words, find, new), by, key)

    def restore(self, project_id: str, seen: str, revision: str, *, by: str = "", key: str | None = None) -> Corrected:
        """Take the words of an earlier revision again. Raises as ``replace``, and TranscriptNotFound."""
        with self._database.read() as session:
            if done := _done_before(session, project_id, key):
                return done
            now = _seen(session, lookups.project(session, project_id), seen)
            earlier = session.get(TranscriptRow, revision)
            if earlier is None or earlier.project_id != project_id:
                raise TranscriptNotFound
        if revision == now:
            return Corrected(now, 0, 0)
        old, new = self._measured.transcript(now), self._measured.transcript(revision)
        return self._take_up(_Step(project_id, seen, earlier.asset_id, old, new, 1, by, key))

    def _make(self, project_id: str, seen: str, change: Change, by: str, key: str | None) -> Corrected:
        with self._database.read() as session:
            if done := _done_before(session, project_id, key):
                return done
            now = _seen(session, lookups.project(session, project_id), seen)
        old = self._measured.transcript(now)
        new, changed = change(old)
        if not changed:
            return Corrected(now, 0, 0)
        asset = self._stored(project_id, new)
        try:
            return self._take_up(_Step(project_id, seen, asset.id, old, new, changed, by, key), asset)
        finally:
            self._forget_unnamed(asset.id, asset.key)

    def _stored(self, project_id: str, transcript: Transcript) -> Asset:
        """The words in the file store, under a key that held nothing else, and the row that will name them."""
        asset_id = new_id("ast")
        key = f"projects/{project_id}/words/{asset_id}"
        with tempfile.TemporaryDirectory() as folder:
            path = write_json(Path(folder) / "transcript", transcript_json(transcript))
            size = self._storage.put(path, key)
        return Asset(id=asset_id, project_id=project_id, kind="transcript", key=key, mime="application/gzip", size=size)

    def _forget_unnamed(self, asset_id: str, key: str) -> None:
        """Remove what was stored if no row came to name it; where that can't be told, it stays."""
        with suppress(ClipperError):
            with self._database.read() as session:
                named = session.get(Asset, asset_id) is not None
            if not named:
                self._storage.delete(key)

    def _take_up(self, step: _Step, asset: Asset | None = None) -> Corrected:
        """Make new words the project's, with what follows for its clips: all of it, or nothing."""
        self._read_map(step.project_id)
        with self._database.write() as session:
            lookups.lock_project(session, step.project_id)
            if done := _done_before(session, step.project_id, step.key):
                return done
            project = lookups.project(session, step.project_id)
            _seen(session, project, step.seen)
            if asset is not None:
                session.add(asset)
                session.flush()
            row = _row(step)
            session.add(row)
            project.transcript_id = row.id
            project.revision += 1
            session.flush()
            renewed = self._renew_clips(session, project, step)
            record(session, step.project_id, step.key, [row.id, str(step.changed), str(renewed)])
        self._measured.keep(row.id, step.new)
        return Corrected(row.id, step.changed, renewed)

    def _read_map(self, project_id: str) -> None:
        """Have the silences in memory: read while the project is held, they would take a second connection."""
        with self._database.read() as session:
            map_id = lookups.project(session, project_id).map_id
        if map_id is not None:
            self._measured.silence_map(map_id)

    def _renew_clips(self, session: Session, project: Project, step: _Step) -> int:
        """A version on the new words for each clip nobody has decided on whose words they change; how many."""
        live = session.scalars(select(Clip).where(Clip.project_id == project.id, Clip.deleted_at.is_(None))).all()
        map_id = project.map_id
        silences = self._measured.silence_map(map_id) if map_id else None
        renewed = 0
        stand = outlines(session, [c.id for c in live])
        for clip in live:
            view = stand[clip.id]
            undecided = view.status is ClipStatus.PROPOSED
            if (
                map_id is None
                or silences is None
                or not undecided
                or not wording_differs(step.old, step.new, view.ranges)
            ):
                continue
            clip.newest += 1
            clip.revision += 1
            cuts = certify_ranges(view.ranges, silences, step.new)
            content = VersionContent(view.title, view.ranges, view.preset, step.by)
            session.add(new_version(clip, content, Certified(cuts, map_id, project.transcript_id)))
            renewed += 1
        return renewed


@dataclass(frozen=True, slots=True)
class _Step:
    """From which words to which, who took it, and where the new ones are stored."""

    project_id: str
    seen: str
    asset_id: str
    old: Transcript
    new: Transcript
    changed: int
    by: str
    key: str | None


def _row(step: _Step) -> TranscriptRow:
    return TranscriptRow(
        id=new_id("trs"),
        project_id=step.project_id,
        asset_id=step.asset_id,
        engine=step.new.engine,
        language=step.new.language,
        draft=step.new.draft,
        word_count=len(step.new.words),
        parent_id=step.seen,
        edited_by=clean_text(step.by, 200),
    )


def _seen(session: Session, project: Project, seen: str) -> str:
    """The revision in use, if it still is the one that was seen."""
    if project.transcript_id is None:
        raise NotReady(NO_WORDS)
    if project.transcript_id != seen:
        by = session.get_one(TranscriptRow, project.transcript_id).edited_by
        raise TranscriptStale(CORRECTED.format(by) if by else None)
    return project.transcript_id


def _done_before(session: Session, project_id: str, key: str | None) -> Corrected | None:
    made = result_of(session, project_id, key)
    return Corrected(made[0], int(made[1]), int(made[2])) if made is not None else None
