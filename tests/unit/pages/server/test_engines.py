"""Engines in words."""

from __future__ import annotations

import pytest

from clipper_core.domain.engines import Selector, Transcriber
from pages.components.server.engines import engine

CHOSEN = [e for e in (*Transcriber, *Selector) if e.value != "auto"]


@pytest.mark.parametrize("chosen", CHOSEN)
def test_every_engine_a_run_can_have_is_named_in_words(chosen: Transcriber | Selector) -> None:
    assert engine(chosen.value) != chosen.value


def test_an_engine_of_a_newer_version_keeps_its_name() -> None:
    assert engine("whisper-9") == "whisper-9"
