"""The words of the pages: times, lengths, sizes, states, and text that users typed."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from html import escape

from clipper_core.domain.preset import DEFAULT_PRESET, PRESETS
from clipper_core.domain.task import TaskState

JOINER = "\u2060"  # no width; keeps characters apart that Markdown would read together
THIN = "\u202f"

STATE_SIGNS = {
    TaskState.QUEUED: "○",
    TaskState.RUNNING: "◐",
    TaskState.SUCCEEDED: "✓",
    TaskState.FAILED: "!",
    TaskState.CANCELLED: "–",
}
STATE_WORDS = {
    TaskState.QUEUED: "waiting",
    TaskState.RUNNING: "at work",
    TaskState.SUCCEEDED: "done",
    TaskState.FAILED: "failed",
    TaskState.CANCELLED: "cancelled",
}

# Read by the browser as links, icons, emoji or arrows even where each sign is escaped.
AUTOMATIC = re.compile(r"(:|@|www)(?=[\w.+/-])|(?<=[-<>=~])(?=[->=])")
PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def one_line(text: str) -> str:
    """A user's text as one line without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def label_text(text: str) -> str:
    """A user's text for a Streamlit label, toast or heading, with everything escaped that Markdown would act on."""
    apart = AUTOMATIC.sub(lambda m: m.group(0) + JOINER, one_line(text))
    return PUNCTUATION.sub(r"\\\1", apart)


def html_text(text: str) -> str:
    """A user's text, escaped for HTML."""
    return escape(one_line(text))


def duration(ms: int) -> str:
    """The length of a clip or a silence: ``4.2 s``, ``48 s``, ``2 min 5 s``, ``1:02:05``."""
    if ms < 9_950:
        return f"{ms / 1000:.1f} s"
    whole = round(ms / 1000)
    if whole < 120:
        return f"{whole} s"
    if whole >= 3_600:
        return running_time(ms)
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def running_time(ms: int) -> str:
    """A recording's length: ``1:32:10``, ``12:03``."""
    minutes, rest = divmod(round(ms / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def byte_size(count: float) -> str:
    """Bytes as ``1.2 GB``, ``34 MB``, ``512 bytes``."""
    for unit, factor in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= factor:
            number = count / factor
            return f"{number:.1f} {unit}" if number < 9.95 else f"{number:.0f} {unit}"
    return f"{count:.0f} bytes"


def time_taken(seconds: float) -> str:
    """The time some work took: ``4 s``, ``3 min``, ``1 h 05 min``, ``2 days``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60:02} min"
    days = whole // 86_400
    return f"{days} day{'s' if days > 1 else ''}"


def moment(at: datetime, now: datetime) -> str:
    """A moment as seen from ``now``, ``today 09:02``, ``yesterday 18:30``, ``3 Mar 09:02``, ``3 Mar 2025``."""
    here = at.astimezone(now.tzinfo)
    if here.date() == now.date():
        return f"today {here:%H:%M}"
    if here.date() == (now - timedelta(days=1)).date():
        return f"yesterday {here:%H:%M}"
    day = f"{here.day} {here:%b}"
    return f"{day} {here:%H:%M}" if here.year == now.year else f"{day} {here.year}"


def percent(part: float) -> str:
    """A part of 1 as whole percent, rounded down so that only finished work reads 100 %."""
    return f"{int(part * 100)}{THIN}%"


def count_of(count: int, one: str, many: str | None = None) -> str:
    """A number with its noun, ``1 clip`` or ``3 clips``.

    Args:
        count: how many there are
        one: the noun for one
        many: the noun for several, where an added ``s`` isn't right
    """
    return f"{count} {one if count == 1 else many or one + 's'}"


def state_label(state: TaskState) -> str:
    """The sign and the words of a task's state."""
    return f"{STATE_SIGNS[state]} {STATE_WORDS[state]}"


def preset_label(name: str, mime: str | None = None) -> str:
    """The name of a preset; the default one is called by its sound where ``mime`` says that there is no picture."""
    if name == DEFAULT_PRESET and (mime or "").startswith("audio/"):
        return "Original sound"
    return PRESETS[name].label if name in PRESETS else name
