"""The only wiring: settings in, a working Clipper out. Every process builds its own."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path as FilePath
from urllib.parse import quote

from clipper_core.adapters.aligner import PocketsphinxAligner
from clipper_core.adapters.ffmpeg import Ffmpeg, Limits
from clipper_core.adapters.logs import set_up_logging
from clipper_core.adapters.processes import end_with_parent
from clipper_core.adapters.queue import RqQueue
from clipper_core.adapters.recogniser import Pocketsphinx
from clipper_core.adapters.storage import LocalStorage, Storage
from clipper_core.db.migrate import migrate
from clipper_core.db.session import Database
from clipper_core.domain.clip import Lengths
from clipper_core.domain.preset import Preset
from clipper_core.errors import BadCaptions, EngineMissing, SetupProblem
from clipper_core.services.clips import Clips
from clipper_core.services.evidence import Evidence
from clipper_core.services.exports import Exports
from clipper_core.services.health import Health
from clipper_core.services.limits import Accepted
from clipper_core.services.media import Media
from clipper_core.services.offline import Offline, Wishes
from clipper_core.services.projects import Arrived, Projects, Sample
from clipper_core.services.proposing import propose_from
from clipper_core.services.renders import Renders
from clipper_core.services.runs import Runs
from clipper_core.services.serving import ServeOptions, serve
from clipper_core.services.shows import Shows
from clipper_core.services.steps import Engines, Steps
from clipper_core.services.tasks import Tasks
from clipper_core.services.uploads import UploadLimits, Uploads
from clipper_core.services.work import Files, Work
from clipper_core.settings import ROOT, Selector, Settings, Transcriber, environment_with, load_settings

SAMPLE = Sample(
    recording=ROOT / "sample" / "sonnet.mp3",
    captions=ROOT / "sample" / "sonnet.srt",
    title="Sample: a sonnet by Shakespeare",
    wishes={"language": "en", "min_s": 6, "max_s": 18},
)


@dataclass(frozen=True)
class App:
    """Everything a face of Clipper may call."""

    settings: Settings
    database: Database
    queue: RqQueue
    tasks: Tasks
    shows: Shows
    projects: Projects
    uploads: Uploads[Arrived]
    runs: Runs
    clips: Clips
    renders: Renders
    exports: Exports
    media: Media
    evidence: Evidence
    health: Health
    work: Work

    def migrate(self) -> None:
        """Bring the tables to the newest form, and see to it that a show and the sample exist."""
        migrate(self.database, self._furnish)

    def _furnish(self) -> None:
        self.shows.ensure_default()
        self.projects.ensure_sample(bring_back=False)


def build_app(settings: Settings | None = None, *, keep_connections: bool = True) -> App:
    """A Clipper for this process. Nothing is started, and nothing has to be there yet."""
    settings = settings or load_settings()
    check_choices(settings)
    database = Database(settings.database, keep_connections=keep_connections)
    storage = storage_for(settings)
    queue = RqQueue(settings.redis or own_redis(settings))
    ffmpeg = ffmpeg_for(settings)
    tasks = Tasks(database, queue)
    runs = Runs(database, tasks, functools.partial(choose, settings, ffmpeg))
    files = Files(database, storage)
    evidence = Evidence(database, files)
    renders = Renders(database, tasks, lambda: ffmpeg.version)
    projects = Projects(database, storage, runs, tasks, SAMPLE)
    steps = Steps(database, files, evidence, ffmpeg, engines(), aligner, accepted(settings))
    return App(
        settings=settings,
        database=database,
        queue=queue,
        tasks=tasks,
        shows=Shows(database),
        projects=projects,
        uploads=Uploads(
            database,
            settings.data / "uploads",
            projects,
            UploadLimits(max_bytes=int(settings.max_upload_gb * 1e9)),
        ),
        runs=runs,
        clips=Clips(database, evidence, renders),
        renders=renders,
        exports=Exports(database, storage),
        media=Media(database, storage),
        evidence=evidence,
        health=Health(database, storage, queue),
        work=Work(database, storage, tasks, runs, steps.by_kind(), settings.data / "scratch"),
    )


@functools.cache
def this_app() -> App:
    """The one App of this process, for faces that are called many times."""
    return build_app()


def own_redis(settings: Settings) -> str:
    """Where `serve` puts the socket of its own Redis, for a process started beside it by hand."""
    return f"unix://{quote(str(settings.data / 'run' / 'redis.sock'))}?db=0"


def storage_for(settings: Settings) -> Storage:
    if settings.storage_url:
        raise SetupProblem("CLIPPER_STORAGE_URL: only the data folder can be used yet. Leave it empty.")
    return LocalStorage(settings.data / "files")


def ffmpeg_for(settings: Settings) -> Ffmpeg:
    return Ffmpeg(settings.ffmpeg, Limits())


def accepted(settings: Settings) -> Accepted:
    return Accepted(settings.max_hours, settings.max_streams)


def engines() -> Engines:
    """The recognisers there are, each made in the process that uses it."""
    return {Transcriber.POCKETSPHINX: _pocketsphinx}


@functools.cache
def _pocketsphinx() -> Pocketsphinx:
    return Pocketsphinx()


@functools.cache
def aligner() -> PocketsphinxAligner:
    return PocketsphinxAligner()


def choose(settings: Settings, ffmpeg: Ffmpeg, language: str, has_captions: bool) -> dict[str, str]:
    """Which transcriber and selector a new run uses, and the versions of the tools that will do the work.

    Raises EngineMissing where the settings insist on one that is not there.
    """
    wanted = settings.transcriber
    spoken = language if language != "auto" else settings.language
    if wanted is Transcriber.AUTO:
        offline = Transcriber.POCKETSPHINX if understood_offline(spoken) else Transcriber.NONE
        wanted = Transcriber.CAPTIONS if has_captions else offline
    elif wanted is Transcriber.CAPTIONS and not has_captions:
        wanted = Transcriber.NONE
    elif wanted in (Transcriber.OPENAI, Transcriber.FASTER_WHISPER):
        raise EngineMissing(
            f"The transcriber {wanted} is not available in this version. Set CLIPPER_TRANSCRIBER to auto."
        )
    if settings.selector is Selector.CHAT:
        raise EngineMissing("The selector chat is not available in this version. Set CLIPPER_SELECTOR to auto.")
    return {
        "transcriber": wanted.value,
        "selector": Selector.OFFLINE.value,
        "language": spoken,
        "tool:ffmpeg": ffmpeg.version,
        "tool:pocketsphinx": Pocketsphinx.version,
    }


def check_choices(settings: Settings) -> None:
    """Raise SetupProblem where the settings insist on what is not there, before anybody uploads for nothing."""
    if settings.transcriber in (Transcriber.OPENAI, Transcriber.FASTER_WHISPER):
        raise SetupProblem(f"CLIPPER_TRANSCRIBER: {settings.transcriber} is not available in this version. Use auto.")
    if settings.selector is Selector.CHAT:
        raise SetupProblem("CLIPPER_SELECTOR: chat is not available in this version. Use auto.")


def understood_offline(language: str) -> bool:
    """Whether the recogniser that comes with Clipper may know this language."""
    return language == "auto" or language.split("-")[0] in Pocketsphinx.languages


def offline(settings: Settings) -> Offline:
    """What the command line processes recordings with, without a server or a database."""
    return Offline(ffmpeg_for(settings), engines(), aligner, accepted(settings))


def choose_for_file(
    settings: Settings,
    *,
    captions: FilePath | None,
    language: str,
    track: int,
    lengths: Lengths,
    preset: Preset | None,
    out: FilePath | None,
) -> Wishes:
    """How the command line processes a file, with the transcriber and selector the settings and the file allow.

    Raises EngineMissing, and BadCaptions where the caption file can't be opened.
    """
    if captions is not None and not captions.is_file():
        raise BadCaptions(f"There is no caption file {captions}. Check its name and folder.")
    if captions is None and settings.transcriber is Transcriber.CAPTIONS:
        raise BadCaptions("To take the words from captions, say where they are with --captions.")
    chosen = choose(settings, ffmpeg_for(settings), language, captions is not None)
    return Wishes(chosen["transcriber"], chosen["language"], track, lengths, captions, preset, out)


def serve_here(settings: Settings) -> int:
    """Run everything on this computer until Ctrl-C. Raises SetupProblem and its kinds."""
    set_up_logs(settings)
    return serve(serve_options(settings))


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
    "choose_for_file",
    "end_with_parent",
    "offline",
    "propose_from",
    "serve_here",
    "set_up_logs",
    "this_app",
]
