"""The engines that settings build."""

from __future__ import annotations

import functools
import pickle
from typing import Any

import pytest

from clipper_core.adapters.endpoint.openai import EndpointRecogniser
from clipper_core.adapters.media.ffmpeg import Ffmpeg
from clipper_core.adapters.speech.recogniser import Pocketsphinx
from clipper_core.domain.engines import Selector, Transcriber
from clipper_core.services.engines.remembering import OfThisProcess
from clipper_core.settings import Settings
from clipper_core.wiring.engines import endpoint_for, engine_chooser, engine_options, engine_set


def settings(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


def test_without_key_or_address_everything_is_done_here() -> None:
    engines = engine_set(settings())

    assert endpoint_for(settings()) is None
    assert set(engines.recognisers) == {"pocketsphinx"}
    assert engines.chat("chat", OfThisProcess(), lambda: None) is None


@pytest.mark.parametrize("switch", [{"openai_api_key": "k"}, {"openai_base_url": "https://host.example/v1"}])
def test_a_key_or_an_address_switches_the_endpoint_on(switch: dict[str, str]) -> None:
    engines = engine_set(settings(**switch, chat_words=777))
    chat = engines.chat("chat", OfThisProcess(), lambda: None)

    assert set(engines.recognisers) == {"pocketsphinx", "openai"}
    assert chat is not None and chat.max_words == 777


def test_recognisers_can_be_sent_to_other_processes() -> None:
    engines = engine_set(settings(openai_api_key="k"))

    for name, kind in (("pocketsphinx", Pocketsphinx), ("openai", EndpointRecogniser)):
        sent = pickle.loads(pickle.dumps(functools.partial(engines.maker(name), "en")))
        assert isinstance(sent(), kind)


def test_an_unreadable_address_has_no_host() -> None:
    options = engine_options(settings(openai_base_url="https://user:pa/ss@host/v1", language="de"))

    assert (options.endpoint_host, options.endpoint_on, options.language) == ("", True, "de")


def test_a_choice_names_the_version_of_every_tool(ffmpeg: Ffmpeg) -> None:
    plain = engine_chooser(settings(), ffmpeg).choose("auto", False)
    full = engine_chooser(settings(openai_api_key="k", voice_activity=True), ffmpeg).choose("auto", False)

    assert (plain.transcriber, plain.selector) == (Transcriber.POCKETSPHINX, Selector.OFFLINE)
    assert set(plain.tools) == {"ffmpeg", "pocketsphinx"}
    assert set(full.tools) == {"ffmpeg", "pocketsphinx", "voice", "openai", "chat"}
    assert full.tools["chat"] == "gpt-5-mini @ api.openai.com"
