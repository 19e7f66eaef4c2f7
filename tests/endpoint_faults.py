"""Faults of an OpenAI-compatible endpoint, worded as the real service words them, for the stand-in to serve."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

KEY = "sk-proj-aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3z-Test"
LIMIT = 25 * 1024 * 1024


@dataclass
class Call:
    """One request as it came in, and what became of it."""

    path: str
    at: float
    """When it had arrived, on this machine's monotonic clock."""
    headers: dict[str, str]
    body: bytes = field(repr=False)
    query: dict[str, str] = field(default_factory=dict)
    model: str = ""
    fields: dict[str, list[str]] = field(default_factory=dict)
    """The form's fields but the file; of a chat request nothing."""
    request: dict[str, Any] = field(default_factory=dict)
    """The chat request; of a transcription nothing."""
    file_name: str = ""
    file: bytes = field(default=b"", repr=False)
    span: tuple[int, int] | None = None
    """The place of the sound in the recording, in milliseconds."""
    status: int | None = None
    """The status that was answered; None where the connection was cut."""
    honest: bool = False
    """True if it was answered as asked: the real service charges for these."""


@dataclass(frozen=True)
class Reply:
    """The chat's text, and how it ends."""

    content: str | None
    refusal: str | None = None
    finish_reason: str = "stop"


@dataclass(frozen=True)
class Fault:
    """A fault in place of an honest answer to one call; with neither status nor cut the answer is only late."""

    status: int | None = None
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    cut: str | None = None
    """``before`` or ``within`` the answer, the connection is reset."""
    delay_s: float = 0.0
    drip_s: float = 0.0
    """Between one byte of the answer and the next."""
    reply: Reply | None = None
    """Said by chat in place of its answer."""
    when: Callable[[Call], bool] = lambda _: True


def error(status: int, message: str, type: str, code: str | None = None, **headers: str) -> Fault:
    body = {"error": {"message": message, "type": type, "param": None, "code": code}}
    named = tuple((k.replace("_", "-"), v) for k, v in headers.items())
    return Fault(status, json.dumps(body).encode(), (("content-type", "application/json"), *named))


def bad_request(message: str = "Invalid value for 'language'.") -> Fault:
    return error(400, message, "invalid_request_error", "invalid_value")


def wrong_key(key: str = KEY) -> Fault:
    """The real service says the key back, with its middle starred."""
    shown = f"{key[:8]}{'*' * 12}{key[-4:]}"
    where = "You can find your API key at https://platform.openai.com/account/api-keys."
    return error(401, f"Incorrect API key provided: {shown}. {where}", "invalid_request_error", "invalid_api_key")


def forbidden() -> Fault:
    said = "Country, region, or territory not supported"
    return error(403, said, "request_forbidden", "unsupported_country_region_territory")


def no_such_model(model: str = "gpt-unknown") -> Fault:
    said = f"The model `{model}` does not exist or you do not have access to it."
    return error(404, said, "invalid_request_error", "model_not_found")


def too_large(size: int = LIMIT + 1, limit: int = LIMIT) -> Fault:
    said = f"413: Maximum content size limit ({limit}) exceeded ({size} bytes read)"
    return error(413, said, "invalid_request_error")


def too_long(seconds: float = 1600, most: float = 1400) -> Fault:
    said = f"audio duration {seconds:g} seconds is longer than {most:g} seconds which is the maximum for this model"
    return error(400, said, "invalid_request_error", "invalid_value")


def wrong_format(model: str, asked: str) -> Fault:
    said = f"response_format '{asked}' is not compatible with model '{model}'. Use 'json' or 'text' instead."
    return error(400, said, "invalid_request_error", "unsupported_value")


def slow_down(retry_after: str | None = None, retry_after_ms: str | None = None) -> Fault:
    said = "Rate limit reached for requests in organization org-9XyZ on requests per min (RPM): Limit 3, Used 3."
    headers = {"retry_after": retry_after, "retry_after_ms": retry_after_ms}
    return error(429, said, "requests", "rate_limit_exceeded", **{k: v for k, v in headers.items() if v is not None})


def out_of_credit() -> Fault:
    said = "You exceeded your current quota, please check your plan and billing details."
    return error(429, said, "insufficient_quota", "insufficient_quota")


def broken(status: int = 500) -> Fault:
    said = "The server had an error while processing your request. Sorry about that!"
    return error(status, said, "server_error")


def overloaded(retry_after: str | None = None) -> Fault:
    """As a proxy before the service says it: a page, not JSON."""
    headers = [("content-type", "text/html")] + ([("retry-after", retry_after)] if retry_after else [])
    return Fault(503, b"<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>", tuple(headers))


def reset() -> Fault:
    return Fault(cut="before")


def reset_midway() -> Fault:
    return Fault(cut="within")


def slow(seconds: float) -> Fault:
    """An honest answer, but late."""
    return Fault(delay_s=seconds)


def dripping(seconds: float) -> Fault:
    """Status 200, and an answer that comes byte by byte."""
    return Fault(200, b'{"text": "and so it goes on and on and on and on"}', drip_s=seconds)


def answer(body: bytes, content_type: str = "application/json") -> Fault:
    """Status 200 with any body."""
    return Fault(200, body, (("content-type", content_type),))


def html_page() -> Fault:
    return answer(b"<!doctype html><title>Sign in</title>", "text/html; charset=utf-8")


def no_text() -> Fault:
    return answer(b'{"usage": {"type": "duration", "seconds": 3}}')


def not_utf8() -> Fault:
    return answer(b'{"text": "\xff\xfe\xe9"}')


def half_json() -> Fault:
    return answer(b'{"text": "and so the')


def nothing() -> Fault:
    return answer(b"")


def says(content: str | None, refusal: str | None = None, finish_reason: str = "stop") -> Fault:
    """Chat says this instead of what it was to answer."""
    return Fault(reply=Reply(content, refusal, finish_reason))


def refuses() -> Fault:
    return says(None, "I'm sorry, I can't help with that.")


def cut_short(content: str = '{"clips": [{"first_sentence": 1, "last_sen') -> Fault:
    return says(content, finish_reason="length")
