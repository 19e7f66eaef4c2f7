"""Sound and pictures made for tests, so that the right answer is known."""

from __future__ import annotations

import wave
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from clipper_core.adapters.media.ffmpeg import Ffmpeg

SHARED = Path(__file__).parents[2].parent / "shared"

Sound = npt.NDArray[np.int16]


@pytest.fixture(scope="session")
def ffmpeg() -> Ffmpeg:
    return Ffmpeg()


def noise(length_ms: int, level_db: float, *, rate: int = 48_000, channels: int = 1, seed: int = 1) -> Sound:
    """White noise, as (samples, channels)."""
    rng = np.random.default_rng(seed)
    sound = rng.normal(0, 32_768 * 10 ** (level_db / 20), (length_ms * rate // 1000, channels))
    return sound.clip(-32_768, 32_767).astype(np.int16)


def talk(*parts: tuple[int, float], rate: int = 48_000, channels: int = 1, floor_db: float = -60) -> Sound:
    """Stretches of (length in ms, level in dB), over a floor of noise. The loud ones vary, as speech does."""
    pieces = []
    for seed, (length_ms, level_db) in enumerate(parts, start=1):
        piece = noise(length_ms, level_db, rate=rate, channels=channels, seed=seed).astype(float)
        swing = 0.55 + 0.45 * np.sin(np.arange(len(piece)) / rate * 2 * np.pi * 4)
        pieces.append(piece * swing[:, None] if level_db > -40 else piece)
    sound = np.concatenate(pieces)
    bed = noise(len(sound) * 1000 // rate + 1, floor_db, rate=rate, channels=channels, seed=99)[: len(sound)]
    return (sound + bed).clip(-32_768, 32_767).astype(np.int16)


def write_wav(path: Path, sound: Sound, rate: int = 48_000) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(sound.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(sound.astype("<i2").tobytes())
    return path


def picture(number: int, width: int = 64, height: int = 48) -> npt.NDArray[np.uint8]:
    """A frame that carries its number: sixteens on the left, ones on the right."""
    frame = np.full((height, width, 3), 128, dtype=np.uint8)
    frame[:, : width // 2] = (number // 16 % 16) * 15 + 8
    frame[:, width // 2 :] = (number % 16) * 15 + 8
    return frame


def numbers(path: Path) -> list[int]:
    """The numbers that the frames of a video carry, in the order they are shown."""
    with av.open(str(path)) as container:
        shown = [f.to_ndarray(format="gray").astype(int) for f in container.decode(video=0)]
    middle = [(f[f.shape[0] // 2, f.shape[1] // 4], f[f.shape[0] // 2, f.shape[1] * 3 // 4]) for f in shown]
    return [round((a - 8) / 15) * 16 + round((b - 8) / 15) for a, b in middle]


def decoded_sound(path: Path) -> tuple[Sound, int]:
    """All samples as (samples, channels), and their rate, by PyAV."""
    with av.open(str(path)) as container:
        rate = container.streams.audio[0].codec_context.sample_rate
        channels = container.streams.audio[0].codec_context.channels
        resampler = av.AudioResampler(format="s16", layout=container.streams.audio[0].codec_context.layout, rate=rate)
        parts = [r.to_ndarray() for f in container.decode(audio=0) for r in resampler.resample(f)]
        parts += [r.to_ndarray() for r in resampler.resample(None)]
    return np.concatenate([p.reshape(-1, channels) for p in parts]), rate


Times = Callable[[int], Fraction]


def write_video(
    path: Path,
    frames: int,
    sound: Sound | None,
    *,
    rate: Fraction = Fraction(25),
    sound_rate: int = 48_000,
    size: tuple[int, int] = (64, 48),
    video_codec: str = "libx264",
    audio_codec: str = "aac",
    keys_every: int = 50,
    times: Times | None = None,
    sound_start_ms: int = 0,
    format: str | None = None,
    pixel_format: str = "yuv420p",
    tags: dict[str, str] | None = None,
    ticks: int = 90_000,
    anticlockwise: int = 0,
) -> Path:
    """A video whose frames carry their numbers; frame ``k`` is shown from ``times(k)``, by default ``k / rate``."""
    times = times or (lambda k: k / rate)
    with av.open(str(path), "w", format=format) as out:
        out.metadata.update(tags or {})
        video = out.add_stream(video_codec, rate=rate)
        video.width, video.height, video.pix_fmt = *size, pixel_format
        if anticlockwise:
            video.set_display_rotation(anticlockwise)
        video.codec_context.gop_size = keys_every
        video.codec_context.time_base = Fraction(1, ticks)
        if video_codec == "libx264":
            video.options = {"preset": "ultrafast", "crf": "10"}
        audio = None
        if sound is not None:
            audio = out.add_stream(audio_codec, rate=sound_rate)
            audio.layout = {1: "mono", 2: "stereo"}[sound.shape[1]]
        for k in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(k, *size), format="rgb24").reformat(format=pixel_format)
            frame.pts, frame.time_base = round(times(k) * ticks), Fraction(1, ticks)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        if audio is not None and sound is not None:
            _mux_sound(out, audio, sound, sound_rate, sound_start_ms)
    return path


def write_sound(path: Path, sound: Sound, *, codec: str, rate: int = 48_000, format: str | None = None) -> Path:
    with av.open(str(path), "w", format=format) as out:
        audio = out.add_stream(codec, rate=rate)
        audio.layout = {1: "mono", 2: "stereo"}[sound.shape[1]]
        _mux_sound(out, audio, sound, rate, 0)
    return path


def _mux_sound(
    out: av.container.OutputContainer, audio: av.AudioStream, sound: Sound, rate: int, start_ms: int
) -> None:
    layout = {1: "mono", 2: "stereo"}[sound.shape[1]]
    for at in range(0, len(sound), 960):
        part = np.ascontiguousarray(sound[at : at + 960].reshape(1, -1))
        frame = av.AudioFrame.from_ndarray(part, format="s16", layout=layout)
        frame.sample_rate, frame.pts = rate, at + start_ms * rate // 1000
        frame.time_base = Fraction(1, rate)
        out.mux(audio.encode(frame))
    out.mux(audio.encode(None))


def lag(heard: Sequence[float] | npt.NDArray[np.generic], meant: npt.NDArray[np.generic], most: int) -> int:
    """By how many samples ``heard`` comes after ``meant``, looked for up to ``most`` either way."""
    n = min(len(heard), len(meant))
    size = 2 * n
    one = np.fft.rfft(np.asarray(heard[:n], dtype=float), size)
    other = np.fft.rfft(np.asarray(meant[:n], dtype=float), size)
    scores = np.fft.irfft(one * np.conj(other), size)
    return int(np.argmax(np.concatenate((scores[-most:], scores[: most + 1])))) - most
