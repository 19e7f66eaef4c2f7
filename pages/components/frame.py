"""The frame of every page: its title, the links to the other pages, errors as sentences, and the App."""

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
from pages.components.phrasing import html_text

log = structlog.get_logger()

HERE = Path(__file__).parent
LINKS = {
    "Recordings": ("streamlit_app.py", ":material/graphic_eq:"),
    "Upload": ("pages/upload.py", ":material/upload:"),
    "Jobs": ("pages/jobs.py", ":material/timeline:"),
    "Exports": ("pages/exports.py", ":material/download:"),
    "Settings": ("pages/settings.py", ":material/tune:"),
}

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def open_page(title: str, *, wide: bool = False) -> App:
    """Begin a page, before anything is drawn, and return the App.

    Every page calls this, because Streamlit may run a page without the entry script. If the App can't be built, the
    page shows why and ends.
    """
    st.set_page_config(
        f"{title} · Clipper" if title != "Recordings" else "Clipper", layout="wide" if wide else "centered"
    )
    st.html(HERE / "frame.css")
    with st.container(horizontal=True, vertical_alignment="center", gap="xxsmall", key="ways"):
        for label, (page, icon) in LINKS.items():
            with st.container(width="content", key=f"{'here' if label == title else 'way'}-{label.lower()}"):
                st.page_link(page, label=label, icon=icon)
    try:
        return this_app()
    except ClipperError as error:
        show_error(error)
        st.stop()


def errors_in_words(draw: Callable[Arguments, Result]) -> Callable[Arguments, Result | None]:
    """Decorate a part of a page so that an error is shown as its sentence instead of a traceback."""

    @functools.wraps(draw)
    def draw_or_explain(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result | None:
        try:
            return draw(*args, **kwargs)
        except ClipperError as error:
            show_error(error)
        except Exception as error:  # the outer edge of a page: Streamlit would show a traceback
            log.exception("a page could not be drawn")
            show_error(ClipperError(detail=type(error).__name__))
        return None

    return draw_or_explain


def show_error(error: ClipperError) -> None:
    """Draw an error as its sentence, with the details for an engineer one click away."""
    st.html(failure_html(error.message, error.code, error.detail))


def failure_html(message: str | None, code: str | None, detail: str | None) -> str:
    """A failure as HTML.

    Args:
        message: the sentence the user reads
        code: the stable code of the error, if it has one
        detail: more for an engineer, in as many lines as there are

    Returns:
        An alert; code and detail are in a closed ``<details>``.
    """
    details = "\n".join(part for part in (code, detail) if part)
    more = f"<details><summary>Details</summary><pre>{html_lines(details)}</pre></details>" if details else ""
    return f'<div class="c" role="alert"><span class="error">✕ {html_text(message or "")}</span>{more}</div>'


def html_lines(text: str) -> str:
    return "\n".join(html_text(line) for line in text.splitlines())


def local_now() -> datetime:
    """Now, in the time zone of the user's browser, or the server's where the browser names none."""
    try:
        zone = ZoneInfo(st.context.timezone or "")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return datetime.now().astimezone()
    return datetime.now(zone)
