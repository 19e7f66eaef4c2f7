"""The only wiring: settings in, a working Clipper out. Every process builds its own."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr

from clipper_core.adapters.endpoint.openai import Endpoint, EndpointOptions, EndpointRecogniser
from clipper_core.adapters.logs import set_up_logging
from clipper_core.adapters.media.ffmpeg import Ffmpeg
from clipper_core.adapters.processes import end_with_parent
from clipper_core.adapters.queue import RqQueue
from clipper_core.adapters.speech.aligner import PocketsphinxAligner
from clipper_core.adapters.speech.recogniser import Pocketsphinx
from clipper_core.adapters.speech.voice import VoiceDetector
from clipper_core.adapters.store.host_cache import HostCache
from clipper_core.adapters.store.local import LocalStorage, Storage
from clipper_core.db.migrate import migrate
from clipper_core.db.session import Database
from clipper_core.domain.clip import Lengths
from clipper_core.domain.preset import Preset
from clipper_core.errors import BadCaptions, SetupProblem
from clipper_core.services.assets.measured import MeasuredArtifacts
from clipper_core.services.clips.edges import Edges
from clipper_core.services.clips.idempotency import Requests
from clipper_core.services.clips.notes import Notes
from clipper_core.services.clips.review import Clips
from clipper_core.services.clips.structure import Reshape
from clipper_core.services.engines.remembering import OfThisProcess, RememberingChat
from clipper_core.services.exports.bundle import Exports
from clipper_core.services.exports.files import Media
from clipper_core.services.local.process_file import Offline, Wishes
from clipper_core.services.local.propose_from_file import Proposed, propose_from
from clipper_core.services.projects.played import PlayedRanges
from clipper_core.services.projects.projects import Arrived, Projects, Sample
from clipper_core.services.projects.shows import Shows
from clipper_core.services.renders.renders import Renders
from clipper_core.services.runs.runs import Runs
from clipper_core.services.runs.steps import Engines, Steps
from clipper_core.services.runs.stretch_runs import Stretches
from clipper_core.services.runs.tasks import Tasks
from clipper_core.services.runs.worker import Files, TaskWorker
from clipper_core.services.server.health import Health
from clipper_core.services.server.move import Mover, Place
from clipper_core.services.server.serve import ServeOptions, serve
from clipper_core.services.server.sweep import Orphans
from clipper_core.services.silences.peaks import Peaks
from clipper_core.services.silences.settings import Silences
from clipper_core.services.transcripts.corrections import Corrections
from clipper_core.services.uploads.uploads import UploadLimits, Uploads
from clipper_core.settings import (
    ROOT,
    MediaLinks,
    PathStyle,
    Selector,
    Settings,
    Transcriber,
    environment_with,
    load_settings,
)
from clipper_core.wiring.local import accepted, ffmpeg_for, file_mapper, voice_detector

STORAGE_URL = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<prefix>[\w!.*'()/-]*))?", re.ASCII)

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
    storage: Storage
    queue: RqQueue
    tasks: Tasks
    shows: Shows
    projects: Projects
    uploads: Uploads[Arrived]
    runs: Runs
    clips: Clips
    reshape: Reshape
    edges: Edges
    requests: Requests
    notes: Notes
    corrections: Corrections
    renders: Renders
    exports: Exports
    media: Media
    measured: MeasuredArtifacts
    silences: Silences
    peaks: Peaks
    played: PlayedRanges
    stretches: Stretches
    health: Health
    worker: TaskWorker
    orphans: Orphans

    def migrate(self) -> None:
        """Bring the tables to the newest form, and see to it that a show and the sample exist."""
        migrate(self.database, self._furnish)

    def _furnish(self) -> None:
        self.storage.prepare()
        self.shows.ensure_default()
        self.projects.ensure_sample(bring_back=False)


def build_app(settings: Settings | None = None, *, keep_connections: bool = True) -> App:
    """A Clipper for this process. Nothing is started, and nothing has to be there yet."""
    settings = settings or load_settings()
    check_choices(settings)
    database = Database(settings.database, keep_connections=keep_connections, pool=settings.database_pool)
    storage = storage_for(settings)
    queue = RqQueue(settings.redis or own_redis(settings))
    ffmpeg = ffmpeg_for(settings)
    tasks = Tasks(database, queue)
    runs = Runs(database, tasks, functools.partial(choose, settings, ffmpeg))
    files = Files(database, storage)
    measured = MeasuredArtifacts(database, files)
    renders = Renders(database, tasks, lambda: ffmpeg.version)
    projects = Projects(database, storage, runs, tasks, SAMPLE)
    endpoint = endpoint_for(settings)
    recognisers = engines(endpoint)
    steps = Steps(
        database,
        files,
        measured,
        ffmpeg,
        recognisers,
        aligner,
        accepted(settings),
        endpoint,
        settings.chat_words,
        VoiceDetector(),
    )
    return App(
        settings=settings,
        database=database,
        storage=storage,
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
        clips=Clips(database, measured, renders),
        reshape=Reshape(database, measured, renders),
        edges=Edges(measured),
        requests=Requests(database),
        notes=Notes(database),
        corrections=Corrections(database, storage, measured),
        renders=renders,
        exports=Exports(database, storage),
        media=Media(database, storage),
        measured=measured,
        silences=Silences(database, measured),
        peaks=Peaks(measured, files),
        played=PlayedRanges(database),
        stretches=Stretches(database, tasks, runs),
        health=Health(database, storage, queue),
        orphans=Orphans(database, storage),
        worker=TaskWorker(database, storage, tasks, runs, steps.by_kind(), settings.data / "scratch"),
    )


@functools.cache
def this_app() -> App:
    """The one App of this process, for faces that are called many times."""
    return build_app()


def own_redis(settings: Settings) -> str:
    """Where `serve` puts the socket of its own Redis, for a process started beside it by hand."""
    return f"unix://{quote(str(settings.data / 'run' / 'redis.sock'))}?db=0"


def storage_for(settings: Settings) -> Storage:
    """The file store. Raises SetupProblem where its address can't be used."""
    if not settings.storage_url:
        return LocalStorage(settings.data / "files")
    place = STORAGE_URL.fullmatch(settings.storage_url)
    if place is None:
        raise SetupProblem("CLIPPER_STORAGE_URL is not an address of a bucket. Write it like s3://bucket/prefix.")
    return _bucket(settings, place["bucket"], place["prefix"] or "")


