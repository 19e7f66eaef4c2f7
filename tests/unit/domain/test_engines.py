"""The names of engines: they are stored with runs and written in settings."""

from __future__ import annotations

from clipper_core.domain.engines import Selector, Transcriber


def test_engines_have_the_names_that_settings_and_runs_use() -> None:
    assert [t.value for t in Transcriber] == ["auto", "captions", "openai", "faster-whisper", "pocketsphinx", "none"]
    assert [s.value for s in Selector] == ["auto", "offline", "chat"]


def test_quotable_words_are_placed_and_drafts_are_not() -> None:
    assert {t for t in Transcriber if t.is_placed} == {Transcriber.CAPTIONS, Transcriber.OPENAI}
    assert not any(t.recognises for t in (Transcriber.AUTO, Transcriber.CAPTIONS, Transcriber.NONE))
