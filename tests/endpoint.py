"""A stand-in for an OpenAI-compatible endpoint: a real HTTP server on loopback that hears what it is sent.

    with Endpoint() as endpoint:
        endpoint.knows(pcm, words)                     # a recording and its words, timed in the recording
        endpoint.then(slow_down(retry_after="1"), reset())    # faults, before honest answers
        endpoint.answers(lambda request: {"clips": []})       # what chat says
        ... OPENAI_BASE_URL=endpoint.url, OPENAI_API_KEY=endpoint.key ...
        assert endpoint.most_at_once <= 4

The faults are those of `tests.endpoint_faults`. A transcription is answered from the sound itself: the piece is looked
for in the recordings the server was given, and the words that lie there are the answer. Statuses, bodies and checks are
those of the real service, as far as a client can meet them. `python -m tests.endpoint PORT` serves alone.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import math
import socket
import struct
import sys
import threading
import time
import wave
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl

import numpy as np
import numpy.typing as npt
from python_multipart.multipart import parse_form

from clipper_core.domain.transcript import Word
from tests.endpoint_faults import (
    KEY,
    LIMIT,
    Call,
    Fault,
    Reply,
    answer,
    bad_request,
    error,
    no_such_model,
    too_large,
    too_long,
    wrong_format,
    wrong_key,
)

TRANSCRIPTIONS, CHAT = "/v1/audio/transcriptions", "/v1/chat/completions"
WORD_MODELS = frozenset({"whisper-1"})
TEXT_MODELS = frozenset({"gpt-transcribe", "gpt-4o-transcribe", "gpt-4o-mini-transcribe"})
CHAT_MODELS = frozenset({"gpt-5-mini", "gpt-4.1-mini"})
FILES = ("flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm")
PROBE = 64  # bytes: long ones are slow to look for
NAMES = {"en": "english", "de": "german", "fr": "french", "es": "spanish", "zh": "chinese"}
MARKS = '.,;:!?…"“”()[]'  # of which the real service's timed words have none

Sound = npt.NDArray[np.int16]
Request = dict[str, Any]


@dataclass(frozen=True)
class Recording:
    """Speech audio, the words in it, and the language they are in."""

    pcm: bytes
    words: tuple[Word, ...]
    language: str

    def find(self, piece: bytes) -> int | None:
        """The first sample of the piece; None if it is not from this recording."""
        loudest = int(np.abs(np.frombuffer(piece, "<i2").astype(np.int32)).argmax())
        first = min(2 * loudest, max(0, len(piece) - PROBE))
        at = self.pcm.find(piece[first : first + PROBE])
        while at >= 0:
            begin = at - first
            if begin >= 0 and begin % 2 == 0 and self.pcm[begin : begin + len(piece)] == piece:
                return begin // 2
            at = self.pcm.find(piece[first : first + PROBE], at + 1)
        return None


class Endpoint:
    """The server. Everything it was asked is in ``calls``; ``key`` None lets anybody in."""

    def __init__(
        self,
        *,
        key: str | None = KEY,
        models: Iterable[str] = WORD_MODELS | TEXT_MODELS | CHAT_MODELS,
        word_models: Iterable[str] = WORD_MODELS,
        max_bytes: int = LIMIT,
        max_ms: int | None = None,
        port: int = 0,
    ) -> None:
        self.key = key
        self.models, self.word_models = frozenset(models), frozenset(word_models)
        self.max_bytes, self.max_ms = max_bytes, max_ms
        self.calls: list[Call] = []
        self.most_at_once = 0
        self.open = threading.Event()
        """Cleared, every call is held until it is set again."""
        self.open.set()
        self._at_once = 0
        self._faults: list[Fault] = []
        self._recordings: list[Recording] = []
        self._chat: Callable[[Request], Reply | dict[str, Any] | str] = lambda _: {"clips": []}
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._server = _Server(("127.0.0.1", port), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The value for OPENAI_BASE_URL."""
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self.open.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    # -- what it is to do

    def knows(self, sound: Sound | bytes, words: Sequence[Word], language: str = "en") -> Self:
        """Give it a recording's speech audio (16 kHz, mono) and the words in it, timed in the recording."""
        pcm = sound if isinstance(sound, bytes) else sound.astype("<i2").tobytes()
        self._recordings.append(Recording(pcm, tuple(words), language))
        return self

    def answers(self, chat: Callable[[Request], Reply | dict[str, Any] | str]) -> Self:
        """The chat's answer to a request: a text, an object to be written as JSON, or a whole Reply."""
        self._chat = chat
        return self

    def then(self, *faults: Fault) -> Self:
        """Faults for the next calls, one each, before honest answers; ``when`` in a fault picks its call."""
        with self._changed:
            self._faults += faults
        return self

    def forget(self) -> None:
        """No more faults."""
        with self._changed:
            self._faults.clear()

    # -- what it has done

    @property
    def at_once(self) -> int:
        return self._at_once

    @property
    def paid(self) -> list[Call]:
        return [c for c in self.calls if c.honest]

    def wait_for(self, what: Callable[[], bool], seconds: float = 10) -> None:
        """Until ``what`` is true; it is asked whenever a call comes in or is answered."""
        with self._changed:
            assert self._changed.wait_for(what, seconds), f"not within {seconds} s"

    # -- how it is done

    def begin(self, call: Call) -> Fault | None:
        with self._changed:
            self.calls.append(call)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            fault = next((f for f in self._faults if f.when(call)), None)
            if fault is not None:
                self._faults.remove(fault)
            self._changed.notify_all()
        self.open.wait(60)
        if fault is not None:
            self.pause(fault.delay_s)
        return fault

    def pause(self, seconds: float) -> None:
        if seconds:
            self._stopping.wait(seconds)

    def end(self, call: Call, answered: Fault, honest: bool) -> None:
        """Before the answer goes out, so that a client that has it finds the call done."""
        with self._changed:
            call.status = None if answered.cut else answered.status
            call.honest = honest
            self._at_once -= 1
            self._changed.notify_all()

    def respond(self, call: Call, fault: Fault | None) -> tuple[Fault, bool]:
        """The reply that is sent, and whether it is the one that was asked for."""
        if fault is not None and (fault.status is not None or fault.cut == "before"):
            return fault, False
        refused = self._key_refused(call)
        if refused is not None:
            return refused, False
        said = self._say(call, fault.reply) if call.path == CHAT and fault is not None and fault.reply else None
        out = said or {TRANSCRIPTIONS: self._transcribe, CHAT: self._converse}.get(call.path, _no_such_path)(call)
        if fault is not None and fault.cut:
            return Fault(out.status, out.body, out.headers, cut=fault.cut), False
        return out, out.status == 200

    def _key_refused(self, call: Call) -> Fault | None:
        given = call.headers.get("authorization", "")
        if self.key is None or given == f"Bearer {self.key}":
            return None
        if not given.removeprefix("Bearer").strip():
            return error(401, "You didn't provide an API key.", "invalid_request_error")
        return wrong_key(given.removeprefix("Bearer ").strip())

    def _transcribe(self, call: Call) -> Fault:
        if len(call.file) > self.max_bytes:
            return too_large(len(call.file), self.max_bytes)
        if call.model not in self.models:
            return no_such_model(call.model)
        timed = call.model in self.word_models
        asked = (call.fields.get("response_format") or ["json"])[0]
        fine = timed or not call.fields.get("timestamp_granularities[]")
        if asked not in (("json", "verbose_json") if timed else ("json",)) or not fine:
            return wrong_format(call.model, asked)
        pcm = _samples(call.file) if call.file_name.rpartition(".")[2].lower() in FILES else None
        if pcm is None:
            return error(400, f"Invalid file format. Supported formats: {list(FILES)}", "invalid_request_error")
        length_ms = len(pcm) // 32
        if length_ms < 100:
            said = "Audio file is too short. Minimum audio length is 0.1 seconds."
            return error(400, said, "invalid_request_error", "audio_too_short")
        if self.max_ms is not None and length_ms > self.max_ms:
            return too_long(length_ms / 1000, self.max_ms / 1000)
        words, at_ms, language = self._heard(call, pcm)
        text = " ".join(w.text for w in words)
        if asked == "json":
            return _ok(_plain(text, length_ms, language if call.model == "gpt-transcribe" else None))
        full: dict[str, Any] = {"task": "transcribe", "language": NAMES.get(language, language), "text": text}
        full |= {"duration": length_ms / 1000, "usage": {"type": "duration", "seconds": math.ceil(length_ms / 1000)}}
        if "word" in call.fields.get("timestamp_granularities[]", []):
            full["words"] = [_timed(w, at_ms) for w in words]
        return _ok(full)

    def _heard(self, call: Call, pcm: bytes) -> tuple[list[Word], int, str]:
        for recording in self._recordings:
            at = recording.find(pcm)
            if at is not None:
                start, end = at // 16, (at + len(pcm) // 2) // 16
                call.span = (start, end)
                inside = [w for w in recording.words if start <= (w.start_ms + w.end_ms) // 2 < end]
                return inside, start, recording.language
        return [], 0, "en"

    def _converse(self, call: Call) -> Fault:
        request = call.request
        if call.model not in self.models:
            return no_such_model(call.model)
        if complaint := _complaint(request):
            return bad_request(complaint)
        said = self._chat(request)
        if isinstance(said, dict):
            said = json.dumps(said, ensure_ascii=False)
        return self._say(call, said if isinstance(said, Reply) else Reply(said))

    @staticmethod
    def _say(call: Call, reply: Reply) -> Fault:
        read = sum(len(str(m.get("content"))) for m in call.request.get("messages", ())) // 4 + 1
        written = len(reply.content or reply.refusal or "") // 4 + 1
        message = {"role": "assistant", "content": reply.content, "refusal": reply.refusal}
        choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason, "logprobs": None}
        usage = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
        head = {"id": "chatcmpl-1", "object": "chat.completion", "created": int(time.time()), "model": call.model}
        return _ok({**head, "choices": [choice], "usage": usage})


