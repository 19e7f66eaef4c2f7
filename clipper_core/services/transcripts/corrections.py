"""Corrections of a transcript: each is a new revision of the project's words, beside the earlier ones."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from clipper_core.adapters.store.storage import Storage
from clipper_core.db import lookups
from clipper_core.db.models import Asset, Clip, Project, TranscriptRow
from clipper_core.db.session import Database
from clipper_core.domain.clip import ClipStatus
from clipper_core.domain.corrections import Edit, Replacement, correct, replace_everywhere
from clipper_core.domain.documents import transcript_json
from clipper_core.domain.ids import new_id
from clipper_core.domain.transcript import Transcript, wording_differs
from clipper_core.errors import ClipperError, NotReady, TranscriptNotFound, TranscriptStale
from clipper_core.services.assets import CertifiedCuts, MeasuredArtifacts, write_json
from clipper_core.services.clips import VersionContent, clean_text, new_version, outlines_of, record_result, result_of
from clipper_core.stages.cuts.snap import certify_ranges

NO_WORDS = "The words of this recording are not known yet. Wait until they are transcribed."

CORRECTED = "{} corrected the words while you had them open. Look at them as they are now, then try again."

Change = Callable[[Transcript], tuple[Transcript, int]]
"""From a transcript to the corrected one, and in how many places they differ."""


@dataclass(frozen=True, slots=True)
class TranscriptView:
    """The words in use, their revision, and who corrected them last, if anybody did."""

    revision: str
    transcript: Transcript
    edited_by: str | None


@dataclass(frozen=True, slots=True)
class CorrectionResult:
    """The revision in use now, in how many places it differs, and how many clips got a new version by it."""

    revision: str
    changed: int
    clips: int


@dataclass(frozen=True, slots=True)
class _Request:
    """One request for a correction: the revision it was made on, by whom, and its idempotency key."""

    project_id: str
    expected_revision: str
    by: str
    key: str | None


@dataclass(frozen=True, slots=True)
class _NewRevision:
    """The words before and after a correction, and the asset that holds the new ones."""

    request: _Request
    asset_id: str
    old: Transcript
    new: Transcript
    changed: int


class Corrections:
    """Corrects a project's transcript. ``expected_revision`` is always the one the client saw."""

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
        self, project_id: str, expected_revision: str, edits: Sequence[Edit], *, by: str = "", key: str | None = None
    ) -> CorrectionResult:
        """Correct words in place.

        Args:
            project_id: The recording.
            expected_revision: The transcript the edits were made on.
            edits: What to correct, each word at most once.
            by: The reviewer's name, for the record.
            key: The request's idempotency key: sent again, it returns the first result.

        Raises:
            ProjectNotFound: The recording is gone.
            NotReady: It has no words yet.
            TranscriptStale: Another revision is in use.
            WordChanged: A word is not what the edit says it was.
            BadWord: A correction is no word.
        """
        request = _Request(project_id, expected_revision, by, key)
        return self._correct(request, lambda words: correct(words, edits))

    def replace(
        self,
        project_id: str,
        expected_revision: str,
        replacement: Replacement,
        *,
        by: str = "",
        key: str | None = None,
    ) -> CorrectionResult:
        """Replace a name of one or several words in the whole transcript.

        Args:
            project_id: The recording.
            expected_revision: The transcript the client saw.
            replacement: The name, and the text in its place.
            by: The reviewer's name, for the record.
            key: The request's idempotency key: sent again, it returns the first result.

        Raises:
            ProjectNotFound: The recording is gone.
            NotReady: It has no words yet.
            TranscriptStale: Another revision is in use.
            BadWord: The name or the text is empty or unsuitable.
        """
        request = _Request(project_id, expected_revision, by, key)
        return self._correct(request, lambda words: replace_everywhere(words, replacement))

    def restore(
        self, project_id: str, expected_revision: str, revision: str, *, by: str = "", key: str | None = None
    ) -> CorrectionResult:
        """Use the words of an earlier revision again, as a new one.

        Args:
            project_id: The recording.
            expected_revision: The transcript the client saw.
            revision: The earlier transcript.
            by: The reviewer's name, for the record.
            key: The request's idempotency key: sent again, it returns the first result.

        Raises:
            ProjectNotFound: The recording is gone.
            NotReady: It has no words yet.
            TranscriptStale: Another revision is in use than the expected one.
            TranscriptNotFound: The earlier revision is not one of this recording.
        """
        request = _Request(project_id, expected_revision, by, key)
        with self._database.read() as session:
            if result := _earlier_result(session, request):
                return result
            current = _revision_in_use(session, request)
            earlier = session.get(TranscriptRow, revision)
            if earlier is None or earlier.project_id != project_id:
                raise TranscriptNotFound
        if revision == current:
            return CorrectionResult(current, 0, 0)
        old, new = self._measured.transcript(current), self._measured.transcript(revision)
        return self._save(_NewRevision(request, earlier.asset_id, old, new, 1))

    def _correct(self, request: _Request, change: Change) -> CorrectionResult:
        with self._database.read() as session:
            if result := _earlier_result(session, request):
                return result
            current = _revision_in_use(session, request)
        old = self._measured.transcript(current)
        new, changed = change(old)
        if not changed:
            return CorrectionResult(current, 0, 0)
        asset = self._store(request.project_id, new)
        try:
            return self._save(_NewRevision(request, asset.id, old, new, changed), asset)
        finally:
            self._delete_unnamed(asset.id, asset.key)

    def _store(self, project_id: str, transcript: Transcript) -> Asset:
        """Put the words into the file store, under a new key. Returns the row that will name them."""
        asset_id = new_id("ast")
        key = f"projects/{project_id}/words/{asset_id}"
        with tempfile.TemporaryDirectory() as folder:
            path = write_json(Path(folder) / "transcript", transcript_json(transcript))
            size = self._storage.put(path, key)
        return Asset(id=asset_id, project_id=project_id, kind="transcript", key=key, mime="application/gzip", size=size)

    def _delete_unnamed(self, asset_id: str, key: str) -> None:
        """Delete a stored file that no row names. It stays if the database can't be asked."""
        with suppress(ClipperError):
            with self._database.read() as session:
                named = session.get(Asset, asset_id) is not None
            if not named:
                self._storage.delete(key)

    def _save(self, revision: _NewRevision, asset: Asset | None = None) -> CorrectionResult:
        """Make a new revision the project's and renew its clips, in one transaction.

        Args:
            revision: The words before and after.
            asset: The row for the new words' file, unless it has one already.

        Raises:
            ProjectNotFound: The recording was deleted meanwhile.
            TranscriptStale: Another correction was quicker.
        """
        request = revision.request
        self._load_map(request.project_id)
        with self._database.write() as session:
            lookups.lock_project(session, request.project_id)
            if result := _earlier_result(session, request):
                return result
            _revision_in_use(session, request)
            if asset is not None:
                session.add(asset)
                session.flush()
            row = _row(revision)
            session.add(row)
            project = lookups.project(session, request.project_id)
            project.transcript_id = row.id
            project.revision += 1
            session.flush()
            renewed = self._renew_clips(session, project, revision)
            record_result(session, request.project_id, request.key, [row.id, str(revision.changed), str(renewed)])
        self._measured.keep(row.id, revision.new)
        return CorrectionResult(row.id, revision.changed, renewed)

    def _load_map(self, project_id: str) -> None:
        """Load the silences into memory: loading them while the project is locked would take a second connection."""
        with self._database.read() as session:
            map_id = lookups.project(session, project_id).map_id
        if map_id is not None:
            self._measured.silence_map(map_id)

    def _renew_clips(self, session: Session, project: Project, revision: _NewRevision) -> int:
        """Add a version on the new words to each undecided clip whose words differ. Returns how many."""
        clips = session.scalars(select(Clip).where(Clip.project_id == project.id, Clip.deleted_at.is_(None))).all()
        map_id = project.map_id
        silences = self._measured.silence_map(map_id) if map_id else None
        views = outlines_of(session, [c.id for c in clips])
        renewed = 0
        for clip in clips:
            view = views[clip.id]
            undecided = view.status is ClipStatus.PROPOSED
            if map_id is None or silences is None or not undecided:
                continue
            if not wording_differs(revision.old, revision.new, view.ranges):
                continue
            clip.newest += 1
            clip.revision += 1
            cuts = certify_ranges(view.ranges, silences, revision.new)
            content = VersionContent(view.title, view.ranges, view.preset, revision.request.by)
            session.add(new_version(clip, content, CertifiedCuts(cuts, map_id, project.transcript_id)))
            renewed += 1
        return renewed


def _row(revision: _NewRevision) -> TranscriptRow:
    new, request = revision.new, revision.request
    return TranscriptRow(
        id=new_id("trs"),
        project_id=request.project_id,
        asset_id=revision.asset_id,
        engine=new.engine,
        language=new.language,
        draft=new.draft,
        word_count=len(new.words),
        parent_id=request.expected_revision,
        edited_by=clean_text(request.by, 200),
    )


def _revision_in_use(session: Session, request: _Request) -> str:
    """The revision in use. Raises ProjectNotFound, NotReady, and TranscriptStale if it is not the expected one."""
    project = lookups.project(session, request.project_id)
    if project.transcript_id is None:
        raise NotReady(NO_WORDS)
    if project.transcript_id != request.expected_revision:
        by = session.get_one(TranscriptRow, project.transcript_id).edited_by
        raise TranscriptStale(CORRECTED.format(by) if by else None)
    return project.transcript_id


def _earlier_result(session: Session, request: _Request) -> CorrectionResult | None:
    """The result of the same request, if it was made before."""
    made = result_of(session, request.project_id, request.key)
    return CorrectionResult(made[0], int(made[1]), int(made[2])) if made is not None else None
