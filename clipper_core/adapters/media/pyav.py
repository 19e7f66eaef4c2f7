"""Headers and packets of a file, read with PyAV under the same lists of demuxers and protocols as FFmpeg's."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.codec.context import CodecContext
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from clipper_core.adapters.media.ffmpeg import READ_OPTIONS, file_url
from clipper_core.errors import NotMedia

TIMEOUT_S = 60.0
FEW_PACKETS = 60
JUMPY_CLOCKS = {"mpegts", "ogg"}
SEEK_BACK_S = (0, 2, 5, 10, 20, 40, 80)


@dataclass(frozen=True, slots=True)
class Sound:
    """One sound stream as its header describes it. ``codec`` is None where no decoder knows it."""

    codec: str | None
    sample_rate: int
    channels: int
    language: str | None
    title: str | None


@dataclass(frozen=True, slots=True)
class Picture:
    """One video stream as its header describes it. ``attached``: a cover, not a video."""

    codec: str | None
    width: int
    height: int
    rates: tuple[Fraction, ...]
    pixel_format: str | None
    attached: bool


@dataclass(frozen=True, slots=True)
class Header:
    """A file's format name, its streams, and how long they say they last (0: they don't say)."""

    format: str
    length: Fraction
    streams: int
    sounds: tuple[Sound, ...]
    pictures: tuple[Picture, ...]
    title: str | None


@dataclass(frozen=True, slots=True)
class PictureClock:
    """How the video runs about a moment, in exact seconds from t = 0.

    ``seek_s``: where to jump to, so that decoding gets the frame shown then. ``phase``: how far the frames lie
    behind the grid of their rate, 0 up to 1 frame; None where they follow no grid. ``last_s``: the time of the last
    frame seen, which is before that moment only if the video ends there; None if no frame was found at all.
    """

    seek_s: Fraction
    phase: Fraction | None
    last_s: Fraction | None


@dataclass(frozen=True, slots=True)
class SoundSource:
    """A sound track as its decoder gives it: its rate and channels, the ticks and the start of its clock.

    ``start_us`` is what counts as t = 0, in microseconds of the file's clock; ``length_s`` is declared, 0 if nothing
    is. ``as_declared``: whether the decoder gives the rate and channels that the header promises.
    """

    format: str
    start_us: int
    time_base: Fraction
    sample_rate: int
    channels: int
    length_s: int
    as_declared: bool

    @property
    def jumpy(self) -> bool:
        """True if the clock may jump, which only FFmpeg's own front end corrects."""
        return bool(JUMPY_CLOCKS & set(self.format.split(",")))


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[InputContainer]:
    # More streams than are accepted, so that they can be counted.
    options = {**READ_OPTIONS, "max_streams": "1000"}
    try:
        container = av.open(file_url(path), options=options, timeout=TIMEOUT_S, metadata_errors="replace")
    except (av.error.FFmpegError, MemoryError, ValueError) as error:
        raise NotMedia(detail=_without_path(str(error), path)) from error
    with container:
        yield container


def read_header(path: Path) -> Header:
    """The header of a file. Raises NotMedia. Decodes nothing beyond what finding the streams takes."""
    with _opened(path) as container:
        streams = list(container.streams)
        return Header(
            format=container.format.name,
            length=_length(container),
            streams=len(streams),
            sounds=tuple(_sound(s) for s in container.streams.audio),
            pictures=tuple(_picture(s) for s in container.streams.video),
            title=_text(container.metadata, "title"),
        )


def sound_source(path: Path, track: int) -> SoundSource | None:
    """Read a sound track's header and first decoded frame; None if that frame can't be decoded."""
    with contextlib.suppress(av.error.FFmpegError, NotMedia, IndexError, StopIteration), _opened(path) as container:
        stream = container.streams.audio[track]
        codec = stream.codec_context
        declared = (codec.sample_rate, codec.channels) if codec else None
        frame = next(container.decode(stream))
        assert isinstance(frame, AudioFrame)
        given = frame.sample_rate, len(frame.layout.channels)
        length = int(Fraction(container.duration or 0, av.time_base))
        base = stream.time_base or Fraction(0)
        return SoundSource(
            container.format.name, container.start_time or 0, base, *given, length, base > 0 and declared == given
        )
    return None


def _length(container: InputContainer) -> Fraction:
    """The declared length in seconds, counted from the earliest stream start; 0 where none is declared."""
    spans = [
        ((s.start_time or 0) * s.time_base, s.duration * s.time_base)
        for s in container.streams
        if s.duration and s.time_base and s.type in ("audio", "video")
    ]
    if container.duration:
        start = Fraction(container.start_time or 0, av.time_base)
        length = Fraction(container.duration, av.time_base)
        # Matroska declares where it ends, not how long it lasts.
        in_matroska = "matroska" in container.format.name and length > start
        return length - start if in_matroska else length
    return max((a + d for a, d in spans), default=Fraction(0)) - min((a for a, _ in spans), default=Fraction(0))


def _sound(stream: AudioStream) -> Sound:
    codec = stream.codec_context  # None where no decoder knows the codec
    return Sound(
        codec=_name(codec),
        sample_rate=(codec.sample_rate or 0) if codec else 0,
        channels=(codec.channels or 0) if codec else 0,
        language=_text(stream.metadata, "language"),
        title=_text(stream.metadata, "title"),
    )


def _picture(stream: VideoStream) -> Picture:
    codec = stream.codec_context
    rates = (getattr(stream, name, None) for name in ("guessed_rate", "average_rate"))
    return Picture(
        codec=_name(codec),
        width=codec.width if codec else 0,
        height=codec.height if codec else 0,
        rates=tuple(Fraction(r) for r in rates if r),
        pixel_format=codec.pix_fmt if codec else None,
        attached=bool(stream.disposition & Disposition.attached_pic),
    )