def _no_such_path(call: Call) -> Fault:
    return error(404, f"Invalid URL (POST {call.path})", "invalid_request_error")


def _ok(value: dict[str, Any]) -> Fault:
    return answer(json.dumps(value, ensure_ascii=False).encode())


def _plain(text: str, length_ms: int, language: str | None) -> dict[str, Any]:
    read, written = length_ms // 100, len(text) // 4 + 1
    usage = {"type": "tokens", "input_tokens": read, "output_tokens": written, "total_tokens": read + written}
    return {"text": text, "usage": usage, **({"languages": [{"code": language}]} if language else {})}


def _timed(word: Word, from_ms: int) -> dict[str, Any]:
    """As the real one writes them: bare of marks, in hundredths that went through single precision."""
    start, end = (float(np.float32(round((ms - from_ms) / 1000, 2))) for ms in (word.start_ms, word.end_ms))
    return {"word": word.text.strip(MARKS), "start": max(0.0, start), "end": max(0.0, end)}


def _samples(file: bytes) -> bytes | None:
    """The samples of a WAV of the kind Clipper sends; None for anything else."""
    with contextlib.suppress(wave.Error, EOFError), wave.open(io.BytesIO(file)) as sound:
        if (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 16_000):
            return bytes(sound.readframes(sound.getnframes()))
    return None


