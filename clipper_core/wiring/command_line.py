"""Builds what the command line works on single files with: no server, no database, no queue."""

from __future__ import annotations

from typing import Any

from clipper_core.domain.clip import Lengths
from clipper_core.domain.engines import Selector, Transcriber
from clipper_core.errors import BadCaptions
from clipper_core.services.engines.choice import EngineChoice
from clipper_core.services.engines.remembering import OfThisProcess
from clipper_core.services.local.process_file import FileProcessor
from clipper_core.services.local.process_file import ProcessRequest as ProcessRequest
from clipper_core.services.local.propose_from_file import Proposed, propose_from
from clipper_core.settings import Settings
from clipper_core.wiring.engines import engine_chooser, engine_options, engine_set
from clipper_core.wiring.local import ffmpeg_for, file_mapper, probe_limits


def file_processor(settings: Settings) -> FileProcessor:
    """What the command line processes recordings with."""
    return FileProcessor(ffmpeg_for(settings), file_mapper(settings), engine_set(settings), probe_limits(settings))


def choose_for_file(settings: Settings, request: ProcessRequest) -> EngineChoice:
    """The engines that the settings and the file allow.

    Raises SetupProblem, and BadCaptions where the caption file is not there.
    """
    engine_options(settings).check()
    if request.captions is not None and not request.captions.is_file():
        raise BadCaptions(f"There is no caption file {request.captions}. Check its name and folder.")
    if request.captions is None and settings.transcriber is Transcriber.CAPTIONS:
        raise BadCaptions("To take the words from captions, say where they are with --captions.")
    chooser = engine_chooser(settings, ffmpeg_for(settings))
    return chooser.choose(request.language, request.captions is not None)


def propose_here(settings: Settings, document: dict[str, Any], lengths: Lengths) -> Proposed:
    """Choose clips for a transcript file, by the selector of the settings.

    Args:
        settings: The settings.
        document: The transcript.
        lengths: The clips that are wanted.

    Returns:
        The clips, best first, and what to warn of.

    Raises:
        BadTranscript: The document is no transcript.
        SetupProblem: The selector can't be had.
    """
    options = engine_options(settings)
    if options.selector is Selector.CHAT:
        engine_options(settings.model_copy(update={"transcriber": Transcriber.AUTO})).check()
    chat = engine_set(settings).chat(options.selector_in_use(), OfThisProcess(), lambda: None)
    return propose_from(document, lengths, chat)
