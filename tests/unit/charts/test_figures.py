"""Figures of recordings: what they show, that they stay small, and that no title acts in them."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.charts.drawing import FLOOR_DB, DrawnClip
from clipper_core.charts.figures import MOST_SEEN, TICKS_WANTED, clock_ticks, recording_html, silence_map_figure
from clipper_core.domain.clip import ClipStatus
from clipper_core.domain.coverage import Coverage, coverage_of
from clipper_core.domain.envelope import Envelope
from clipper_core.domain.silence import Silence, SilenceBasis, SilenceMap
from clipper_core.domain.time_range import TimeRange

HOUR_MS = 3_600_000


def envelope(duration_ms: int, level_db: float = -20) -> Envelope:
    frames = -(-duration_ms // 10)
    peaks = np.zeros(frames, np.int8)
    return Envelope(np.full(frames, level_db * 100, np.int16), peaks, peaks, duration_ms, 48_000, 1)


def drawn(
    duration_ms: int,
    silences: tuple[Silence, ...] = (),
    clips: tuple[DrawnClip, ...] = (),
    levels: np.ndarray | None = None,
    coverage: Coverage | None = None,
) -> dict:
    silence_map = SilenceMap(duration_ms, silences, -45.0)
    figure = silence_map_figure(envelope(duration_ms), silence_map, clips, levels=levels, coverage=coverage)
    return figure.to_plotly_json()


def trace(figure: dict, start_of_name: str) -> dict:
    return next(t for t in figure["data"] if t["name"].startswith(start_of_name))


def numbers(sent: dict) -> list[float]:
    """An array as plotly sends it."""
    return np.frombuffer(base64.b64decode(sent["bdata"]), sent["dtype"]).tolist()


def test_silences_of_a_kind_are_one_trace_that_is_down_exactly_within_them():
    figure = drawn(10_000, (Silence(1_000, 1_500), Silence(4_000, 4_250)))

    shade = trace(figure, "silence")
    assert numbers(shade["x"]) == [1, 1.5, 4, 4.25]
    assert numbers(shade["y"]) == [FLOOR_DB, 0, FLOOR_DB, 0]
    assert shade["line"]["shape"] == "hv", "along first, then up or down"
    assert not figure["layout"].get("shapes")


def test_dead_air_and_what_may_be_no_silence_are_shaded_each_in_its_own_way():
    doubtful = Silence(3_000, 5_000, -40.0, 0.4, SilenceBasis.BANDS)

    figure = drawn(10_000, (Silence(1_000, 1_500), doubtful, Silence(6_000, 7_000, confidence=0.95)))

    cuts, dead_air, perhaps = (trace(figure, n) for n in ("silence", "dead air, 1 s or longer", "perhaps silence"))
    assert [sorted(set(numbers(t["x"]))) for t in (cuts, dead_air, perhaps)] == [[1, 1.5], [6, 7], [3, 5]]
    assert len({t["fillcolor"] for t in (cuts, dead_air, perhaps)}) == 3
    assert min(numbers(perhaps["y"])) > min(numbers(cuts["y"]))


def test_the_threshold_is_a_line_that_follows_where_it_is_known():
    levels = np.concatenate([np.full(5_000, -60), np.full(5_000, -30), np.full(800, 20)]).astype(np.float32)

    line = trace(drawn(3 * HOUR_MS, levels=levels), "silent below this line")

    x, y = numbers(line["x"]), numbers(line["y"])
    assert len(x) < 600 and (x[0], x[-1]) == (0, 10_800)
    assert (y[0], y[300], y[-1]) == (-60, -30, 0)
    assert numbers(trace(drawn(10_000), "silent below -45 dB")["y"]) == [-45, -45]


def test_clips_are_one_trace_for_each_status_there_is():
    clips = (
        DrawnClip(1_000, 3_000, ClipStatus.APPROVED, "A"),
        DrawnClip(5_000, 6_000, ClipStatus.PROPOSED, "B"),
        DrawnClip(7_000, 9_500, ClipStatus.APPROVED, "C"),
    )

    figure = drawn(10_000, clips=clips)

    approved = trace(figure, "✓ 2 approved")
    assert list(approved["base"]) == [1, 7]
    assert list(approved["x"]) == [2, 2.5]
    assert [t["name"] for t in figure["data"] if t["type"] == "bar"] == ["· 1 proposed", "✓ 2 approved"]


def test_a_title_is_text_in_the_figure():
    clip = DrawnClip(0, 1_000, ClipStatus.PROPOSED, "<a href='javascript:alert(1)'>x</a>")

    hover = trace(drawn(2_000, clips=(clip,)), "·")["hovertext"][0]

    assert "<a" not in hover
    assert "&lt;a href=" in hover


def test_hovering_says_the_time_and_the_silence_there():
    figure = drawn(10_000, (Silence(4_000, 6_000, -58.0),))

    texts = trace({"data": figure["data"][2:]}, "level")["text"]
    assert "0:05.0  silence 2.00 s, -58 dB" in texts
    assert "0:01.0  -20 dB" in texts


@pytest.mark.parametrize(
    ("confidence", "evidence", "said"),
    [
        (0.97, SilenceBasis.LEVEL, "sure: quieter than the speech around"),
        (0.7, SilenceBasis.BANDS, "likely: noise or music, no speech in it"),
        (0.59, SilenceBasis.VOICE, "doubtful: there is sound, but no voice"),
        (1.0, SilenceBasis.NOBODY, "sure: nobody speaks near it"),
        (1.0, SilenceBasis.THRESHOLD, "sure: below the fixed level"),
    ],
)
def test_hovering_says_how_sure_a_silence_is_and_what_it_rests_on(confidence, evidence, said):
    figure = drawn(10_000, (Silence(4_000, 6_000, -58.0, confidence, evidence),))

    assert f"0:05.0  silence 2.00 s, -58 dB, {said}" in trace({"data": figure["data"][2:]}, "level")["text"]


def test_hovering_far_out_says_the_longest_of_the_silences_under_a_point():
    silences = tuple(Silence(at, at + 100 + at // 2_000 % 7 * 100, -50.0) for at in range(200, 3 * HOUR_MS, 2_000))

    texts = trace({"data": drawn(3 * HOUR_MS, silences)["data"][2:]}, "level")["text"]

    assert any("silences, longest" in text for text in texts)


def seconds(*ends: tuple[int, int]) -> list[TimeRange]:
    return [TimeRange(a * 1_000, b * 1_000) for a, b in ends]


def test_what_was_looked_at_is_a_lane_in_which_every_moment_lies_once():
    covered = coverage_of(10_000, seconds((1, 3)), seconds((2, 5)), seconds((0, 4), (8, 9)))

    figure = drawn(10_000, coverage=covered)

    lane = [t for t in figure["data"] if t.get("yaxis") == "y3"]
    assert {t["name"]: t["hovertext"] for t in lane} == {
        "decided": ["0:01 to 0:03: decided"],
        "proposed": ["0:03 to 0:05: proposed"],
        "listened to": ["0:00 to 0:01: listened to", "0:08 to 0:09: listened to"],
        "never looked at": ["0:05 to 0:08: never looked at", "0:09 to 0:10: never looked at"],
    }
    assert sum(sum(numbers(t["x"])) for t in lane) == 10


def test_what_was_looked_at_is_told_apart_without_colour():
    covered = coverage_of(10_000, seconds((0, 1)), seconds((1, 2)), seconds((2, 3)))

    lane = [t for t in drawn(10_000, coverage=covered)["data"] if t.get("yaxis") == "y3"]

    looks = {(t["marker"].get("pattern", {}).get("shape"), t["marker"]["color"] == "rgba(0,0,0,0)") for t in lane}
    assert len(looks) == len(lane) == 4


@given(st.lists(st.integers(0, 10_799), min_size=1, max_size=3_000, unique=True))
def test_very_many_stretches_are_drawn_as_what_most_of_each_part_is(played: list[int]):
    covered = coverage_of(3 * HOUR_MS, [], [], seconds(*((s, s + 1) for s in played)))

    lane = [t for t in drawn(3 * HOUR_MS, coverage=covered)["data"] if t.get("yaxis") == "y3"]

    assert sum(len(t["hovertext"]) for t in lane) <= MOST_SEEN
    assert sum(sum(numbers(t["x"])) for t in lane) == pytest.approx(10_800, abs=0.1)


def heavy() -> dict:
    """A figure of three hours with 5,000 silences and 60 clips, played here and there."""
    sure = (0.5, 0.95)
    silences = tuple(
        Silence(i * 2_160, i * 2_160 + 500 + i % 3 * 300, -55.0, sure[i % 2], SilenceBasis.LEVEL) for i in range(5_000)
    )
    statuses = tuple(ClipStatus)
    clips = tuple(
        DrawnClip(i * 170_000, i * 170_000 + 60_000, statuses[i % 4], "A title as long as they are") for i in range(60)
    )
    spans = [TimeRange(c.start_ms, c.end_ms) for c in clips]
    played = [TimeRange(i * 80_000, i * 80_000 + 9_000) for i in range(130)]
    return {
        "envelope": envelope(3 * HOUR_MS),
        "silence_map": SilenceMap(3 * HOUR_MS, silences, -45.0),
        "clips": clips,
        "levels": np.random.default_rng(1).normal(-45, 5, 10_800).astype(np.float32),
        "coverage": coverage_of(3 * HOUR_MS, spans[::2], spans[1::2], played),
    }


def test_three_hours_with_five_thousand_silences_and_sixty_clips_stay_under_250_kB():
    text = silence_map_figure(**heavy()).to_json()

    assert len(text) < 250_000


def test_three_hours_with_three_thousand_silences_are_seven_traces():
    sure = (0.5, 0.95)
    silences = tuple(
        Silence(i * 3_600, i * 3_600 + 700 + i % 3 * 300, -55.0, sure[i % 2], SilenceBasis.LEVEL) for i in range(3_000)
    )
    levels = np.random.default_rng(1).normal(-45, 5, 10_800).astype(np.float32)
    clips = tuple(DrawnClip(i * 200_000, i * 200_000 + 48_000, ClipStatus.PROPOSED, "A title") for i in range(50))

    map_of_them = SilenceMap(3 * HOUR_MS, silences, -45.0)
    text = silence_map_figure(envelope(3 * HOUR_MS), map_of_them, clips, levels=levels).to_json()

    assert len(json.loads(text)["data"]) == 7 and not json.loads(text)["layout"].get("shapes")
    shade = json.loads(text)["data"][1]
    assert shade["x"]["dtype"] == "f4"


def test_the_picture_in_a_file_has_no_moment_that_would_be_read_as_a_year():
    page = recording_html(envelope(20_000), SilenceMap(20_000, (Silence(0, 1_500), Silence(1_970, 2_026)), -45.0))

    sent = page[page.index("[", page.rindex("Plotly.newPlot(")) :]
    traces, _ = json.JSONDecoder().raw_decode(sent)
    moments = [x for t in traces for x in t["x"]]
    assert min(moments) >= 86_400_000 and max(moments) <= 86_420_000


def test_nothing_at_all_is_still_a_figure():
    figure = silence_map_figure(envelope(0), SilenceMap(0))

    assert json.loads(figure.to_json())["layout"]["xaxis"]["range"] == [0, 0.001]


@given(st.integers(0, 100 * HOUR_MS))
def test_the_axis_has_few_marks_at_whole_seconds_inside_the_recording(duration_ms: int):
    at, labels = clock_ticks(duration_ms)

    assert 1 <= len(at) <= TICKS_WANTED + 1
    assert len(labels) == len(at)
    assert at[0] == 0 and at[-1] * 1000 <= duration_ms
