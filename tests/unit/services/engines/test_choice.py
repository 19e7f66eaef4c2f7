"""Which engines a run uses, from the settings and the recording."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.engines import Selector, Transcriber
from clipper_core.errors import SetupProblem
from clipper_core.services.engines.choice import EngineChooser, EngineOptions, understood_offline

LANGUAGES = st.sampled_from(["auto", "en", "en-gb", "de", "pt-br"])
TRANSCRIBERS = st.sampled_from([t for t in Transcriber if t is not Transcriber.FASTER_WHISPER])
OPTIONS = st.builds(
    EngineOptions,
    TRANSCRIBERS,
    st.sampled_from(list(Selector)),
    LANGUAGES,
    st.sampled_from([None, "api.example.com"]),
)


def choose(options: EngineOptions, language: str = "auto", *, captions: bool = False):
    return EngineChooser(options, dict).choose(language, captions)


@given(OPTIONS, LANGUAGES, st.booleans())
def test_a_choice_is_never_left_open(options: EngineOptions, language: str, captions: bool) -> None:
    choice = choose(options, language, captions=captions)

    assert choice.transcriber is not Transcriber.AUTO
    assert choice.selector is not Selector.AUTO
    assert captions or choice.transcriber is not Transcriber.CAPTIONS


@given(OPTIONS.filter(lambda o: o.endpoint_host is None), LANGUAGES, st.booleans())
def test_options_that_pass_need_no_endpoint_that_is_off(options: EngineOptions, language: str, captions: bool) -> None:
    try:
        options.check()
    except SetupProblem:
        return

    choice = choose(options, language, captions=captions)

    assert (choice.transcriber is Transcriber.OPENAI, choice.selector is Selector.CHAT) == (False, False)


def test_captions_come_first_then_the_endpoint_then_this_computer() -> None:
    on = EngineOptions(endpoint_host="api.example.com")

    assert choose(on, captions=True).transcriber is Transcriber.CAPTIONS
    assert choose(on).transcriber is Transcriber.OPENAI
    assert choose(EngineOptions()).transcriber is Transcriber.POCKETSPHINX
    assert (choose(on).selector, choose(EngineOptions()).selector) == (Selector.CHAT, Selector.OFFLINE)


def test_a_language_unknown_here_gives_no_words_offline() -> None:
    assert choose(EngineOptions(), "de").transcriber is Transcriber.NONE
    assert choose(EngineOptions(language="de")).transcriber is Transcriber.NONE
    assert choose(EngineOptions(language="de"), "en-us").transcriber is Transcriber.POCKETSPHINX
    assert understood_offline("auto") and not understood_offline("de-at")


def test_a_recording_s_language_wins_over_the_settings() -> None:
    assert choose(EngineOptions(language="de"), "fr").language == "fr"
    assert choose(EngineOptions(language="de")).language == "de"


def test_tools_are_asked_for_their_versions_at_each_choice() -> None:
    versions = iter(["7.0", "7.1"])
    chooser = EngineChooser(EngineOptions(), lambda: {"ffmpeg": next(versions)})

    assert [chooser.choose("en", False).tools for _ in range(2)] == [{"ffmpeg": "7.0"}, {"ffmpeg": "7.1"}]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (EngineOptions(Transcriber.FASTER_WHISPER), "CLIPPER_TRANSCRIBER"),
        (EngineOptions(Transcriber.OPENAI), "CLIPPER_TRANSCRIBER is openai"),
        (EngineOptions(selector=Selector.CHAT), "CLIPPER_SELECTOR is chat"),
        (EngineOptions(endpoint_host=""), "OPENAI_BASE_URL"),
    ],
)
def test_options_that_insist_on_a_missing_engine_are_refused(options: EngineOptions, names: str) -> None:
    with pytest.raises(SetupProblem, match=names):
        options.check()
