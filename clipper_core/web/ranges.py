"""Stretches of a stored file over HTTP (RFC 9110, section 14), as FileResponse gives those of a local one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from clipper_core.web.problems import problem

MAX_RANGES = 100
ONE = re.compile(r"([0-9]{1,1000})\s*-\s*([0-9]{0,1000})|-\s*([0-9]{1,1000})")  # longer ones are no numbers to Python

Range = tuple[int, int]  # from this byte up to, but not including, that one


class NotARange(ValueError):
    """The Range header says nothing that can be understood."""


class OutsideFile(ValueError):
    """The Range header asks for bytes that the file has not."""


def ranges_of(header: str, size: int) -> list[Range]:
    """What a Range header asks for in a file of ``size`` bytes, in order, what overlaps or touches joined.

    Nothing where it asks for absurdly much. Raises NotARange, OutsideFile.
    """
    unit, equals, listed = header.partition("=")
    if not equals or unit.strip().lower() != "bytes":
        raise NotARange("Only ranges of bytes can be had.")
    if listed.count(",") >= MAX_RANGES:
        return []
    asked = [_range(found, size) for part in listed.split(",") if (found := ONE.fullmatch(part.strip()))]
    if not asked:
        raise NotARange("The Range header names no range.")
    if any(start >= size for start, _ in asked):
        raise OutsideFile
    if any(start >= end for start, end in asked):
        raise NotARange("A range in the Range header ends before it starts.")
    return _joined(sorted(asked))


def _range(found: re.Match[str], size: int) -> Range:
    first, last, suffix = found.groups()
    if suffix is not None:
        return max(0, size - int(suffix)), size
    return int(first), min(int(last) + 1, size) if last else size


def _joined(ranges: list[Range]) -> list[Range]:
    out = ranges[:1]
    for start, end in ranges[1:]:
        if start <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((start, end))
    return out


def wanted(request: Headers, headers: Mapping[str, str], size: int) -> Range | Response | None:
    """Which stretch to answer a request with: None for the whole file, or the refusal there is instead.

    ``headers`` are those of the answer, whose ETag and Last-Modified an If-Range is held against. Several ranges at
    once are answered with the whole file, which a server may do and every client must understand.
    """
    asked, condition = request.get("range"), request.get("if-range")
    if asked is None or (condition is not None and condition not in (headers["ETag"], headers["Last-Modified"])):
        return None
    try:
        ranges = ranges_of(asked, size)
    except OutsideFile:
        outside = {"Content-Range": f"bytes */{size}"}
        said = "The file has no such bytes."
        return problem(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "range_not_satisfiable", said, outside)
    except NotARange as error:
        return problem(HTTPStatus.BAD_REQUEST, "bad_range_header", str(error))
    return ranges[0] if len(ranges) == 1 else None


class StreamedFile(StreamingResponse):
    """An answer made of blocks, read one at a time as the client takes them, and no more once it has left."""

    def __init__(self, blocks: Iterator[bytes], status: int, headers: Mapping[str, str], media_type: str) -> None:
        self._blocks = blocks
        first = next(blocks, b"")  # what can't be read at all is said with a status, not by breaking off
        super().__init__(_from(first, blocks), status, headers, media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await run_in_threadpool(getattr(self._blocks, "close", lambda: None))


def _from(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
