"""An OpenAI-compatible endpoint through the real client and real HTTP: what is heard, and how every fault ends."""

from __future__ import annotations

import logging
import pickle
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clipper_core.adapters.endpoint import retrying
from clipper_core.adapters.endpoint.openai import Endpoint, EndpointRecogniser
from clipper_core.adapters.endpoint.options import EndpointOptions
from clipper_core.adapters.endpoint.scrubbing import RUN
from clipper_core.adapters.speech.aligner import PocketsphinxAligner
from clipper_core.domain.recognised import RecognisedPiece
from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Word
from clipper_core.errors import (
    Cancelled,
    ClipperError,
    PieceTooLarge,
    ServiceAnswerUnusable,
    ServiceKeyRefused,
    ServiceModelMissing,
    ServiceOutOfCredit,
    ServiceRefused,
    ServiceUnavailable,
)
from clipper_core.services.engines.remembering import OfThisProcess, RememberingRecogniser
from clipper_core.services.transcripts.build import WordPlacer, place_recognised
from clipper_core.stages.words.speech import SpeechTrack
from clipper_core.stages.words.transcribe import RecognisedPart, recognise_part
from tests import endpoint_faults as faults
from tests.endpoint import CHAT, KEY, Fault
from tests.endpoint import Endpoint as Server
from tests.unit.adapters.speech.test_recogniser import speech_of

SECONDS = 240
PIECE = np.random.default_rng(4).integers(-3_000, 3_000, 16_000 * 3).astype(np.int16)
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"clips": {"type": "array", "items": {"type": "integer"}}},
    "required": ["clips"],
    "additionalProperties": False,
}
ASKED = [{"role": "user", "content": "Which clips?"}]


class Recording:
    """Noise in which every half second is a word, and every fifth second ends in a silence; no two are alike."""

    pcm = np.random.default_rng(7).integers(-3_000, 3_000, 16_000 * SECONDS).astype(np.int16)
    words = tuple(
        Word(f"Word{i}" if i % 10 == 0 else f"word{i}{'.' if i % 10 == 9 else ''}", i * 500 + 40, i * 500 + 400)
        for i in range(SECONDS * 2)
    )
    silences = SilenceMap(SECONDS * 1000, tuple(Silence(s * 1000 - 100, s * 1000) for s in range(5, SECONDS + 1, 5)))

    def read(self, start_ms: int, end_ms: int) -> Any:
        return self.pcm[start_ms * 16 : end_ms * 16]


@pytest.fixture(autouse=True)
def no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "FIRST_WAIT_S", 0.02)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running.knows(Recording.pcm, Recording.words).knows(
            PIECE, [Word("Said", 100, 900), Word("so.", 950, 1_400)]
        )


def options(server: Server, **more: Any) -> EndpointOptions:
    return EndpointOptions(**{"key": server.key, "base_url": server.url, "timeout_s": 5.0, "patience_s": 10.0, **more})


def asked(
    server: Server, check: Callable[[], None] = lambda: None, language: str = "auto", **more: Any
) -> RecognisedPiece:
    return Endpoint(options(server, **more)).transcribe(PIECE, language, check)


def hear(server: Server, progress: Callable[[float], None] = lambda _: None, **more: Any) -> RecognisedPart:
    engine = EndpointRecogniser(Endpoint(options(server, **more)))
    return recognise_part(engine, SpeechTrack(Recording(), Recording.silences), TimeRange(0, SECONDS * 1000), progress)


# -- what is heard


def test_text_without_times_comes_in_order_and_near_its_place(server: Server) -> None:
    heard = hear(server)

    assert [w.text for w in heard.words] == [w.text for w in Recording.words]
    assert heard.language == "en"
    assert not any(w.timed for w in heard.words)
    assert max(abs(a.start_ms - b.start_ms) for a, b in zip(heard.words, Recording.words, strict=True)) < 3_000