def _complaint(request: Request) -> str | None:
    """The first thing in a chat request that the real service would not accept."""
    if not request.get("messages"):
        return (
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead."
        )
    if str(request.get("model")).startswith("gpt-5"):
        if "max_tokens" in request:
            return "Unsupported parameter: 'max_tokens' is not supported with this model."
        if request.get("temperature", 1) != 1:
            return "Unsupported value: 'temperature' does not support this value with this model."
    asked = request.get("response_format") or {}
    if asked.get("type") == "json_schema" and asked.get("json_schema", {}).get("strict"):
        return _schema_complaint(asked["json_schema"].get("schema", {}), asked["json_schema"].get("name"), ())
    return None


def _schema_complaint(schema: Any, name: str, where: tuple[str, ...]) -> str | None:
    head = f"Invalid schema for response_format '{name}': In context={where}, "
    if not isinstance(schema, dict):
        return None
    if not where and schema.get("type") != "object":
        return head + "schema must be of type 'object'."
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            return head + "'additionalProperties' is required to be supplied and to be false."
        if missing := set(schema.get("properties", {})) - set(schema.get("required", [])):
            return head + f"'required' must include every key in properties. Missing {sorted(missing)[0]!r}."
    if unknown := {"oneOf", "allOf", "not", "uniqueItems", "default"} & set(schema):
        return head + f"'{sorted(unknown)[0]}' is not permitted."
    below: list[tuple[tuple[str, ...], Any]] = [(("properties", k), v) for k, v in schema.get("properties", {}).items()]
    below += [(("items",), schema["items"])] if "items" in schema else []
    below += [(("$defs", k), v) for k, v in schema.get("$defs", {}).items()]
    return next((c for step, part in below if (c := _schema_complaint(part, name, (*where, *step)))), None)


