"""The engines of this process: recognisers by name, the aligner, the voice detector, and the paid endpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from clipper_core.adapters.endpoint.openai import Endpoint
from clipper_core.domain.engines import Selector
from clipper_core.errors import EngineMissing
from clipper_core.services.engines.remembering import Memory, RememberingChat, RememberingRecogniser
from clipper_core.stages.silence.map_silence import VoiceMeter
from clipper_core.stages.words.align import Aligner
from clipper_core.stages.words.transcribe import Recogniser

RecogniserMaker = Callable[[str], Recogniser]
"""Makes a recogniser for a language: a code, or auto."""


@dataclass(frozen=True)
class EngineSet:
    """Everything that recognises, aligns and chooses, each made in the process that uses it.

    ``chat_words`` is how many words of a transcript go into one request to the language model.
    """

    recognisers: Mapping[str, RecogniserMaker]
    aligner: Callable[[], Aligner]
    voice: VoiceMeter | None = None
    endpoint: Endpoint | None = None
    chat_words: int = 20_000

    def maker(self, name: str) -> RecogniserMaker:
        """The maker of this recogniser. Raises EngineMissing."""
        if name not in self.recognisers:
            raise EngineMissing
        return self.recognisers[name]

    def recogniser(self, name: str, language: str, memory: Memory) -> Recogniser:
        """A recogniser, ready to use.

        Args:
            name: The engine.
            language: The language to expect: a code, or auto.
            memory: The answers that a paid engine need not ask for again.

        Returns:
            The recogniser.

        Raises:
            EngineMissing: There is no engine of this name.
        """
        recogniser = self.maker(name)(language)
        return RememberingRecogniser(recogniser, language, memory) if recogniser.name == Endpoint.name else recogniser

    def chat(self, selector: str, memory: Memory, check: Callable[[], None]) -> RememberingChat | None:
        """The language model that chooses clips.

        Args:
            selector: The selector of the run.
            memory: The answers that need not be asked for again.
            check: Called while an answer is waited for; what it raises stops the waiting.

        Returns:
            The model, None where the selector is another or no endpoint is switched on.
        """
        if selector != Selector.CHAT or self.endpoint is None:
            return None
        return RememberingChat(self.endpoint, memory, check, self.chat_words)