def test_word_times_are_requested_and_punctuation_restored(server: Server) -> None:
    heard = hear(server, transcribe_model="whisper-1")

    assert [w.text for w in heard.words] == [w.text for w in Recording.words]
    assert heard.language == "en"
    assert all(w.timed for w in heard.words)
    assert max(abs(a.start_ms - b.start_ms) for a, b in zip(heard.words, Recording.words, strict=True)) <= 10


def test_pieces_are_cut_at_silences_and_hold_everything_once(server: Server) -> None:
    hear(server)

    spans = sorted(c.span for c in server.calls if c.span)
    assert (spans[0][0], spans[-1][1]) == (0, SECONDS * 1000)
    assert all(a[1] == b[0] and Recording.silences.at(a[1]) for a, b in pairwise(spans))
    assert all(30_000 <= b - a <= 67_500 for a, b in spans)
    assert {c.file_name for c in server.calls} == {"audio.wav"}


@pytest.mark.parametrize("limits", [{"max_bytes": 700_000}, {"max_ms": 20_000}])
def test_pieces_too_large_for_the_service_are_divided(limits: dict[str, int]) -> None:
    with Server(**limits) as server:  # type: ignore[arg-type]
        server.knows(Recording.pcm, Recording.words)

        heard = hear(server)

    assert [w.text for w in heard.words] == [w.text for w in Recording.words]
    assert {c.status for c in server.calls} == {200, 413 if "max_bytes" in limits else 400}


def test_pieces_are_as_small_as_the_settings_say(server: Server) -> None:
    hear(server, max_mb=0.5)

    assert max(len(c.file) for c in server.calls) <= 0.5 * 2**20
    assert {c.status for c in server.calls} == {200}


def test_no_more_requests_than_allowed_are_in_flight(server: Server) -> None:
    server.open.clear()
    heard: list[RecognisedPart] = []
    working = threading.Thread(target=lambda: heard.append(hear(server, in_flight=3)))

    working.start()
    server.wait_for(lambda: server.at_once == 3)
    server.open.set()
    working.join(30)

    assert len(heard[0].words) == len(Recording.words)
    assert server.most_at_once == 3


@pytest.mark.parametrize(("language", "sent"), [("auto", None), ("en", ["en"]), ("German", ["de"]), ("pt-BR", ["pt"])])
def test_the_language_is_sent_as_a_code_where_it_is_known(
    server: Server, language: str, sent: list[str] | None
) -> None:
    asked(server, language=language)

    assert server.calls[0].fields.get("language") == sent


def test_a_server_without_times_is_asked_once() -> None:
    with Server(word_models=()) as server:
        server.knows(PIECE, [Word("Said", 100, 900)])
        endpoint = Endpoint(options(server, transcribe_model="whisper-1"))

        heard = [endpoint.transcribe(PIECE, "auto", lambda: None) for _ in range(2)]

    assert [h.text for h in heard] == ["Said", "Said"]
    assert [c.status for c in server.calls] == [400, 200, 200]


@pytest.mark.parametrize("sound", [np.zeros(48_000, np.int16), PIECE[:1_000]], ids=["silence", "a blink"])
def test_what_holds_no_speech_is_not_sent(server: Server, sound: Any) -> None:
    assert Endpoint(options(server)).transcribe(sound, "auto", lambda: None).text == ""
    assert server.calls == []


