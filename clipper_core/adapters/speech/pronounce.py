"""How written English is spoken: numbers and signs as words, and a pronunciation for words no dictionary knows.

Simple letter-to-sound rules, longest match first. They need only be near enough for an aligner to find the word
between its neighbours. Phones are those of the CMU dictionary.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

Lookup = Callable[[str], str | None]
"""A word's phones, parted by spaces, or None where it is not known."""

MAX_TEXT = 60  # a longer "word" is an address or a hash, which nobody reads out as written

_SMALL = re.split(
    " ",
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen",
)
_TENS = re.split(" ", "_ _ twenty thirty forty fifty sixty seventy eighty ninety")
_LARGE = ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_SIGNS = {"&": "and", "+": "plus", "=": "equals", "@": "at", "%": "percent", "#": "number"}
_UNITS = {"$": "dollars", "€": "euros", "£": "pounds", "¥": "yen"}
_AFTER = {"%": ("percent",), "k": ("thousand",), "m": ("million",), "bn": ("billion",)}
_TITLES = {"mr.", "mrs.", "ms.", "dr.", "jr.", "sr.", "prof."}
_TOKEN = re.compile(
    r"(?P<unit>[$€£¥])?(?P<number>\d[\d,]*)(?P<part>\.\d+)?(?P<after>%|(?:st|nd|rd|th|s|k|m|bn)(?![a-z]))?"
    r"|(?P<word>[a-z]+(?:'[a-z]+)*)|(?P<sign>[&+=@%#])"
)

_SOUNDS = {
    "tion": "SH AH N", "sion": "ZH AH N", "ture": "CH ER", "ight": "AY T", "ough": "AO", "eigh": "EY", "augh": "AO",
    "tch": "CH", "dge": "JH", "igh": "AY", "ing": "IH NG", "ous": "AH S", "que": "K", "eau": "OW", "cia": "SH AH",
    "ch": "CH", "sh": "SH", "ph": "F", "th": "TH", "wh": "W", "ck": "K", "ng": "NG", "qu": "K W", "gh": "", "cc": "K",
    "ee": "IY", "ea": "IY", "oo": "UW", "ou": "AW", "ow": "OW", "oi": "OY", "oy": "OY", "ai": "EY", "ay": "EY",
    "au": "AO", "aw": "AO", "ie": "IY", "ei": "EY", "ey": "IY", "eu": "Y UW", "ew": "UW", "oa": "OW", "ue": "UW",
    "ui": "UW", "ar": "AA R", "er": "ER", "ir": "ER", "ur": "ER", "or": "AO R", "le$": "AH L", "e$": "", "ed$": "D",
    "es$": "Z", "^kn": "N", "^wr": "R", "^ps": "S", "^gh": "G", "^x": "Z", "^y": "Y", "y$": "IY", "ce": "S EH",
    "ci": "S IH", "cy": "S IY", "ge": "JH EH", "gi": "JH IH", "ce$": "S", "ge$": "JH",
    "a": "AE", "b": "B", "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G", "h": "HH", "i": "IH", "j": "JH", "k": "K",
    "l": "L", "m": "M", "n": "N", "o": "AA", "p": "P", "q": "K", "r": "R", "s": "S", "t": "T", "u": "AH", "v": "V",
    "w": "W", "x": "K S", "y": "IH", "z": "Z",
}  # fmt: skip
_LONG = {"a": "EY", "e": "IY", "i": "AY", "o": "OW", "u": "UW"}
_ENDINGS = (("'s", "Z"), ("s", "Z"), ("ed", "D"), ("ing", "IH NG"), ("er", "ER"), ("ly", "L IY"))


