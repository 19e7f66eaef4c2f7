"""The review desk: a Streamlit component that plays, trims and decides on clips.

The browser side reads and writes the HTTP API by itself, so that a key is answered within a frame; Streamlit only
hears which clip is open and that something was stored. The scripts below this folder are ES modules, a folder for each
room of the desk; Streamlit mounts one script, so they are joined here, each after those it imports.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from pages.components.scripts import in_order, joined

HERE = Path(__file__).parent
MODULES = in_order(HERE)
STYLES = ("desk.css", "player/player.css", "timeline/marks.css", "clips/queue.css", "shell/notes.css")


@dataclass(frozen=True, slots=True)
class Change:
    """A change the server stored for the desk: ``kind`` is ``created``, ``version`` or ``decision``."""

    kind: str
    clip_id: str


@dataclass(frozen=True, slots=True)
class DeskResult:
    """The clip that is open (None before there is one), the change stored since the last script run, and the reviewer.

    ``reviewer`` is the name this browser keeps, empty before it was asked for. ``rested`` is None before the browser
    reported anything, 0 until the reviewer has rested a moment after the desk could be worked with, and grows with
    every rest after they did something: the time to draw the rest of the page again.
    """

    clip_id: str | None
    changed: Change | None
    reviewer: str
    rested: int | None


def change_of(value: object) -> Change | None:
    """The change the browser reported as stored; None where its report makes no sense."""
    if not isinstance(value, Mapping) or not isinstance(value.get("clip_id"), str):
        return None
    return Change(str(value.get("kind", "")), value["clip_id"])


def style() -> str:
    """The style sheets as one."""
    return "\n".join(HERE.joinpath(name).read_text(encoding="utf-8") for name in STYLES)


_mount = st.components.v2.component(
    "clipper_review_desk",
    html=HERE.joinpath("desk.html").read_text(encoding="utf-8"),
    css=style(),
    js=joined(HERE, MODULES),
)


def _ignore() -> None:
    """Do nothing: Streamlit reports only values with a callback, but the page reads them from the result."""


def review_desk(project_id: str, *, clip_id: str | None, key: str) -> DeskResult:
    """Show the desk for a project.

    Call it inside ``st.fragment``: what the desk reports would otherwise start a whole script run, and one that
    interrupts another loses the click that started it.

    Args:
        project_id: The recording.
        clip_id: The clip to open, whenever it differs from the run before, and on a first visit; script runs that
            repeat it disturb nothing. It is a request: pass the clip the page wants opened, not that of the result.
        key: The component's key in Streamlit.
    """
    data: dict[str, Any] = {"project_id": project_id, "clip_id": clip_id}
    callbacks: dict[str, Any] = {f"on_{name}_change": _ignore for name in ("clip", "changed", "reviewer", "rested")}
    result = _mount(key=key, data=data, **callbacks)
    selected, reviewer, rested = result.get("clip"), result.get("reviewer"), result.get("rested")
    return DeskResult(
        selected if isinstance(selected, str) else None,
        change_of(result.get("changed")),
        reviewer if isinstance(reviewer, str) else "",
        int(rested) if isinstance(rested, int | float) else None,
    )
