"""Preferences for a recording: its language, its sound track, and the lengths and number of its clips."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clipper_core.domain.clip import Lengths
from clipper_core.errors import BadSettings

MIN_LENGTH_MS, MAX_LENGTH_MS = 1_000, 3_600_000
MAX_CLIPS = 200
MAX_TRACKS = 64
OF_A_SHOW = ("language", "min_s", "max_s", "most")  # a show may have defaults for these


def with_defaults(preferences: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The preferences as they were sent, and a show's defaults for what they leave out."""
    return {**{k: v for k, v in defaults.items() if k in OF_A_SHOW}, **preferences}


def checked_preferences(preferences: Mapping[str, Any]) -> dict[str, Any]:
    """The preferences as they are stored, their lengths in milliseconds; the usual ones for what is left out.

    Args:
        preferences: ``language``, ``min_s`` and ``max_s`` (seconds), ``most`` (clips) and ``track``, each as a number
            or as text. Others are ignored.

    Raises:
        BadSettings: A value is no number, or not one that can be met.
    """
    try:
        min_ms, max_ms = (_milliseconds(preferences.get(name)) for name in ("min_s", "max_s"))
        max_clips = int(preferences["most"]) if preferences.get("most") is not None else None
        track = int(preferences.get("track") or 0)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadSettings("Clip lengths are numbers of seconds, such as 20 and 90.") from error
    lengths = _lengths(min_ms, max_ms)
    if not 0 <= track < MAX_TRACKS or (max_clips is not None and not 0 < max_clips <= MAX_CLIPS):
        raise BadSettings("Choose between 1 and 200 clips, and a track the recording has.")
    checked: dict[str, Any] = {"min_ms": lengths.min_ms, "max_ms": lengths.max_ms, "track": track}
    if max_clips is not None:
        checked["most"] = max_clips
    return {**checked, "language": _language(preferences.get("language"))}


def _milliseconds(seconds: Any) -> int | None:
    return round(float(seconds) * 1000) if seconds is not None else None


def _lengths(min_ms: int | None, max_ms: int | None) -> Lengths:
    usual = Lengths()
    try:
        lengths = Lengths(usual.min_ms if min_ms is None else min_ms, usual.max_ms if max_ms is None else max_ms)
    except ValueError as error:
        raise BadSettings("The shortest clip must not be longer than the longest. Change one of them.") from error
    if lengths.min_ms < MIN_LENGTH_MS or lengths.max_ms > MAX_LENGTH_MS:
        raise BadSettings("Clips can be from one second to an hour long. Change the lengths.")
    return lengths


def _language(name: Any) -> str:
    language = str(name or "auto").strip().lower()[:20]
    return language if language.replace("-", "").isalnum() else "auto"
