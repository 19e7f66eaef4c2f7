"""The only wiring: settings in, a working Clipper out. Every process builds its own."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path as FilePath
from urllib.parse import quote

from clipper_core.adapters.logs import set_up_logging
from clipper_core.adapters.processes import end_with_parent
from clipper_core.adapters.queue import RqQueue
from clipper_core.adapters.store.storage import Storage
from clipper_core.db.migrate import migrate
from clipper_core.db.session import Database
from clipper_core.services.assets import Files, MeasuredArtifacts
from clipper_core.services.clips import Clips, ClipStructure, Edges, IdempotencyKeys, Notes
from clipper_core.services.engines.choice import EngineChooser
from clipper_core.services.exports import Exports, ServedFiles
from clipper_core.services.projects import PlayedRanges, ProjectIntake, Projects, Sample, Shows
from clipper_core.services.renders import Renders
from clipper_core.services.runs import (
    AttemptFiles,
    ClipSteps,
    RecordingSteps,
    Runs,
    Steps,
    Stretches,
    Tasks,
    TaskWorker,
    WordSteps,
)
from clipper_core.services.server import Health, Place, Relocation, ServeOptions, StoreSweeper, serve_all
from clipper_core.services.silences import Peaks, Silences
from clipper_core.services.transcripts.corrections import Corrections
from clipper_core.services.uploads import UploadLimits, Uploads
from clipper_core.settings import ROOT, Settings, environment_with, load_settings
from clipper_core.wiring.engines import endpoint_for, engine_chooser, engine_options, engine_set
from clipper_core.wiring.local import ffmpeg_for, probe_limits
from clipper_core.wiring.stores import storage_for

SAMPLE = Sample(
    recording=ROOT / "sample" / "sonnet.mp3",
    captions=ROOT / "sample" / "sonnet.srt",
    title="Sample: a sonnet by Shakespeare",
    preferences={"language": "en", "min_s": 6, "max_s": 18},
)


@dataclass(frozen=True)
class App:
    """Everything a face of Clipper may call."""

    settings: Settings
    database: Database
    storage: Storage
    queue: RqQueue
    engines: EngineChooser
    tasks: Tasks
    shows: Shows
    projects: Projects
    intake: ProjectIntake
    uploads: Uploads
    runs: Runs
    clips: Clips
    structure: ClipStructure
    edges: Edges
    idempotency_keys: IdempotencyKeys
    notes: Notes
    corrections: Corrections
    renders: Renders
    exports: Exports
    media: ServedFiles
    measured: MeasuredArtifacts
    silences: Silences
    peaks: Peaks
    played: PlayedRanges
    stretches: Stretches
    health: Health
    worker: TaskWorker
    sweeper: StoreSweeper

    def migrate(self) -> None:
        """Bring the tables up to date, and make the default show and the sample where they are missing."""
        migrate(self.database, self._furnish)

    def _furnish(self) -> None:
        self.storage.prepare()
        self.shows.ensure_default()
        self.intake.ensure_sample(bring_back=False)


def build_app(settings: Settings | None = None, *, keep_connections: bool = True) -> App:
    """A Clipper for this process. Nothing is started, and nothing has to exist yet. Raises SetupProblem."""
    settings = settings or load_settings()
    engine_options(settings).check()
    database = Database(settings.database, keep_connections=keep_connections, pool=settings.database_pool)
    storage = storage_for(settings)
    queue = RqQueue(settings.redis or own_redis(settings))
    ffmpeg = ffmpeg_for(settings)
    tasks = Tasks(database, queue)
    chooser = engine_chooser(settings, ffmpeg)
    runs = Runs(database, tasks, chooser.choose)
    files = Files(database, storage)
    measured = MeasuredArtifacts(database, files)
    renders = Renders(database, tasks, lambda: ffmpeg.version)
    projects = Projects(database, runs, tasks)
    intake = ProjectIntake(database, storage, runs, projects, SAMPLE)
    engines = engine_set(settings)
    steps = Steps(
        RecordingSteps(database, files, ffmpeg, probe_limits(settings), engines.voice),
        WordSteps(database, files, measured, engines),
        ClipSteps(database, files, measured, ffmpeg, engines),
    )
    return App(
        settings=settings,
        database=database,
        storage=storage,
        queue=queue,
        engines=chooser,
        tasks=tasks,
        shows=Shows(database),
        projects=projects,
        intake=intake,
        uploads=Uploads(
            database,
            settings.data / "uploads",
            intake,
            UploadLimits(max_bytes=int(settings.max_upload_gb * 1e9)),
        ),
        runs=runs,
        clips=Clips(database, measured, renders),
        structure=ClipStructure(database, measured, renders),
        edges=Edges(measured),
        idempotency_keys=IdempotencyKeys(database),
        notes=Notes(database),
        corrections=Corrections(database, storage, measured),
        renders=renders,
        exports=Exports(database, storage),
        media=ServedFiles(database, storage),
        measured=measured,
        silences=Silences(database, measured),
        peaks=Peaks(measured, files),
        played=PlayedRanges(database),
        stretches=Stretches(database, tasks, runs),
        health=Health(database, storage, queue),
        sweeper=StoreSweeper(database, storage),
        worker=TaskWorker(database, tasks, runs, steps.by_kind(), AttemptFiles(storage, settings.data / "scratch")),
    )


@functools.cache
def this_app() -> App:
    """The one App of this process, for faces that are called many times."""
    return build_app()


def own_redis(settings: Settings) -> str:
    """The address of the Redis that `serve` starts, for a process started beside it by hand."""
    return f"unix://{quote(str(settings.data / 'run' / 'redis.sock'))}?db=0"


def relocation_for(settings: Settings, to: Settings) -> Relocation:
    """The relocation of everything from the places of ``settings`` to those of ``to``."""
    return Relocation(_place(settings), _place(to))


def _place(settings: Settings) -> Place:
    database = Database(settings.database, keep_connections=False)
    # One SQLite file may be named in several ways.
    file = FilePath(settings.database.removeprefix("sqlite:///")).resolve() if database.is_sqlite else None
    files_at = (settings.storage_url or "").rstrip("/") or str((settings.data / "files").resolve())
    return Place(database, storage_for(settings), settings.data, str(file or settings.database), files_at)


def serve_here(settings: Settings) -> int:
    """Run everything on this computer until Ctrl-C. Raises SetupProblem and its kinds."""
    set_up_logs(settings)
    return serve_all(serve_options(settings))


def serve_options(settings: Settings) -> ServeOptions:
    return ServeOptions(
        host=settings.host,
        port=settings.port,
        data=settings.data,
        workers=settings.workers,
        redis_url=settings.redis,
        root=ROOT,
        environment=environment_with,
        prepare=lambda: build_app(settings, keep_connections=False).migrate(),
    )


def set_up_logs(settings: Settings) -> None:
    set_up_logging(as_json=settings.log_json)


__all__ = [
    "App",
    "build_app",
    "end_with_parent",
    "endpoint_for",
    "ffmpeg_for",
    "relocation_for",
    "serve_here",
    "set_up_logs",
    "this_app",
]
