"""Takes keys and passwords out of text before anybody sees it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

GONE = "[key]"
RUN = 8  # characters of a secret in a row that are too many to show
# A word with its middle starred, dotted or crossed out, as services say a key back.
_MASK = re.compile(r"[*•·…]+|\.{2,}|[xX]{4,}")
_MASKED = re.compile(rf"[^\s\"'<>,;:=()]*(?:{_MASK.pattern})[^\s\"'<>,;=()]*")
_STARS = re.compile(r"[*•]{3,}")


class Scrubber:
    """Knows what must not be said. Secrets of three characters and less are none."""

    def __init__(self, secrets: Iterable[str | None]) -> None:
        known = {s for s in secrets if s and len(s) > 3}
        self._secrets = sorted({form for s in known for form in _forms(s)}, key=len, reverse=True)
        self._runs = {s[i : i + RUN] for s in self._secrets for i in range(len(s) - RUN + 1)}

    def scrub(self, text: str) -> str:
        """``text`` without any secret: whole, in part, with its middle masked, or encoded as addresses and JSON are."""
        for secret in self._secrets:
            text = text.replace(secret, GONE)
        text = _MASKED.sub(lambda m: GONE if self._masks_one(m.group()) else m.group(), text)
        return self._without_runs(text)

    def _masks_one(self, word: str) -> bool:
        if _STARS.search(word):
            return True
        parts = _MASK.split(word)
        head, tail = parts[0], parts[-1].rstrip(".")
        return any(
            (len(head) > 1 and s.startswith(head)) or (len(tail) > 1 and s.endswith(tail)) for s in self._secrets
        )

    def _without_runs(self, text: str) -> str:
        out: list[str] = []
        at = 0
        while at < len(text):
            end = at
            while text[end : end + RUN] in self._runs:
                end += 1
            if end > at:
                out.append(GONE)
                at = end + RUN - 1
            else:
                out.append(text[at])
                at += 1
        return "".join(out)


def _forms(secret: str) -> set[str]:
    """The ways in which a secret is written."""
    written = json.dumps(secret)[1:-1]
    encoded = base64.b64encode(secret.encode()).decode()
    return {secret, quote(secret, safe=""), quote_plus(secret), written, encoded, encoded.rstrip("=")}
