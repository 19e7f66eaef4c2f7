"""Make the file of a clip from its source, and measure it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np

from clipper_core.adapters.media import pyav
from clipper_core.adapters.media.ffmpeg import Ffmpeg, Input, Progress, quiet
from clipper_core.adapters.media.pyav import PictureClock
from clipper_core.domain.media import AudioTrack, MediaInfo, nearest_frame
from clipper_core.domain.preset import Preset
from clipper_core.domain.silence import FLOOR_DB
from clipper_core.domain.time_range import TimeRange, total_ms
from clipper_core.errors import BadRange, BadRecording, MediaToolFailed, RenderCheckFailed
from clipper_core.stages.media.recording import Recording
from clipper_core.stages.sound.decode import SoundTrack, blocks, decoded, on_clock

# Decoders of lossy sound need a run-up: their first packets after a jump are not what they were.
LEAD_MS = 1_000
SOUND_SLACK_MS = 20
SOUND_IN_VIDEO_SLACK_MS = 25  # AAC comes in packets of 1024 samples, and not every reader trims the last
# After a jump in an AVI the clock of lossy sound is up to 15 ms off, so its sound is decoded from the beginning.
INEXACT_AFTER_JUMPS = {"avi"}
EDGE_MS = 20
ENCODING = 0.9  # of the work; the rest is measuring


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """The content of a file: ranges of the recording, one after the other, and how they are encoded."""

    ranges: tuple[TimeRange, ...]
    preset: Preset


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """A rendered file as it was measured: lengths by decoding it, levels in its first and last 20 ms."""

    path: Path
    duration_ms: int
    size_bytes: int
    sample_rate: int
    channels: int
    audio_codec: str
    first_level_db: float
    last_level_db: float
    video_codec: str | None = None
    width: int | None = None
    height: int | None = None
    frame_rate: Fraction | None = None
    frames: int = 0


@dataclass(frozen=True, slots=True)
class _Plan:
    """The file to be made: how many frames and samples of each range, so that their sums never drift apart."""

    recording: Recording
    preset: Preset
    ranges: tuple[TimeRange, ...]
    frames: tuple[int, ...]
    samples: tuple[int, ...]
    sample_rate: int
    channels: int
    size: tuple[int, int] | None
    frame_rate: Fraction
    sound_jumps: bool


def has_picture(media: MediaInfo, preset: Preset) -> bool:
    """True if the file of a clip has a picture: the recording has one, and the preset wants it."""
    return media.has_video and preset.picture


def file_suffix(media: MediaInfo, preset: Preset) -> str:
    """``.mp4`` with a picture, else ``.mp3``: of what plays everywhere, that is what decodes to its exact length."""
    return ".mp4" if has_picture(media, preset) else ".mp3"


def render_clip(
    ffmpeg: Ffmpeg, recording: Recording, request: RenderRequest, out: Path, progress: Progress = quiet
) -> RenderedFile:
    """Render ranges of a recording, one after the other, and measure the file.

    The picture starts with the frame nearest to each start, at the source's frame rate, held where it has none; the
    sound is cut to the sample, and silent where the source has ended.

    Args:
        ffmpeg: The program that encodes.
        recording: The source.
        request: The ranges and the preset.
        out: The file; its name should end in ``file_suffix``. It appears only when it was measured.
        progress: Called with 0-1 now and then; may raise, which stops the work.

    Returns:
        The file with its measurements.

    Raises:
        BadRange: A range lies outside the recording, or there is none.
        BadSettings: There is no such track.
        RenderCheckFailed: The file is not what was asked for; nothing is left behind. Other errors are those of
            ``Ffmpeg``.
    """
    plan = _plan(recording, request)
    part = out.with_name(out.name + ".part")
    try:
        for searching in (True, False):  # a few files can't be searched: then from the beginning
            try:
                _encode(ffmpeg, plan, part, searching, progress)
                rendered = _checked(ffmpeg, part, plan, out, progress)
                break
            except (RenderCheckFailed, MediaToolFailed):
                if not searching or plan.size is None:
                    raise
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return rendered


def _plan(recording: Recording, request: RenderRequest) -> _Plan:
    media, ranges, sound = recording.media, request.ranges, recording.sound
    if not ranges:
        raise BadRange("A clip needs at least one stretch of the recording.")
    if media.duration_ms and max(r.end_ms for r in ranges) > media.duration_ms:
        raise BadRange
    frame_rate = media.frame_rate or Fraction(30)
    sample_rate = _sample_rate(sound)
    ends = [0, *accumulate(r.length_ms for r in ranges)]
    size = _size(media) if has_picture(media, request.preset) else None
    if size is not None and nearest_frame(ends[-1], frame_rate) < 1:
        raise BadRange("This stretch is shorter than one frame of the video. Choose a longer one.")
    return _Plan(
        recording=recording,
        preset=request.preset,
        ranges=ranges,
        frames=tuple(nearest_frame(b, frame_rate) - nearest_frame(a, frame_rate) for a, b in pairwise(ends)),
        samples=tuple(round(b * sample_rate / 1000) - round(a * sample_rate / 1000) for a, b in pairwise(ends)),
        sample_rate=sample_rate,
        channels=min(2, sound.channels),
        size=size,
        frame_rate=frame_rate,
        sound_jumps=media.container not in INEXACT_AFTER_JUMPS,
    )


def _sample_rate(sound: AudioTrack) -> int:
    """44.1 kHz for its relatives, else 48 kHz. Lower ones are raised: a packet then lasts 21 ms, not 128."""
    return 44_100 if sound.sample_rate % 11_025 == 0 else 48_000


def _size(media: MediaInfo) -> tuple[int, int]:
    """The displayed size, made even: 4:2:0 has one colour for two pixels."""
    width, height = media.width or 2, media.height or 2
    if media.rotation in (90, 270):
        width, height = height, width
    return max(2, width - width % 2), max(2, height - height % 2)


def _encode(ffmpeg: Ffmpeg, plan: _Plan, part: Path, searching: bool, progress: Progress) -> None:
    path, track = plan.recording.path, plan.recording.track
    inputs: list[Input] = []
    chains: list[str] = []
    for i, (span, samples) in enumerate(zip(plan.ranges, plan.samples, strict=True)):
        begin = max(0, span.start_ms - LEAD_MS) if plan.sound_jumps else 0
        chain = f"{on_clock(path, track, begin)},{_sound_chain(plan, span.start_ms - begin, samples)}"
        chains.append(f"[{len(inputs)}:a:{track}]{chain}[a{i}]")
        inputs.append(Input(path, begin, options=("-vn", "-sn", "-dn")))
    chains.append(_joined("a", len(plan.ranges)))
    if plan.size is not None:
        late = pyav.lateness(path, "video")
        for i, (span, frames) in enumerate(zip(plan.ranges, plan.frames, strict=True)):
            clock = pyav.picture_clock(path, Fraction(span.start_ms, 1000), plan.frame_rate)
            begin = math.floor(clock.seek_s * 1000) if searching else 0
            origin = max(Fraction(begin, 1000), late)
            chains.append(f"[{len(inputs)}:V:0]{_picture_chain(plan, span, origin, clock, frames)}[v{i}]")
            # A picture that changes its size midway is scaled, not a reason to start the filters over.
            inputs.append(Input(path, begin, keep_lead=True, options=("-an", "-sn", "-dn", "-reinit_filter", "0")))
        chains.append(_joined("v", len(plan.ranges)))
    target = _mp4(plan) if plan.size is not None else _mp3(plan)
    outputs = ["-filter_complex", ";".join(chains), "-map_metadata", "-1", "-map_chapters", "-1", *target]
    ffmpeg.run(
        inputs,
        [*outputs, f"file:{part.absolute()}"],
        work_ms=total_ms(plan.ranges),
        progress=lambda done: progress(ENCODING * done),
    )


def _joined(kind: str, count: int) -> str:
    """All chains of a kind as one. Sound and picture are joined apart: together, one would be padded for the other."""
    ends = "".join(f"[{kind}{i}]" for i in range(count))
    return f"{ends}concat=n={count}:v={int(kind == 'v')}:a={int(kind == 'a')}[{kind}]"


def _sound_chain(plan: _Plan, lead_ms: int, samples: int) -> str:
    layout = "mono" if plan.channels == 1 else "stereo"
    lead = round(lead_ms * plan.sample_rate / 1000)
    return (
        f"aformat=sample_fmts=fltp:sample_rates={plan.sample_rate}:channel_layouts={layout},"
        f"apad=whole_len={lead + samples},atrim=start_sample={lead}:end_sample={lead + samples},asetpts=PTS-STARTPTS"
    )


def _picture_chain(plan: _Plan, span: TimeRange, origin: Fraction, clock: PictureClock, frames: int) -> str:
    assert plan.size is not None
    rate, (width, height) = plan.frame_rate, plan.size
    shift = _first_frame(Fraction(span.start_ms, 1000), rate, clock) - origin
    smooth = "yadif=deint=interlaced," if min(plan.size) > 3 else ""  # it refuses less
    return (
        f"scale={width}:{height},format=yuv420p,{smooth}"
        f"setpts='max(0,PTS-({shift.numerator}/{shift.denominator})/TB)',"  # what came before is held
        f"fps={rate.numerator}/{rate.denominator}:start_time=0,"
        f"tpad=stop=-1:stop_mode=clone,trim=end_frame={frames},setpts=PTS-STARTPTS"
    )


def _first_frame(start: Fraction, rate: Fraction, clock: PictureClock) -> Fraction:
    """The time that becomes 0: of the nearest frame, so that frames fall on the new grid and never between two.

    ``start`` itself where frames follow no grid, the last frame's time where the video has ended.
    """
    first = start if clock.phase is None else (round(start * rate - clock.phase) + clock.phase) / rate
    return first if clock.last_s is None else min(first, clock.last_s)


def _mp4(plan: _Plan) -> list[str]:
    rate = f"{plan.frame_rate.numerator}/{plan.frame_rate.denominator}"
    picture = ["-map", "[v]", "-c:v", "libx264", "-preset", "veryfast", "-crf", str(plan.preset.quality), "-r", rate]
    sound = ["-map", "[a]", "-c:a", "aac", "-b:a", "96k" if plan.channels == 1 else "160k"]
    return [*picture, "-fps_mode", "cfr", "-pix_fmt", "yuv420p", *sound, "-movflags", "+faststart", "-f", "mp4"]


def _mp3(plan: _Plan) -> list[str]:
    return ["-map", "[a]", "-c:a", "libmp3lame", "-b:a", "96k" if plan.channels == 1 else "192k", "-f", "mp3"]


def _checked(ffmpeg: Ffmpeg, part: Path, plan: _Plan, out: Path, progress: Progress) -> RenderedFile:
    try:
        return _measured(ffmpeg, part, plan, out, progress)
    except BadRecording as error:  # what is wrong with our own file is no fault of the recording
        raise RenderCheckFailed(detail=error.detail) from error


def _measured(ffmpeg: Ffmpeg, part: Path, plan: _Plan, out: Path, progress: Progress) -> RenderedFile:
    """The rendered file as decoded by FFmpeg and by PyAV. Raises RenderCheckFailed if either differs from the plan."""
    header = pyav.read_header(part)
    more = [] if plan.size is None else ["-map", "0:V:0", "-fps_mode", "passthrough", "-f", "null", "-"]
    sound = SoundTrack(part, 0, total_ms(plan.ranges))

    def report(done: float) -> None:
        progress(ENCODING + (1 - ENCODING) * done)

    with decoded(ffmpeg, sound, report, more, picture=plan.size is not None) as (running, pcm):
        edges = _Edges(pcm.sample_rate)
        for block in blocks(running, pcm):
            edges.add(block)
    frames = running.report.frames if plan.size is not None else 0
    _check(plan, edges, frames, header.length, pyav.count(part))
    picture = header.pictures[0] if plan.size is not None else None
    return RenderedFile(
        path=out,
        duration_ms=round(Fraction(frames) / plan.frame_rate * 1000 if picture else edges.length_ms),
        size_bytes=part.stat().st_size,
        sample_rate=pcm.sample_rate,
        channels=pcm.channels,
        audio_codec=header.sounds[0].codec or "",
        first_level_db=edges.first_db,
        last_level_db=edges.last_db,
        video_codec=picture.codec if picture else None,
        width=picture.width if picture else None,
        height=picture.height if picture else None,
        frame_rate=plan.frame_rate if picture else None,
        frames=frames,
    )


def _check(plan: _Plan, edges: _Edges, frames: int, declared: Fraction, counted: pyav.MediaCount) -> None:
    wanted_ms = total_ms(plan.ranges)
    frame_ms = float(1000 / plan.frame_rate)
    slack = SOUND_SLACK_MS if plan.size is None else SOUND_IN_VIDEO_SLACK_MS
    measures = [
        ("sound, by FFmpeg", edges.length_ms, slack),
        ("sound, by PyAV", counted.samples * 1000 / max(1, counted.sample_rate), slack),
        ("declared", float(declared * 1000), max(slack, frame_ms) if plan.size else slack),
    ]
    if plan.size is not None:
        measures += [("picture, by FFmpeg", frames * frame_ms, frame_ms)]
        measures += [("picture, by PyAV", counted.pictures * frame_ms, frame_ms)]
    wrong = [f"{what}: {ms:.1f} ms, not {wanted_ms}" for what, ms, max_off in measures if abs(ms - wanted_ms) > max_off]
    if wrong:
        raise RenderCheckFailed(detail="; ".join(wrong))


class _Edges:
    """The number of samples, and the levels of the first and the last 20 ms."""

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._few = sample_rate * EDGE_MS // 1000
        self._first = self._last = np.zeros((0, 1), dtype=np.int16)
        self.samples = 0

    def add(self, block: np.ndarray[tuple[int, ...], np.dtype[np.int16]]) -> None:
        if not self.samples:
            self._first = block[: self._few].copy()
        keep = block if len(block) >= self._few or not self.samples else np.concatenate((self._last, block))
        self._last = keep[-self._few :].copy()
        self.samples += len(block)

    @property
    def length_ms(self) -> float:
        """The length of all samples so far."""
        return self.samples * 1000 / max(1, self._sample_rate)

    @property
    def first_db(self) -> float:
        """The level of the first 20 ms, in dBFS."""
        return _level_db(self._first)

    @property
    def last_db(self) -> float:
        """The level of the last 20 ms, in dBFS."""
        return _level_db(self._last)


def _level_db(samples: np.ndarray[tuple[int, ...], np.dtype[np.int16]]) -> float:
    power = float(np.mean(np.square(samples.astype(np.float64)))) / 32_768**2 if samples.size else 0.0
    return max(FLOOR_DB, round(10 * float(np.log10(power)), 2)) if power > 0 else FLOOR_DB