def test_text_only_words_are_aligned_to_speech(media: Path) -> None:
    sound = speech_of(media / "jfk.flac")
    text = (
        "And so, my fellow Americans: ask not what your country can do for you; ask what you can do for your country."
    )
    silences = SilenceMap(len(sound) // 16)
    with Server() as server:
        server.knows(sound, [Word(t, i, i) for i, t in enumerate(text.split())])
        engine = EndpointRecogniser(Endpoint(options(server)))

        class Speech:
            def read(self, start_ms: int, end_ms: int) -> Any:
                return sound[start_ms * 16 : end_ms * 16]

        whole = TimeRange(0, silences.duration_ms)
        speech = SpeechTrack(Speech(), silences)
        heard = recognise_part(engine, speech, whole, lambda _: None)
        placer = WordPlacer(PocketsphinxAligner, speech)
        transcript, warnings = place_recognised(heard.words, heard.language, placer)

    asks = [w.start_ms for w in transcript.words if w.text == "ask"]
    assert asks == [pytest.approx(3_290, abs=60), pytest.approx(8_185, abs=60)]
    assert warnings == []


# -- what it costs


def test_sound_tokens_and_money_are_counted(server: Server) -> None:
    heard = asked(server, transcribe_price=0.006)

    assert heard.spending.audio_ms == 3_000
    assert heard.spending.cost == pytest.approx(0.006 * 3 / 60)
    assert (heard.spending.tokens_in, heard.spending.tokens_out) == (30, 3)
    assert asked(server).spending.cost is None


def test_chat_counts_tokens_as_the_service_tells_them(server: Server) -> None:
    answer = Endpoint(options(server, chat_price_in=2.0, chat_price_out=8.0)).chat(ASKED, "clips", SCHEMA, lambda: None)

    spent = answer.spending
    assert spent.tokens_in > 0 < spent.tokens_out
    assert spent.cost == pytest.approx((2 * spent.tokens_in + 8 * spent.tokens_out) / 1_000_000)


def test_answered_pieces_are_not_paid_twice(server: Server) -> None:
    memory = OfThisProcess()
    engine = RememberingRecogniser(EndpointRecogniser(Endpoint(options(server))), "auto", memory)
    server.then(*[Fault(401, b"{}", when=lambda _: len(server.paid) >= 2)] * 4)
    with pytest.raises(ServiceKeyRefused):
        recognise_part(
            engine, SpeechTrack(Recording(), Recording.silences), TimeRange(0, SECONDS * 1000), lambda _: None
        )
    paid = len(server.paid)
    server.forget()

    heard = recognise_part(
        engine, SpeechTrack(Recording(), Recording.silences), TimeRange(0, SECONDS * 1000), lambda _: None
    )

    assert [w.text for w in heard.words] == [w.text for w in Recording.words]
    spans = sorted(c.span for c in server.paid if c.span)
    assert paid >= 2
    assert all(a[1] == b[0] for a, b in pairwise(spans))  # each piece once
    assert memory.spent is not None
    assert memory.spent.audio_ms == SECONDS * 1000


# -- how faults end

FINAL = {
    "bad request": (faults.bad_request(), ServiceRefused),
    "wrong key": (faults.wrong_key(), ServiceKeyRefused),
    "forbidden": (faults.forbidden(), ServiceKeyRefused),
    "no such model": (faults.no_such_model(), ServiceModelMissing),
    "no credit": (faults.out_of_credit(), ServiceOutOfCredit),
    "too large": (faults.too_large(), PieceTooLarge),
    "too long": (faults.too_long(), PieceTooLarge),
}
PASSING = {
    "slow down": faults.slow_down(),
    "slow down, in words": faults.slow_down(retry_after="soon"),
    "timeout there": faults.broken(408),
    "conflict": faults.broken(409),
    "broken": faults.broken(),
    "bad gateway": faults.broken(502),
    "overloaded": faults.overloaded(),
    "reset": faults.reset(),
    "reset midway": faults.reset_midway(),
    "a page": faults.html_page(),
    "no text": faults.no_text(),
    "not UTF-8": faults.not_utf8(),
    "half an answer": faults.half_json(),
    "nothing": faults.nothing(),
}
LASTING = {
    "slow down": (faults.slow_down(), "asked us to slow down"),
    "broken": (faults.broken(), "a fault of its own"),
    "overloaded": (faults.overloaded(), "overloaded"),
    "reset": (faults.reset(), "broke off"),
    "slow": (faults.slow(3), "did not answer in time"),
    "dripping": (faults.dripping(0.05), "did not answer in time"),
}


@pytest.mark.parametrize("name", FINAL)
def test_what_cannot_get_better_is_said_at_once(server: Server, name: str) -> None:
    fault, kind = FINAL[name]
    server.then(fault)

    with pytest.raises(ClipperError) as raised:
        asked(server)

    assert type(raised.value) is kind
    assert raised.value.detail is not None
    assert raised.value.detail.startswith(f"HTTP {fault.status}: ")
    assert len(server.calls) == 1


@pytest.mark.parametrize("name", PASSING)
def test_what_may_pass_is_tried_again(server: Server, name: str) -> None:
    server.then(PASSING[name])

    heard = asked(server)

    assert heard.text == "Said so."
    assert len(server.calls) == 2
    assert heard.spending.audio_ms == 3_000


@pytest.mark.parametrize("name", LASTING)
def test_a_lasting_fault_is_reported_by_name(server: Server, name: str) -> None:
    fault, why = LASTING[name]
    server.then(*[fault] * 200)

    with pytest.raises(ServiceUnavailable, match=why) as raised:
        asked(server, timeout_s=0.4, patience_s=0.8)

    assert type(raised.value) is ServiceUnavailable
    assert "press Retry" in raised.value.message


@pytest.mark.parametrize("fault", [faults.html_page(), faults.no_text(), faults.not_utf8(), faults.nothing()])
def test_an_unusable_answer_costs_at_most_two_requests(server: Server, fault: Fault) -> None:
    server.then(*[fault] * 5)

    with pytest.raises(ServiceAnswerUnusable):
        asked(server)
    assert len(server.calls) == 2


def test_a_missing_server_is_reported_unreachable() -> None:
    with Server() as server:
        gone = options(server, patience_s=0.3)

    with pytest.raises(ServiceUnavailable, match="could not be reached"):
        Endpoint(gone).transcribe(PIECE, "auto", lambda: None)


def test_a_wrong_path_is_told_from_a_wrong_model(server: Server) -> None:
    with pytest.raises(ServiceModelMissing, match="usually ends in /v1"):
        asked(server, base_url=server.url.removesuffix("/v1"))
    with pytest.raises(ServiceModelMissing, match="does not know this model"):
        asked(server, transcribe_model="gpt-none")


@pytest.mark.parametrize("address", ["localhost:8000/v1", "not an address", "http://", "http://[half"])
def test_an_invalid_address_is_reported(address: str) -> None:
    with pytest.raises(ServiceRefused, match="OPENAI_BASE_URL is not an address"):
        Endpoint(EndpointOptions(key=KEY, base_url=address)).transcribe(PIECE, "auto", lambda: None)


@pytest.mark.parametrize("key", ["schlüssel-mit-umlaut", "two words here", "line\nbreak-inside-key"])
def test_an_invalid_key_is_reported(server: Server, key: str) -> None:
    with pytest.raises(ServiceKeyRefused, match="Copy the key again") as raised:
        asked(server, key=key)
    assert key not in "".join(traceback.format_exception(raised.value))
    assert server.calls == []


# -- waiting


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (faults.slow_down(retry_after="1"), 1.0),
        (faults.slow_down(retry_after_ms="300"), 0.3),
        (faults.slow_down(retry_after="20", retry_after_ms="300"), 0.3),
        (faults.overloaded(retry_after="0.5"), 0.5),
    ],
)
def test_retry_after_is_honoured(server: Server, fault: Fault, seconds: float) -> None:
    server.then(fault)

    asked(server)

    waited = server.calls[1].at - server.calls[0].at
    assert seconds <= waited < seconds + 1


