import random
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from clipper_core.adapters.media.ffmpeg import Ffmpeg
from clipper_core.domain.media import MediaInfo, nearest_frame
from clipper_core.domain.preset import PRESETS
from clipper_core.domain.time_range import TimeRange, total_ms
from clipper_core.errors import BadRange, BadSettings, Cancelled, RenderCheckFailed
from clipper_core.stages.media import render as stage
from clipper_core.stages.media.probe import probe
from clipper_core.stages.media.recording import Recording
from clipper_core.stages.media.render import RenderedFile, RenderRequest, file_suffix, render_clip
from clipper_core.stages.silence.map_silence import map_silence
from clipper_core.stages.sound.decode import SoundTrack
from tests.unit.conftest import decoded_sound, lag, noise, numbers, talk, write_sound, write_video, write_wav

pytestmark = pytest.mark.slow

SECONDS = 10
NTSC = Fraction(30_000, 1_001)


def rendered(
    ffmpeg: Ffmpeg, source: Path, *spans: tuple[int, int], preset: str = "original", media: MediaInfo | None = None
) -> RenderedFile:
    media = media or probe(source)
    out = source.with_name("clip" + file_suffix(media, PRESETS[preset]))
    request = RenderRequest(tuple(TimeRange(*s) for s in spans), PRESETS[preset])
    return render_clip(ffmpeg, Recording(source, media), request, out)


def sound(rate: int = 48_000, channels: int = 1) -> np.ndarray:
    return noise(SECONDS * 1_000, -20, rate=rate, channels=channels)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])
def test_sound_of_any_rate_has_the_asked_length(ffmpeg: Ffmpeg, tmp_path: Path, rate: int):
    source = write_wav(tmp_path / "a.wav", sound(rate), rate)

    clip = rendered(ffmpeg, source, (1_234, 4_711))

    heard, heard_rate = decoded_sound(clip.path)
    assert abs(len(heard) * 1_000 / heard_rate - 3_477) < 1
    assert abs(clip.duration_ms - 3_477) <= 1
    assert abs(probe(clip.path).duration_ms - 3_477) <= 1


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.tuples(st.integers(0, 9_999), st.integers(50, 10_000)))
@example((0, 10_000))
def test_sound_is_cut_to_the_sample(ffmpeg: Ffmpeg, tmp_path: Path, at: tuple[int, int]):
    start, end = at[0], min(10_000, sum(at))
    source = tmp_path / "a.wav"
    meant = sound()
    if not source.exists():
        write_wav(source, meant)
    if end - start < 50:
        start = end - 50

    clip = rendered(ffmpeg, source, (start, end))

    heard, _ = decoded_sound(clip.path)
    assert len(heard) == (end - start) * 48
    assert lag(heard[:, 0], meant[start * 48 : end * 48, 0], 1_000) == 0


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp3", "libmp3lame"), ("a.m4a", "aac"), ("a.aac", "aac"), ("a.flac", "flac"), ("a.opus", "libopus")],
)
def test_a_cut_in_compressed_sound_lies_where_the_map_says(ffmpeg: Ffmpeg, tmp_path: Path, name: str, codec: str):
    format_of = {"a.opus": "ogg", "a.aac": "adts"}.get(name)
    speech = talk((3_000, -18.0), (1_000, -90.0), (6_000, -18.0))
    source = write_sound(tmp_path / name, speech, codec=codec, format=format_of)
    pause = map_silence(ffmpeg, SoundTrack(source)).silence_map.of_at_least(500).silences[0]

    clip = rendered(ffmpeg, source, (pause.start_ms + 50, pause.end_ms + 2_000))

    in_clip = map_silence(ffmpeg, SoundTrack(clip.path)).silence_map.of_at_least(500).silences[0]
    assert in_clip.start_ms == 0
    assert abs(in_clip.end_ms - (pause.length_ms - 50)) <= 20
    assert clip.first_level_db < -50 < clip.last_level_db


@pytest.mark.parametrize("name", ["v.mp4", "v.mkv", "v.mov", "v.ts"])
@pytest.mark.parametrize("rate", [Fraction(25), NTSC])
def test_every_container_begins_with_the_nearest_frame(ffmpeg: Ffmpeg, tmp_path: Path, name: str, rate: Fraction):
    source = write_video(tmp_path / name, SECONDS * 25, sound(), rate=rate, keys_every=70)
    # A transport stream has no edit list: its sound begins with the encoder's 1024 samples of run-up, at t = 0.
    run_up_ms = 1024 / 48 if name == "v.ts" else 0

    clip = rendered(ffmpeg, source, (4_567, 6_789))

    first = round((4_567 - run_up_ms) / 1_000 * rate)
    count = nearest_frame(2_222, rate)
    assert numbers(clip.path) == list(range(first, first + count))
    assert (clip.frames, clip.frame_rate) == (count, rate)
    heard, _ = decoded_sound(clip.path)
    begin = round((4_567 - run_up_ms) * 48)
    assert abs(lag(heard[:, 0], sound()[begin:, 0], 400)) <= 24
    assert abs(len(heard) / 48 - 2_222) <= 25


