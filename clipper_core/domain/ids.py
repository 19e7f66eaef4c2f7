"""Ids: a prefix for the kind of thing, and enough random characters to be unique."""

from __future__ import annotations

import secrets

SAMPLE_PROJECT = "prj_test"
DEFAULT_SHOW = "shw_default"
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # without letters that are easily confused


def new_id(prefix: str) -> str:
    """``prefix_`` and 20 characters: 100 bits."""
    return prefix + "_" + "".join(secrets.choice(ALPHABET) for _ in range(20))