def test_retry_after_may_be_a_date(server: Server) -> None:
    server.then(faults.slow_down(retry_after=format_datetime(datetime.now(UTC) + timedelta(seconds=3), usegmt=True)))

    asked(server)

    assert 1 <= server.calls[1].at - server.calls[0].at <= 4.5  # dates are whole seconds


def test_retry_after_delays_the_other_requests_too(server: Server) -> None:
    server.then(faults.slow_down(retry_after="1"))
    endpoint = Endpoint(options(server))
    waiting = threading.Event()

    def note() -> None:
        if server.calls:
            waiting.set()

    first = threading.Thread(target=endpoint.transcribe, args=(PIECE, "auto", note))
    first.start()
    assert waiting.wait(10)
    endpoint.transcribe(PIECE, "auto", lambda: None)
    first.join(10)

    assert len(server.calls) == 3
    assert min(c.at for c in server.calls[1:]) - server.calls[0].at >= 1


def test_a_retry_after_beyond_the_patience_fails_at_once(server: Server) -> None:
    server.then(faults.slow_down(retry_after="7200"))

    with pytest.raises(ServiceUnavailable, match="asked us to wait 2 hours"):
        asked(server)
    assert len(server.calls) == 1


def test_waiting_can_be_stopped(server: Server) -> None:
    server.then(faults.slow_down(retry_after="9"))
    began = time.monotonic()

    def stop_once_asked() -> None:
        if server.calls:
            raise Cancelled

    with pytest.raises(Cancelled):
        asked(server, stop_once_asked)
    assert time.monotonic() - began < 5
    assert len(server.calls) == 1


