import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.adapters.media import pyav
from clipper_core.adapters.media.ffmpeg import Ffmpeg, Input, SoundInput, escaped, quiet
from clipper_core.adapters.media.pyav import SoundSource
from clipper_core.errors import Cancelled, ClipperError, Truncated
from clipper_core.stages.sound import halves
from clipper_core.stages.sound.decode import PcmFormat, Samples, SoundTrack, blocks, decoded
from clipper_core.stages.sound.halves import TwoHalfDecode
from tests.unit.conftest import noise, talk, write_video, write_wav

# What decodes to the same however it is cut: with AAC, where the encoder was told to leave no noise to the decoder.
EXACT = {
    "mp3": ["-c:a", "libmp3lame", "-b:a", "128k"],
    "vbr.mp3": ["-c:a", "libmp3lame", "-q:a", "5"],
    "noxing.mp3": ["-c:a", "libmp3lame", "-q:a", "5", "-write_xing", "0"],
    "44.mp3": ["-ar", "44100", "-ac", "1", "-c:a", "libmp3lame"],
    "m4a": ["-c:a", "aac", "-aac_pns", "0"],
    "alac.m4a": ["-c:a", "alac"],
    "opus.mp4": ["-c:a", "libopus"],
    "flac": [],
    "s24.flac": ["-sample_fmt", "s32", "-bits_per_raw_sample", "24"],
    "wav": [],
    "s32.wav": ["-c:a", "pcm_s32le"],
    "f32.wav": ["-c:a", "pcm_f32le"],
    "f64.wav": ["-c:a", "pcm_f64le"],
    "u8.wav": ["-c:a", "pcm_u8"],
    "aiff": [],
    "caf": [],
}


class Keeper:
    """An ear that keeps all it hears."""

    def __init__(self, _pcm: PcmFormat, _from_s: int) -> None:
        self.sound = b""
        self.before = b""

    def prime(self, block: Samples) -> None:
        self.before = block.tobytes()

    def add(self, block: Samples) -> None:
        self.sound += block.tobytes()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    parts = [(1_700 + 90 * k % 1_300, -18.0 - k % 7) if k % 2 else (310 + 70 * k % 900, -90.0) for k in range(24)]
    return write_wav(tmp_path_factory.mktemp("s") / "source.wav", talk(*parts, channels=2))


@pytest.fixture(autouse=True)
def short_files_are_split(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(halves, "MIN_TO_SPLIT_S", 10)


def made(ffmpeg: Ffmpeg, source: Path, name: str, options: list[str]) -> Path:
    path = source.parent / f"a.{name}"
    if not path.exists():
        ffmpeg.run([Input(source)], [*options, f"file:{path}"], work_ms=0)
    return path


def plain(ffmpeg: Ffmpeg, path: Path, track: int = 0) -> bytes:
    with decoded(ffmpeg, SoundTrack(path, track), quiet) as (running, pcm):
        return b"".join(block.tobytes() for block in blocks(running, pcm))


def heard(ffmpeg: Ffmpeg, path: Path, track: int = 0) -> list[Keeper]:
    return TwoHalfDecode(ffmpeg, SoundTrack(path, track), Keeper).to_the_end()


@pytest.mark.parametrize("name", EXACT)
def test_two_halves_are_the_whole_to_the_bit(ffmpeg: Ffmpeg, source: Path, name: str):
    path = made(ffmpeg, source, name, EXACT[name])

    ears = heard(ffmpeg, path)

    assert len(ears) == 2
    assert b"".join(e.sound for e in ears) == plain(ffmpeg, path)
    assert ears[0].sound.endswith(ears[1].before)


@pytest.mark.parametrize("name", ["ogg", "opus", "ts", "mka", "webm"])
def test_formats_without_exact_seeking_are_decoded_whole(ffmpeg: Ffmpeg, source: Path, name: str):
    path = made(ffmpeg, source, name, [])

    assert [e.sound for e in heard(ffmpeg, path)] == [plain(ffmpeg, path)]


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_sound_that_starts_late_is_heard_as_late(ffmpeg: Ffmpeg, tmp_path: Path, suffix: str):
    path = write_video(tmp_path / f"late.{suffix}", 300, noise(11_000, -20), sound_start_ms=1_000)

    assert b"".join(e.sound for e in heard(ffmpeg, path)) == plain(ffmpeg, path)


def test_the_track_that_was_asked_for_is_heard(ffmpeg: Ffmpeg, source: Path):
    low = write_wav(source.parent / "low.wav", noise(12_000, -40, seed=5))
    path = source.parent / "two.m4a"
    ffmpeg.run([Input(source), Input(low)], ["-map", "0:a", "-map", "1:a", "-c:a", "alac", f"file:{path}"], work_ms=0)

    assert b"".join(e.sound for e in heard(ffmpeg, path, 1)) == plain(ffmpeg, path, 1) != plain(ffmpeg, path, 0)


def test_halves_may_differ_by_decoder_noise(ffmpeg: Ffmpeg, source: Path):
    t = np.arange(24 * 48_000) / 48_000
    tones = sum(4_000 * np.sin(2 * np.pi * hz * t + hz) for hz in (220, 330, 550)) * (1 + np.sin(5 * t)) / 2
    wav = write_wav(source.parent / "tones.wav", tones.astype(np.int16)[:, None] + noise(24_000, -50))
    path = source.parent / "dither.mp4"
    ffmpeg.run([Input(wav)], ["-c:a", "ac3", "-b:a", "96k", f"file:{path}"], work_ms=0)

    ears = heard(ffmpeg, path)

    whole = plain(ffmpeg, path)
    assert len(ears) == 2
    assert sum(len(e.sound) for e in ears) == len(whole)
    assert b"".join(e.sound for e in ears) != whole  # else this test would show nothing


def test_a_hole_before_the_middle_ends_the_second_half(ffmpeg: Ffmpeg, source: Path):
    path = made(ffmpeg, source, "whole.m4a", EXACT["m4a"])
    holed = path.parent / "holed.m4a"
    # 64 ms short at 10 s: too little to be filled, so the clocks differ from there on.
    dropped = r"noise=drop=between(pts*tb\,10\,10.06)"
    ffmpeg.run([Input(path)], ["-c", "copy", "-bsf:a", dropped, f"file:{holed}"], work_ms=0)

    told: list[float] = []
    meant = plain(ffmpeg, holed)
    length_s = len(meant) / 4 / 48_000
    # No second half counts as heard that is thrown away: neither for the progress nor for the longest there may be.
    whole = TwoHalfDecode(ffmpeg, SoundTrack(holed, 0, round(length_s * 1000)), Keeper, max_s=length_s)

    ears = whole.to_the_end(told.append)

    assert [e.sound for e in ears] == [meant]
    assert max(told) <= 1


@pytest.mark.parametrize("name", ["m4a", "mp3", "flac", "44.mp3"])
@pytest.mark.parametrize("at", [0.0, 0.2, 0.7])
def test_damage_is_heard_as_ffmpeg_hears_it(ffmpeg: Ffmpeg, source: Path, name: str, at: float):
    data = bytearray(made(ffmpeg, source, name, EXACT[name]).read_bytes())
    start = int(len(data) * at) + 500
    data[start : start + 3_000] = np.random.default_rng(1).bytes(3_000)
    path = source.parent / f"damaged{at}.{name}"
    path.write_bytes(data)

    assert b"".join(e.sound for e in heard(ffmpeg, path)) == plain(ffmpeg, path)


@pytest.mark.parametrize("name", ["mp3", "wav", "flac", "m4a"])
def test_a_file_that_breaks_off_is_decoded_up_to_there(ffmpeg: Ffmpeg, source: Path, name: str):
    whole = made(
        ffmpeg, source, f"faststart.{name}", [*EXACT[name], *(["-movflags", "faststart"] if "m4" in name else [])]
    )
    path = whole.with_name(f"cut.{name}")
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])

    sound = b"".join(e.sound for e in heard(ffmpeg, path))

    assert sound == plain(ffmpeg, path)
    assert len(sound) > 10 * 48_000 * 4


