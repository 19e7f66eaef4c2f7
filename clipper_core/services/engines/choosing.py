"""Chooses clips: by a language model where one is asked, else and in its place by the offline selector."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from clipper_core.domain.clip import Lengths, Proposal
from clipper_core.domain.silence import SilenceMap
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Transcript
from clipper_core.domain.warning import RunWarning, Warnings
from clipper_core.errors import ServiceAnswerUnusable, ServiceUnavailable
from clipper_core.services.engines.remembering import RememberingChat
from clipper_core.stages.selection.ask import ask_for_clips
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


@dataclass(frozen=True, slots=True)
class ClipSearch:
    """The clips that are looked for.

    Attributes:
        lengths: How long, and how many.
        avoid: Ranges that no clip may overlap.
        within: The range in which all of them lie, None for everywhere.
    """

    lengths: Lengths = Lengths()  # noqa: RUF009 - frozen
    avoid: Sequence[TimeRange] = ()
    within: TimeRange | None = None

    def avoided(self, duration_ms: int) -> Sequence[TimeRange]:
        """Every range of a recording of this length that no clip may overlap."""
        return self.avoid if self.within is None else [*self.avoid, *around(self.within, duration_ms)]


def choose_clips(
    chat: RememberingChat | None,
    transcript: Transcript | None,
    silences: SilenceMap,
    search: ClipSearch,
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[tuple[Proposal, ...], Warnings]:
    """Choose clips. There are some even where the language model fails; then a warning says why.

    Args:
        chat: The language model, None to choose offline. Without words there is nothing to ask it about.
        transcript: The words, None where there are none.
        silences: The silences that clips are cut in.
        search: The clips that are looked for.
        progress: Called with 0-1; may raise, which stops the work.

    Returns:
        The clips, best first, and what to warn of.
    """
    avoid = search.avoided(silences.duration_ms)
    if chat is None or transcript is None or not transcript.words:
        return propose_clips(transcript, silences, search.lengths, avoid=avoid), []
    try:
        asked = ask_for_clips(
            chat,
            transcript,
            silences,
            search.lengths,
            avoid=avoid,
            within=search.within,
            most_words=chat.most_words,
            progress=progress,
        )
    except ServiceUnavailable as error:
        if isinstance(error, ServiceAnswerUnusable):
            chat.disown()
        log.warning("clips chosen offline", code=error.code, why=error.message, detail=(error.detail or "")[-400:])
        warning = RunWarning(CHOSEN_OFFLINE, f"{OFFLINE_INSTEAD} {error.message}")
        return propose_clips(transcript, silences, search.lengths, avoid=avoid), [warning]
    return asked.proposals, [RunWarning("chosen_with_trouble", note) for note in asked.notes]


def around(span: TimeRange, duration_ms: int) -> list[TimeRange]:
    """The ranges of a recording before and after ``span``."""
    ends = ((0, span.start_ms), (span.end_ms, duration_ms))
    return [TimeRange(a, b) for a, b in ends if a < b]
