"""An OpenAI-compatible endpoint: speech to text, and chat. The only module that knows the client library.

The library takes long to import, so that happens on first use. It tries nothing twice itself; how often, how long and
why is ours (``retrying``). What it raises may hold the key, so none of it gets out: each attempt's error becomes a
value here, and text is scrubbed before it is kept.
"""

from __future__ import annotations

import io
import logging
import os
import threading
import time
import wave
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl

import numpy as np
import numpy.typing as npt

from clipper_core.adapters.endpoint.answers import ChatAnswer as ChatAnswer
from clipper_core.adapters.endpoint.answers import Complaint, Completion, Transcription
from clipper_core.adapters.endpoint.heard_words import clean, language_code
from clipper_core.adapters.endpoint.options import EndpointOptions, basic_authorization, secrets_of
from clipper_core.adapters.endpoint.retrying import Retrier, Setback, retry_after_s
from clipper_core.adapters.endpoint.scrubbing import Scrubber
from clipper_core.adapters.speech.aligner import PocketsphinxAligner
from clipper_core.domain.recognised import NOTHING, RecognisedPiece
from clipper_core.domain.spending import Spending
from clipper_core.errors import (
    ClipperError,
    PieceTooLarge,
    ServiceKeyRefused,
    ServiceModelMissing,
    ServiceOutOfCredit,
    ServiceRefused,
    ServiceUnavailable,
)

if TYPE_CHECKING:
    import openai

Samples = npt.NDArray[np.int16]
Check = Callable[[], None]
"""Called while waiting; may raise, which stops the work."""
Message = Mapping[str, str]
Send = Callable[["openai.OpenAI"], AbstractContextManager[Any]]
"""Sends one request and gives its answer, to be read in a ``with``."""
Value = TypeVar("Value")

RATE = 16_000
MIN_MS = 100  # of sound: less is refused
# Of sound in a request. Where words are found in the sound afterwards, 20 s or 120 s make no difference to their
# times; where they can't be, rough times are off by half a second on average at 20 s, and by one at 45 s.
PIECE_MS, ROUGH_PIECE_MS = 45_000, 20_000
CONNECT_S = 10.0
MAX_BYTES = 64_000_000  # of an answer
MAX_DETAIL = 500

NO_CREDIT = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
TOO_MUCH = (
    "too large",
    "too long",
    "is longer than",
    "size limit",
    "context_length_exceeded",
    "maximum context length",
)
AGAIN = {408: "it did not get the request in time", 409: "it was busy", 425: "it was not ready"}
OVERLOADED = frozenset({503, 529})
NOTHING_THERE = (
    "There is no such service at this address, or it does not know the model. Check OPENAI_BASE_URL (it usually ends "
    "in /v1), CLIPPER_TRANSCRIBE_MODEL and CLIPPER_CHAT_MODEL, then press Retry. Where it only hears, or only chooses, "
    "set CLIPPER_SELECTOR or CLIPPER_TRANSCRIBER to something else."
)
UNPROVEN = (
    "The speech or language service could not prove who it is, so nothing was sent to it. Check OPENAI_BASE_URL and "
    "the service's certificate."
)
NO_ADDRESS = "OPENAI_BASE_URL is not an address. Write it like https://host/v1, then press Retry."
NO_KEY = "OPENAI_API_KEY holds characters that no key has. Copy the key again, then press Retry."


class _FormatRefused(ServiceRefused):
    """The service does not answer in the form it was asked for. Look at the details, and choose another model."""


