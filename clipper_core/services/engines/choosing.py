"""Chooses clips: by a language model where one is asked, else and in its place by the offline selector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import structlog

from clipper_core.domain.clip import Proposal
from clipper_core.domain.silence import SilenceMap
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Transcript
from clipper_core.domain.warning import RunWarning, Warnings
from clipper_core.errors import ServiceAnswerUnusable, ServiceUnavailable
from clipper_core.services.engines.remembering import RememberingChat
from clipper_core.stages.selection.ask import ClipRequest, ask_for_clips
from clipper_core.stages.selection.propose import propose_clips

log = structlog.get_logger()

CHOSEN_OFFLINE = "chosen_offline"  # a published code: a run with this warning can be retried
OFFLINE_INSTEAD = "The clips were chosen on this computer, not by the language service."

_TOO_LITTLE_SPEECH = (
    "Nothing here could be proposed as a clip: there is too little speech for the lengths you asked for."
)
NOTHING_PROPOSED = RunWarning("no_clips", _TOO_LITTLE_SPEECH)
NOTHING_PROPOSED_ON_DESK = RunWarning("no_clips", f"{_TOO_LITTLE_SPEECH} You can still make clips by hand on the desk.")
SWITCHED_OFF = RunWarning(CHOSEN_OFFLINE, f"{OFFLINE_INSTEAD} No language service is switched on any more.")


def choose_clips(
    chat: RememberingChat | None,
    transcript: Transcript | None,
    silences: SilenceMap,
    request: ClipRequest,
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[tuple[Proposal, ...], Warnings]:
    """Choose clips. There are some even where the language model fails; then a warning says why.

    Args:
        chat: The language model, None to choose offline. Without words there is nothing to ask it about.
        transcript: The words, None where there are none.
        silences: The silences that clips are cut in.
        request: The clips that are wanted. With ``within`` all of them lie in that range.
        progress: Called with 0-1; may raise, which stops the work.

    Returns:
        The clips, best first, and what to warn of.
    """
    if request.within is not None:
        outside = around(request.within, silences.duration_ms)
        request = replace(request, avoid=(*request.avoid, *outside))
    if chat is None or transcript is None or not transcript.words:
        return propose_clips(transcript, silences, request.lengths, avoid=request.avoid), []
    try:
        asked = replace(request, max_words=chat.max_words)
        selection = ask_for_clips(chat, transcript, silences, asked, progress)
    except ServiceUnavailable as error:
        if isinstance(error, ServiceAnswerUnusable):
            chat.disown()
        log.warning("clips chosen offline", code=error.code, why=error.message, detail=(error.detail or "")[-400:])
        warning = RunWarning(CHOSEN_OFFLINE, f"{OFFLINE_INSTEAD} {error.message}")
        return propose_clips(transcript, silences, request.lengths, avoid=request.avoid), [warning]
    return selection.proposals, [RunWarning("chosen_with_trouble", note) for note in selection.notes]


def around(span: TimeRange, duration_ms: int) -> list[TimeRange]:
    """The ranges of a recording before and after ``span``."""
    ends = ((0, span.start_ms), (span.end_ms, duration_ms))
    return [TimeRange(a, b) for a, b in ends if a < b]
