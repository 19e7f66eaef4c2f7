"""Read a recording's properties, or raise where Clipper can't use it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from clipper_core.adapters.media import pyav
from clipper_core.adapters.media.ffmpeg import MAX_STREAMS
from clipper_core.adapters.media.pyav import Header, Picture, Sound
from clipper_core.domain.media import AudioTrack, MediaInfo
from clipper_core.errors import NoAudio, NotAudioVideo, NotMedia, TooLong, TooManyStreams, TooShort, Truncated

PICTURE_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"8BPS")
PICTURE_BRANDS = {b"heic", b"heix", b"heim", b"mif1", b"msf1", b"avif"}
WEBM_CODECS = {"vp8", "vp9", "av1", "opus", "vorbis", None}
HEAD_BYTES = 4_096

SAMPLE_RATES = range(1_000, 768_001)
MAX_CHANNELS = 64
FRAME_RATES = (Fraction(1), Fraction(120))
USUAL_RATE = Fraction(30)  # for a video that states none: a browser's recorder writes 1000 or nothing

# Fewer bytes than this for each declared second are no recording; then the packets are asked, not the header.
THIN_BYTES_PER_S = 250
EMPTY_BYTES_PER_S = 8
LONG_S = 3_600


@dataclass(frozen=True, slots=True)
class ProbeLimits:
    max_hours: float = 13
    max_streams: int = MAX_STREAMS
    min_ms: int = 100


def probe(path: Path, limits: ProbeLimits | None = None) -> MediaInfo:
    """Read what the recording at ``path`` says about itself.

    ``duration_ms`` 0 means that it does not say how long it is (a browser's recorder doesn't): decoding will tell.
    The sizes are those of the coded picture, before ``rotation``. Passing says nothing about what can be decoded:
    headers lie, and a file that breaks off passes.

    Raises NotMedia, NotAudioVideo, NoAudio, TooShort, TooLong, TooManyStreams or Truncated.
    """
    limits = limits or ProbeLimits()
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if _is_picture(head):
        raise NotAudioVideo
    header = _header(path, head)
    if header.streams > limits.max_streams:
        raise TooManyStreams(detail=f"{header.streams} or more streams")
    sounds = _tracks(header.sounds)
    if not sounds:
        raise NoAudio if header.pictures and not header.sounds else NotMedia(detail="no sound stream that makes sense")
    picture = next((p for p in header.pictures if _makes_sense(p)), None)
    return MediaInfo(
        duration_ms=_duration_ms(path, header, limits),
        container=_container(header, head),
        audio=sounds,
        video_codec=picture.codec if picture else None,
        width=picture.width if picture else None,
        height=picture.height if picture else None,
        frame_rate=_frame_rate(picture) if picture else None,
        pixel_format=picture.pixel_format if picture else None,
        rotation=pyav.rotation(path) if picture else 0,
        title=header.title,
    )


def _is_picture(head: bytes) -> bool:
    is_webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    is_heif = head[4:8] == b"ftyp" and head[8:12] in PICTURE_BRANDS
    return head.startswith(PICTURE_SIGNATURES) or is_webp or is_heif


def _header(path: Path, head: bytes) -> Header:
    try:
        return pyav.read_header(path)
    except NotMedia as error:
        if head[4:8] == b"ftyp" and not _has_index(path):
            raise Truncated(detail=error.detail) from error
        raise


def _has_index(path: Path) -> bool:
    """True if one of an MP4's top-level boxes is its index, without which nothing in it can be found."""
    size, at = path.stat().st_size, 0
    with path.open("rb") as file:
        for _ in range(1_000):
            file.seek(at)
            box = file.read(16)
            if len(box) < 8 or at >= size:
                return False
            if box[4:8] in (b"moov", b"moof"):
                return True
            length = int.from_bytes(box[:4], "big")
            length = int.from_bytes(box[8:16], "big") if length == 1 else length
            at += max(length, 8) if length else size
    return False


def _tracks(sounds: tuple[Sound, ...]) -> tuple[AudioTrack, ...]:
    """The sound streams that can be decoded. A header with 65535 channels is never given to a decoder."""
    return tuple(
        AudioTrack(number, s.codec, s.sample_rate, s.channels, s.language, s.title)
        for number, s in enumerate(sounds)
        if s.codec and s.sample_rate in SAMPLE_RATES and 1 <= s.channels <= MAX_CHANNELS
    )


def _makes_sense(picture: Picture) -> bool:
    return not picture.attached and picture.codec is not None and min(picture.width, picture.height) > 0


def _frame_rate(picture: Picture) -> Fraction:
    low, high = FRAME_RATES
    return next((r for r in picture.rates if low <= r <= high), USUAL_RATE)


def _duration_ms(path: Path, header: Header, limits: ProbeLimits) -> int:
    length = header.length
    max_s = round(limits.max_hours * 3_600)
    size = path.stat().st_size
    if length > LONG_S and size < length * THIN_BYTES_PER_S:
        length = pyav.last_moment(path)
        if length > LONG_S and size < length * EMPTY_BYTES_PER_S:
            raise TooLong(detail=f"{size} bytes spread over {float(length):.0f} s")
    if length > max_s:
        raise TooLong(detail=f"{float(length):.0f} s, at most {max_s} s")
    if 0 < length < Fraction(limits.min_ms, 1_000):
        raise TooShort(detail=f"{float(length):.4f} s")
    return round(length * 1_000)


def _container(header: Header, head: bytes) -> str:
    """One short name for the format, as in ``domain.media.BROWSER_CONTAINERS``."""
    names = header.format.split(",")
    if "mp4" in names:
        return "mp4"
    if "matroska" in names:
        codecs = {s.codec for s in header.sounds} | {p.codec for p in header.pictures}
        return "webm" if b"webm" in head[:64] and codecs <= WEBM_CODECS else "matroska"
    return names[0]