class Endpoint:
    """Asks the endpoint. Safe in threads; connects on first use, in each process by itself."""

    name = "openai"

    def __init__(self, options: EndpointOptions) -> None:
        self.options = options
        self._scrubber = Scrubber(secrets_of(options))
        self._retrier = Retrier(options.patience_s)
        self._lock = threading.Lock()
        self._made: tuple[int, openai.OpenAI] | None = None
        self._timed = "whisper" in options.transcribe_model.lower()

    def __reduce__(self) -> tuple[type[Endpoint], tuple[EndpointOptions]]:
        return Endpoint, (self.options,)

    @property
    def transcribe_version(self) -> str:
        """The model and the host, for input keys: equal where equal words can be expected."""
        return f"{self.options.transcribe_model} @ {self.options.host}"

    @property
    def chat_version(self) -> str:
        return f"{self.options.chat_model} @ {self.options.host}"

    def transcribe(self, samples: Samples, language: str, check: Check) -> RecognisedPiece:
        """The text of a piece of sound, with times where the model tells them.

        Args:
            samples: The samples, 16 kHz mono.
            language: The code of the language, or ``auto``.
            check: Called while waiting; may raise, which stops the work.

        Raises:
            PieceTooLarge: The service takes less sound at a time.
            ServiceUnavailable: The service did not answer, or refused; often one of its kinds.
        """
        length_ms = len(samples) * 1000 // RATE
        if length_ms < MIN_MS or not samples.any():
            return NOTHING
        began = time.monotonic()
        answer = self._transcription(_wav(samples), language_code(language), check)
        price = self.options.transcribe_price
        cost = None if price is None else price * length_ms / 60_000
        return replace(answer.heard(length_ms), spending=Spending(length_ms, *answer.tokens(), _since_ms(began), cost))

    def chat(self, messages: Sequence[Message], schema_name: str, schema: dict[str, Any], check: Check) -> ChatAnswer:
        """Ask the model for an answer by a strict JSON schema; the answer is not checked against it here.

        Args:
            messages: The conversation, each message with ``role`` and ``content``.
            schema_name: The schema's name, for the service.
            schema: The JSON schema of the answer.
            check: Called while waiting; may raise, which stops the work.

        Raises:
            PieceTooLarge: The service takes less text at a time.
            ServiceUnavailable: The service did not answer, or refused; often one of its kinds.
        """
        began = time.monotonic()
        asked: Any = [dict(m) for m in messages]
        form: Any = {"type": "json_schema", "json_schema": {"name": schema_name, "strict": True, "schema": schema}}

        def send(client: openai.OpenAI) -> AbstractContextManager[Any]:
            create = client.chat.completions.with_streaming_response.create
            model = self.options.chat_model
            return create(model=model, messages=asked, response_format=form, extra_headers=_headers(self.options))

        def read(body: bytes) -> tuple[ChatAnswer, tuple[int, int]]:
            completion = Completion.model_validate_json(body)
            return completion.answer(), completion.tokens()

        answer, tokens = self._insist(send, read, check)
        return replace(answer, spending=Spending(0, *tokens, _since_ms(began), self._chat_cost(*tokens)))

    def _transcription(self, sound: bytes, language: str | None, check: Check) -> Transcription:
        if self._timed:
            try:
                return self._asked(sound, language, check, timed=True)
            except _FormatRefused:
                self._timed = False  # not asked for again while this process lives
        return self._asked(sound, language, check, timed=False)

    def _asked(self, sound: bytes, language: str | None, check: Check, timed: bool) -> Transcription:
        wanted: dict[str, Any] = {"response_format": "json"}
        if timed:
            wanted = {"response_format": "verbose_json", "timestamp_granularities": ["word"]}
        if language:
            wanted["language"] = language

        def send(client: openai.OpenAI) -> AbstractContextManager[Any]:
            create = client.audio.transcriptions.with_streaming_response.create
            file = ("audio.wav", sound, "audio/wav")
            model = self.options.transcribe_model
            return create(model=model, file=file, extra_headers=_headers(self.options), **wanted)

        return self._insist(send, Transcription.model_validate_json, check)

    def _chat_cost(self, read: int, written: int) -> float | None:
        prices = ((self.options.chat_price_in, read), (self.options.chat_price_out, written))
        known = [price * tokens / 1_000_000 for price, tokens in prices if price is not None]
        return sum(known) if known else None

    # -- one question

    def _insist(self, send: Send, read: Callable[[bytes], Value], check: Check) -> Value:
        return self._retrier.first_answer(lambda: self._attempt(send, read), check)

    def _attempt(self, send: Send, read: Callable[[bytes], Value]) -> Value | Setback | ClipperError:
        """One request. Nothing of the library is raised from here, nor hangs on what is returned."""
        body = self._body(send)
        if not isinstance(body, bytes):
            return body
        try:
            return read(body)
        except ValueError:  # pydantic's are of this kind, and hold all of the answer
            start = Complaint.read(body).text[:200]
            return Setback("its answer could not be read", self._shown(f"It began: {start}"), unusable=True)

    def _body(self, send: Send) -> bytes | Setback | ClipperError:
        import httpx2
        import openai

        began = time.monotonic()
        try:
            with send(self._client()) as response:
                out = bytearray()
                for part in response.iter_bytes():
                    out += part
                    if time.monotonic() - began > self.options.timeout_s:
                        return Setback("it did not answer in time", "its answer came in drops")
                    if len(out) > MAX_BYTES:
                        return Setback("its answer was endless", f"more than {MAX_BYTES} bytes", unusable=True)
                return bytes(out)
        except ClipperError as error:
            return error
        except openai.APIStatusError as error:
            return self._refusal(error)
        except (openai.APITimeoutError, httpx2.TimeoutException) as error:
            return Setback("it did not answer in time", self._shown(_chain(error)))
        except (openai.OpenAIError, httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL) as error:
            return self._broken(error)

    def _broken(self, error: Exception) -> Setback | ClipperError:
        detail = self._shown(_chain(error))
        if "CERTIFICATE_VERIFY" in detail:
            return ServiceUnavailable(UNPROVEN, detail=detail)
        return Setback("it could not be reached" if "ConnectError" in detail else "the connection broke off", detail)

    def _refusal(self, error: openai.APIStatusError) -> Setback | ClipperError:
        """Our error or setback for an answer other than 200."""
        status, complaint = error.status_code, Complaint.read(error.response.content)
        detail = self._shown(f"HTTP {status}: {complaint.text}")
        wait_s = retry_after_s(error.response.headers)
        if status == 402 or complaint.is_called(NO_CREDIT):
            return ServiceOutOfCredit(detail=detail)
        if status == 413 or (status in (400, 429) and complaint.mentions("request too large", *TOO_MUCH)):
            return PieceTooLarge(detail=detail)
        if status == 429:
            return Setback("it asked us to slow down", detail, wait_s)
        if status in AGAIN or status >= 500:
            fault = "it is overloaded" if status in OVERLOADED else "it had a fault of its own"
            return Setback(AGAIN.get(status, fault), detail, wait_s)
        if status == 404 or complaint.is_called({"model_not_found"}):
            return ServiceModelMissing(None if complaint.mentions("model") else NOTHING_THERE, detail=detail)
        if status in (401, 403):
            return ServiceKeyRefused(detail=detail)
        if complaint.mentions("response_format", "timestamp_granularities", "verbose_json"):
            return _FormatRefused(detail=detail)
        return ServiceRefused(detail=detail)

    def _shown(self, text: str) -> str:
        """The part of a foreign text that may be kept: scrubbed of secrets and cut."""
        return clean(self._scrubber.scrub(text[: 4 * MAX_DETAIL]))[:MAX_DETAIL]

    def _client(self) -> openai.OpenAI:
        with self._lock:
            if self._made is None or self._made[0] != os.getpid():
                self._made = (os.getpid(), _new_client(self.options))
            return self._made[1]


