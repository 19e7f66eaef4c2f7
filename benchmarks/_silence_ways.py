"""The ways that ``benchmarks/silence.py`` runs as processes of their own: ``_silence_ways.py WAY ARGUMENT …``.

Each way imports only what it needs, since start-up counts too. Other programs' run in a Python of their own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

RATE = 48_000
PYDUB = {"min_silence_len": 500, "silence_thresh": -40}


def map_and_peaks(path: str, speech: str = "") -> None:
    from clipper_core.adapters.media.ffmpeg import Ffmpeg
    from clipper_core.stages.silence.map_silence import MapRequest, map_silence
    from clipper_core.stages.sound.decode import SoundTrack

    map_silence(Ffmpeg(), SoundTrack(Path(path)), MapRequest(Path(speech) if speech else None))


def pydub(path: str, ffmpeg: str) -> None:
    """Read by way of a file, as pydub does without ffprobe; this is its cheaper way."""
    from pydub import AudioSegment
    from pydub.silence import detect_silence

    AudioSegment.converter = ffmpeg
    detect_silence(AudioSegment.from_file_using_temporary_files(path), **PYDUB, seek_step=10)


def librosa(path: str) -> None:
    import librosa

    sound, _ = librosa.load(path, sr=None)
    librosa.effects.split(sound, top_db=40)


def webrtcvad(path: str, ffmpeg: str) -> None:
    import webrtcvad

    command = [ffmpeg, "-v", "error", "-i", path, "-map", "0:a:0", "-ac", "1", "-ar", "16000", "-f", "s16le", "-"]
    detector = webrtcvad.Vad(2)
    with subprocess.Popen(command, stdout=subprocess.PIPE) as decoding:
        assert decoding.stdout is not None
        while len(frame := decoding.stdout.read(960)) == 960:
            detector.is_speech(frame, 16_000)


# -- figures of single parts, as one JSON object


def strict(path: str, ffmpeg: str) -> None:
    """Time strict finding alone, at every millisecond, in sound that is in memory."""
    import numpy as np
    from pydub import AudioSegment
    from pydub.silence import detect_silence

    from clipper_core.stages.silence.strict import StrictDetector, StrictSearch
    from clipper_core.stages.sound.decode import PcmFormat

    sound = np.frombuffer(_decoded(path, ffmpeg, 2), dtype="<i2").reshape(-1, 2)
    segment = AudioSegment(sound.tobytes(), sample_width=2, frame_rate=RATE, channels=2)

    def ours() -> list[list[int]]:
        detector = StrictDetector(PcmFormat(RATE, 2), StrictSearch(PYDUB["silence_thresh"], PYDUB["min_silence_len"]))
        for second in range(0, len(sound), RATE):
            detector.add(sound[second : second + RATE])
        return [[s.start_ms, s.end_ms] for s in detector.end()[1]]

    own = min(_timed(ours)[0] for _ in range(3))
    theirs, found = _timed(lambda: detect_silence(segment, **PYDUB, seek_step=1))
    _print(ours_s=own, pydub_s=theirs, same=ours() == found, silences=len(found))


def parts(path: str) -> None:
    """Time the parts of a mapped recording: its stored form, silences found again, a figure of 3,000 silences."""
    from clipper_core.adapters.media.ffmpeg import Ffmpeg
    from clipper_core.charts.figures import silence_map_figure
    from clipper_core.domain.envelope import Envelope
    from clipper_core.domain.silence import Silence, SilenceMap, SilenceSettings
    from clipper_core.stages.silence.find import find_silences
    from clipper_core.stages.silence.map_silence import map_silence
    from clipper_core.stages.sound.decode import SoundTrack

    stored = map_silence(Ffmpeg(), SoundTrack(Path(path))).envelope.to_bytes()
    envelope = Envelope.from_bytes(stored)
    length_ms = envelope.duration_ms
    step = length_ms // 3_000
    silences = SilenceMap(length_ms, tuple(Silence(i * step, i * step + step // 4, -60.0) for i in range(3_000)))
    adaptive, fixed = SilenceSettings(), SilenceSettings(threshold_db=-40.0)
    silence_map_figure(envelope, silences).to_json()  # plotly is imported and its validators are built
    figure = _best(lambda: silence_map_figure(envelope, silences).to_json())
    _print(
        hours=length_ms / 3_600_000,
        stored_mb=len(stored) / 1e6,
        read_ms=_best(lambda: Envelope.from_bytes(stored))[0],
        adaptive_ms=_best(lambda: find_silences(envelope, adaptive))[0],
        fixed_ms=_best(lambda: find_silences(envelope, fixed))[0],
        figure_ms=figure[0],
        figure_kb=len(figure[1].encode()) / 1e3,
    )


def second_opinion(speech: str, minutes: str) -> None:
    from clipper_core.adapters.speech.voice import VoiceDetector

    length_ms = int(minutes) * 60_000
    _print(cpu_s=_timed(lambda: VoiceDetector().measure(Path(speech), length_ms, length_ms // 10))[0])


def _timed(work: Any) -> tuple[float, Any]:
    """The processor seconds of ``work``, and its result."""
    began = time.process_time()
    result = work()
    return time.process_time() - began, result


def _best(work: Any) -> tuple[float, Any]:
    """The shortest wall time of seven runs of ``work``, in ms, and its result."""
    times = []
    for _ in range(7):
        began = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - began)
    return min(times) * 1_000, result


def _print(**figures: Any) -> None:
    print(json.dumps(figures))


# -- the recording


def talk(minutes: str, ffmpeg: str) -> None:
    """Write a long conversation as raw stereo to stdout, made of the two minutes that come with the tests.

    Pieces of some seconds in random order, each at a loudness and a speed of its own, over a little noise: no stretch
    repeats another, and a codec has as much to do as with a real one.
    """
    import numpy as np

    short = str(ROOT / "tests" / "media" / "podcast.m4a")
    voice = np.frombuffer(_decoded(short, ffmpeg, 1), dtype="<i2").astype(np.float32)
    rng = np.random.default_rng(4)
    left = int(minutes) * 60 * RATE
    while left > 0:
        length = min(left, int(rng.uniform(2, 9) * RATE))
        speed = rng.uniform(0.9, 1.1)
        start = rng.uniform(0, len(voice) - length * speed - 2)
        at = start + np.arange(length) * speed
        piece = np.interp(at, np.arange(int(start), int(at[-1]) + 2), voice[int(start) : int(at[-1]) + 2])
        both = piece[:, None] * rng.uniform(0.3, 1.0) * np.array([1.0, 0.8])
        both += rng.normal(0, 32_768 * 10 ** (-58 / 20), both.shape)
        sys.stdout.buffer.write(both.clip(-32_768, 32_767).astype("<i2").tobytes())
        left -= length


def _decoded(path: str, ffmpeg: str, channels: int) -> bytes:
    form = ["-ac", str(channels), "-ar", str(RATE), "-f", "s16le", "-"]
    return subprocess.run([ffmpeg, "-v", "error", "-i", path, *form], check=True, stdout=subprocess.PIPE).stdout


WAYS: dict[str, Callable[..., None]] = {
    "map": map_and_peaks,
    "pydub": pydub,
    "librosa": librosa,
    "webrtcvad": webrtcvad,
    "strict": strict,
    "parts": parts,
    "second-opinion": second_opinion,
    "talk": talk,
}

if __name__ == "__main__":
    WAYS[sys.argv[1]](*sys.argv[2:])