def spoken(text: str, known: Callable[[str], bool]) -> tuple[str, ...]:
    """The lower-case words as which ``text`` is read out; empty where nothing of it is spoken.

    Capitals that are no ``known`` word are spelled: "API" is "a p i".
    """
    flat = unicodedata.normalize("NFKD", text.replace("’", "'"))
    flat = "".join(c for c in flat if not unicodedata.combining(c)).replace("&amp;", "&")
    if len(flat) > MAX_TEXT:
        return ()
    if flat.lower().strip("\"'(),;:!?") in _TITLES:
        return (flat.lower().strip("\"'(),;:!?"),)
    words: list[str] = []
    for token in _TOKEN.finditer(flat.lower()):
        if token["word"]:
            words += _as_word(flat[token.start() : token.end()], known)
        elif token["sign"]:
            words.append(_SIGNS[token["sign"]])
        else:
            words += _as_number(token)
    return tuple(words)


def guessed_phones(word: str, lookup: Lookup) -> str:
    """Phones for an unknown lower-case word: from its parts where those are known, else from its letters."""
    for ending, sound in _ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 2 and (phones := lookup(stem) or lookup(stem + "e")):
            return f"{phones} {sound}"
    for i in range(3, len(word) - 2):
        if (first := lookup(word[:i])) and (second := lookup(word[i:])):
            return f"{first} {second}"
    return _by_letters(word.replace("'", "")) or "AH"


def _as_word(written: str, known: Callable[[str], bool]) -> list[str]:
    bare = written.removesuffix("s")
    spelled = bare.isupper() and 2 <= len(bare) <= 6 and not known(written.lower())
    if spelled and (len(bare) <= 4 or not re.search("[AEIOU]", bare)):
        return [*bare.lower()]
    return [written.lower()]


def _as_number(token: re.Match[str]) -> list[str]:
    digits, after = token["number"].replace(",", ""), token["after"] or ""
    if len(digits) > 12 or (digits[0] == "0" and len(digits) > 1):
        words = [_SMALL[int(d)] for d in digits]
    elif len(digits) == 4 and not token["part"] and "," not in token["number"] and not token["unit"]:
        words = _as_year(int(digits))
    else:
        words = _cardinal(int(digits))
    if token["part"]:
        words += ["point", *(_SMALL[int(d)] for d in token["part"][1:])]
    if after in ("st", "nd", "rd", "th"):
        words[-1] = _ordinal(words[-1])
    elif after == "s":
        words[-1] = words[-1].removesuffix("y") + ("ies" if words[-1].endswith("y") else "s")
    words += _AFTER.get(after, ())
    return [*words, _UNITS[token["unit"]]] if token["unit"] else words


def _cardinal(n: int) -> list[str]:
    if n < 20:
        return [_SMALL[n]]
    if n < 100:
        return [_TENS[n // 10], *([_SMALL[n % 10]] if n % 10 else [])]
    size, name = next((s, w) for s, w in _LARGE if n >= s)
    return [*_cardinal(n // size), name, *(_cardinal(n % size) if n % size else [])]


def _as_year(n: int) -> list[str]:
    if not 1100 <= n < 2100 or n % 1000 < 10:
        return _cardinal(n)
    rest = n % 100
    return _cardinal(n // 100) + (["hundred"] if rest == 0 else [*(["oh"] if rest < 10 else []), *_cardinal(rest)])


def _ordinal(word: str) -> str:
    return _ORDINALS.get(word) or (word[:-1] + "ieth" if word.endswith("y") else word + "th")


def _by_letters(word: str) -> str:
    word = re.sub(r"([bdfgklmnprstz])\1", r"\1", word)
    phones: list[str] = []
    i = 0
    while i < len(word):
        size, sound = _sound_at(word, i)
        phones += sound.split()
        i += size
    return " ".join(phones)


def _sound_at(word: str, i: int) -> tuple[int, str]:
    """How many letters from ``i`` on make one sound, and which."""
    if word[i] in _LONG and re.fullmatch(r"[bcdfgklmnpstvz]e", word[i + 1 :]):
        return 1, _LONG[word[i]]  # the e at the end makes it long, as in "made"
    for size in (4, 3, 2, 1):
        part = word[i : i + size]
        if len(part) < size:
            continue
        begins, ends = i == 0, i + size == len(word) and len(word) > 2
        for key in (f"^{part}" if begins else "", f"{part}$" if ends else "", part):
            if key in _SOUNDS and (size < 3 or not begins or part != "ing"):
                return size, _SOUNDS[key]
    return 1, ""
