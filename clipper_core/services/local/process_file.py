"""The same stages on a file of this computer: no server, no database, no queue."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from clipper_core.adapters.captions import to_srt
from clipper_core.adapters.media.ffmpeg import Ffmpeg
from clipper_core.adapters.speech.speech_audio import SpeechFile
from clipper_core.domain.clip import Lengths, Proposal
from clipper_core.domain.documents import Json, media_json, proposal_json, silence_json, transcript_json
from clipper_core.domain.engines import Transcriber
from clipper_core.domain.media import MediaInfo
from clipper_core.domain.naming import file_name
from clipper_core.domain.preset import Preset
from clipper_core.domain.silence import SilenceMap
from clipper_core.domain.spending import Spending
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Transcript
from clipper_core.domain.warning import Warnings
from clipper_core.errors import BadRange
from clipper_core.services.engines.choice import EngineChoice
from clipper_core.services.engines.choosing import NOTHING_PROPOSED, choose_clips
from clipper_core.services.engines.registry import EngineSet
from clipper_core.services.engines.remembering import OfThisProcess
from clipper_core.services.local.delivery import deliver, make_folder
from clipper_core.services.local.map_file import FileMapper, check_track, reachable, scratch
from clipper_core.services.local.side_by_side import transcribe_side_by_side
from clipper_core.services.transcripts.build import NO_WORDS, WordPlacer, WordSource, words_for
from clipper_core.stages.media.captions import caption_clip
from clipper_core.stages.media.probe import ProbeLimits, probe
from clipper_core.stages.media.recording import Recording
from clipper_core.stages.media.render import RenderRequest, file_suffix, render_clip
from clipper_core.stages.selection.ask import ClipRequest
from clipper_core.stages.sound.decode import SoundTrack
from clipper_core.stages.words.speech import SpeechTrack
from clipper_core.stages.words.transcribe import RecognisedPart, recognise_part

StepProgress = Callable[[str, float], None]
"""Called with the step at work, in words, and how far it is, 0-1."""


@dataclass(frozen=True, slots=True)
class ProcessRequest:
    """How a recording is to be processed, as the user asked. ``out`` is the folder for clips; None renders nothing."""

    captions: Path | None = None
    language: str = "auto"
    track: int = 0
    lengths: Lengths = Lengths()  # noqa: RUF009 - frozen
    preset: Preset | None = None
    out: Path | None = None


@dataclass
class FileResult:
    """A processed recording; ``files`` holds each clip's media and captions once rendered."""

    media: MediaInfo
    silences: SilenceMap
    transcript: Transcript | None
    proposals: tuple[Proposal, ...]
    warnings: Warnings
    timings_s: dict[str, float]
    track: int = 0
    files: list[dict[str, str | None]] = field(default_factory=list)
    spent: Spending | None = None  # on paid services, where any were asked

    def to_json(self) -> Json:
        """The one object that ``process --json`` prints."""
        none: Json = {"engine": None, "language": None, "draft": False, "words": [], "sentences": []}
        return {
            "media": media_json(self.media, self.track),
            "silences": [silence_json(s) for s in self.silences.silences],
            "transcript": transcript_json(self.transcript) if self.transcript else none,
            "clips": [self._clip(i, p) for i, p in enumerate(self.proposals)],
            "warnings": [w.to_json() for w in self.warnings],
            "timings_s": {k: round(v, 3) for k, v in self.timings_s.items()},
        }

    def _clip(self, index: int, proposal: Proposal) -> Json:
        nothing = {"media": None, "captions": None}
        files = self.files[index] if index < len(self.files) else nothing
        return {**proposal_json(proposal, f"clip_{index + 1:02d}", index + 1), "files": files}


@dataclass(frozen=True, slots=True)
class _Job:
    """One recording at work: what is asked, by which engines, and how long each step took."""

    request: ProcessRequest
    choice: EngineChoice
    report: StepProgress
    timings_s: dict[str, float] = field(default_factory=dict)

    def progress(self, label: str) -> Callable[[float], None]:
        return lambda fraction: self.report(label, fraction)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.timings_s[step] = self.timings_s.get(step, 0.0) + time.perf_counter() - began


