"""What every page begins with: its title, the ways to the other pages, and the App."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import ParamSpec, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
import structlog

from clipper_core.app import App, this_app
from clipper_core.errors import ClipperError
from pages.components.phrasing import shown

log = structlog.get_logger()

HERE = Path(__file__).parent
WAYS = {
    "Recordings": ("streamlit_app.py", ":material/graphic_eq:"),
    "Upload": ("pages/upload.py", ":material/upload:"),
    "Jobs": ("pages/jobs.py", ":material/timeline:"),
    "Exports": ("pages/exports.py", ":material/download:"),
    "Settings": ("pages/settings.py", ":material/tune:"),
}

Given = ParamSpec("Given")
Result = TypeVar("Result")


def open_page(title: str, *, wide: bool = False, beside: Callable[[], object] | None = None) -> App:
    """Begin a page: nothing is drawn before it. Streamlit may run a page without the entry script, so each calls it.

    ``beside`` draws at the end of the links. What can't be opened at all is said in a sentence, and the page ends.
    """
    st.set_page_config(
        f"{title} · Clipper" if title != "Recordings" else "Clipper", layout="wide" if wide else "centered"
    )
    st.html(HERE / "frame.css")
    with st.container(horizontal=True, vertical_alignment="center", gap="xxsmall", key="ways"):
        for label, (page, icon) in WAYS.items():
            with st.container(width="content", key=f"{'here' if label == title else 'way'}-{label.lower()}"):
                st.page_link(page, label=label, icon=icon)
        if beside is not None:
            beside()
    try:
        return this_app()
    except ClipperError as error:
        tell(error)
        st.stop()


def in_words(draw: Callable[Given, Result]) -> Callable[Given, Result | None]:
    """Let a part of a page say what went wrong instead of ending in a traceback."""

    @functools.wraps(draw)
    def drawn(*args: Given.args, **kwargs: Given.kwargs) -> Result | None:
        try:
            return draw(*args, **kwargs)
        except ClipperError as error:
            tell(error)
        except Exception as error:
            log.exception("a page could not be drawn")
            tell(ClipperError(detail=type(error).__name__))
        return None

    return drawn


def tell(error: ClipperError) -> None:
    """An error as its sentence, with what an engineer needs one click away."""
    st.html(failure_html(error.message, error.code, error.detail))


def failure_html(message: str | None, code: str | None, detail: str | None) -> str:
    about = "\n".join(part for part in (code, detail) if part)
    more = f"<details><summary>Details</summary><pre>{shown_lines(about)}</pre></details>" if about else ""
    return f'<div class="c" role="alert"><span class="error">✕ {shown(message or "")}</span>{more}</div>'


def shown_lines(text: str) -> str:
    return "\n".join(shown(line) for line in text.splitlines())


def here_and_now() -> datetime:
    """Now, in the time zone of the person who looks."""
    try:
        zone = ZoneInfo(st.context.timezone or "")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return datetime.now().astimezone()
    return datetime.now(zone)
