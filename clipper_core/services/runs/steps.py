"""How each kind of task is done: fetch what it works on, call its stage, name what to keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from clipper_core.adapters.captions import to_srt
from clipper_core.adapters.endpoint.openai import Endpoint
from clipper_core.adapters.media.ffmpeg import Ffmpeg
from clipper_core.adapters.speech.speech_audio import SpeechFile
from clipper_core.db.codecs import media_from_row, media_to_row, ranges_from_row
from clipper_core.db.map_rows import map_row
from clipper_core.db.models import Asset, ClipVersion, Project, Render, SilenceMapRow, Task, TranscriptRow
from clipper_core.db.session import Database
from clipper_core.domain.clip import Lengths
from clipper_core.domain.documents import transcript_json
from clipper_core.domain.ids import new_id
from clipper_core.domain.naming import file_name
from clipper_core.domain.preset import PRESETS
from clipper_core.domain.task import Kind
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Word
from clipper_core.services.assets.files import Files, NewFile, write_json
from clipper_core.services.assets.measured import MeasuredArtifacts
from clipper_core.services.clips.proposals import RunProposals, add_beside, add_proposals, all_ranges, touched_ranges
from clipper_core.services.engines.answers import Answers
from clipper_core.services.engines.choosing import CHOSEN_OFFLINE, OFFLINE_INSTEAD, choose_clips
from clipper_core.services.engines.registry import EngineSet
from clipper_core.services.engines.remembering import RememberingChat
from clipper_core.services.limits import Accepted
from clipper_core.services.runs.worker import Outcome, Step, TaskContext
from clipper_core.services.transcripts.build import hear_captions, place_heard, place_words, settle
from clipper_core.stages.media.captions import caption_clip, has_captions
from clipper_core.stages.media.preview import make_preview
from clipper_core.stages.media.probe import probe
from clipper_core.stages.media.recording import Recording
from clipper_core.stages.media.render import RenderedFile, RenderRequest, file_suffix, render_clip
from clipper_core.stages.silence.map_silence import MapRequest, SoundMap, map_silence
from clipper_core.stages.sound.decode import SoundTrack
from clipper_core.stages.words.speech import SpeechTrack
from clipper_core.stages.words.transcribe import (
    RecognisedPart,
    divide_in_parts,
    main_language,
    merge,
    recognise_part,
)


class Steps:
    """One method per kind of task. Built in the process that does the work."""

    def __init__(
        self,
        database: Database,
        files: Files,
        measured: MeasuredArtifacts,
        ffmpeg: Ffmpeg,
        engines: EngineSet,
        accepted: Accepted,
    ) -> None:
        self._database = database
        self._files = files
        self._measured = measured
        self._ffmpeg = ffmpeg
        self._engines = engines
        self._limits = accepted.for_probe()

    def by_kind(self) -> dict[Kind, Step]:
        return {
            Kind.PROBE: self.probe,
            Kind.MAP_SILENCE: self.map_silence,
            Kind.PREVIEW: self.preview,
            Kind.TRANSCRIBE: self.transcribe,
            Kind.ALIGN: self.align,
            Kind.PROPOSE: self.propose,
            Kind.RENDER: self.render,
        }

    # -- the recording

    def probe(self, bench: TaskContext) -> Outcome:
        with self._files.path(bench.claim.inputs["source"]) as path:
            media = probe(path, self._limits)
        row = media_to_row(media)

        def save(_session: Session, project: Project, _assets: dict[str, Asset]) -> None:
            project.media = row

        return Outcome({"media": row}, save=save)

    def map_silence(self, bench: TaskContext) -> Outcome:
        inputs = bench.claim.inputs
        media = self._media(bench.claim.project_id)
        speech = bench.folder / "speech"
        with self._files.path(inputs["source"]) as path:
            sound = SoundTrack(path, inputs["track"], media["duration_ms"])
            voice = self._engines.voice if "voice" in inputs else None
            request = MapRequest(speech, max_hours=self._limits.max_hours, voice=voice)
            mapped = map_silence(self._ffmpeg, sound, request, bench.progress)
        envelope = bench.folder / "map"
        envelope.write_bytes(mapped.envelope.to_bytes())
        map_id = new_id("map")
        heard = NewFile("speech", "speech", speech, "application/octet-stream")
        files = [NewFile("map", "map", envelope, "application/octet-stream"), heard]
        parts = divide_in_parts(mapped.silence_map)
        result = {
            "map": map_id,
            "speech": heard.id,
            "duration_ms": mapped.silence_map.duration_ms,
            "stretches": [[p.start_ms, p.end_ms] for p in parts],
            "warnings": [w._asdict() for w in mapped.warnings],
        }

        def save(session: Session, project: Project, assets: dict[str, Asset]) -> None:
            session.add(_map_row(map_id, project.id, assets["map"].id, mapped))
            project.map_id = map_id
            project.speech_id = assets["speech"].id
            # What the header said gives way to what was there.
            project.media = {**media, "duration_ms": mapped.silence_map.duration_ms}

        return Outcome(result, files, save)

    def preview(self, bench: TaskContext) -> Outcome:
        media = media_from_row(self._media(bench.claim.project_id))
        mime = "video/mp4" if media.has_video else "audio/mp4"
        out = bench.folder / "preview"
        with self._files.path(bench.claim.inputs["source"]) as path:
            recording = Recording(path, media, bench.claim.inputs["track"])
            make_preview(self._ffmpeg, recording, out, bench.progress)

        def save(_session: Session, project: Project, assets: dict[str, Asset]) -> None:
            project.preview_id = assets["preview"].id

        made = NewFile("preview", "preview", out, mime)
        return Outcome({"preview": made.id}, [made], save)

    # -- the words

    def transcribe(self, bench: TaskContext) -> Outcome:
        inputs = bench.claim.inputs
        engine = self._engines.recogniser(inputs["engine"], inputs["language"], self._answers(bench))
        silences = self._measured.silence_map(inputs["map"])
        stretch = TimeRange(inputs["start_ms"], inputs["end_ms"])
        with self._files.path(inputs["speech"]) as path:
            heard = recognise_part(engine, SpeechTrack(SpeechFile(path), silences), stretch, bench.progress)
        words = [[w.text, w.start_ms, w.end_ms, w.timed] for w in heard.words]
        return Outcome({"words": words, "language": heard.language})

    def align(self, bench: TaskContext) -> Outcome:
        inputs = bench.claim.inputs
        silences = self._measured.silence_map(inputs["map"])
        with self._files.path(inputs["speech"]) as path:
            speech = SpeechFile(path)
            if inputs["captions"]:
                with self._files.path(inputs["captions"]) as captions:
                    heard = hear_captions(captions.read_bytes(), silences, inputs["language"])
                transcript, warnings = place_words(heard, self._engines.aligner, speech, silences, bench.progress)
            elif inputs["engine"] == Endpoint.name:
                spoken = main_language(parts := self._heard(inputs["parts"]))
                told = inputs["language"] if inputs["language"] != "auto" else spoken
                words = merge(p.words for p in parts)
                transcript, warnings = place_heard(words, told, self._engines.aligner, speech, silences, bench.progress)
            else:
                words = merge(p.words for p in self._heard(inputs["parts"]))
                transcript, warnings = settle(words, inputs["engine"], inputs["language"], silences)
        out = write_json(bench.folder / "transcript", transcript_json(transcript))
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
        return Outcome({"transcript": transcript_id, "warnings": warnings}, files, save)

    def _heard(self, parts: Sequence[str]) -> list[RecognisedPart]:
        with self._database.read() as session:
            rows = [session.get_one(Task, part).result or {} for part in parts]
        return [RecognisedPart(tuple(Word(*w) for w in row["words"]), row.get("language")) for row in rows]

    def _answers(self, bench: TaskContext) -> Answers:
        return Answers(self._database, bench.claim.project_id, bench.claim.id, bench.claim.kind.value)

    # -- the clips

    def propose(self, bench: TaskContext) -> Outcome:
        inputs = bench.claim.inputs
        silences = self._measured.silence_map(inputs["map"])
        transcript = self._measured.transcript(inputs["transcript"]) if inputs["transcript"] else None
        lengths = Lengths(inputs["min_ms"], inputs["max_ms"], inputs["most"])
        within = TimeRange(*inputs["within"]) if "within" in inputs else None
        with self._database.read() as session:
            kept = (all_ranges if within else touched_ranges)(session, bench.claim.project_id)
        proposals, warnings = choose_clips(
            self._chat(bench),
            transcript,
            silences,
            lengths,
            avoid=kept,
            within=within,
            progress=bench.progress,
        )
        if inputs["selector"] == "chat" and self._engines.endpoint is None:
            warnings.append(SWITCHED_OFF)
        if not proposals and within is not None:
            warnings.append(nothing_within(within))
        elif not proposals and not kept:
            warnings.append(NOTHING_PROPOSED)

        def save(session: Session, project: Project, _assets: dict[str, Asset]) -> None:
            add = add_beside if within else add_proposals
            add(session, project, RunProposals(inputs["run"], proposals, inputs["map"], inputs["transcript"]))

        return Outcome({"clips": len(proposals), "warnings": warnings}, save=save)

    def _chat(self, bench: TaskContext) -> RememberingChat | None:
        # Nothing is known of how far an answer is, so the bar stands where it is while one is waited for.
        return self._engines.chat(bench.claim.inputs["selector"], self._answers(bench), lambda: bench.progress(0.0))

    def render(self, bench: TaskContext) -> Outcome:
        inputs = bench.claim.inputs
        media = media_from_row(self._media(bench.claim.project_id))
        preset = PRESETS[inputs["preset"]]
        ranges = ranges_from_row(inputs["ranges"])
        with self._database.read() as session:
            version = session.get_one(ClipVersion, inputs["version"])
        suffix = file_suffix(media, preset)
        out = bench.folder / "clip"
        with self._files.path(inputs["source"]) as path:
            recording = Recording(path, media, inputs["track"])
            made = render_clip(self._ffmpeg, recording, RenderRequest(ranges, preset), out, bench.progress)
        name = file_name(version.title)
        mime = "video/mp4" if made.video_codec is not None else AUDIO_MIME[suffix]
        files = [NewFile("clip", "render", out, mime, name + suffix)]
        transcript = self._measured.transcript(version.transcript_id) if version.transcript_id else None
        if transcript is not None and has_captions(transcript):
            captions = bench.folder / "captions"
            captions.write_text(to_srt(caption_clip(transcript, ranges)), encoding="utf-8")
            files.append(NewFile("captions", "captions", captions, "application/x-subrip", name + ".srt"))
        measured = measured_json(made)

        def save(session: Session, _project: Project, assets: dict[str, Asset]) -> None:
            for render in session.scalars(select(Render).where(Render.task_id == bench.claim.id)):
                render.asset_id = assets["clip"].id
                render.captions_id = assets["captions"].id if "captions" in assets else None
                render.measured = measured

        return Outcome({"measured": measured}, files, save)

    def _media(self, project_id: str) -> dict[str, Any]:
        with self._database.read() as session:
            media = session.get_one(Project, project_id).media
        assert media is not None, "probing comes before everything else"
        return media


def measured_json(made: RenderedFile) -> dict[str, Any]:
    """What was measured on a rendered file, to be stored and shown."""
    return {
        "v": 1,
        "duration_s": made.duration_ms / 1000,
        "width": made.width,
        "height": made.height,
        "frames": made.frames or None,
        "video_codec": made.video_codec,
        "audio_codec": made.audio_codec,
        "sample_rate": made.sample_rate,
        "channels": made.channels,
        "first_level_db": round(made.first_level_db, 1),
        "last_level_db": round(made.last_level_db, 1),
    }


def _map_row(map_id: str, project_id: str, asset_id: str, mapped: SoundMap) -> SilenceMapRow:
    return map_row(map_id, project_id, asset_id, mapped.silence_map)


SWITCHED_OFF = {"code": CHOSEN_OFFLINE, "message": f"{OFFLINE_INSTEAD} No language service is switched on any more."}
AUDIO_MIME = {".m4a": "audio/mp4", ".mp3": "audio/mpeg", ".wav": "audio/wav", ".flac": "audio/flac"}
NOTHING_PROPOSED = {
    "code": "no_clips",
    "message": "Nothing here could be proposed as a clip: there is too little speech for the lengths you asked for. "
    "You can still make clips by hand on the desk.",
}


def nothing_within(stretch: TimeRange) -> dict[str, str]:
    where = f"{_clock(stretch.start_ms)} to {_clock(stretch.end_ms)}"
    return {
        "code": "no_clips_within",
        "message": f"Nothing more could be proposed from {where}: what is left beside the clips that are there is too "
        "short, or too little is said in it. You can still make a clip there by hand.",
    }


def _clock(ms: int) -> str:
    minutes, seconds = divmod(ms // 1000, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}" if minutes >= 60 else f"{minutes}:{seconds:02}"