def _bucket(settings: Settings, bucket: str, prefix: str) -> Storage:
    from clipper_core.adapters.store.s3 import S3Options, S3Storage  # a third of a second that few need

    options = S3Options(
        bucket=bucket,
        prefix=prefix,
        endpoint_url=settings.s3_endpoint_url,
        public_endpoint_url=settings.s3_public_endpoint_url,
        region=settings.s3_region,
        path_style=None if settings.s3_path_style is PathStyle.AUTO else settings.s3_path_style is PathStyle.PATH,
        key_id=_told(settings.aws_access_key_id),
        secret=_told(settings.aws_secret_access_key),
        token=_told(settings.aws_session_token),
        create_bucket=settings.s3_create_bucket,
        link_s=settings.link_minutes * 60 if settings.media_links is MediaLinks.PRESIGNED else None,
    )
    return S3Storage(options, HostCache(settings.data / "cache", int(settings.cache_gb * 1e9)))


def endpoint_for(settings: Settings) -> Endpoint | None:
    """The OpenAI-compatible endpoint, where one is switched on."""
    if not settings.endpoint_on:
        return None
    return Endpoint(
        EndpointOptions(
            key=_told(settings.openai_api_key),
            base_url=settings.openai_base_url,
            transcribe_model=settings.transcribe_model,
            chat_model=settings.chat_model,
            timeout_s=settings.openai_timeout_s,
            patience_s=settings.openai_patience_s,
            in_flight=settings.openai_in_flight,
            max_mb=settings.openai_max_mb,
            transcribe_price=settings.transcribe_price,
            chat_price_in=settings.chat_price_in,
            chat_price_out=settings.chat_price_out,
        )
    )


