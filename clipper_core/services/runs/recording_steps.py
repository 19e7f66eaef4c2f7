"""Steps on the recording itself: probe it, map its silences, make a preview."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from clipper_core.adapters.media.ffmpeg import Ffmpeg
from clipper_core.db.codecs import media_from_row, media_to_row
from clipper_core.db.map_rows import map_row
from clipper_core.db.models import Asset, Project
from clipper_core.db.session import Database
from clipper_core.domain.ids import new_id
from clipper_core.domain.task_inputs import MapInputs, PreviewInputs, ProbeInputs
from clipper_core.services.assets import Files, NewFile
from clipper_core.services.runs.task_data import stored_media
from clipper_core.services.runs.worker import Outcome, TaskContext
from clipper_core.stages.media.preview import make_preview
from clipper_core.stages.media.probe import ProbeLimits, probe
from clipper_core.stages.media.recording import Recording
from clipper_core.stages.silence.map_silence import MapRequest, VoiceMeter, map_silence
from clipper_core.stages.sound.decode import SoundTrack
from clipper_core.stages.words.transcribe import divide_in_parts


@dataclass(frozen=True)
class RecordingSteps:
    """One method per kind of task. ``voice`` gives the second opinion on silences."""

    database: Database
    files: Files
    ffmpeg: Ffmpeg
    limits: ProbeLimits
    voice: VoiceMeter | None

    def probe(self, task: TaskContext[ProbeInputs]) -> Outcome:
        with self.files.path(task.inputs.source_id) as path:
            media = probe(path, self.limits)
        row = media_to_row(media)

        def save(_session: Session, project: Project, _assets: dict[str, Asset]) -> None:
            project.media = row

        return Outcome({"media": row}, save=save)

    def map_silence(self, task: TaskContext[MapInputs]) -> Outcome:
        media = stored_media(self.database, task.claim.project_id)
        speech_path = task.folder / "speech"
        with self.files.path(task.inputs.source_id) as path:
            sound = SoundTrack(path, task.inputs.track, media["duration_ms"])
            voice = self.voice if task.inputs.voice is not None else None
            request = MapRequest(speech_path, max_hours=self.limits.max_hours, voice=voice)
            mapped = map_silence(self.ffmpeg, sound, request, task.progress)
        envelope_path = task.folder / "map"
        envelope_path.write_bytes(mapped.envelope.to_bytes())
        map_id = new_id("map")
        speech = NewFile("speech", "speech", speech_path, "application/octet-stream")
        files = [NewFile("map", "map", envelope_path, "application/octet-stream"), speech]
        result = {
            "map": map_id,
            "speech": speech.id,
            "duration_ms": mapped.silence_map.duration_ms,
            "stretches": [[p.start_ms, p.end_ms] for p in divide_in_parts(mapped.silence_map)],
            "warnings": [w.to_json() for w in mapped.warnings],
        }

        def save(session: Session, project: Project, assets: dict[str, Asset]) -> None:
            session.add(map_row(map_id, project.id, assets["map"].id, mapped.silence_map))
            project.map_id = map_id
            project.speech_id = assets["speech"].id
            # The length in the file's header gives way to the length that was decoded.
            project.media = {**media, "duration_ms": mapped.silence_map.duration_ms}

        return Outcome(result, files, save)

    def preview(self, task: TaskContext[PreviewInputs]) -> Outcome:
        media = media_from_row(stored_media(self.database, task.claim.project_id))
        mime = "video/mp4" if media.has_video else "audio/mp4"
        out = task.folder / "preview"
        with self.files.path(task.inputs.source_id) as path:
            make_preview(self.ffmpeg, Recording(path, media, task.inputs.track), out, task.progress)
        preview = NewFile("preview", "preview", out, mime)

        def save(_session: Session, project: Project, assets: dict[str, Asset]) -> None:
            project.preview_id = assets["preview"].id

        return Outcome({"preview": preview.id}, [preview], save)