def test_an_old_ffmpeg_takes_the_plain_way(ffmpeg: Ffmpeg, source: Path, monkeypatch: pytest.MonkeyPatch):
    unknown = "anullsrc=unheard_of=1"
    monkeypatch.setattr(SoundInput, "arguments", lambda _: ["-f", "lavfi", "-i", unknown])

    assert [e.sound for e in heard(ffmpeg, source)] == [plain(ffmpeg, source)]


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no FFmpeg of the system's")
def test_the_systems_ffmpeg_hears_the_same(source: Path):
    program = shutil.which("ffmpeg")
    assert program is not None
    system = Ffmpeg(Path(program))

    assert b"".join(e.sound for e in heard(system, source)) == plain(system, source)


def test_progress_grows_to_the_end_and_can_end_it(ffmpeg: Ffmpeg, source: Path, monkeypatch: pytest.MonkeyPatch):
    told: list[float] = []

    def cancel(_: float) -> None:
        raise Cancelled

    TwoHalfDecode(ffmpeg, SoundTrack(source, 0, 20_000), Keeper).to_the_end(told.append)

    assert told == sorted(told) and told[0] == 0
    with pytest.raises(Cancelled):
        TwoHalfDecode(ffmpeg, SoundTrack(source), Keeper).to_the_end(cancel)


NAMES = ["a b.wav", "it's.wav", "a,b;c[0].wav", "a:b=c.wav", "back\\slash.wav", "%d.wav", "-i.wav", "'.wav", "ü\n.wav"]


@pytest.mark.parametrize("name", [*NAMES, "[out0].wav", "http:.wav", "$(id).wav"])
def test_any_name_can_be_read(ffmpeg: Ffmpeg, tmp_path: Path, name: str):
    path = write_wav(tmp_path / name, noise(1_500, -20))

    assert [len(e.sound) for e in heard(ffmpeg, path)] == [2 * 72_000]


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_what_is_escaped_twice_reads_the_same(value: str):
    def read(text: str) -> str:
        out, escape = "", False
        for c in text:
            out, escape = (out, True) if c == "\\" and not escape else (out + c, False)
        return out

    assert read(read(escaped(value))) == value


@pytest.mark.parametrize(
    "text",
    [
        "ffconcat version 1.0\nfile other.wav\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nother.wav\n#EXT-X-ENDLIST\n",
    ],
)
def test_a_playlist_is_not_followed(ffmpeg: Ffmpeg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str):
    write_wav(tmp_path / "other.wav", noise(3_000, -20))
    playlist = tmp_path / "list.mp4"
    playlist.write_text(text)
    trusting = SoundSource("mov", 0, Fraction(1, 48_000), 48_000, 1, 3, True)
    monkeypatch.setattr(halves, "sound_source", lambda *_: trusting)

    with pytest.raises(ClipperError):
        heard(ffmpeg, playlist)


def test_a_track_that_is_not_there_breaks_off(ffmpeg: Ffmpeg, source: Path):
    assert pyav.sound_source(source, 4) is None
    with pytest.raises(Truncated):
        heard(ffmpeg, source, 4)
