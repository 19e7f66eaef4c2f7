from fractions import Fraction
from pathlib import Path

import av
import pytest

from clipper_core.adapters.media.ffmpeg import Ffmpeg
from clipper_core.domain.media import plays_in_browser
from clipper_core.errors import BadSettings, Cancelled
from clipper_core.stages.media.preview import make_preview
from clipper_core.stages.media.probe import probe
from clipper_core.stages.media.recording import Recording
from tests.unit.conftest import Times, noise, numbers, write_video, write_wav


def shown_at(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [float(f.time) for f in container.decode(video=0)]


def test_a_preview_plays_in_browsers_with_the_same_frames(ffmpeg: Ffmpeg, tmp_path: Path):
    source = write_video(tmp_path / "v.mkv", 60, noise(2_400, -20, channels=2), video_codec="ffv1", audio_codec="flac")

    preview = probe(make_preview(ffmpeg, Recording(source, probe(source)), tmp_path / "p.mp4"))

    assert plays_in_browser(preview)
    assert numbers(tmp_path / "p.mp4") == list(range(60))
    assert abs(preview.duration_ms - 2_400) <= 40


@pytest.mark.parametrize(
    ("size", "expected"), [((1280, 960), (960, 720)), ((722, 1282), (720, 1278)), ((161, 121), (160, 120))]
)
def test_a_preview_has_even_sides_and_at_most_720_lines(
    ffmpeg: Ffmpeg, tmp_path: Path, size: tuple[int, int], expected: tuple[int, int]
):
    source = write_video(tmp_path / "v.mkv", 3, noise(200, -20), size=size, video_codec="ffv1", pixel_format="yuv444p")

    preview = probe(make_preview(ffmpeg, Recording(source, probe(source)), tmp_path / "p.mp4"))

    assert (preview.width, preview.height) == expected


def test_a_preview_can_be_jumped_into_at_every_second(ffmpeg: Ffmpeg, tmp_path: Path):
    source = write_video(tmp_path / "v.mp4", 100, noise(4_000, -20))

    make_preview(ffmpeg, Recording(source, probe(source)), tmp_path / "p.mp4")

    with av.open(str(tmp_path / "p.mp4")) as container:
        assert sum(p.is_keyframe for p in container.demux(video=0)) >= 4
    assert b"moov" in (tmp_path / "p.mp4").read_bytes()[:64]


def test_sixty_frames_a_second_become_thirty(ffmpeg: Ffmpeg, tmp_path: Path):
    source = write_video(tmp_path / "v.mp4", 60, noise(1_000, -20), rate=Fraction(60))

    make_preview(ffmpeg, Recording(source, probe(source)), tmp_path / "p.mp4")

    assert numbers(tmp_path / "p.mp4") == list(range(0, 60, 2))


@pytest.mark.parametrize(
    ("times", "first"),
    [(lambda k: Fraction(k, 25) + Fraction(1, 2), 0.0), (lambda k: Fraction(3 * k), 0.0)],
    ids=["a video that starts late", "a frame every three seconds"],
)
def test_the_preview_keeps_the_times_of_the_picture(ffmpeg: Ffmpeg, tmp_path: Path, times: Times, first: float):
    source = write_video(tmp_path / "v.mkv", 4, noise(2_000, -20), times=times)

    make_preview(ffmpeg, Recording(source, probe(source)), tmp_path / "p.mp4")

    shown = shown_at(tmp_path / "p.mp4")
    assert shown[0] == first
    assert shown[1:] == pytest.approx([float(times(k)) for k in (1, 2, 3)], abs=0.025)


def test_sound_alone_becomes_sound_alone(ffmpeg: Ffmpeg, tmp_path: Path):
    source = write_wav(tmp_path / "a.wav", noise(2_000, -20, rate=11_025), 11_025)
    media = probe(source)

    preview = probe(make_preview(ffmpeg, Recording(source, media), tmp_path / "p.m4a"))

    assert (preview.has_video, preview.audio[0].codec, preview.audio[0].sample_rate) == (False, "aac", 44_100)
    assert abs(preview.duration_ms - 2_000) <= 25


def test_a_track_that_does_not_exist_is_refused(ffmpeg: Ffmpeg, tmp_path: Path):
    source = write_wav(tmp_path / "a.wav", noise(500, -20))

    with pytest.raises(BadSettings):
        make_preview(ffmpeg, Recording(source, probe(source), 1), tmp_path / "p.m4a")


def test_a_cancelled_preview_leaves_nothing_behind(ffmpeg: Ffmpeg, tmp_path: Path):
    def cancel(_: float) -> None:
        raise Cancelled

    source = write_video(tmp_path / "v.mp4", 50, noise(2_000, -20))
    with pytest.raises(Cancelled):
        make_preview(ffmpeg, Recording(source, probe(source)), tmp_path / "p.mp4", cancel)

    assert [p.name for p in tmp_path.iterdir()] == ["v.mp4"]