def test_a_stop_finishes_requests_in_flight_only(server: Server) -> None:
    server.open.clear()

    def stop_once_in_flight(_: float) -> None:
        if server.at_once == 2:
            threading.Timer(0.1, server.open.set).start()
            raise Cancelled

    with pytest.raises(Cancelled):
        hear(server, stop_once_in_flight, in_flight=2)
    assert len(server.paid) == len(server.calls) == 2


# -- chat


def test_chat_sends_a_strict_schema_and_returns_text(server: Server) -> None:
    server.answers(lambda _: {"clips": [1, 2]})

    answer = Endpoint(options(server)).chat(ASKED, "clips", SCHEMA, lambda: None)

    assert (answer.text, answer.refusal, answer.cut_short) == ('{"clips": [1, 2]}', None, False)
    sent = server.calls[0].request
    assert sent["messages"] == ASKED
    assert sent["response_format"]["json_schema"] == {"name": "clips", "strict": True, "schema": SCHEMA}


@pytest.mark.parametrize(
    ("fault", "text", "refusal", "cut_short"),
    [
        (faults.refuses(), "", "I'm sorry, I can't help with that.", False),
        (faults.cut_short(), '{"clips": [{"first_sentence": 1, "last_sen', None, True),
        (faults.says("", finish_reason="length"), "", None, True),
        (faults.says("{not JSON"), "{not JSON", None, False),
    ],
)
def test_how_chat_ends_is_told(server: Server, fault: Fault, text: str, refusal: str | None, cut_short: bool) -> None:
    server.then(fault)

    answer = Endpoint(options(server)).chat(ASKED, "clips", SCHEMA, lambda: None)

    assert (answer.text, answer.refusal, answer.cut_short) == (text, refusal, cut_short)
    assert len(server.calls) == 1


@pytest.mark.parametrize("name", [*PASSING])
def test_chat_is_tried_again_too(server: Server, name: str) -> None:
    server.then(PASSING[name])

    assert Endpoint(options(server)).chat(ASKED, "clips", SCHEMA, lambda: None).text == '{"clips": []}'
    assert [c.path for c in server.calls] == [CHAT, CHAT]


def test_a_refused_schema_is_reported_with_its_sentence(server: Server) -> None:
    with pytest.raises(ServiceRefused) as raised:
        Endpoint(options(server)).chat(ASKED, "clips", {"type": "array"}, lambda: None)
    assert "must be of type 'object'" in (raised.value.detail or "")


# -- secrets


