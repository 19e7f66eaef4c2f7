import json
import socket
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.adapters.media.ffmpeg import Ffmpeg
from clipper_core.domain.preset import PRESETS
from clipper_core.domain.time_range import TimeRange
from clipper_core.errors import (
    BadRecording,
    NoAudio,
    NotAudioVideo,
    NotMedia,
    Refused,
    TooLong,
    TooManyStreams,
    TooShort,
    Truncated,
)
from clipper_core.stages.media.probe import ProbeLimits, probe
from clipper_core.stages.media.recording import Recording
from clipper_core.stages.media.render import RenderRequest, file_suffix, render_clip
from clipper_core.stages.silence.map_silence import MapRequest, map_silence
from clipper_core.stages.sound.decode import SoundTrack
from tests.unit.conftest import SHARED, noise, picture, write_sound, write_video, write_wav

CASES = SHARED / "bad_inputs" / "manifest.json"


def media_cases() -> list[dict[str, object]]:
    """Every case that is uploaded as media, once for each content."""
    if not CASES.exists():
        return []
    cases = [c for c in json.loads(CASES.read_text())["cases"] if c["category"] != "subtitle"]
    return list({c["sha256"]: c for c in cases}.values())


def test_a_video_says_what_it_is(tmp_path: Path):
    rate = Fraction(30_000, 1_001)
    path = write_video(
        tmp_path / "v.mp4", 60, noise(2_000, -20, channels=2), rate=rate, tags={"title": "Hi\x1b[1m\nyou"}
    )

    media = probe(path)

    assert (media.container, media.video_codec, media.width, media.height) == ("mp4", "h264", 64, 48)
    assert (media.frame_rate, media.pixel_format, media.rotation) == (rate, "yuv420p", 0)
    assert [(a.number, a.codec, a.sample_rate, a.channels) for a in media.audio] == [(0, "aac", 48_000, 2)]
    assert abs(media.duration_ms - 2_002) <= 2
    assert media.title == "Hi[1m you"


def test_sound_alone_has_no_picture(tmp_path: Path):
    media = probe(write_wav(tmp_path / "a.wav", noise(1_500, -20)))

    assert (media.container, media.duration_ms, media.has_video, media.frame_rate) == ("wav", 1_500, False, None)


@pytest.mark.parametrize(
    ("name", "codecs", "container"),
    [
        ("a.webm", ("libvpx", "libopus"), "webm"),
        ("a.mkv", ("libvpx", "libopus"), "matroska"),
        ("a.mkv", ("libx264", "aac"), "matroska"),
        ("a.mov", ("libx264", "aac"), "mp4"),
        ("a.ts", ("libx264", "aac"), "mpegts"),
    ],
)
def test_a_container_has_one_short_name(tmp_path: Path, name: str, codecs: tuple[str, str], container: str):
    video, audio = codecs
    path = write_video(tmp_path / name, 20, noise(800, -20), video_codec=video, audio_codec=audio)

    assert probe(path).container == container


def test_the_length_counts_from_the_earliest_stream(tmp_path: Path):
    late = write_video(
        tmp_path / "late.mkv", 50, noise(2_000, -20), times=lambda k: 100 + Fraction(k, 25), sound_start_ms=100_000
    )

    assert abs(probe(late).duration_ms - 2_021) <= 3


def test_a_length_that_is_not_declared_is_0(tmp_path: Path):
    path = tmp_path / "live.webm"
    whole = write_video(tmp_path / "whole.webm", 25, noise(1_000, -20), video_codec="libvpx", audio_codec="libopus")
    data = whole.read_bytes()
    at = data.index(b"\x44\x89")  # the Duration element: made Void
    size = 2 + 1 + (data[at + 2] & 0x7F)
    path.write_bytes(data[:at] + bytes([0xEC, 0x80 | (size - 2)]) + bytes(size - 2) + data[at + size :])

    assert probe(path).duration_ms == 0


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_single_picture_is_no_recording(tmp_path: Path, suffix: str):
    import av

    path = tmp_path / f"p.{suffix}"
    with av.open(str(path), "w", format="image2") as out:
        video = out.add_stream("png" if suffix == "png" else "mjpeg", rate=1)
        video.width, video.height, video.pix_fmt = 64, 48, "rgb24" if suffix == "png" else "yuvj420p"
        out.mux(video.encode(av.VideoFrame.from_ndarray(picture(1), format="rgb24")))
        out.mux(video.encode(None))

    with pytest.raises(NotAudioVideo):
        probe(path)


def test_a_video_without_sound_is_refused_for_that(tmp_path: Path):
    with pytest.raises(NoAudio):
        probe(write_video(tmp_path / "v.mp4", 25, None))


