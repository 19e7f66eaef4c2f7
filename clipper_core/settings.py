"""The only reader of the environment. ``.env.example`` lists every name with its default and meaning."""

from __future__ import annotations

import os
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from clipper_core.errors import SetupProblem

ROOT = Path(__file__).resolve().parent.parent  # where the project was cloned


class Transcriber(StrEnum):
    AUTO = "auto"
    CAPTIONS = "captions"
    OPENAI = "openai"
    FASTER_WHISPER = "faster-whisper"
    POCKETSPHINX = "pocketsphinx"
    NONE = "none"


class Selector(StrEnum):
    AUTO = "auto"
    OFFLINE = "offline"
    CHAT = "chat"


def _blank_is_unset(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


Optional = Annotated[str | None, BeforeValidator(_blank_is_unset)]
Secret = Annotated[SecretStr | None, BeforeValidator(_blank_is_unset)]


def _alias(*names: str) -> Any:
    return AliasChoices(*names)


class Settings(BaseSettings):
    """Everything the environment may say. An empty value means the default, as in a copied ``.env``."""

    model_config = SettingsConfigDict(
        env_prefix="CLIPPER_",
        env_file=ROOT / ".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
    )

    host: str = Field("127.0.0.1", description="the address the web process listens on")
    port: int = Field(8501, ge=1, le=65535, description="its port")
    data_dir: Path = Field(Path("data"), description="where the database, recordings and clips are kept")
    database_url: Optional = Field(None, validation_alias=_alias("DATABASE_URL", "database_url"))
    redis_url: Secret = Field(None, validation_alias=_alias("REDIS_URL", "redis_url"))
    storage_url: Optional = Field(None, description="empty for the data folder, or s3://bucket/prefix")
    s3_endpoint_url: Optional = Field(None, validation_alias=_alias("S3_ENDPOINT_URL", "s3_endpoint_url"))
    workers: int = Field(2, ge=1, le=64, description="worker processes started by `serve`")

    transcriber: Transcriber = Transcriber.AUTO
    selector: Selector = Selector.AUTO
    language: str = Field("auto", description="the language spoken, as en or de; auto to decide by what is heard")
    openai_api_key: Secret = Field(None, validation_alias=_alias("OPENAI_API_KEY", "openai_api_key"))
    openai_base_url: Optional = Field(None, validation_alias=_alias("OPENAI_BASE_URL", "openai_base_url"))
    transcribe_model: str = "gpt-transcribe"
    chat_model: str = "gpt-5-mini"
    ffmpeg: Path | None = Field(None, description="an ffmpeg of your own; empty for the one in the packages")

    max_upload_gb: float = Field(20, gt=0, description="the largest file accepted")
    max_hours: float = Field(13, gt=0, description="the longest recording accepted")
    max_streams: int = Field(64, ge=1, description="the most tracks a file may hold")
    log_json: bool = Field(False, description="logs as JSON lines, for machines that collect them")

    @property
    def data(self) -> Path:
        """The data folder as an absolute path; a relative one is seen from the project's root."""
        return self.data_dir if self.data_dir.is_absolute() else (ROOT / self.data_dir)

    @property
    def database(self) -> str:
        """The database URL as SQLAlchemy wants it; ``postgres://`` and ``postgresql://`` mean psycopg 3."""
        if self.database_url is None:
            return f"sqlite:///{self.data / 'clipper.db'}"
        scheme, _, rest = self.database_url.partition("://")
        return f"postgresql+psycopg://{rest}" if scheme in {"postgres", "postgresql"} else self.database_url

    @property
    def redis(self) -> str | None:
        return self.redis_url.get_secret_value() if self.redis_url else None

    @property
    def endpoint_on(self) -> bool:
        """Whether an OpenAI-compatible endpoint is switched on: by a key, or by an address."""
        return self.openai_api_key is not None or self.openai_base_url is not None


def load_settings(**changes: Any) -> Settings:
    """The settings of this process. Raises SetupProblem naming every variable that can't be used."""
    try:
        return Settings(**changes)
    except ValidationError as error:
        raise SetupProblem("These settings can't be used: " + "; ".join(_complaints(error)) + ".") from error


def _complaints(error: ValidationError) -> Iterable[str]:
    for problem in error.errors():
        name = str(problem["loc"][0]) if problem["loc"] else "?"
        shown = name if name.isupper() else f"CLIPPER_{name.upper()}"
        yield f"{shown}: {problem['msg']}"


def environment_with(**names: str) -> dict[str, str]:
    """This process's environment plus ``names``, for a process of ours that is about to be started."""
    return {**os.environ, **names}
