"""Chooses the engines of a run, from what the settings and the recording allow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from clipper_core.adapters.speech.recogniser import Pocketsphinx
from clipper_core.domain.engines import Selector, Transcriber
from clipper_core.errors import SetupProblem


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """The settings about engines.

    ``endpoint_host`` is None where no endpoint is switched on, and empty where its address can't be read.
    """

    transcriber: Transcriber = Transcriber.AUTO
    selector: Selector = Selector.AUTO
    language: str = "auto"
    endpoint_host: str | None = None

    @property
    def endpoint_on(self) -> bool:
        return self.endpoint_host is not None

    def check(self) -> None:
        """Refuse options that insist on an engine that is missing, before a recording is uploaded in vain.

        Raises SetupProblem.
        """
        if self.transcriber is Transcriber.FASTER_WHISPER:
            raise SetupProblem("CLIPPER_TRANSCRIBER: faster-whisper is not available in this version. Use auto.")
        if self.endpoint_host == "":
            raise SetupProblem(
                "OPENAI_BASE_URL is not an address. Write it like https://host/v1; signs such as / in a "
                "password are written %2F."
            )
        asked = {"CLIPPER_TRANSCRIBER": self.transcriber, "CLIPPER_SELECTOR": self.selector}
        for name, wanted in asked.items():
            if wanted in (Transcriber.OPENAI, Selector.CHAT) and not self.endpoint_on:
                raise SetupProblem(f"{name} is {wanted}, but no endpoint is switched on. Set OPENAI_API_KEY.")

    def transcriber_for(self, language: str, has_captions: bool) -> Transcriber:
        """The engine that gives a recording its words; never ``auto``."""
        if self.transcriber is Transcriber.CAPTIONS and not has_captions:
            return Transcriber.NONE
        if self.transcriber is not Transcriber.AUTO:
            return self.transcriber
        if has_captions:
            return Transcriber.CAPTIONS
        if self.endpoint_on:
            return Transcriber.OPENAI
        return Transcriber.POCKETSPHINX if understood_offline(language) else Transcriber.NONE

    def selector_in_use(self) -> Selector:
        """The engine that chooses clips; never ``auto``."""
        if self.selector is not Selector.AUTO:
            return self.selector
        return Selector.CHAT if self.endpoint_on else Selector.OFFLINE


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """The engines of a run, the language it expects, and the version of each tool that will do the work."""

    transcriber: Transcriber
    selector: Selector
    language: str = "auto"
    tools: Mapping[str, str] = field(default_factory=dict)


class EngineChooser:
    """Chooses engines for recordings."""

    def __init__(self, options: EngineOptions, tool_versions: Callable[[], Mapping[str, str]]) -> None:
        """``tool_versions`` is called for each choice: asking a tool for its version may start a program."""
        self._options = options
        self._tool_versions = tool_versions

    def choose(self, language: str, has_captions: bool) -> EngineChoice:
        """The engines for a new run. Where ``language`` is ``auto``, the settings' language holds."""
        spoken = language if language != "auto" else self._options.language
        transcriber = self._options.transcriber_for(spoken, has_captions)
        return EngineChoice(transcriber, self._options.selector_in_use(), spoken, self._tool_versions())


def understood_offline(language: str) -> bool:
    """Tell whether the recogniser that comes with Clipper may know this language."""
    return language == "auto" or language.split("-")[0] in Pocketsphinx.languages