def test_half_an_mp4_without_its_index_breaks_off(tmp_path: Path):
    whole = write_sound(tmp_path / "a.m4a", noise(3_000, -20), codec="aac", format="mp4").read_bytes()
    half = tmp_path / "half.m4a"
    half.write_bytes(whole[: whole.index(b"moov") - 4])

    with pytest.raises(Truncated):
        probe(half)


def test_a_twentieth_of_a_second_is_too_short(tmp_path: Path):
    with pytest.raises(TooShort):
        probe(write_wav(tmp_path / "a.wav", noise(50, -20)))


def test_more_hours_than_allowed_are_too_long(tmp_path: Path):
    path = write_wav(tmp_path / "a.wav", noise(4_000, -20, rate=8_000), 8_000)

    with pytest.raises(TooLong):
        probe(path, ProbeLimits(max_hours=3 / 3_600))


def test_more_tracks_than_allowed_are_too_many(tmp_path: Path):
    path = write_video(tmp_path / "v.mp4", 25, noise(1_000, -20))

    with pytest.raises(TooManyStreams):
        probe(path, ProbeLimits(max_streams=1))


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_refused_and_never_crash(tmp_path_factory: pytest.TempPathFactory, data: bytes):
    path = tmp_path_factory.getbasetemp() / "bytes"
    path.write_bytes(data)

    with pytest.raises(BadRecording):
        probe(path)


@pytest.mark.skipif(not media_cases(), reason="the folder ../shared with bad inputs is absent")
@pytest.mark.parametrize("case", media_cases(), ids=lambda c: str(c["id"]))
def test_every_bad_input_ends_as_listed(case: dict[str, object], tmp_path: Path, ffmpeg: Ffmpeg):
    path = SHARED / "bad_inputs" / "files" / str(case["id"])
    if not path.exists():
        path = SHARED / "bad_inputs" / "files" / "zz_plain.wav"

    if case["expected"] == "rejected":
        with pytest.raises(Refused) as caught:
            work_through(ffmpeg, path, tmp_path)
        assert caught.value.code == case["error_code"]
    else:
        warnings = work_through(ffmpeg, path, tmp_path)
        if case["error_code"] == "truncated":
            assert warnings == ["truncated"]


def work_through(ffmpeg: Ffmpeg, path: Path, folder: Path) -> list[str]:
    """Probe, map, and render the first half; the codes of the warnings."""
    media = probe(path)
    mapped = map_silence(ffmpeg, SoundTrack(path, 0, media.duration_ms), MapRequest(folder / "speech"))
    half = TimeRange(0, max(100, mapped.envelope.duration_ms // 2))
    preset = PRESETS["original"]
    out = folder / ("clip" + file_suffix(media, preset))
    rendered = render_clip(ffmpeg, Recording(path, media), RenderRequest((half,), preset), out)
    assert b"<script" not in rendered.path.read_bytes()
    assert sorted(p.name for p in folder.iterdir()) == sorted([rendered.path.name, "speech"])
    return [w.code for w in mapped.warnings]


@pytest.mark.skipif(not media_cases(), reason="the folder ../shared with bad inputs is absent")
def test_no_attack_reaches_files_or_ports_while_decoding(ffmpeg: Ffmpeg, tmp_path: Path):
    manifest = json.loads(CASES.read_text())
    canary_dir = Path(manifest["canary_dir"])
    canary_dir.mkdir(parents=True, exist_ok=True)
    canary = canary_dir / "canary.txt"
    canary.write_text("CANARY-7141")
    looked_at = canary.stat().st_atime_ns
    with socket.create_server(("127.0.0.1", manifest["listener_port"]), reuse_port=True) as listener:
        listener.settimeout(0)
        for case in media_cases():
            if case["category"] != "attack":
                continue
            out = tmp_path / "speech"
            # As if the probe had let it pass: the map is the stage that decodes.
            with pytest.raises(BadRecording) as caught:
                path = SHARED / "bad_inputs" / "files" / str(case["id"])
                map_silence(ffmpeg, SoundTrack(path), MapRequest(out))
            assert "CANARY" not in str(caught.value.detail)
            assert not out.exists()
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert canary.stat().st_atime_ns == looked_at


def test_headers_that_make_no_sense_are_refused_before_decoding(tmp_path: Path):
    good = write_wav(tmp_path / "a.wav", noise(500, -20)).read_bytes()
    mad = tmp_path / "mad.wav"
    mad.write_bytes(good[:22] + b"\xff\xff" + good[24:])

    with pytest.raises(NotMedia):
        probe(mad)
