"""Titles make file names that every system accepts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.naming import RESERVED, file_name


@given(st.text(max_size=400))
def test_any_title_makes_a_file_name_every_system_accepts(title: str) -> None:
    name = file_name(title)

    assert name.strip(" .") == name != ""
    assert not set(name) & set('/\\:*?"<>|%')
    assert name.isprintable()
    assert len(name.encode()) <= 205


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_a_reserved_name_is_never_used_alone(name: str) -> None:
    for title in (name, name.upper(), f"{name}.txt"):
        assert file_name(title).split(".")[0].lower() not in RESERVED


@pytest.mark.parametrize("title", ["", " . ", "///", "\x00"])
def test_a_title_without_letters_is_named_clip(title: str) -> None:
    assert file_name(title) == "clip"
