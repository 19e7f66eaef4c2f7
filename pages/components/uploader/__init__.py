"""The uploader: a Streamlit component that sends recordings to ``/uploads`` piece by piece, straight from the browser.

No byte of a recording passes through Streamlit. Uploads go on while the page is drawn again or another page is opened.
After a lost connection they continue by themselves; after a reload, once the user chooses the same file again. The
scripts beside this file are ES modules; Streamlit mounts one script, so they are joined in the order of their imports.
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
class NewRecording:
    """A recording whose upload has just been completed."""

    project_id: str
    filename: str


@dataclass(frozen=True, slots=True)
class UploaderResult:
    """The recording uploaded since the last script run; None if there is none."""

    uploaded: NewRecording | None


def new_recording(value: object) -> NewRecording | None:
    """The recording the browser reports as uploaded; None where its report makes no sense."""
    if not isinstance(value, Mapping) or not isinstance(value.get("project_id"), str):
        return None
    return NewRecording(value["project_id"], str(value.get("filename", "")))


_mount = st.components.v2.component(
    "clipper_uploader",
    html=HERE.joinpath("uploader.html").read_text(encoding="utf-8"),
    css=HERE.joinpath("uploader.css").read_text(encoding="utf-8"),
    js=joined(HERE, MODULES),
)


def _ignore() -> None:
    """Do nothing: Streamlit reports only values with a callback, but the page reads them from the result."""


def uploader(
    shows: Sequence[Mapping[str, str]],
    defaults: Mapping[str, Any],
    max_bytes: int,
    key: str,
    *,
    desk_url: str = "/review?project=",
) -> UploaderResult:
    """Show the uploader.

    Args:
        shows: the shows to choose from, each ``{"id", "name"}``
        defaults: ``show``, ``language``, ``min_s``, ``max_s``, each optional, until the user chooses otherwise
        max_bytes: the largest file that is accepted
        key: the key of the Streamlit widget
        desk_url: the address of a review desk, without the project's id at its end
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
    result = _mount(key=key, data=data, on_uploaded_change=_ignore)
    return UploaderResult(new_recording(result.get("uploaded")))
