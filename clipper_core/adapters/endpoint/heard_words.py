"""Answers of speech services as Clipper's plain values: marks put back on timed words, languages by their codes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher

from clipper_core.domain.recognised import TimedText

# English names of ISO 639 languages, as Whisper and its kin say them.
_CODES: dict[str, str] = dict(
    re.findall(
        r"(\w+):(\w+)",
        "afrikaans:af albanian:sq amharic:am arabic:ar armenian:hy assamese:as azerbaijani:az bashkir:ba basque:eu "
        "belarusian:be bengali:bn bosnian:bs breton:br bulgarian:bg burmese:my cantonese:yue castilian:es catalan:ca "
        "chinese:zh croatian:hr czech:cs danish:da dutch:nl english:en estonian:et faroese:fo finnish:fi flemish:nl "
        "french:fr galician:gl georgian:ka german:de greek:el gujarati:gu haitian:ht hausa:ha hawaiian:haw hebrew:he "
        "hindi:hi hungarian:hu icelandic:is indonesian:id italian:it japanese:ja javanese:jw kannada:kn kazakh:kk "
        "khmer:km korean:ko lao:lo latin:la latvian:lv letzeburgesch:lb lingala:ln lithuanian:lt luxembourgish:lb "
        "macedonian:mk malagasy:mg malay:ms malayalam:ml maltese:mt mandarin:zh maori:mi marathi:mr moldavian:ro "
        "moldovan:ro mongolian:mn myanmar:my nepali:ne norwegian:no nynorsk:nn occitan:oc panjabi:pa pashto:ps "
        "persian:fa polish:pl portuguese:pt punjabi:pa pushto:ps romanian:ro russian:ru sanskrit:sa serbian:sr "
        "shona:sn sindhi:sd sinhala:si sinhalese:si slovak:sk slovenian:sl somali:so spanish:es sundanese:su "
        "swahili:sw swedish:sv tagalog:tl tajik:tg tamil:ta tatar:tt telugu:te thai:th tibetan:bo turkish:tr "
        "turkmen:tk ukrainian:uk urdu:ur uzbek:uz valencian:ca vietnamese:vi welsh:cy yiddish:yi yoruba:yo",
    )
)


def language_code(name: str | None) -> str | None:
    """``en`` for "English", "en" and "en-US"; None for what is no language."""
    bare = (name or "").strip().lower().replace("_", "-")
    if bare in _CODES:
        return _CODES[bare]
    code = bare.split("-")[0]
    return code if 2 <= len(code) <= 3 and code.isascii() and code.isalpha() and code != "und" else None


def clean(text: str) -> str:
    """``text`` in one line without control characters or halves of characters, which no table stores."""
    kept = "".join(" " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in text)
    return " ".join(kept.split())


def words_as_written(text: str, timed: Sequence[TimedText]) -> tuple[TimedText, ...]:
    """The words as ``text`` writes them, with marks and capitals, at the times of ``timed``, in order.

    Timed words often come bare of marks and divided otherwise than the text: what does not match one to one shares the
    time of what it stands in place of. In languages written without spaces the timed words stay as they are.
    """
    tokens = clean(text).split()
    heard = [(clean(t), a, b) for t, a, b in timed]
    heard = sorted((w for w in heard if w[0]), key=lambda w: w[1])
    if not tokens or not heard or 2 * len(tokens) < len(heard):
        return tuple(heard)
    out: list[TimedText] = []
    same = SequenceMatcher(None, [_bare(t) for t in tokens], [_bare(t) for t, _, _ in heard], autojunk=False)
    for what, i, i_end, j, j_end in same.get_opcodes():
        if what == "equal":
            out += [(t, a, b) for t, (_, a, b) in zip(tokens[i:i_end], heard[j:j_end], strict=True)]
        elif i == i_end:
            out += heard[j:j_end]
        else:
            out += _shared(tokens[i:i_end], *_room(heard, j, j_end))
    return tuple(out)


def _room(heard: Sequence[TimedText], first: int, end: int) -> tuple[int, int]:
    """The time of some words, up to the next; of none, what lies between their neighbours."""
    until = heard[end][1] if end < len(heard) else max(b for _, _, b in heard)
    if first < end:
        return heard[first][1], min(until, max(heard[first][1], *(b for _, _, b in heard[first:end])))
    return min(until, heard[first - 1][2]) if first else until, until


def _shared(tokens: Sequence[str], start_ms: int, end_ms: int) -> list[TimedText]:
    """Words next to each other over a stretch, longer ones for longer."""
    edges = [0]
    for token in tokens:
        edges.append(edges[-1] + len(token) + 1)
    at = [start_ms + (end_ms - start_ms) * e // edges[-1] for e in edges]
    return [(t, a, b) for t, a, b in zip(tokens, at, at[1:], strict=False)]


def _bare(word: str) -> str:
    return "".join(c for c in word.casefold() if c.isalnum())
