"""Steps on clips: propose them, and render one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from clipper_core.adapters.captions import to_srt
from clipper_core.adapters.media.ffmpeg import Ffmpeg
from clipper_core.db.codecs import media_from_row
from clipper_core.db.models import Asset, ClipVersion, Project, Render
from clipper_core.db.session import Database
from clipper_core.domain.clock import clock
from clipper_core.domain.naming import file_name
from clipper_core.domain.preset import PRESETS
from clipper_core.domain.task_inputs import ProposeInputs, RenderInputs
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.warning import RunWarning, Warnings
from clipper_core.services.assets import Files, MeasuredArtifacts, NewFile
from clipper_core.services.clips import RunProposals, add_beside, add_proposals, all_ranges, touched_ranges
from clipper_core.services.engines.choosing import (
    NOTHING_PROPOSED_ON_DESK,
    SWITCHED_OFF,
    choose_clips,
)
from clipper_core.services.engines.registry import EngineSet
from clipper_core.services.engines.remembering import RememberingChat
from clipper_core.services.runs.task_data import paid_answers, stored_media
from clipper_core.services.runs.worker import Outcome, TaskContext
from clipper_core.stages.media.captions import caption_clip, has_captions
from clipper_core.stages.media.recording import Recording
from clipper_core.stages.media.render import RenderedFile, RenderRequest, file_suffix, render_clip
from clipper_core.stages.selection.ask import ClipRequest

AUDIO_MIME = {".m4a": "audio/mp4", ".mp3": "audio/mpeg", ".wav": "audio/wav", ".flac": "audio/flac"}


@dataclass(frozen=True)
class ClipSteps:
    """One method per kind of task."""

    database: Database
    files: Files
    measured: MeasuredArtifacts
    ffmpeg: Ffmpeg
    engines: EngineSet

    def propose(self, task: TaskContext[ProposeInputs]) -> Outcome:
        inputs = task.inputs
        silences = self.measured.silence_map(inputs.map_id)
        transcript = self.measured.transcript(inputs.transcript_id) if inputs.transcript_id else None
        with self.database.read() as session:
            taken = (all_ranges if inputs.within else touched_ranges)(session, task.claim.project_id)
        request = ClipRequest(inputs.lengths, tuple(taken), inputs.within)
        proposals, warnings = choose_clips(self._chat(task), transcript, silences, request, task.progress)
        if inputs.selector == "chat" and self.engines.endpoint is None:
            warnings.append(SWITCHED_OFF)
        if not proposals:
            warnings += nothing_proposed(request)

        def save(session: Session, project: Project, _assets: dict[str, Asset]) -> None:
            add = add_beside if inputs.within else add_proposals
            add(session, project, RunProposals(inputs.run_id, proposals, inputs.map_id, inputs.transcript_id))

        return Outcome({"clips": len(proposals), "warnings": [w.to_json() for w in warnings]}, save=save)

    def _chat(self, task: TaskContext[ProposeInputs]) -> RememberingChat | None:
        # How far an answer is can't be known, so the bar stays where it is while one is waited for.
        answers = paid_answers(self.database, task.claim)
        return self.engines.chat(task.inputs.selector, answers, lambda: task.progress(0.0))

    def render(self, task: TaskContext[RenderInputs]) -> Outcome:
        inputs = task.inputs
        assert inputs.source_id is not None, "a clip is cut from an uploaded recording"
        media = media_from_row(stored_media(self.database, task.claim.project_id))
        preset = PRESETS[inputs.preset]
        with self.database.read() as session:
            version = session.get_one(ClipVersion, inputs.version_id)
        out = task.folder / "clip"
        with self.files.path(inputs.source_id) as path:
            recording = Recording(path, media, inputs.track)
            rendered = render_clip(self.ffmpeg, recording, RenderRequest(inputs.ranges, preset), out, task.progress)
        name, suffix = file_name(version.title), file_suffix(media, preset)
        mime = "video/mp4" if rendered.video_codec is not None else AUDIO_MIME[suffix]
        files = [NewFile("clip", "render", out, mime, name + suffix)]
        if captions := self._captions(task, version.transcript_id):
            files.append(NewFile("captions", "captions", captions, "application/x-subrip", name + ".srt"))
        measured = measured_json(rendered)

        def save(session: Session, _project: Project, assets: dict[str, Asset]) -> None:
            for render in session.scalars(select(Render).where(Render.task_id == task.claim.id)):
                render.asset_id = assets["clip"].id
                render.captions_id = assets["captions"].id if "captions" in assets else None
                render.measured = measured

        return Outcome({"measured": measured}, files, save)

    def _captions(self, task: TaskContext[RenderInputs], transcript_id: str | None) -> Path | None:
        """The captions of the clip as a file; None where the words are a draft or missing."""
        transcript = self.measured.transcript(transcript_id) if transcript_id else None
        if transcript is None or not has_captions(transcript):
            return None
        path = task.folder / "captions"
        path.write_text(to_srt(caption_clip(transcript, task.inputs.ranges)), encoding="utf-8")
        return path


def nothing_proposed(request: ClipRequest) -> Warnings:
    """The warning where no clip was found. None where the clips that are there explain it."""
    if request.within is not None:
        return [nothing_within(request.within)]
    return [] if request.avoid else [NOTHING_PROPOSED_ON_DESK]


def nothing_within(span: TimeRange) -> RunWarning:
    return RunWarning(
        "no_clips_within",
        f"Nothing more could be proposed from {clock(span.start_ms)} to {clock(span.end_ms)}: "
        "what is left beside the clips that are there is too "
        "short, or too little is said in it. You can still make a clip there by hand.",
    )


def measured_json(rendered: RenderedFile) -> dict[str, Any]:
    """The measurements of a rendered file, to be stored and shown."""
    return {
        "v": 1,
        "duration_s": rendered.duration_ms / 1000,
        "width": rendered.width,
        "height": rendered.height,
        "frames": rendered.frames or None,
        "video_codec": rendered.video_codec,
        "audio_codec": rendered.audio_codec,
        "sample_rate": rendered.sample_rate,
        "channels": rendered.channels,
        "first_level_db": round(rendered.first_level_db, 1),
        "last_level_db": round(rendered.last_level_db, 1),
    }
