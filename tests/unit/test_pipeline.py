"""The order of a run's tasks and the names of its work: both are stored, and an older build may have stored them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core import pipeline
from clipper_core.domain.media import AudioTrack, MediaInfo
from clipper_core.domain.task import Kind
from clipper_core.domain.task_inputs import (
    AlignInputs,
    Inputs,
    MapInputs,
    ProbeInputs,
    RenderInputs,
    TranscribeInputs,
    inputs_from_row,
)
from clipper_core.domain.time_range import TimeRange
from clipper_core.pipeline import Done, NewTask, RunSettings, Sources
from tests.unit.domain.test_task_inputs import INPUTS, RANGES

# Rows and keys as the build before typed inputs stored them. Where one changes, finished work is done again.
STORED: list[tuple[Kind, dict[str, Any], str]] = [
    (
        Kind.PROBE,
        {
            "source": "ast_src",
        },
        "8c3d08abd6e236b936bc7b83357c87998f0d6e7e973f7724a7f3b09ae077dbd3",
    ),
    (
        Kind.PROPOSE,
        {
            "map": "map_9",
            "transcript": "trs_9",
            "selector": "chat",
            "run": "run_1",
            "min_ms": 5000,
            "max_ms": 30000,
            "most": 3,
            "within": [1000, 61000],
            "tool": "chat-1",
        },
        "b7e39dd9ff86b338f61c34e13f3bc9f3ac6893d935f5e822b863866cbe5462fa",
    ),
    (
        Kind.MAP_SILENCE,
        {
            "source": "ast_src",
            "track": 0,
            "tool": "7.1",
        },
        "cf46ed3daed30dd1988cbb2a1b4e7068d443a34eda380de0510ecb25311a89f9",
    ),
    (
        Kind.PREVIEW,
        {
            "source": "ast_src",
            "track": 0,
            "tool": "7.1",
        },
        "bd9c8ef67cc655ea2c3a6693a3ad202d5ed49fad08de881ddb1de5ef9272ce90",
    ),
    (
        Kind.MAP_SILENCE,
        {
            "source": "ast_src",
            "track": 1,
            "voice": "silero 3.4",
            "tool": "7.1",
        },
        "58d5ec4784e1dd73614a73133e0cc255fe56e18daf59697544065aefd63eba66",
    ),
    (
        Kind.PREVIEW,
        {
            "source": "ast_src",
            "track": 1,
            "tool": "7.1",
        },
        "8fae5f0ab8667fd5238486f04c6042e5383ae6d4c0538a275d3c80491ffacd88",
    ),
    (
        Kind.TRANSCRIBE,
        {
            "map": "map_1",
            "speech": "ast_sp",
            "language": "auto",
            "engine": "pocketsphinx",
            "start_ms": 0,
            "end_ms": 45000,
            "tool": "5.1.1",
        },
        "14d09a74fbc25a12f8390ae16348130815e5706de929b99353fef8cd39eada7f",
    ),
    (
        Kind.TRANSCRIBE,
        {
            "map": "map_1",
            "speech": "ast_sp",
            "language": "auto",
            "engine": "pocketsphinx",
            "start_ms": 45000,
            "end_ms": 90000,
            "tool": "5.1.1",
        },
        "4d847f286d87694cc6cece54cc09c46ee41604fe5509c890828b82ce56b654f1",
    ),
    (
        Kind.TRANSCRIBE,
        {
            "map": "map_1",
            "speech": "ast_sp",
            "language": "de",
            "engine": "openai",
            "start_ms": 0,
            "end_ms": 90000,
            "tool": "gpt-x @ host",
        },
        "62401a9a63a1c4150deb85620d431d6ca966ff69f945432b09c6bd0e597e578d",
    ),
    (
        Kind.TRANSCRIBE,
        {
            "map": "map_1",
            "speech": "ast_sp",
            "language": "de",
            "engine": "openai",
            "start_ms": 500000,
            "end_ms": 600000,
            "tool": "gpt-x @ host",
        },
        "8879a3c3716155c83dd97379ec34e235209866e7d156a55b454e6cb6db039df4",
    ),
    (
        Kind.ALIGN,
        {
            "map": "map_1",
            "speech": "ast_sp",
            "parts": [],
            "captions": "ast_cap",
            "language": "auto",
            "engine": "captions",
        },
        "f102e55ae6075681875b0fd42aab53dfb5af061d5503886a5033bb5461233fb0",
    ),
    (
        Kind.ALIGN,
        {
            "map": "map_1",
            "speech": "ast_sp",
            "parts": [],
            "captions": None,
            "language": "auto",
            "engine": "pocketsphinx",
        },
        "7c19b3afcc22fd425443218335988bb5cb19155395a11989a959fbbbd8e2e4a9",
    ),
    (
        Kind.PROPOSE,
        {
            "map": "map_1",
            "transcript": None,
            "selector": "chat",
            "run": "run_1",
            "min_ms": 20000,
            "max_ms": 90000,
            "most": 12,
        },
        "9979eaa1381b5bee6d1505f1e86c65c0f829c40d989d0d412bbef032e35b3b5c",
    ),
    (
        Kind.ALIGN,
        {
            "map": "map_1",
            "speech": "ast_sp",
            "parts": ["tsk_1", "tsk_2"],
            "captions": None,
            "language": "de",
            "engine": "openai",
        },
        "5440a7d6833ceb890443fdf7d447f179faf529d7503dfd90a8dc06080ddbc39b",
    ),
    (
        Kind.PROPOSE,
        {
            "map": "map_1",
            "transcript": "trs_1",
            "selector": "chat",
            "run": "run_1",
            "min_ms": 20000,
            "max_ms": 90000,
            "most": 12,
            "tool": "chat-1",
        },
        "34d305203a782329fdb383fbdca10f197e6de159869d3034eea0a4ec870b245b",
    ),
    (
        Kind.RENDER,
        {
            "source": "ast_src",
            "track": 0,
            "version": "ver_1",
            "ranges": [[0, 1000], [2000, 3000]],
            "preset": "original",
            "tool": "7.1",
        },
        "7c670f02b835bcf9d7a29d63788c1298da1822b683f8b6bcef499d2ff0ba5d96",
    ),
]

OFFLINE = RunSettings("pocketsphinx", "offline", tools={"ffmpeg": "7.1", "pocketsphinx": "5.1.1"})
VOICE = RunSettings("pocketsphinx", "offline", track=1, tools={"ffmpeg": "7.1", "voice": "silero 3.4"})
SERVICE = RunSettings("openai", "chat", "de", tools={"ffmpeg": "7.1", "openai": "gpt-x @ host", "chat": "chat-1"})
CAPTIONED = RunSettings("captions", "offline", tools={"ffmpeg": "7.1"})
WORDLESS = RunSettings("none", "chat", tools={"ffmpeg": "7.1"})
WITHIN = RunSettings(
    "pocketsphinx",
    "chat",
    min_ms=5_000,
    max_ms=30_000,
    most=3,
    tools={"chat": "chat-1"},
    within=(1_000, 61_000),
    asked_by="Ana",
)
SOURCES = Sources("run_1", "ast_src", None, "map_9", "trs_9")
WITH_CAPTIONS = Sources("run_1", "ast_src", "ast_cap")
OLD_VIDEO = MediaInfo(1_000, "avi", (AudioTrack(0, "mp3", 44_100, 2),))
MAPPED = MapInputs("ast_src", 0)


def mapped(*parts: tuple[int, int]) -> Done:
    return Done(MAPPED, {"map": "map_1", "speech": "ast_sp", "stretches": [list(p) for p in parts]})


def made_today() -> list[NewTask]:
    """The same tasks as in STORED, in the same order, made by the code as it is."""
    probed = Done(ProbeInputs("ast_src"), {}, OLD_VIDEO)
    transcribed = Done(TranscribeInputs("map_1", "ast_sp", "de", "openai", TimeRange(0, 45_000)), {"words": []})
    aligned = Done(AlignInputs("map_1", "ast_sp", "de", "openai"), {"transcript": "trs_1"})
    render = RenderInputs("ast_src", 0, "ver_1", (TimeRange(0, 1_000), TimeRange(2_000, 3_000)), "original", "7.1")
    two_parts, three_parts = ((0, 45_000), (45_000, 90_000)), ((0, 45_000), (45_000, 90_000), (500_000, 600_000))
    return [
        *pipeline.first(OFFLINE, SOURCES),
        *pipeline.first(WITHIN, SOURCES),
        *pipeline.after(probed, OFFLINE, SOURCES, None),
        *pipeline.after(probed, VOICE, SOURCES, None),
        *pipeline.after(mapped(*two_parts), OFFLINE, SOURCES, None),
        *pipeline.after(mapped(*three_parts), SERVICE, SOURCES, None),
        *pipeline.after(mapped((0, 45_000)), CAPTIONED, WITH_CAPTIONS, None),
        *pipeline.after(mapped(), OFFLINE, SOURCES, None),
        *pipeline.after(mapped((0, 45_000)), WORDLESS, SOURCES, None),
        *pipeline.after(transcribed, SERVICE, SOURCES, ["tsk_1", "tsk_2"]),
        *pipeline.after(aligned, SERVICE, SOURCES, None),
        NewTask.of(render),
    ]


def test_equal_work_keeps_the_key_of_older_builds() -> None:
    assert [t.key("prj_1") for t in made_today()] == [key for _, _, key in STORED]


def test_stored_inputs_are_those_of_an_older_build() -> None:
    assert [json.dumps(t.inputs) for t in made_today()] == [json.dumps(row) for _, row, _ in STORED]


@pytest.mark.parametrize(("kind", "row", "key"), STORED, ids=[f"{k}-{n}" for n, (k, _, _) in enumerate(STORED)])
def test_rows_of_an_older_build_keep_their_keys(kind: Kind, row: dict[str, Any], key: str) -> None:
    inputs = inputs_from_row(kind, row)

    assert NewTask.of(inputs) == NewTask(kind, row)
    assert NewTask.of(inputs).key("prj_1") == key


@given(INPUTS, INPUTS)
def test_different_inputs_have_different_keys(one: Inputs, other: Inputs) -> None:
    assert (NewTask.of(one).key("prj_1") == NewTask.of(other).key("prj_1")) == (one == other)


def test_every_kind_has_inputs() -> None:
    assert {kind for kind, _, _ in STORED} == set(Kind)


@given(st.lists(RANGES, max_size=20), st.integers(0, 10**6))
def test_grouped_parts_cover_the_same_ranges_in_order(parts: list[TimeRange], max_ms: int) -> None:
    parts = sorted(parts)
    groups = pipeline.grouped(parts, max_ms)

    assert [g.start_ms for g in groups] == sorted(g.start_ms for g in groups)
    assert all(any(g.start_ms <= p.start_ms for g in groups) for p in parts)
    assert all(g.length_ms <= max_ms or g in parts for g in groups)
    assert {g.start_ms for g in groups} <= {p.start_ms for p in parts}


@given(st.none() | RANGES.map(lambda r: (r.start_ms, r.end_ms)), st.integers(0, 9))
def test_run_settings_survive_being_stored(within: tuple[int, int] | None, track: int) -> None:
    settings = RunSettings("none", "chat", track=track, within=within, asked_by="Ana" if within else "")

    assert RunSettings.from_json(json.loads(json.dumps(settings.to_json()))) == settings


@given(
    st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5) | st.none(), max_size=4),
    st.sampled_from(list(Kind)),
)
def test_a_key_depends_on_all_inputs_and_nothing_else(inputs: dict[str, object], kind: Kind) -> None:
    turned = dict(reversed(list(inputs.items())))

    assert NewTask(kind, inputs).key("prj_1") == NewTask(kind, turned, position=7).key("prj_1")
    assert NewTask(kind, inputs).key("prj_1") != NewTask(kind, {**inputs, "more": 1}).key("prj_1")
    assert NewTask(kind, inputs).key("prj_1") != NewTask(kind, inputs).key("prj_2")