def _name(codec: CodecContext | None) -> str | None:
    """The codec's common name: ``mp3``, though the decoder is called ``mp3float``."""
    return codec.codec.canonical_name if codec else None


def _text(metadata: dict[str, str], name: str, max_chars: int = 200) -> str | None:
    """A tag as plain text: one line, nothing that steers a terminal."""
    value = next((value for key, value in metadata.items() if key.lower() == name), "")
    clean = "".join(c for c in " ".join(value.split()) if c.isprintable())[:max_chars].strip()
    return clean if clean and clean != "und" else None


def _without_path(message: str, path: Path) -> str:
    return message.replace(str(path.absolute()), "the file")


def rotation(path: Path) -> int:
    """By how many degrees clockwise the picture is to be turned: 0, 90, 180 or 270. Decodes one frame."""
    with contextlib.suppress(av.error.FFmpegError, NotMedia), _opened(path) as container:
        for frame in container.decode(_video(container)):
            assert isinstance(frame, VideoFrame)
            return round(-frame.rotation / 90) % 4 * 90
    return 0


def lateness(path: Path, kind: str, number: int = 0) -> Fraction:
    """The seconds by which FFmpeg puts a stream too early when it is read alone, from the beginning.

    In formats whose clock may jump (transport streams, Ogg) FFmpeg counts from the earliest stream *in use*, so the
    sound of a video that starts first would begin at 0.

    Args:
        path: The recording.
        kind: ``audio`` or ``video``.
        number: The stream's number among those of its kind, from 0.

    Returns:
        0 for other formats and unknown streams.
    """
    with _opened(path) as container:
        of_kind = container.streams.audio if kind == "audio" else container.streams.video
        if not JUMPY_CLOCKS & set(container.format.name.split(",")) or number >= len(of_kind):
            return Fraction(0)
        stream = of_kind[number]
        if stream.start_time is None or stream.time_base is None or container.start_time is None:
            return Fraction(0)
        return stream.start_time * stream.time_base - Fraction(container.start_time, av.time_base)


def last_moment(path: Path) -> Fraction:
    """When the last packet ends, in seconds from the earliest stream start. Reads the whole file, decodes nothing."""
    with _opened(path) as container:
        start = Fraction(container.start_time or 0, av.time_base)
        last = Fraction(0)
        with contextlib.suppress(av.error.FFmpegError):  # a file that breaks off ends where it breaks off
            for packet in container.demux():
                if packet.pts is not None:
                    last = max(last, (packet.pts + (packet.duration or 0)) * packet.time_base - start)
    return last


def picture_clock(path: Path, at_s: Fraction, rate: Fraction) -> PictureClock:
    """The clock of the video about a moment. Reads from the key frame before it to a few seconds after.

    Args:
        path: The recording.
        at_s: The moment, in seconds from t = 0.
        rate: The frame rate, in frames per second.
    """
    with _opened(path) as container:
        for back in SEEK_BACK_S:
            seek_s = max(Fraction(0), at_s - back)
            times = _times_from(container, seek_s, at_s)
            if (times and times[0] <= at_s) or seek_s == 0:
                break
    near = sorted(times, key=lambda t: abs(t - at_s))[:FEW_PACKETS]
    return PictureClock(seek_s, _phase(near, rate), max(times, default=None))


def _times_from(container: InputContainer, seek_s: Fraction, at_s: Fraction) -> list[Fraction]:
    """When the frames from the first key frame after a jump on are shown. The key frame's time comes first.

    A format without an index jumps anywhere: the key frame may come after what it was to be decoded for.
    """
    stream = _video(container)
    start = Fraction(container.start_time or 0, av.time_base)
    times: list[Fraction] = []
    beyond = 0
    with contextlib.suppress(av.error.FFmpegError):
        container.seek(int((seek_s + start) * av.time_base))
        for packet in container.demux(stream):
            if packet.pts is None or not (times or packet.is_keyframe):
                continue
            times.append(packet.pts * packet.time_base - start)
            beyond += times[-1] > at_s
            if beyond >= FEW_PACKETS:
                break
    return times


def _video(container: InputContainer) -> VideoStream:
    return next(s for s in container.streams.video if not s.disposition & Disposition.attached_pic)


def _phase(times: list[Fraction], rate: Fraction) -> Fraction | None:
    """The common phase of ``times`` on the grid of ``rate``; None if they have none: they wander, or leave gaps."""
    if len(times) < 2:
        return None
    first = times[0]
    # Against the first one's phase, so that values about 0 and about 1 don't average to the middle.
    off = [(t - first) * rate for t in times]
    wander = [o - round(o) for o in off]
    if max(wander) - min(wander) > Fraction(1, 4):
        return None
    middle = (max(wander) + min(wander)) / 2
    return (first * rate + middle) % 1


@dataclass(frozen=True, slots=True)
class MediaCount:
    """Counts by PyAV: decoded samples of the first sound track at its rate, and video packets."""

    samples: int
    sample_rate: int
    pictures: int


def count(path: Path) -> MediaCount:
    """Decode the first sound track and count, as programs other than FFmpeg would."""
    samples, rate, pictures = 0, 0, 0
    with _opened(path) as container, contextlib.suppress(av.error.FFmpegError):
        for packet in container.demux(container.streams.audio[0], *container.streams.video[:1]):
            if packet.stream.type == "video":
                pictures += packet.size > 0
                continue
            for frame in packet.decode():
                assert isinstance(frame, AudioFrame)
                samples, rate = samples + frame.samples, frame.sample_rate
    return MediaCount(samples, rate, pictures)
