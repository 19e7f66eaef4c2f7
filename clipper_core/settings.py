"""The only reader of the environment. ``.env.example`` lists every name with its default and meaning.

The model of all settings lies in ``settings_model`` and is loaded when somebody asks for it: pydantic takes longer to
load than the silences of a short file take to find.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from clipper_core.domain.engines import Selector as Selector
from clipper_core.domain.engines import Transcriber as Transcriber

if TYPE_CHECKING:
    from clipper_core.settings_model import Settings as Settings

ROOT = Path(__file__).resolve().parent.parent  # where the project was cloned
ENV_FILE = ROOT / ".env"

# A variable with another name is text, which can't be wrong, and says nothing about how a file is read.
NAMES_TO_CHECK = ("CLIPPER_", "S3_")


class PathStyle(StrEnum):
    """How a bucket is named to an S3 server: in the path, or before the host's name."""

    AUTO = "auto"
    PATH = "path"
    HOST = "host"


class MediaLinks(StrEnum):
    """How browsers get stored recordings: through our own route, or straight from the file store by signed links."""

    ROUTE = "route"
    PRESIGNED = "presigned"


class FileSettings(Protocol):
    """The settings by which a recording is read: part of ``Settings``, and all that ``silences`` needs."""

    @property
    def ffmpeg(self) -> Path | None: ...
    @property
    def max_hours(self) -> float: ...
    @property
    def max_streams(self) -> int: ...
    @property
    def voice_activity(self) -> bool: ...


@dataclass(frozen=True)
class FileDefaults:
    """``FileSettings`` where the environment says nothing."""

    ffmpeg: Path | None = None
    max_hours: float = 13
    max_streams: int = 64
    voice_activity: bool = False


def load_settings(**changes: Any) -> Settings:
    """The settings of this process. Raises SetupProblem naming every variable that can't be used."""
    from clipper_core.settings_model import read_settings

    return read_settings(**changes)


def load_file_settings(*, voice_activity: bool = False) -> FileSettings:
    """The settings by which a recording is read; True for ``voice_activity`` goes before the environment.

    Raises SetupProblem as ``load_settings`` does, also for a variable that reading a recording has no use for.
    """
    if not _environment_may_matter():
        return FileDefaults(voice_activity=voice_activity)
    return load_settings(voice_activity=True) if voice_activity else load_settings()


def _environment_may_matter() -> bool:
    """True if a variable is set that could change ``FileSettings``, or be refused."""
    named = any(value and name.upper().startswith(NAMES_TO_CHECK) for name, value in os.environ.items())
    return named or _env_file_names_something()


def _env_file_names_something() -> bool:
    if not ENV_FILE.is_file():
        return ENV_FILE.exists()  # a pipe can be read only once, and that is for the model to do
    lines = (line.strip() for line in ENV_FILE.read_bytes().splitlines())
    return any(line and not line.startswith(b"#") for line in lines)


def environment_with(**names: str) -> dict[str, str]:
    """This process's environment plus ``names``, for a process of ours that is about to be started."""
    return {**os.environ, **names}


def calculate_in_one_thread() -> None:
    """Keep numpy, if it is loaded after this, from starting threads; a number in the environment goes before.

    Nothing here multiplies matrices large enough to gain by them, but waking them takes longer than mapping a minute.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def __getattr__(name: str) -> Any:
    """``Settings``, imported at its first use."""
    if name != "Settings":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from clipper_core.settings_model import Settings

    return Settings