def everything_said(error: BaseException, *more: object) -> str:
    chain: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in chain:
        chain.append(at)
        at = at.__cause__ or at.__context__
    shown = [f"{e} {e!r} {e.args} {vars(e)}" for e in chain]
    return " ".join([*shown, *traceback.format_exception(error), *map(str, more), *map(repr, more)])


def parts_of(secret: str) -> list[str]:
    return [secret[i : i + RUN] for i in range(len(secret) - RUN + 1)]


ECHOES = {
    "starred": faults.wrong_key(),
    "whole": faults.error(401, f"The key {KEY} is unknown", "invalid_request_error"),
    "in an address": faults.error(400, f"Bad request to https://x/v1?key={KEY}&a=b", "invalid_request_error"),
    "in a page": Fault(502, f"<html><p>Bearer {KEY}</p></html>".encode()),
    "in no JSON": Fault(500, f"upstream said: {KEY[:30]}".encode()),
    "in an answer": faults.answer(f'{{"echo": "{KEY}"}}'.encode()),
}


@pytest.mark.parametrize("name", [*ECHOES, *FINAL, *LASTING])
def test_the_key_is_in_no_error_log_or_representation(
    server: Server, name: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    fault = ECHOES.get(name) or (FINAL.get(name) or LASTING[name])[0]
    server.then(*[fault] * 50)
    endpoint = Endpoint(options(server, timeout_s=0.3, patience_s=0.4))

    with pytest.raises(ClipperError) as raised:
        endpoint.transcribe(PIECE, "auto", lambda: None)

    said = everything_said(raised.value, endpoint, endpoint.options, caplog.text, *capsys.readouterr())
    assert not [part for part in parts_of(KEY) if part in said]
    assert "****" not in said


def test_a_password_in_the_address_stays_secret(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with Server(key=None) as server:
        server.knows(PIECE, [Word("Said", 100, 900)]).then(faults.broken(), faults.bad_request("user:pa55-w0rd-s3cret"))
        address = server.url.replace("//", "//user:pa55-w0rd-s3cret@")
        endpoint = Endpoint(options(server, key=None, base_url=address))

        with pytest.raises(ServiceRefused) as raised:
            endpoint.transcribe(PIECE, "auto", lambda: None)

    assert {c.headers["authorization"] for c in server.calls} == {"Basic dXNlcjpwYTU1LXcwcmQtczNjcmV0"}
    said = everything_said(
        raised.value, endpoint, endpoint.options, endpoint.transcribe_version, caplog.text, *capsys.readouterr()
    )
    assert "pa55-w0rd" not in said
    assert "dXNlcjpw" not in said


def test_a_key_in_the_address_stays_secret(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with Server(key=None) as server:
        server.then(faults.bad_request(f"api-key={KEY}"))
        endpoint = Endpoint(options(server, key=None, base_url=f"{server.url}?api-version=2026-01-01&api-key={KEY}"))

        with pytest.raises(ServiceRefused) as raised:
            endpoint.transcribe(PIECE, "auto", lambda: None)

    assert server.calls[0].query == {"api-version": "2026-01-01", "api-key": KEY}
    said = everything_said(
        raised.value, endpoint, endpoint.options, endpoint.transcribe_version, caplog.text, *capsys.readouterr()
    )
    assert not [part for part in parts_of(KEY) if part in said]


def test_without_a_key_none_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-somebody-else")
    with Server(key=None) as server:
        server.knows(PIECE, [Word("Said", 100, 900)])

        assert asked(server).text == "Said"

    assert "authorization" not in server.calls[0].headers


def test_versions_name_model_and_host_and_pickle(server: Server) -> None:
    endpoint = Endpoint(options(server))

    copy = pickle.loads(pickle.dumps(endpoint))

    assert copy.transcribe_version == f"gpt-transcribe @ 127.0.0.1:{server.port}"
    assert copy.chat_version == f"gpt-5-mini @ 127.0.0.1:{server.port}"
    assert copy.transcribe(PIECE, "auto", lambda: None).text == "Said so."
