"""Titles and reasons of a language model are cleaned before they are shown."""

from __future__ import annotations

import pytest

from clipper_core.stages.selection.answer import clean_reasons, clean_title


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ("“The first hire”", "The first hire"),
        ('He said "no"', 'He said "no"'),
        ("# **Bread**", "Bread"),
        ("Bread\nand\tbutter\r", "Bread and butter"),
        ("Safe\u202egpj.exe\u2069", "Safegpj.exe"),
        ("👩‍🍳 Bread", "👩‍🍳 Bread"),
        ("?!", ""),
        ("word " * 30, "word " * 15 + "word…"),
    ],
)
def test_titles_are_cleaned(given: str, title: str):
    assert clean_title(given) == title


def test_reasons_are_at_most_three_short_and_different():
    assert clean_reasons(["One", "", "One", "Two\nlines", "x" * 500, "Four"]) == ("One", "Two lines", "x" * 199 + "…")
