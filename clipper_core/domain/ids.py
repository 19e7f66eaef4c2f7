"""Ids: a prefix that says what it is, and enough randomness never to meet again."""

from __future__ import annotations

import secrets

SAMPLE_PROJECT = "prj_test"
DEFAULT_SHOW = "shw_default"
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # no letters that are mistaken for one another


def new_id(prefix: str) -> str:
    """``prefix_`` and 20 characters: 100 bits."""
    return prefix + "_" + "".join(secrets.choice(ALPHABET) for _ in range(20))
