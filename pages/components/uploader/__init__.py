"""The uploader: a Streamlit component that sends recordings to ``/uploads`` piece by piece, straight from the browser.

Nothing of a recording passes through Streamlit. Uploads go on while the page is drawn anew or another page is opened,
continue after a lost connection by themselves, and after a reload once the same file is chosen again. The scripts
beside this file are ES modules; Streamlit mounts one script, so they are joined in the order in which they build on
each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from clipper_core.domain.upload import CAPTIONS, DOCUMENTS, MEDIA, PICTURES
from clipper_core.errors import NotAudioVideo, NotMedia
from pages.components.scripts import joined

HERE = Path(__file__).parent
MODULES = ("files.js", "ledger.js", "transfer.js", "uploads.js", "row.js", "uploader.js")

LANGUAGES = {
    "auto": "Auto",
    "en": "English",
    "de": "German",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "pt": "Portuguese",
    "nl": "Dutch",
    "pl": "Polish",
    "sv": "Swedish",
    "da": "Danish",
    "nb": "Norwegian",
    "fi": "Finnish",
    "cs": "Czech",
    "hu": "Hungarian",
    "ro": "Romanian",
    "el": "Greek",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "ru": "Russian",
    "ar": "Arabic",
    "he": "Hebrew",
    "hi": "Hindi",
    "id": "Indonesian",
    "vi": "Vietnamese",
    "ja": "Japanese",
    "ko": "Korean",
    "zh": "Chinese",
}
LENGTHS_S = ((15, 60), (20, 90), (30, 180))
PIECE_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A recording that has just arrived whole."""

    project_id: str
    filename: str


@dataclass(frozen=True, slots=True)
class UploaderResult:
    """What arrived since the last script run; None if nothing did."""

    uploaded: Uploaded | None


def uploaded_of(value: object) -> Uploaded | None:
    """What the browser said has arrived; None if it said nothing that makes sense."""
    if not isinstance(value, Mapping) or not isinstance(value.get("project_id"), str):
        return None
    return Uploaded(value["project_id"], str(value.get("filename", "")))


_mount = st.components.v2.component(
    "clipper_uploader",
    html=HERE.joinpath("uploader.html").read_text(encoding="utf-8"),
    css=HERE.joinpath("uploader.css").read_text(encoding="utf-8"),
    js=joined(HERE, MODULES),
)


def _heard() -> None:
    """Streamlit reports only what has a callback; the page reads the result itself."""


def uploader(
    shows: Sequence[Mapping[str, str]],
    defaults: Mapping[str, Any],
    max_bytes: int,
    key: str,
    *,
    desk_url: str = "/review?project=",
) -> UploaderResult:
    """Show the uploader.

    ``shows`` are ``{"id", "name"}``; ``defaults`` may say ``show``, ``language``, ``min_s``, ``max_s`` and holds until
    a person chooses otherwise. ``desk_url`` followed by a project's id is where its review desk is.
    """
    data = {
        "shows": [dict(show) for show in shows],
        "defaults": {"language": "auto", "min_s": 20, "max_s": 90, **defaults},
        "languages": [{"id": code, "name": name} for code, name in LANGUAGES.items()],
        "lengths": [list(pair) for pair in LENGTHS_S],
        "max_bytes": max_bytes,
        "piece_bytes": PIECE_BYTES,
        "desk_url": desk_url,
        "uploads_url": "/uploads",
        "kinds": {
            "media": sorted(MEDIA),
            "captions": sorted(CAPTIONS),
            "pictures": sorted(PICTURES),
            "documents": sorted(DOCUMENTS),
        },
        "sentences": {"picture": NotAudioVideo().message, "document": NotMedia().message},
    }
    result = _mount(key=key, data=data, on_uploaded_change=_heard)
    return UploaderResult(uploaded_of(result.get("uploaded")))