class _Server(ThreadingHTTPServer):
    request_queue_size = 64
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is a fault of this file."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def _handler(endpoint: Endpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            call = _call(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            fault = endpoint.begin(call)
            out, honest = endpoint.respond(call, fault)
            endpoint.end(call, out, honest)
            self._send(out)

        def _send(self, out: Fault) -> None:
            if out.cut == "before":
                self._reset()
                return
            self.send_response(out.status or 500)
            for name, value in out.headers:
                self.send_header(name, value)
            self.send_header("x-request-id", "req_1")
            self.send_header("content-length", str(len(out.body)))
            self.end_headers()
            for part in _parts(out):
                self.wfile.write(part)
                endpoint.pause(out.drip_s)
            if out.cut:
                self._reset()

        def _reset(self) -> None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.rfile.close()
            self.connection.close()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


def _parts(out: Fault) -> list[bytes]:
    if out.drip_s:
        return [out.body[i : i + 1] for i in range(len(out.body))]
    return [out.body[: len(out.body) // 2] if out.cut else out.body]


def _call(address: str, headers: dict[str, str], body: bytes) -> Call:
    path, _, query = address.partition("?")
    call = Call(path, time.monotonic(), headers, body, dict(parse_qsl(query)))
    if headers.get("content-type", "").startswith("multipart/form-data"):

        def on_field(f: Any) -> None:
            call.fields.setdefault(f.field_name.decode(), []).append((f.value or b"").decode())

        def on_file(f: Any) -> None:
            f.file_object.seek(0)
            call.file_name, call.file = (f.file_name or b"").decode(), f.file_object.read()

        named = {"Content-Type": headers["content-type"].encode(), "Content-Length": str(len(body)).encode()}
        parse_form(named, io.BytesIO(body), on_field, on_file)
        call.model = call.fields.get("model", [""])[0]
    else:
        with contextlib.suppress(ValueError):
            call.request = json.loads(body)
            call.model = str(call.request.get("model", ""))
    return call


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("--key", default=None, help="the key it asks for; nobody is refused without")
    parser.add_argument("--sound", type=Path, help="speech audio: 16 kHz, mono, 16 bit, no header")
    parser.add_argument("--words", type=Path, help="JSON: [[text, start_ms, end_ms], ...]")
    parser.add_argument("--language", default="en")
    a = parser.parse_args()
    with Endpoint(key=a.key, port=a.port) as endpoint:
        if a.sound:
            words = [Word(*w) for w in json.loads(a.words.read_text(encoding="utf-8"))]
            endpoint.knows(a.sound.read_bytes(), words, a.language)
        print(endpoint.url, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
