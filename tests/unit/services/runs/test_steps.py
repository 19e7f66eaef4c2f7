"""Every kind of task has a step."""

from __future__ import annotations

from typing import Any, cast

from clipper_core.domain.task import Kind
from clipper_core.services.runs.clip_steps import ClipSteps
from clipper_core.services.runs.recording_steps import RecordingSteps
from clipper_core.services.runs.steps import Steps
from clipper_core.services.runs.word_steps import WordSteps

NOTHING = cast(Any, None)


def test_every_kind_has_a_step_of_its_name() -> None:
    steps = Steps(
        RecordingSteps(*[NOTHING] * 5),
        WordSteps(*[NOTHING] * 4),
        ClipSteps(*[NOTHING] * 5),
    ).by_kind()

    assert {kind: cast(Any, step).__name__ for kind, step in steps.items()} == {k: k.value for k in Kind}