@pytest.mark.parametrize("start_ms", [520, 1_520, 5_520])
def test_late_sound_in_a_transport_stream_stays_synchronous(ffmpeg: Ffmpeg, tmp_path: Path, start_ms: int):
    source = write_video(tmp_path / "v.ts", 250, sound(), sound_start_ms=1_000)

    clip = rendered(ffmpeg, source, (start_ms, start_ms + 2_000))

    meant = np.concatenate([np.zeros((48_000, 1), np.int16), sound()])[start_ms * 48 :, 0]
    heard, _ = decoded_sound(clip.path)
    assert numbers(clip.path)[0] == start_ms // 40
    assert abs(lag(heard[:, 0], meant, 2_000)) <= 48


def test_frames_between_two_places_are_not_lost_or_doubled(ffmpeg: Ffmpeg, tmp_path: Path):
    halfway = write_video(
        tmp_path / "v.mkv", 250, sound(), times=lambda k: Fraction(k, 25) + Fraction(1, 50), keys_every=40
    )

    shown = numbers(rendered(ffmpeg, halfway, (2_000, 8_000)).path)

    assert all(b - a == 1 for a, b in pairwise(shown))


def test_uneven_frame_times_become_an_even_rate(ffmpeg: Ffmpeg, tmp_path: Path):
    wander = random.Random(7)
    times = [Fraction(k, 25) + Fraction(wander.randint(0, 35), 1_000) for k in range(250)]
    source = write_video(tmp_path / "v.mkv", 250, sound(), times=lambda k: times[k])

    clip = rendered(ffmpeg, source, (4_000, 6_000))

    shown = numbers(clip.path)
    late = [Fraction(4) + i / (clip.frame_rate or 1) - times[number] for i, number in enumerate(shown)]
    assert len(shown) == nearest_frame(2_000, clip.frame_rate or Fraction(1))
    assert all(-0.045 <= float(x) <= 0.085 for x in late)


def test_a_still_is_held_until_the_next(ffmpeg: Ffmpeg, tmp_path: Path):
    slides = write_video(tmp_path / "v.mkv", 5, sound(), times=lambda k: Fraction(2 * k))
    media = probe(slides)

    clip = rendered(ffmpeg, slides, (3_000, 7_000))

    shown = numbers(clip.path)
    rate = float(media.frame_rate or 1)
    assert sorted(set(shown)) == [1, 2, 3]
    assert abs(shown.index(2) / rate - 1) <= 1 / rate
    assert abs(shown.index(3) / rate - 3) <= 1 / rate


