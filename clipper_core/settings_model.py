"""All settings as one model: which variables there are, their defaults, and which values they may have."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from clipper_core.errors import SetupProblem
from clipper_core.settings import ENV_FILE, ROOT, FileDefaults, MediaLinks, PathStyle, Selector, Transcriber


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
        env_file=ENV_FILE,
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
    s3_public_endpoint_url: Optional = Field(
        None, validation_alias=_alias("S3_PUBLIC_ENDPOINT_URL", "s3_public_endpoint_url")
    )
    s3_region: Optional = Field(
        None, validation_alias=_alias("S3_REGION", "AWS_REGION", "AWS_DEFAULT_REGION", "s3_region")
    )
    s3_path_style: PathStyle = Field(PathStyle.AUTO, validation_alias=_alias("S3_PATH_STYLE", "s3_path_style"))
    s3_create_bucket: bool = Field(False, validation_alias=_alias("S3_CREATE_BUCKET", "s3_create_bucket"))
    aws_access_key_id: Secret = Field(None, validation_alias=_alias("AWS_ACCESS_KEY_ID", "aws_access_key_id"))
    aws_secret_access_key: Secret = Field(
        None, validation_alias=_alias("AWS_SECRET_ACCESS_KEY", "aws_secret_access_key")
    )
    aws_session_token: Secret = Field(None, validation_alias=_alias("AWS_SESSION_TOKEN", "aws_session_token"))
    media_links: MediaLinks = MediaLinks.ROUTE
    link_minutes: int = Field(60, ge=1, le=10_080, description="how long a signed link works")
    cache_gb: float = Field(20, gt=0, description="the most disk that copies of stored files may take on this computer")
    database_pool: int = Field(5, ge=1, le=200, description="connections to PostgreSQL a process keeps open")
    workers: int = Field(2, ge=1, le=64, description="worker processes started by `serve`")

    transcriber: Transcriber = Transcriber.AUTO
    selector: Selector = Selector.AUTO
    voice_activity: bool = Field(
        FileDefaults.voice_activity, description="whether a second opinion on silences is measured: on or off"
    )
    language: str = Field("auto", description="the language spoken, as en or de; auto to decide by what is heard")
    openai_api_key: Secret = Field(None, validation_alias=_alias("OPENAI_API_KEY", "openai_api_key"))
    openai_base_url: Optional = Field(None, validation_alias=_alias("OPENAI_BASE_URL", "openai_base_url"))
    transcribe_model: str = "gpt-transcribe"
    chat_model: str = "gpt-5-mini"
    openai_timeout_s: float = Field(300, gt=0, description="how long one answer may take")
    openai_patience_s: float = Field(600, gt=0, description="how long a request is tried again before it is given up")
    openai_in_flight: int = Field(4, ge=1, le=64, description="requests at a time, for each worker")
    openai_max_mb: float = Field(25, gt=0, description="the largest file the endpoint takes")
    transcribe_price: float | None = Field(None, ge=0, description="of a minute of sound, in dollars")
    chat_price_in: float | None = Field(None, ge=0, description="of a million tokens read, in dollars")
    chat_price_out: float | None = Field(None, ge=0, description="of a million tokens written, in dollars")
    chat_words: int = Field(20_000, ge=500, description="the most words of a transcript in one request")
    ffmpeg: Path | None = Field(
        FileDefaults.ffmpeg, description="an ffmpeg of your own; empty for the one in the packages"
    )

    max_upload_gb: float = Field(20, gt=0, description="the largest file accepted")
    max_hours: float = Field(FileDefaults.max_hours, gt=0, description="the longest recording accepted")
    max_streams: int = Field(FileDefaults.max_streams, ge=1, description="the most tracks a file may hold")
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
        """True if an OpenAI-compatible endpoint is switched on: by a key, or by an address."""
        return self.openai_api_key is not None or self.openai_base_url is not None


def read_settings(**changes: Any) -> Settings:
    """Read the environment and ``.env``; ``changes`` go before both. Raises SetupProblem naming every bad variable."""
    try:
        return Settings(**changes)
    except ValidationError as error:
        raise SetupProblem("These settings can't be used: " + "; ".join(_complaints(error)) + ".") from error


def _complaints(error: ValidationError) -> Iterable[str]:
    for problem in error.errors():
        name = str(problem["loc"][0]) if problem["loc"] else "?"
        shown = name if name.isupper() else f"CLIPPER_{name.upper()}"
        yield f"{shown}: {problem['msg']}"
