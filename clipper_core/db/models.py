"""The tables. Times are UTC; JSON columns carry their schema version under ``"v"`` where their shape may change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class UtcTime(TypeDecorator[datetime]):
    """A moment, always with its zone: SQLite gives times back without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def now() -> datetime:
    return datetime.now(UTC)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it off the class
        datetime: UtcTime,
        dict[str, Any]: JSON,
        list[Any]: JSON,
    }


class Show(Base):
    """A series of recordings. Its ``defaults`` for them are language, min_s, max_s and most."""

    __tablename__ = "shows"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(300))
    defaults: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Project(Base):
    """One source recording and everything made from it. ``media`` is the result of probing, once there is one."""

    __tablename__ = "projects"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    show_id: Mapped[str] = mapped_column(ForeignKey("shows.id"), index=True)
    title: Mapped[str] = mapped_column(Text)
    filename: Mapped[str] = mapped_column(Text)
    # language, min_ms, max_ms, most, track; the column keeps its first name
    preferences: Mapped[dict[str, Any]] = mapped_column("wishes", default=dict)
    media: Mapped[dict[str, Any] | None]
    source_id: Mapped[str | None] = mapped_column(String(40))
    captions_id: Mapped[str | None] = mapped_column(String(40))
    preview_id: Mapped[str | None] = mapped_column(String(40))
    speech_id: Mapped[str | None] = mapped_column(String(40))
    map_id: Mapped[str | None] = mapped_column(String(40))
    transcript_id: Mapped[str | None] = mapped_column(String(40))
    revision: Mapped[int] = mapped_column(Integer, default=1)
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)
    deleted_at: Mapped[datetime | None]


class Asset(Base):
    """One stored file. ``key`` is its name in the file store and never holds anything a client chose."""

    __tablename__ = "assets"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    key: Mapped[str] = mapped_column(Text, unique=True)
    mime: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(BigInteger)
    filename: Mapped[str | None] = mapped_column(Text)  # what a download of it is called
    created_at: Mapped[datetime] = mapped_column(default=now)


class SilenceMapRow(Base):
    """One silence map: its envelope is the asset, its silences are here as [[start_ms, end_ms, level_db], …]."""

    __tablename__ = "silence_maps"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), index=True)
    asset_id: Mapped[str] = mapped_column(ForeignKey("assets.id"))
    duration_ms: Mapped[int] = mapped_column(BigInteger)
    threshold_db: Mapped[float] = mapped_column(Float)
    settings: Mapped[dict[str, Any]]
    silences: Mapped[dict[str, Any]]  # {"v": 1, "silences": […]}
    created_at: Mapped[datetime] = mapped_column(default=now)


class TranscriptRow(Base):
    """One revision of a project's words; the words themselves are the asset (gzipped JSON)."""

    __tablename__ = "transcripts"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), index=True)
    asset_id: Mapped[str] = mapped_column(ForeignKey("assets.id"))
    engine: Mapped[str] = mapped_column(String(60))
    language: Mapped[str] = mapped_column(String(20))
    draft: Mapped[bool]
    word_count: Mapped[int]
    parent_id: Mapped[str | None] = mapped_column(String(40))  # the revision that was corrected into this one
    edited_by: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Clip(Base):
    """An idea for a clip. ``revision`` grows with every version and every decision: it is the clip's ETag."""

    __tablename__ = "clips"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), index=True)
    run_id: Mapped[str | None] = mapped_column(String(40))
    origin: Mapped[str] = mapped_column(String(20))  # proposed | manual
    rank: Mapped[int | None]
    reasons: Mapped[list[Any]]
    alternatives: Mapped[list[Any]]  # [[start_ms, end_ms], …]
    revision: Mapped[int] = mapped_column(default=1)
    newest: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    deleted_at: Mapped[datetime | None]
    deleted_by: Mapped[str | None] = mapped_column(Text)


class ClipVersion(Base):
    """One immutable state of a clip, and the map and transcript its certificates rest on."""

    __tablename__ = "clip_versions"
    __table_args__ = (UniqueConstraint("clip_id", "number"),)
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    clip_id: Mapped[str] = mapped_column(ForeignKey("clips.id"), index=True)
    number: Mapped[int]
    title: Mapped[str] = mapped_column(Text)
    ranges: Mapped[list[Any]]  # [[start_ms, end_ms], …]
    cuts: Mapped[list[Any]]
    captions: Mapped[dict[str, Any] | None]
    crop: Mapped[dict[str, Any] | None]
    preset: Mapped[str] = mapped_column(String(40))
    map_id: Mapped[str | None] = mapped_column(String(40))
    transcript_id: Mapped[str | None] = mapped_column(String(40))
    created_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Decision(Base):
    """One review action on one version. Rows are only ever added."""

    __tablename__ = "decisions"
    __table_args__ = (UniqueConstraint("clip_id", "number"),)
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    clip_id: Mapped[str] = mapped_column(ForeignKey("clips.id"), index=True)
    version_id: Mapped[str] = mapped_column(ForeignKey("clip_versions.id"), index=True)
    number: Mapped[int]  # the clip's revision this decision made: the order of the record
    verdict: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(String(40))
    note: Mapped[str | None] = mapped_column(Text)
    carried_from: Mapped[int | None]  # the version whose approval was carried over to this one
    decided_by: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[datetime] = mapped_column(default=now)


