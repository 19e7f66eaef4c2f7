"""Proposals from a transcript file alone: the labelled format of ``eval``, or what ``process --json`` printed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from clipper_core.domain.clip import Lengths, Proposal
from clipper_core.domain.silence import FLOOR_DB, Silence, SilenceMap
from clipper_core.domain.time_range import milliseconds, seconds
from clipper_core.domain.transcript import Transcript, Word, sentences_of
from clipper_core.domain.warning import Warnings
from clipper_core.errors import BadTranscript
from clipper_core.services.engines.choosing import choose_clips
from clipper_core.services.engines.remembering import RememberingChat
from clipper_core.stages.cuts.snap import silences_from_words
from clipper_core.stages.selection.ask import ClipRequest

Proposed = tuple[list[dict[str, Any]], Warnings]

MAX_MS = 400 * 3_600_000


def propose_from(document: dict[str, Any], lengths: Lengths, chat: RememberingChat | None = None) -> Proposed:
    """Choose clips for a transcript.

    Args:
        document: The transcript, in either format.
        lengths: The clips that are wanted.
        chat: The language model, None to choose offline.

    Returns:
        The proposals, best first and in seconds, and what to warn of.

    Raises:
        BadTranscript: The document holds neither words nor a duration.
    """
    try:
        transcript, silences = _read(document)
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
        raise BadTranscript(detail=f"{type(error).__name__}: {error}") from error
    proposals, warnings = choose_clips(chat, transcript, silences, ClipRequest(lengths))
    return [_json(p) for p in proposals], warnings


def _json(proposal: Proposal) -> dict[str, Any]:
    return {
        "start": seconds(proposal.span.start_ms),
        "end": seconds(proposal.span.end_ms),
        "score": proposal.score,
        "title": proposal.title,
        "reasons": list(proposal.reasons),
    }


def _read(document: dict[str, Any]) -> tuple[Transcript | None, SilenceMap]:
    inner = document.get("transcript")
    labelled = inner if isinstance(inner, dict) else document
    words = _words(labelled.get("words") or [])
    media = document.get("media") or {}
    given = document.get("duration", media.get("duration_s"))
    last_ms = max((w.end_ms for w in words), default=0)
    duration_ms = max(_ms(given), last_ms) if given is not None else last_ms
    if duration_ms <= 0:
        raise ValueError("neither words nor a duration")
    language = str(labelled.get("language") or document.get("lang") or "und")
    pauses = document.get("silences") or (document.get("gold") or {}).get("silences")
    silences = _silences(pauses, duration_ms) if pauses else silences_from_words(words, duration_ms)
    draft = bool(labelled.get("draft", False))
    transcript = Transcript("given", language, words, sentences_of(words), draft) if words else None
    return transcript, silences


def _words(given: Sequence[dict[str, Any]]) -> tuple[Word, ...]:
    out: list[Word] = []
    before = 0
    for w in given:
        text = str(w["w"] if "w" in w else w["text"])
        start = max(before, _ms(w["start"] if "start" in w else w["start_s"]))
        end = max(start, _ms(w["end"] if "end" in w else w["end_s"]))
        out.append(Word(text, start, end, bool(w.get("timed", True))))
        before = start
    return tuple(out)


def _silences(given: Iterable[Any], duration_ms: int) -> SilenceMap:
    """The silences in order and apart, whatever order they came in."""
    pauses: list[tuple[int, int, float]] = []
    for s in given:
        a, b, level = (s["start_s"], s["end_s"], s.get("level_db")) if isinstance(s, dict) else (s[0], s[1], None)
        start, end = _ms(a), min(_ms(b), duration_ms)
        if start < end:
            pauses.append((start, end, FLOOR_DB if level is None else max(FLOOR_DB, float(level))))
    merged: list[tuple[int, int, float]] = []
    for start, end, level in sorted(pauses):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]), merged[-1][2])
        else:
            merged.append((start, end, level))
    return SilenceMap(duration_ms, tuple(Silence(*m) for m in merged))


def _ms(value: Any) -> int:
    number = float(value)
    if not math.isfinite(number) or not 0 <= number * 1000 <= MAX_MS:
        raise ValueError(f"not a time in seconds: {value!r}")
    return milliseconds(number)