@pytest.mark.parametrize("name", ["v.mp4", "v.mkv"])
@pytest.mark.parametrize("span", [(3_000, 6_000), (5_000, 6_000), (9_000, 10_000)])
def test_a_short_video_holds_its_last_frame(ffmpeg: Ffmpeg, tmp_path: Path, name: str, span: tuple[int, int]):
    source = write_video(tmp_path / name, 100, sound())

    clip = rendered(ffmpeg, source, span)

    shown = numbers(clip.path)
    assert shown == [min(99, span[0] // 40 + i) for i in range((span[1] - span[0]) // 40)]


@pytest.mark.parametrize("span", [(8_000, 11_000), (10_500, 11_900)])
def test_short_sound_is_silent_to_the_end(ffmpeg: Ffmpeg, tmp_path: Path, span: tuple[int, int]):
    source = write_video(tmp_path / "v.mp4", 300, sound())

    clip = rendered(ffmpeg, source, span)

    heard, _ = decoded_sound(clip.path)
    assert abs(len(heard) / 48 - (span[1] - span[0])) <= 25
    assert clip.last_level_db < -80


def test_several_stretches_follow_one_another_without_drifting_apart(ffmpeg: Ffmpeg, tmp_path: Path):
    source = write_video(tmp_path / "v.mp4", 300, sound(), rate=NTSC)
    spans = [(at, at + 333) for at in (8_010, 100, 1_111, 2_222, 3_333, 4_444, 5_555, 6_666)]

    clip = rendered(ffmpeg, source, *spans)

    wanted = np.concatenate([sound()[a * 48 : b * 48, 0] for a, b in spans])
    heard, _ = decoded_sound(clip.path)
    assert abs(clip.duration_ms - total_ms([TimeRange(*s) for s in spans])) <= 34
    assert clip.frames == nearest_frame(8 * 333, NTSC)
    assert lag(heard[:, 0], wanted, 400) == 0
    assert lag(heard[7 * 333 * 48 :, 0], wanted[7 * 333 * 48 :], 400) == 0
    assert numbers(clip.path)[0] == nearest_frame(8_010, NTSC)


@pytest.mark.parametrize("size", [(161, 121), (2, 2), (3, 5)])
def test_odd_and_tiny_pictures_are_rendered(ffmpeg: Ffmpeg, tmp_path: Path, size: tuple[int, int]):
    source = write_video(tmp_path / "v.mkv", 50, sound(), size=size, video_codec="ffv1", pixel_format="yuv444p")

    clip = rendered(ffmpeg, source, (200, 1_200))

    assert (clip.width, clip.height) == tuple(max(2, n - n % 2) for n in size)
    with av.open(str(clip.path)) as container:
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"


@pytest.mark.parametrize(("anticlockwise", "bright"), [(90, "top"), (-90, "bottom")])
def test_a_picture_filmed_upright_stands_upright(ffmpeg: Ffmpeg, tmp_path: Path, anticlockwise: int, bright: str):
    source = write_video(tmp_path / "v.mp4", 50, sound(), anticlockwise=anticlockwise)

    clip = rendered(ffmpeg, source, (400, 1_400))  # from frame 10 on, the right half is brighter than the left

    with av.open(str(clip.path)) as container:
        shown = next(container.decode(video=0)).to_ndarray(format="gray")
    assert (clip.width, clip.height) == (48, 64)
    assert ("top" if shown[5, 20] > shown[-5, 20] else "bottom") == bright
    assert probe(source).rotation == -anticlockwise % 360


def test_a_file_says_nothing_of_its_source(ffmpeg: Ffmpeg, tmp_path: Path):
    source = write_video(tmp_path / "v.mp4", 50, sound(), tags={"title": "SECRET-TITLE", "comment": "SECRET-NOTE"})

    video, audio = rendered(ffmpeg, source, (0, 1_000)), rendered(ffmpeg, source, (0, 1_000), preset="audio")

    assert b"SECRET" not in video.path.read_bytes() + audio.path.read_bytes()
    assert (video.video_codec, audio.video_codec, audio.path.suffix) == ("h264", None, ".mp3")


def test_a_clip_plays_before_it_is_fully_loaded(ffmpeg: Ffmpeg, tmp_path: Path):
    source = write_video(tmp_path / "v.mp4", 50, sound())

    data = rendered(ffmpeg, source, (0, 1_000)).path.read_bytes()

    assert data.index(b"moov") < data.index(b"mdat")


def test_another_track_can_be_rendered(ffmpeg: Ffmpeg, tmp_path: Path):
    path, tracks = tmp_path / "two.mka", [noise(3_000, -50, seed=1), noise(3_000, -20, seed=2)]
    with av.open(str(path), "w", format="matroska") as out:
        streams = [out.add_stream("pcm_s16le", rate=48_000, layout="mono") for _ in tracks]
        for stream, samples in zip(streams, tracks, strict=True):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(samples.reshape(1, -1)), format="s16", layout="mono"
            )
            frame.sample_rate, frame.pts = 48_000, 0
            out.mux(stream.encode(frame))
    media = probe(path)
    request = RenderRequest((TimeRange(1_000, 2_000),), PRESETS["audio"])

    clips = [render_clip(ffmpeg, Recording(path, media, n), request, tmp_path / f"{n}.mp3") for n in (0, 1)]

    assert [round(c.first_level_db, -1) for c in clips] == [-50, -20]
    with pytest.raises(BadSettings):
        render_clip(ffmpeg, Recording(path, media, 2), request, tmp_path / "2.mp3")


@pytest.mark.parametrize("spans", [[], [(9_000, 10_001)], [(0, 5)]])
def test_ranges_outside_or_shorter_than_a_frame_are_refused(
    ffmpeg: Ffmpeg, tmp_path: Path, spans: list[tuple[int, int]]
):
    source = write_video(tmp_path / "v.mp4", 250, sound())

    with pytest.raises(BadRange):
        rendered(ffmpeg, source, *spans)


def test_a_file_of_the_wrong_length_is_thrown_away(ffmpeg: Ffmpeg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    source = write_wav(tmp_path / "a.wav", sound())
    shorter = lambda plan: [*mp3(plan), "-t", "0.9"]  # noqa: E731
    mp3 = stage._mp3
    monkeypatch.setattr(stage, "_mp3", shorter)

    with pytest.raises(RenderCheckFailed) as caught:
        rendered(ffmpeg, source, (0, 1_000))

    assert "900.0 ms, not 1000" in (caught.value.detail or "")
    assert [p.name for p in tmp_path.iterdir()] == ["a.wav"]


def test_a_cancelled_render_leaves_nothing_behind(ffmpeg: Ffmpeg, tmp_path: Path):
    def cancel(_: float) -> None:
        raise Cancelled

    source = write_wav(tmp_path / "a.wav", sound())
    with pytest.raises(Cancelled):
        request = RenderRequest((TimeRange(0, 500),), PRESETS["audio"])
        render_clip(ffmpeg, Recording(source, probe(source)), request, tmp_path / "c.mp3", cancel)

    assert [p.name for p in tmp_path.iterdir()] == ["a.wav"]


def test_an_earlier_render_stays_if_the_new_fails(ffmpeg: Ffmpeg, tmp_path: Path):
    source = write_wav(tmp_path / "a.wav", sound())
    (tmp_path / "clip.mp3").write_bytes(b"earlier")

    with pytest.raises(BadRange):
        rendered(ffmpeg, source, (0, 99_999))

    assert (tmp_path / "clip.mp3").read_bytes() == b"earlier"
