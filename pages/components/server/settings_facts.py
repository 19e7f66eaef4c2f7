"""The settings in effect, in words. No key, password or full URL is ever shown."""

from __future__ import annotations

import platform
from typing import Any
from urllib.parse import urlsplit

import streamlit

from clipper_core import __version__
from clipper_core.app import App, endpoint_for, ffmpeg_for
from clipper_core.errors import ClipperError
from pages.components import phrasing
from pages.components.server.engines import engine
from pages.components.server.server_status import Fact, free_bytes

LINKS = {"route": "through Clipper", "presigned": "from the file store, by links that expire"}
PARTS = {"database": "Database", "queue": "Queue", "storage": "File store", "workers": "Workers"}


def health(app: App) -> list[Fact]:
    """Each part of the server: that it answers, or what to do."""
    report = app.health.report()
    facts = [Fact(name, _health_value(part, report[part])) for part, name in PARTS.items()]
    return [*facts, Fact("Free disk space", phrasing.byte_size(free_bytes(app)))]


def _health_value(name: str, part: dict[str, Any]) -> str:
    if part["status"] != "ok":
        return f"✕ {part['message']}"
    if name == "workers":
        return f"✓ {phrasing.count_of(part['count'], 'worker')} running, {part['busy']} busy"
    return "✓ answers"


def engines(app: App) -> list[Fact]:
    """The engines that a recording uploaded now would get for its words and its clips."""
    settings = app.settings
    chosen, captioned = app.engines.choose("auto", False), app.engines.choose("auto", True)
    language = "decided by what is heard" if settings.language == "auto" else settings.language
    endpoint = endpoint_for(settings)
    facts = [
        Fact("Words", engine(chosen.transcriber), "CLIPPER_TRANSCRIBER"),
        Fact("Words, with a caption file", engine(captioned.transcriber)),
        Fact("Choice of clips", engine(chosen.selector), "CLIPPER_SELECTOR"),
        Fact("Language", language, "CLIPPER_LANGUAGE"),
        Fact("Endpoint", f"on, at {endpoint.options.host}" if endpoint else "off", "OPENAI_API_KEY"),
    ]
    if endpoint is not None:
        facts.append(Fact("It hears words with", settings.transcribe_model, "CLIPPER_TRANSCRIBE_MODEL"))
        facts.append(Fact("It chooses clips with", settings.chat_model, "CLIPPER_CHAT_MODEL"))
    return facts


def stores(app: App) -> list[Fact]:
    """The places of data, database, files and queue."""
    settings = app.settings
    facts = [
        Fact("Data folder", str(settings.data), "CLIPPER_DATA_DIR"),
        Fact("Database", _database(app), "DATABASE_URL"),
        Fact("Recordings and clips", _store(app), "CLIPPER_STORAGE_URL"),
        Fact("Queue", _queue(app), "REDIS_URL"),
        Fact("Workers", f"{settings.workers} started with Clipper", "CLIPPER_WORKERS"),
    ]
    if settings.storage_url:
        facts.append(Fact("Browsers get recordings", LINKS[settings.media_links.value], "CLIPPER_MEDIA_LINKS"))
        facts.append(
            Fact(
                "Copies on this computer", f"at most {phrasing.byte_size(settings.cache_gb * 1e9)}", "CLIPPER_CACHE_GB"
            )
        )
    return facts


def _store(app: App) -> str:
    settings = app.settings
    if not settings.storage_url:
        return "in the data folder"
    parts = urlsplit(settings.storage_url)
    at = f", at {_host(settings.s3_endpoint_url)}" if settings.s3_endpoint_url else ""
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}{at}"


def _database(app: App) -> str:
    settings = app.settings
    if settings.database.startswith("sqlite"):
        return "SQLite, in the data folder" if settings.database_url is None else "SQLite"
    return f"PostgreSQL at {_host(settings.database)}"


def _queue(app: App) -> str:
    url = app.settings.redis
    return f"Redis at {_host(url)}" if url and not url.startswith("unix:") else "Redis, started with Clipper"


def _host(url: str) -> str:
    """The host and port of a URL, without its user, password and path."""
    try:
        parts = urlsplit(url)
        return f"{parts.hostname or 'this computer'}{f':{parts.port}' if parts.port else ''}"
    except ValueError:
        return "an address that can't be read"


def limits(app: App) -> list[Fact]:
    """The limits of an upload."""
    settings = app.settings
    return [
        Fact("Largest file", phrasing.byte_size(settings.max_upload_gb * 1e9), "CLIPPER_MAX_UPLOAD_GB"),
        Fact("Longest recording", f"{settings.max_hours:g} hours", "CLIPPER_MAX_HOURS"),
        Fact("Most tracks in a file", str(settings.max_streams), "CLIPPER_MAX_STREAMS"),
    ]


def versions(app: App) -> list[Fact]:
    """The versions of the programs that matter in a bug report."""
    try:
        ffmpeg = ffmpeg_for(app.settings).version
    except ClipperError as error:
        ffmpeg = f"✕ {error.message}"
    return [
        Fact("Clipper", __version__),
        Fact("FFmpeg", ffmpeg),
        Fact("Streamlit", streamlit.__version__),
        Fact("Python", platform.python_version()),
    ]
