"""Runs and their tasks: queued, performed, taken back."""

from __future__ import annotations

from clipper_core.services.runs.attempt_files import AttemptFiles
from clipper_core.services.runs.clip_steps import ClipSteps
from clipper_core.services.runs.recording_steps import RecordingSteps
from clipper_core.services.runs.runs import Runs
from clipper_core.services.runs.steps import Steps
from clipper_core.services.runs.stretch_runs import Stretches, shortest_clip_ms
from clipper_core.services.runs.tasks import Tasks
from clipper_core.services.runs.views import RunView, TaskView
from clipper_core.services.runs.word_steps import WordSteps
from clipper_core.services.runs.worker import TaskWorker

__all__ = [
    "AttemptFiles",
    "ClipSteps",
    "RecordingSteps",
    "RunView",
    "Runs",
    "Steps",
    "Stretches",
    "TaskView",
    "TaskWorker",
    "Tasks",
    "WordSteps",
    "shortest_clip_ms",
]