class EndpointRecogniser:
    """The endpoint as an engine that hears pieces, several at a time, in the language given: a code, or ``auto``."""

    name = Endpoint.name
    languages: frozenset[str] = frozenset()  # it says itself which one it heard
    draft = False
    spares_ms = 5_000  # shorter silences are not worth a request, and context lost

    def __init__(self, endpoint: Endpoint, language: str = "auto") -> None:
        self._endpoint = endpoint
        self._language = language
        self.version = endpoint.transcribe_version
        self.in_flight = endpoint.options.in_flight
        largest_ms = int(endpoint.options.max_mb * 2**20 - 1_000) * 1000 // (2 * RATE)
        alignable = language == "auto" or language_code(language) in PocketsphinxAligner.languages
        wanted_ms = PIECE_MS if alignable else ROUGH_PIECE_MS
        self.piece_ms: int | None = min(wanted_ms, max(1_000, largest_ms * 2 // 3))  # some are half as long again

    def recognise(
        self, pcm: Samples, offset_ms: int = 0, progress: Callable[[float], None] = lambda _: None
    ) -> RecognisedPiece:
        """See ``Recogniser.recognise``. ``offset_ms`` makes no difference. Raises as ``Endpoint.transcribe``."""
        return self._endpoint.transcribe(pcm, self._language, lambda: progress(0.0))


def _new_client(options: EndpointOptions) -> openai.OpenAI:
    """Raises ServiceRefused, ServiceKeyRefused where the settings can't be what was meant."""
    import httpx2
    import openai

    address, key = options.address, (options.key or "").strip()
    if address.scheme not in ("http", "https") or not address.hostname:
        raise ServiceRefused(NO_ADDRESS)
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ServiceKeyRefused(NO_KEY)
    for library in ("httpx2", "httpcore2", "openai"):  # they log addresses and headers
        logging.getLogger(library).setLevel(logging.WARNING)
    return openai.OpenAI(
        api_key=key or "none",  # without one it takes the one of the environment; see _headers
        base_url=f"{address.scheme}://{options.host}{address.path}",
        default_query=dict(parse_qsl(address.query)) or None,
        timeout=httpx2.Timeout(options.timeout_s, connect=min(CONNECT_S, options.timeout_s)),
        max_retries=0,
    )


def _headers(options: EndpointOptions) -> dict[str, Any]:
    """Headers of each request: without a key the user and password of the address, or nothing at all."""
    import openai

    if (options.key or "").strip():
        return {}
    basic = basic_authorization(options.address)
    return {"Authorization": f"Basic {basic}" if basic else openai.Omit()}


def _wav(samples: Samples) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())
    return out.getvalue()


def _since_ms(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _chain(error: BaseException) -> str:
    """An error and its causes, in one line."""
    lines: dict[str, None] = {}
    at: BaseException | None = error
    while at is not None:
        lines[f"{type(at).__name__}: {at}"] = None
        at = at.__cause__ or at.__context__
    return " / ".join(lines)
