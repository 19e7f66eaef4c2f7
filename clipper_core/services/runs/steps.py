"""The step that does each kind of task."""

from __future__ import annotations

from dataclasses import dataclass

from clipper_core.domain.task import Kind
from clipper_core.services.runs.clip_steps import ClipSteps
from clipper_core.services.runs.recording_steps import RecordingSteps
from clipper_core.services.runs.word_steps import WordSteps
from clipper_core.services.runs.worker import Step


@dataclass(frozen=True)
class Steps:
    """All steps. Built in the process that does the work."""

    recording: RecordingSteps
    words: WordSteps
    clips: ClipSteps

    def by_kind(self) -> dict[Kind, Step]:
        return {
            Kind.PROBE: self.recording.probe,
            Kind.MAP_SILENCE: self.recording.map_silence,
            Kind.PREVIEW: self.recording.preview,
            Kind.TRANSCRIBE: self.words.transcribe,
            Kind.ALIGN: self.words.align,
            Kind.PROPOSE: self.clips.propose,
            Kind.RENDER: self.clips.render,
        }