class AnsweredRequest(Base):
    """The result of a change by its idempotency key: the same request sent again changes nothing."""

    __tablename__ = "answered_requests"
    scope: Mapped[str] = mapped_column(String(40), primary_key=True)  # the clip or project it was sent to
    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    made: Mapped[list[Any]]  # ids of what came of it: clips, or a note
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)


class Note(Base):
    """A note on a moment of a clip, or (with a ``parent_id``) an answer to one. A resolved note stays."""

    __tablename__ = "notes"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    clip_id: Mapped[str] = mapped_column(ForeignKey("clips.id"), index=True)
    parent_id: Mapped[str | None] = mapped_column(String(40))
    at_ms: Mapped[int | None] = mapped_column(BigInteger)  # of the recording
    text: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=now)
    resolved_by: Mapped[str | None] = mapped_column(Text)
    resolved_at: Mapped[datetime | None]


class PlayedRangesRow(Base):
    """The ranges of a recording that were played: {"v": 1, "ranges": [[start_ms, end_ms], …]}, in order and apart."""

    __tablename__ = "listened"
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    played: Mapped[dict[str, Any]] = mapped_column("heard")


class Run(Base):
    """One processing of a project under fixed settings. Its state is its tasks', or cancelled."""

    __tablename__ = "runs"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), index=True)
    settings: Mapped[dict[str, Any]]
    warnings: Mapped[list[Any]] = mapped_column(default=list)  # [{"code", "message"}, …]
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)
    cancelled_at: Mapped[datetime | None]


class Task(Base):
    """The unit of work. Every write to a running task is conditional on its ``token``."""

    __tablename__ = "tasks"
    __table_args__ = (Index("ix_tasks_state_lease", "state", "lease_until"),)
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    queue: Mapped[str] = mapped_column(String(20))
    input_key: Mapped[str] = mapped_column(String(80), unique=True)
    inputs: Mapped[dict[str, Any]]
    position: Mapped[int] = mapped_column(default=0)  # which stretch, where a kind has several
    state: Mapped[str] = mapped_column(String(12))
    attempt: Mapped[int] = mapped_column(default=1)
    interruptions: Mapped[int] = mapped_column(default=0)
    token: Mapped[str | None] = mapped_column(String(40))
    lease_until: Mapped[datetime | None]
    worker: Mapped[str | None] = mapped_column(Text)
    progress: Mapped[float] = mapped_column(Float, default=0.0)
    result: Mapped[dict[str, Any] | None]
    error_code: Mapped[str | None] = mapped_column(String(60))
    error: Mapped[str | None] = mapped_column(Text)
    error_detail: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=now)
    queued_at: Mapped[datetime] = mapped_column(default=now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class RunTask(Base):
    """A task of a run. Equal work is one task, however many runs have it."""

    __tablename__ = "run_tasks"
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id"), primary_key=True, index=True)


class PaidAnswer(Base):
    """One answer of a paid service, kept at once so that it is never paid for again. Rows stay."""

    __tablename__ = "paid_answers"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), index=True)
    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))  # transcribe | chat
    input_key: Mapped[str] = mapped_column(String(80), index=True)  # names the model and all that was sent
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # None where it could not be used
    audio_ms: Mapped[int] = mapped_column(BigInteger)
    tokens_in: Mapped[int] = mapped_column(BigInteger)
    tokens_out: Mapped[int] = mapped_column(BigInteger)
    waited_ms: Mapped[int] = mapped_column(BigInteger)
    cost: Mapped[float | None] = mapped_column(Float)  # dollars, where the prices are known
    created_at: Mapped[datetime] = mapped_column(default=now)


class Render(Base):
    """One version as a file. Its state is its task's."""

    __tablename__ = "renders"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), index=True)
    clip_id: Mapped[str] = mapped_column(ForeignKey("clips.id"), index=True)
    version_id: Mapped[str] = mapped_column(ForeignKey("clip_versions.id"), index=True)
    preset: Mapped[str] = mapped_column(String(40))
    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id"), unique=True)
    asset_id: Mapped[str | None] = mapped_column(String(40))
    captions_id: Mapped[str | None] = mapped_column(String(40))
    measured: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(default=now)


class Upload(Base):
    """An upload. ``offset`` counts the bytes that are safely on disk; with the last one it becomes a project."""

    __tablename__ = "uploads"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    filename: Mapped[str] = mapped_column(Text)
    filetype: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    offset: Mapped[int] = mapped_column(BigInteger, default=0)
    preferences: Mapped[dict[str, Any]] = mapped_column("wishes", default=dict)
    project_id: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(default=now)
    touched_at: Mapped[datetime] = mapped_column(default=now, index=True)