def _told(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret is not None else None


def mover_for(settings: Settings, to: Settings) -> Mover:
    """What moves everything from where ``settings`` keep it to where ``to`` do."""
    return Mover(_place(settings), _place(to))


def _place(settings: Settings) -> Place:
    database = Database(settings.database, keep_connections=False)
    # One SQLite file may be named in several ways.
    file = FilePath(settings.database.removeprefix("sqlite:///")).resolve() if database.is_sqlite else None
    files_at = (settings.storage_url or "").rstrip("/") or str((settings.data / "files").resolve())
    return Place(database, storage_for(settings), settings.data, str(file or settings.database), files_at)


def engines(endpoint: Endpoint | None) -> Engines:
    """The recognisers there are, each made in the process that uses it."""
    here: Engines = {Transcriber.POCKETSPHINX: _pocketsphinx}
    if endpoint is None:
        return here
    return {**here, Transcriber.OPENAI: functools.partial(EndpointRecogniser, endpoint)}


def _pocketsphinx(_language: str) -> Pocketsphinx:
    return _the_pocketsphinx()


@functools.cache
def _the_pocketsphinx() -> Pocketsphinx:
    return Pocketsphinx()


@functools.cache
def aligner() -> PocketsphinxAligner:
    return PocketsphinxAligner()


def choose(settings: Settings, ffmpeg: Ffmpeg, language: str, has_captions: bool) -> dict[str, str]:
    """Which transcriber and selector a new run uses, and the versions of the tools that will do the work."""
    spoken = language if language != "auto" else settings.language
    chosen = {
        "transcriber": _transcriber(settings, spoken, has_captions).value,
        "selector": _selector(settings).value,
        "language": spoken,
        "tool:ffmpeg": ffmpeg.version,
        "tool:pocketsphinx": Pocketsphinx.version,
    }
    voice = voice_detector(settings)
    if voice is not None:
        chosen["tool:voice"] = f"{voice.name} {voice.version}"
    endpoint = endpoint_for(settings)
    if endpoint is not None:
        chosen |= {"tool:openai": endpoint.transcribe_version, "tool:chat": endpoint.chat_version}
    return chosen


def _transcriber(settings: Settings, spoken: str, has_captions: bool) -> Transcriber:
    wanted = settings.transcriber
    if wanted is Transcriber.CAPTIONS and not has_captions:
        return Transcriber.NONE
    if wanted is not Transcriber.AUTO:
        return wanted
    if has_captions:
        return Transcriber.CAPTIONS
    if settings.endpoint_on:
        return Transcriber.OPENAI
    return Transcriber.POCKETSPHINX if understood_offline(spoken) else Transcriber.NONE


def _selector(settings: Settings) -> Selector:
    if settings.selector is Selector.AUTO:
        return Selector.CHAT if settings.endpoint_on else Selector.OFFLINE
    return settings.selector


def check_choices(settings: Settings) -> None:
    """Raise SetupProblem where the settings insist on what is not there, before anybody uploads for nothing."""
    if settings.transcriber is Transcriber.FASTER_WHISPER:
        raise SetupProblem("CLIPPER_TRANSCRIBER: faster-whisper is not available in this version. Use auto.")
    endpoint = endpoint_for(settings)
    if endpoint is not None and not endpoint.options.host:
        raise SetupProblem(
            "OPENAI_BASE_URL is not an address. Write it like https://host/v1; signs such as / in a "
            "password are written %2F."
        )
    asked = {"CLIPPER_TRANSCRIBER": settings.transcriber, "CLIPPER_SELECTOR": settings.selector}
    for name, wanted in asked.items():
        if wanted in (Transcriber.OPENAI, Selector.CHAT) and not settings.endpoint_on:
            raise SetupProblem(f"{name} is {wanted}, but no endpoint is switched on. Set OPENAI_API_KEY.")


def understood_offline(language: str) -> bool:
    """Whether the recogniser that comes with Clipper may know this language."""
    return language == "auto" or language.split("-")[0] in Pocketsphinx.languages


def offline(settings: Settings) -> Offline:
    """What the command line processes recordings with, without a server or a database."""
    endpoint = endpoint_for(settings)
    mapper = file_mapper(settings)
    return Offline(
        ffmpeg_for(settings), mapper, engines(endpoint), aligner, accepted(settings), endpoint, settings.chat_words
    )


def propose_here(settings: Settings, document: dict[str, Any], lengths: Lengths) -> Proposed:
    """The clips for a transcript file, by whom the settings say, and warnings. Raises BadTranscript, SetupProblem."""
    if settings.selector is Selector.CHAT:
        check_choices(settings.model_copy(update={"transcriber": Transcriber.AUTO}))
    endpoint = endpoint_for(settings) if _selector(settings) is Selector.CHAT else None
    chat = RememberingChat(endpoint, OfThisProcess(), lambda: None, settings.chat_words) if endpoint else None
    return propose_from(document, lengths, chat)


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
    check_choices(settings)
    if captions is not None and not captions.is_file():
        raise BadCaptions(f"There is no caption file {captions}. Check its name and folder.")
    if captions is None and settings.transcriber is Transcriber.CAPTIONS:
        raise BadCaptions("To take the words from captions, say where they are with --captions.")
    chosen = choose(settings, ffmpeg_for(settings), language, captions is not None)
    return Wishes(
        transcriber=chosen["transcriber"],
        selector=chosen["selector"],
        language=chosen["language"],
        track=track,
        lengths=lengths,
        captions=captions,
        preset=preset,
        out=out,
    )


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
    "mover_for",
    "offline",
    "propose_here",
    "serve_here",
    "set_up_logs",
    "this_app",
]
