"""Caption files: read SRT and WebVTT as they are found in the wild, write SRT.

Writing is pysubs2's. Reading is our own, because pysubs2 takes the minus from a negative time, makes cues of the word
times inside YouTube's cues, and keeps WebVTT's notes and cue names as text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pysubs2

from clipper_core.domain.captions import Caption
from clipper_core.errors import BadCaptions

MAX_BYTES = 20_000_000
ROLLING_SHARE = 0.2  # of the cues that repeat the line before them, from which a file is taken to scroll

_TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,3}))?"
_TIMING = re.compile(rf"^\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?$")
# A line that means to be a timing, whatever is wrong with it; "the --> arrow" is text.
_WOULD_BE_TIMING = re.compile(r"^\s*[-+]?\s*(?:[\d:.,]*\d[\d:.,]*|nan[\d:.,nan]*|inf)\s*-->", re.IGNORECASE)
_BLOCK = re.compile(r"^(NOTE|STYLE|REGION)(\s|$)")
_TAG = re.compile(r"</?\s*(?:[a-zA-Z][^<>]*|\d[\d:.,]*)>|</>|<>|\{\\[^{}]*\}|\{[biusycfop]:[^{}]*\}")
_BREAK = re.compile(r"<\s*br\s*/?>|\\N", re.IGNORECASE)
_INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u200e\u200f\u2060\ufeff\u202a-\u202e\u2066-\u2069]")


@dataclass
class _Cue:
    number: int
    start_ms: int
    end_ms: int
    lines: list[str] = field(default_factory=list)


def read_captions(data: bytes) -> tuple[Caption, ...]:
    """The cues of an SRT or WebVTT file in the order of their starts, without markup and without scrolled repeats.

    Raises BadCaptions, naming the cue, for times that are negative, unreadable or end before they start, and when
    the file is too large or holds no cue with text.
    """
    if len(data) > MAX_BYTES:
        raise BadCaptions(f"This caption file is larger than {MAX_BYTES // 1_000_000} MB. Upload only the captions.")
    lines = [_INVISIBLE.sub("", line) for line in re.split(r"\r\n|\r|\n", _decoded(data))]
    cues = _cues(lines)
    for cue in cues:
        cue.lines = _plain(cue.lines)
    cues = [c for c in sorted(cues, key=lambda c: (c.start_ms, c.number)) if c.lines]
    captions = tuple(Caption(c.start_ms, c.end_ms, " ".join(c.lines)) for c in _without_repeats(cues))
    if not captions:
        raise BadCaptions("No captions were found in this file. Upload it as SRT or VTT.")
    return captions


def to_srt(captions: Iterable[Caption]) -> str:
    """The captions as an SRT file."""
    file = pysubs2.SSAFile()
    for caption in captions:
        # pysubs2 reads \N, \n and \h as line breaks and spaces.
        text = re.sub(r"\\(?=[Nnh])", "/", _INVISIBLE.sub("", caption.text)).replace("-->", "→")
        if text := "\n".join(line.strip() for line in re.split(r"[\r\n]+", text) if line.strip()):
            file.append(pysubs2.SSAEvent(start=caption.start_ms, end=caption.end_ms, text=text))
    return file.to_string("srt", apply_styles=False, keep_ssa_tags=True)


def _decoded(data: bytes) -> str:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    head = data[:2_000]
    if head.count(0) > len(head) // 4:  # half of the bytes of Western text in UTF-16 are zero
        return data.decode("utf-16-be" if head[:1] == b"\0" else "utf-16-le", errors="replace")
    for encoding in ("utf-8", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _cues(lines: Sequence[str]) -> list[_Cue]:
    """Every cue with the lines below its timing. Numbers and names above a timing are no text, nor are notes."""
    is_vtt = next((line.startswith("WEBVTT") for line in lines if line.strip()), False)
    cues: list[_Cue] = []
    open_cue: _Cue | None = None
    in_block = False
    for i, line in enumerate(lines):
        if timing := _timing(line, len(cues) + 1):
            if open_cue:
                _drop_name(open_cue, is_vtt)
            open_cue = timing
            cues.append(open_cue)
            in_block = False
        elif not line.strip():
            in_block = False
            if open_cue:
                open_cue.lines.append("")
        elif is_vtt and (in_block or (_BLOCK.match(line) and (i == 0 or not lines[i - 1].strip()))):
            in_block = True
        elif open_cue:
            open_cue.lines.append(line)
    for cue in cues if is_vtt else ():
        if cue.lines and "" in cue.lines[1:]:  # in WebVTT a blank line ends the cue
            cue.lines = cue.lines[: cue.lines.index("", 1)]
    return cues


def _timing(line: str, number: int) -> _Cue | None:
    if "-->" not in line:
        return None
    line = line.strip()[:200]
    found = _TIMING.match(line)
    if found is None:
        if _WOULD_BE_TIMING.match(line):
            raise BadCaptions(f"Caption {number} has a time that can't be read: “{line[:60]}”.")
        return None
    parts = found.groups()
    start_ms, end_ms = _ms(parts[:4]), _ms(parts[4:])
    if end_ms < start_ms:
        raise BadCaptions(f"Caption {number} ends before it starts: “{line[:60]}”.")
    return _Cue(number, start_ms, end_ms)


def _ms(parts: Sequence[str | None]) -> int:
    hours, minutes, seconds, fraction = parts
    whole = (int(hours or 0) * 60 + int(minutes or 0)) * 60 + int(seconds or 0)
    return whole * 1000 + int((fraction or "").ljust(3, "0"))


def _drop_name(cue: _Cue, is_vtt: bool) -> None:
    """Take the next cue's number, or in WebVTT its name, from the end of this one."""
    if not cue.lines:
        return
    last = cue.lines[-1].strip()
    after_blank = len(cue.lines) == 1 or not cue.lines[-2].strip()
    is_number = last.isdecimal() and (after_blank or last == str(cue.number + 1))
    if is_number or (is_vtt and after_blank and last and len(cue.lines) > 1):
        cue.lines.pop()


def _plain(lines: Sequence[str]) -> list[str]:
    """The lines without markup, positions and entities; empty ones left out."""
    broken = (part for line in lines for part in _BREAK.split(line))
    plain = (html.unescape(_TAG.sub("", part)) for part in broken)
    return [text for text in (" ".join(_INVISIBLE.sub("", part).split()) for part in plain) if text]


def _without_repeats(cues: list[_Cue]) -> list[_Cue]:
    """In a file that scrolls, as YouTube's do, only the lines that are new in each cue; other files as they are."""
    pairs = list(pairwise(cues))
    carried = sum(len(b.lines) > 1 and b.lines[0] == a.lines[-1] and b.lines[-1] != a.lines[-1] for a, b in pairs)
    if carried < max(2, ROLLING_SHARE * len(cues)):
        return cues
    kept: list[_Cue] = []
    shown: list[str] = []
    for cue in cues:
        repeats = next(
            n for n in range(min(len(shown), len(cue.lines)), -1, -1) if cue.lines[:n] == shown[len(shown) - n :]
        )
        shown, cue.lines = cue.lines, cue.lines[repeats:]
        if cue.lines:
            kept.append(cue)
    return kept
