"""Who chooses the clips: a language model where one is asked, else and in its place the offline selector."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from clipper_core.domain.clip import Lengths, Proposal
from clipper_core.domain.silence import SilenceMap
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Transcript
from clipper_core.errors import ServiceAnswerUnusable, ServiceUnavailable
from clipper_core.services.engines.remembering import RememberingChat
from clipper_core.services.transcripts.build import Warnings
from clipper_core.stages.selection.ask import ClipRequest, ask_for_clips
from clipper_core.stages.selection.propose import propose_clips

log = structlog.get_logger()

CHOSEN_OFFLINE = "chosen_offline"  # the code of a warning that says so
OFFLINE_INSTEAD = "The clips were chosen on this computer, not by the language service."


def choose_clips(
    chat: RememberingChat | None,
    transcript: Transcript | None,
    silences: SilenceMap,
    lengths: Lengths,
    *,
    avoid: Sequence[TimeRange] = (),
    within: TimeRange | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[tuple[Proposal, ...], Warnings]:
    """Clips, best first, and what to say about how they were chosen.

    Whatever keeps the language model from choosing, there are clips: the warning says what it was. Without words
    there is nothing to ask it about. With ``within`` all of them lie in that stretch.
    """
    if within is not None:
        avoid = [*avoid, *around(within, silences.duration_ms)]
    if chat is None or transcript is None or not transcript.words:
        return propose_clips(transcript, silences, lengths, avoid=avoid), []
    try:
        request = ClipRequest(lengths, tuple(avoid), within, chat.most_words)
        selection = ask_for_clips(chat, transcript, silences, request, progress)
    except ServiceUnavailable as error:
        if isinstance(error, ServiceAnswerUnusable):
            chat.disown()
        log.warning("clips chosen offline", code=error.code, why=error.message, detail=(error.detail or "")[-400:])
        said = {"code": CHOSEN_OFFLINE, "message": f"{OFFLINE_INSTEAD} {error.message}"}
        return propose_clips(transcript, silences, lengths, avoid=avoid), [said]
    return selection.proposals, [{"code": "chosen_with_trouble", "message": note} for note in selection.notes]


def around(stretch: TimeRange, duration_ms: int) -> list[TimeRange]:
    """What of a recording lies before and after a stretch of it."""
    ends = ((0, stretch.start_ms), (stretch.end_ms, duration_ms))
    return [TimeRange(a, b) for a, b in ends if a < b]
