"""Steps on the words of a recording: recognise a part, and place all of them in the sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from clipper_core.adapters.speech.speech_audio import SpeechFile
from clipper_core.db.models import Asset, Project, Task, TranscriptRow
from clipper_core.db.session import Database
from clipper_core.domain.documents import transcript_json
from clipper_core.domain.ids import new_id
from clipper_core.domain.task_inputs import AlignInputs, TranscribeInputs
from clipper_core.domain.transcript import Word
from clipper_core.services.assets import Files, MeasuredArtifacts, NewFile, write_json
from clipper_core.services.engines.registry import EngineSet
from clipper_core.services.runs.task_data import paid_answers
from clipper_core.services.runs.worker import Outcome, TaskContext
from clipper_core.services.transcripts.build import WordPlacer, WordSource, words_for
from clipper_core.stages.words.speech import SpeechTrack
from clipper_core.stages.words.transcribe import RecognisedPart, main_language, merge, recognise_part


@dataclass(frozen=True)
class WordSteps:
    """One method per kind of task."""

    database: Database
    files: Files
    measured: MeasuredArtifacts
    engines: EngineSet

    def transcribe(self, task: TaskContext[TranscribeInputs]) -> Outcome:
        inputs = task.inputs
        answers = paid_answers(self.database, task.claim)
        recogniser = self.engines.recogniser(inputs.engine, inputs.language, answers)
        silences = self.measured.silence_map(inputs.map_id)
        with self.files.path(inputs.speech_id) as path:
            speech = SpeechTrack(SpeechFile(path), silences)
            recognised = recognise_part(recogniser, speech, inputs.part, task.progress)
        words = [[w.text, w.start_ms, w.end_ms, w.timed] for w in recognised.words]
        return Outcome({"words": words, "language": recognised.language})

    def align(self, task: TaskContext[AlignInputs]) -> Outcome:
        inputs = task.inputs
        silences = self.measured.silence_map(inputs.map_id)
        source = WordSource(
            inputs.engine, inputs.language, self._captions(inputs.captions_id), self._recognised(inputs.parts)
        )
        with self.files.path(inputs.speech_id) as path:
            placer = WordPlacer(self.engines.aligner, SpeechTrack(SpeechFile(path), silences), task.progress)
            transcript, warnings = words_for(source, placer)
        assert transcript is not None, "a run without words has nothing to align"
        out = write_json(task.folder / "transcript", transcript_json(transcript))
        transcript_id = new_id("trs")

        def save(session: Session, project: Project, assets: dict[str, Asset]) -> None:
            session.add(
                TranscriptRow(
                    id=transcript_id,
                    project_id=project.id,
                    asset_id=assets["transcript"].id,
                    engine=transcript.engine,
                    language=transcript.language,
                    draft=transcript.draft,
                    word_count=len(transcript.words),
                )
            )
            project.transcript_id = transcript_id

        files = [NewFile("transcript", "transcript", out, "application/gzip")]
        return Outcome({"transcript": transcript_id, "warnings": [w.to_json() for w in warnings]}, files, save)

    def _captions(self, asset_id: str | None) -> bytes | None:
        if not asset_id:
            return None
        with self.files.path(asset_id) as path:
            return path.read_bytes()

    def _recognised(self, task_ids: Sequence[str]) -> RecognisedPart:
        """The words of these transcribing tasks, in the order in which they are said."""
        with self.database.read() as session:
            rows = [session.get_one(Task, task_id).result or {} for task_id in task_ids]
        parts = [RecognisedPart(tuple(Word(*w) for w in row["words"]), row.get("language")) for row in rows]
        return RecognisedPart(merge(p.words for p in parts), main_language(parts))