class FileProcessor:
    """Probes, maps, transcribes, proposes and renders one file, in a scratch folder that is removed at the end."""

    def __init__(self, ffmpeg: Ffmpeg, mapper: FileMapper, engines: EngineSet, limits: ProbeLimits) -> None:
        self._ffmpeg = ffmpeg
        self._mapper = mapper
        self._engines = engines
        self._limits = limits
        self._answers = OfThisProcess()

    def process(
        self, recording: Path, request: ProcessRequest, choice: EngineChoice, report: StepProgress
    ) -> FileResult:
        """Do everything from the file to its clips.

        Args:
            recording: The file.
            request: What the user asked for.
            choice: The engines to use, and the language that counts.
            report: Called with the step at work and how far it is.

        Returns:
            The result, with the rendered files where the request names a preset and a folder.

        Raises:
            ClipperError: BadRecording, BadCaptions, Failed and their kinds.
        """
        job = _Job(request, choice, report)
        with scratch() as folder:
            path = reachable(recording)
            with job.timed("probe"):
                media = self.probe(path)
                check_track(media, request.track)
            speech = folder / "speech"
            with job.timed("map_silence"):
                track = SoundTrack(path, request.track, media.duration_ms)
                mapped = self._mapper.map(track, report, speech=speech)
            media = replace(media, duration_ms=mapped.silence_map.duration_ms)
            transcript, about_words = self._words(job, speech, mapped.silence_map)
            with job.timed("propose"):
                proposals, about_choice = self._propose(job, transcript, mapped.silence_map)
            warnings = [*mapped.warnings, *about_words, *about_choice]
            if not proposals:
                warnings.append(NOTHING_PROPOSED)
            result = FileResult(
                media, mapped.silence_map, transcript, proposals, warnings, job.timings_s, request.track
            )
            result.spent = self._answers.spent
            if request.preset is not None and request.out is not None:
                with job.timed("render"):
                    self._render_all(path, folder / "clip", result, job)
        return result

    def probe(self, path: Path) -> MediaInfo:
        return probe(path, self._limits)

    def render(self, recording: Path, span: TimeRange, preset: Preset, out: Path, report: StepProgress) -> Path:
        """Render one range of a recording.

        Args:
            recording: The file.
            span: The range.
            preset: How it becomes a file.
            out: Where that is put, over what is there.
            report: Called with the step at work and how far it is.

        Returns:
            ``out``.

        Raises:
            BadRange: Outside the recording.
        """
        path = reachable(recording)
        media = self.probe(path)
        if media.duration_ms and span.end_ms > media.duration_ms + 50:
            raise BadRange
        with scratch() as folder:
            clip = folder / "clip"
            request = RenderRequest((span,), preset)
            render_clip(self._ffmpeg, Recording(path, media), request, clip, lambda f: report("Rendering", f))
            deliver(clip, out)
        return out

    # -- the words

    def _words(self, job: _Job, speech: Path, silences: SilenceMap) -> tuple[Transcript | None, Warnings]:
        transcriber = job.choice.transcriber
        captions = job.request.captions if transcriber is Transcriber.CAPTIONS else None
        recognised = self._recognised(job, speech, silences) if transcriber.recognises else NO_WORDS
        placer = WordPlacer(
            self._engines.aligner, SpeechTrack(SpeechFile(speech), silences), job.progress("Placing the words")
        )
        with job.timed("align") if transcriber.is_placed else nullcontext():
            source = WordSource(
                transcriber.value, job.choice.language, captions.read_bytes() if captions else None, recognised
            )
            return words_for(source, placer)

    def _recognised(self, job: _Job, speech: Path, silences: SilenceMap) -> RecognisedPart:
        transcriber, language = job.choice.transcriber, job.choice.language
        maker, progress = self._engines.maker(transcriber), job.progress("Transcribing")
        with job.timed("transcribe"):
            if transcriber is Transcriber.OPENAI:
                recogniser = self._engines.recogniser(transcriber, language, self._answers)
                everything = TimeRange(0, silences.duration_ms)
                return recognise_part(recogniser, SpeechTrack(SpeechFile(speech), silences), everything, progress)
            words = transcribe_side_by_side(functools.partial(maker, language), speech, silences, progress)
            return RecognisedPart(words)

    # -- the clips

    def _propose(
        self, job: _Job, transcript: Transcript | None, silences: SilenceMap
    ) -> tuple[tuple[Proposal, ...], Warnings]:
        chat = self._engines.chat(job.choice.selector, self._answers, lambda: None)
        request = ClipRequest(job.request.lengths)
        return choose_clips(chat, transcript, silences, request, job.progress("Choosing clips"))

    def _render_all(self, path: Path, scratch_clip: Path, result: FileResult, job: _Job) -> None:
        preset, out = job.request.preset, job.request.out
        assert preset is not None and out is not None
        make_folder(out)
        suffix, recording = file_suffix(result.media, preset), Recording(path, result.media, result.track)
        for number, proposal in enumerate(result.proposals, 1):
            name = f"{number:02d} {file_name(proposal.title)}"
            before, whole = number - 1, len(result.proposals)
            progress: Callable[[float], None] = lambda f, b=before, w=whole: job.report("Rendering", (b + f) / w)  # type: ignore[misc] # noqa: E731
            request = RenderRequest((proposal.span,), preset)
            render_clip(self._ffmpeg, recording, request, scratch_clip, progress)
            target = out / (name + suffix)
            deliver(scratch_clip, target)
            result.files.append(
                {"media": str(target.absolute()), "captions": self._captions(result, proposal, out / name)}
            )

    @staticmethod
    def _captions(result: FileResult, proposal: Proposal, stem: Path) -> str | None:
        if result.transcript is None or result.transcript.draft or not result.transcript.words:
            return None
        target = stem.with_name(stem.name + ".srt")
        target.write_text(to_srt(caption_clip(result.transcript, (proposal.span,))), encoding="utf-8")
        return str(target.absolute())
