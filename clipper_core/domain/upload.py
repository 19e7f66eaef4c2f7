"""Rules for uploads: the names and types that are accepted, and the preferences in their metadata."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from clipper_core.errors import BadUpload, NotAudioVideo, NotMedia

MAX_NAME = 1_000
MAX_EXTENSION = 20
NAMELESS = "recording"


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# An ending in MEDIA is accepted with any type, one in the other sets only with a type of audio or video. All others are
# accepted and left to probing, which looks at the bytes.
MEDIA = _names(
    "mp4 m4v mov qt mkv webm avi wmv asf ts m2ts mts mpg mpeg 3gp 3g2 flv ogv mxf "
    "mp3 m4a m4b aac wav w64 flac ogg oga opus wma aif aiff aifc caf amr mka"
)
PICTURES = _names("jpg jpeg png gif bmp tif tiff webp heic heif avif svg psd ico")
CAPTIONS = _names("srt vtt ass ssa sbv lrc ttml dfxp")
DOCUMENTS = _names(
    "txt md rtf pdf doc docx xls xlsx ppt pptx odt ods odp csv tsv json xml html htm css js epub pages "
    "zip rar 7z gz tgz bz2 xz tar iso dmg exe msi apk m3u m3u8 pls mpd sdp"
)
DOCUMENT_TYPES = re.compile(
    r"(text|font|message|model)/|application/(pdf|zip|json|xml|rtf|gzip|msword|x-(7z|rar|tar|zip)|vnd\.(ms-|open|oasis))"
)
# The metadata keys that say what is asked for a recording, and our names for them.
PREFERENCES = {
    "title": "title",
    "show": "show",
    "language": "language",
    "min_length": "min_s",
    "max_length": "max_s",
    "max_clips": "most",
    "track": "track",
}
CAPTIONS_ALONE = "This is a caption file, not a recording. Upload the recording and add the captions to it."


def clean_name(name: str) -> str:
    """The client's file name, for showing only: as it was sent, but without control characters and half characters.

    At most MAX_NAME characters; the extension is kept.
    """
    shown = "".join(c for c in _without_surrogates(name) if unicodedata.category(c) != "Cc")
    if not shown.strip():
        return NAMELESS
    if len(shown) <= MAX_NAME:
        return shown
    stem, dot, ending = shown.rpartition(".")
    tail = dot + ending if stem and len(ending) <= MAX_EXTENSION else ""
    return shown[: MAX_NAME - len(tail)] + tail


def _without_surrogates(text: str) -> str:
    """Without lone surrogates, which no database and no page can hold."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def extension(name: str) -> str:
    """The text after the last dot, in lower case; empty without a dot."""
    _, dot, ending = name.rpartition(".")
    return ending.strip().lower() if dot else ""


def check_kind(name: str, filetype: str) -> None:
    """Raise NotMedia or NotAudioVideo for what can't be a recording by its name and its type."""
    ending, kind = extension(name), filetype.strip().lower()
    if ending in MEDIA or kind.startswith(("audio/", "video/")):
        return
    if ending in PICTURES or kind.startswith("image/"):
        raise NotAudioVideo
    if ending in CAPTIONS:
        raise NotMedia(CAPTIONS_ALONE)
    if ending in DOCUMENTS or DOCUMENT_TYPES.match(kind):
        raise NotMedia


def parse_metadata(header: str) -> dict[str, str]:
    """The pairs of a tus ``Upload-Metadata`` header: ``key base64, key base64, key``. Raises BadUpload."""
    pairs: dict[str, str] = {}
    for item in filter(None, (part.strip() for part in header.split(","))):
        key, _, value = item.partition(" ")
        if key in pairs:
            raise BadUpload(f"The upload names {clean_name(key)!r} twice.")
        pairs[key] = _decoded(value.strip())
    return pairs


def _decoded(value: str) -> str:
    try:
        data = base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadUpload("The upload's description is not readable: a value is not base64.") from error
    return data.decode("utf-8", "replace")


def preferences_of(metadata: Mapping[str, str]) -> dict[str, Any]:
    """The preferences in an upload's metadata, as text and unchecked; an empty one is left out."""
    sent = {PREFERENCES[key]: value.strip() for key, value in metadata.items() if key in PREFERENCES}
    return {key: clean_name(value) for key, value in sent.items() if value}
