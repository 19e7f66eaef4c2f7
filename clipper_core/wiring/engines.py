"""Builds the engines that the settings ask for: recognisers, the aligner, the endpoint, and the choice among them."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from pydantic import SecretStr

from clipper_core.adapters.endpoint.openai import Endpoint, EndpointRecogniser
from clipper_core.adapters.endpoint.options import EndpointOptions
from clipper_core.adapters.media.ffmpeg import Ffmpeg
from clipper_core.adapters.speech.aligner import PocketsphinxAligner
from clipper_core.adapters.speech.recogniser import Pocketsphinx
from clipper_core.adapters.speech.voice import VoiceDetector
from clipper_core.domain.engines import Transcriber
from clipper_core.services.engines.choice import EngineChooser, EngineOptions
from clipper_core.services.engines.registry import EngineSet, RecogniserMaker
from clipper_core.settings import Settings
from clipper_core.wiring.local import voice_detector


def endpoint_for(settings: Settings) -> Endpoint | None:
    """The OpenAI-compatible endpoint, where one is switched on."""
    if not settings.endpoint_on:
        return None
    return Endpoint(
        EndpointOptions(
            key=secret_value(settings.openai_api_key),
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


def secret_value(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret is not None else None


def engine_set(settings: Settings) -> EngineSet:
    """The engines of this process. Their models are loaded on first use."""
    endpoint = endpoint_for(settings)
    recognisers: dict[str, RecogniserMaker] = {Transcriber.POCKETSPHINX: _pocketsphinx}
    if endpoint is not None:
        recognisers[Transcriber.OPENAI] = functools.partial(EndpointRecogniser, endpoint)
    return EngineSet(recognisers, aligner, VoiceDetector(), endpoint, settings.chat_words)


# A function with a name, not a lambda: it is pickled for the processes that transcribe side by side.
def _pocketsphinx(_language: str) -> Pocketsphinx:
    return _the_pocketsphinx()


@functools.cache
def _the_pocketsphinx() -> Pocketsphinx:
    return Pocketsphinx()


@functools.cache
def aligner() -> PocketsphinxAligner:
    return PocketsphinxAligner()


def engine_options(settings: Settings) -> EngineOptions:
    endpoint = endpoint_for(settings)
    host = endpoint.options.host if endpoint is not None else None
    return EngineOptions(settings.transcriber, settings.selector, settings.language, host)


def engine_chooser(settings: Settings, ffmpeg: Ffmpeg) -> EngineChooser:
    return EngineChooser(engine_options(settings), functools.partial(_tool_versions, settings, ffmpeg))


def _tool_versions(settings: Settings, ffmpeg: Ffmpeg) -> Mapping[str, str]:
    versions = {"ffmpeg": ffmpeg.version, "pocketsphinx": Pocketsphinx.version}
    voice = voice_detector(settings)
    if voice is not None:
        versions["voice"] = f"{voice.name} {voice.version}"
    endpoint = endpoint_for(settings)
    if endpoint is not None:
        versions |= {"openai": endpoint.transcribe_version, "chat": endpoint.chat_version}
    return versions
