"""The same stages on a file of this computer: no server, no database, no queue."""

from __future__ import annotations

import functools
import multiprocessing
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from clipper_core.adapters.captions import to_srt
from clipper_core.adapters.endpoint.openai import Endpoint
from clipper_core.adapters.media.ffmpeg import Ffmpeg
from clipper_core.adapters.speech.speech_audio import SpeechFile
from clipper_core.domain.clip import Lengths, Proposal
from clipper_core.domain.documents import Json, media_json, proposal_json, silence_json, transcript_json
from clipper_core.domain.media import MediaInfo
from clipper_core.domain.naming import file_name
from clipper_core.domain.preset import Preset
from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.spending import Spending
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Transcript, Word
from clipper_core.errors import BadRange, DiskFull, FolderNotWritable
from clipper_core.services.engines.choice import EngineChoice
from clipper_core.services.engines.choosing import choose_clips
from clipper_core.services.engines.registry import EngineSet
from clipper_core.services.engines.remembering import OfThisProcess
from clipper_core.services.limits import Accepted
from clipper_core.services.local.map_file import FileMapper, check_track, reachable, scratch
from clipper_core.services.transcripts.build import Warnings, hear_captions, place_heard, place_words, settle
from clipper_core.stages.media.captions import caption_clip
from clipper_core.stages.media.probe import probe
from clipper_core.stages.media.recording import Recording
from clipper_core.stages.media.render import RenderRequest, file_suffix, render_clip
from clipper_core.stages.words.speech import SpeechTrack
from clipper_core.stages.words.transcribe import Recogniser, divide_in_parts, recognise_part

Say = Callable[[str, float], None]
"""Told a step in words and how far it is, 0-1."""

NOTHING_PROPOSED = {
    "code": "no_clips",
    "message": "Nothing here could be proposed as a clip: there is too little speech for the lengths you asked for.",
}


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
class Processed:
    """What came of a recording; ``files`` holds each clip's media and captions once rendered."""

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
            "warnings": self.warnings,
            "timings_s": {k: round(v, 3) for k, v in self.timings_s.items()},
        }

    def _clip(self, index: int, proposal: Proposal) -> Json:
        nothing = {"media": None, "captions": None}
        files = self.files[index] if index < len(self.files) else nothing
        return {**proposal_json(proposal, f"clip_{index + 1:02d}", index + 1), "files": files}


class FileProcessor:
    """Probes, maps, transcribes, proposes and renders one file, in a scratch folder that is removed at the end."""

    def __init__(self, ffmpeg: Ffmpeg, mapper: FileMapper, engines: EngineSet, accepted: Accepted) -> None:
        self._ffmpeg = ffmpeg
        self._mapper = mapper
        self._engines = engines
        self._limits = accepted.for_probe()
        self._answers = OfThisProcess()

    def process(self, recording: Path, request: ProcessRequest, choice: EngineChoice, say: Say) -> Processed:
        """Everything from the file to its clips.

        Args:
            recording: The file.
            request: What the user asked for.
            choice: The engines to use. Its language is the one that counts.
            say: Called with the step at work and how far it is, 0-1.

        Raises:
            ClipperError: BadRecording, BadCaptions, Failed and their kinds.
        """
        timings: dict[str, float] = {}
        with scratch() as folder:
            path = reachable(recording)
            with _timed(timings, "probe"):
                media = self.probe(path)
                check_track(media, request.track)
            speech = folder / "speech"
            with _timed(timings, "map_silence"):
                mapped = self._mapper.map(path, media, request.track, speech, say)
            media = replace(media, duration_ms=mapped.silence_map.duration_ms)
            warnings: Warnings = [w._asdict() for w in mapped.warnings]
            transcript, heard = self._hear(speech, mapped.silence_map, request, choice, timings, say)
            with _timed(timings, "propose"):
                proposals, about = self._choose(transcript, mapped.silence_map, request, choice, say)
            warnings += [*heard, *about] if proposals else [*heard, *about, NOTHING_PROPOSED]
            done = Processed(media, mapped.silence_map, transcript, proposals, warnings, timings, request.track)
            done.spent = self._answers.spent
            if request.preset is not None and request.out is not None:
                with _timed(timings, "render"):
                    self._render_all(path, done, request.preset, request.out, folder, say)
        return done

    def probe(self, path: Path) -> MediaInfo:
        return probe(path, self._limits)

    def render(self, recording: Path, span: TimeRange, preset: Preset, out: Path, say: Say) -> Path:
        """One stretch as a file at ``out``. Raises BadRange outside the recording."""
        path = reachable(recording)
        media = self.probe(path)
        if media.duration_ms and span.end_ms > media.duration_ms + 50:
            raise BadRange
        with scratch() as folder:
            made = folder / "clip"
            request = RenderRequest((span,), preset)
            render_clip(self._ffmpeg, Recording(path, media), request, made, lambda f: say("Rendering", f))
            _deliver(made, out)
        return out

    # -- the words

    def _hear(
        self,
        speech: Path,
        silences: SilenceMap,
        request: ProcessRequest,
        choice: EngineChoice,
        timings: dict[str, float],
        say: Say,
    ) -> tuple[Transcript | None, Warnings]:
        if choice.transcriber == "none":
            return None, []
        audio = SpeechFile(speech)
        if choice.transcriber == "captions":
            assert request.captions is not None
            with _timed(timings, "align"):
                heard = hear_captions(request.captions.read_bytes(), silences, choice.language)
                progress: Callable[[float], None] = lambda f: say("Placing the words", f)  # noqa: E731
                return place_words(heard, self._engines.aligner, audio, silences, progress)
        self._engines.maker(choice.transcriber)
        if choice.transcriber == Endpoint.name:
            return self._ask_to_hear(audio, silences, choice.language, timings, say)
        with _timed(timings, "transcribe"):
            words = self._transcribe(choice.transcriber, choice.language, speech, silences, say)
        return settle(words, choice.transcriber, choice.language, silences)

    def _ask_to_hear(
        self, audio: SpeechFile, silences: SilenceMap, language: str, timings: dict[str, float], say: Say
    ) -> tuple[Transcript, Warnings]:
        engine = self._engines.recogniser(Endpoint.name, language, self._answers)
        everything = TimeRange(0, silences.duration_ms)
        with _timed(timings, "transcribe"):
            track = SpeechTrack(audio, silences)
            heard = recognise_part(engine, track, everything, lambda f: say("Transcribing", f))
        told = language if language != "auto" else heard.language
        with _timed(timings, "align"):
            return place_heard(
                heard.words, told, self._engines.aligner, audio, silences, lambda f: say("Placing the words", f)
            )

    def _choose(
        self,
        transcript: Transcript | None,
        silences: SilenceMap,
        request: ProcessRequest,
        choice: EngineChoice,
        say: Say,
    ) -> tuple[tuple[Proposal, ...], Warnings]:
        chat = self._engines.chat(choice.selector, self._answers, lambda: None)
        return choose_clips(chat, transcript, silences, request.lengths, progress=lambda f: say("Choosing clips", f))

    def _transcribe(self, engine: str, language: str, speech: Path, silences: SilenceMap, say: Say) -> tuple[Word, ...]:
        """Stretch by stretch, as many side by side as there are cores; in order whatever finishes first."""
        parts = divide_in_parts(silences)
        if not parts:
            return ()
        make = functools.partial(self._engines.maker(engine), language)
        say("Transcribing", 0.0)
        done_ms, all_ms = 0, sum(p.length_ms for p in parts)
        heard: dict[int, tuple[Word, ...]] = {}
        # Spawned, not forked: this process has threads.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(min(len(parts), _cores()), mp_context=context) as pool:
            at_work = {
                pool.submit(_transcribe_part, make, speech, p, silences.within(p), silences.duration_ms): i
                for i, p in enumerate(parts)
            }
            try:
                for future in as_completed(at_work):
                    number = at_work[future]
                    heard[number] = future.result()
                    done_ms += parts[number].length_ms
                    say("Transcribing", done_ms / all_ms)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                _end_processes(pool)
                raise
        return tuple(w for i in sorted(heard) for w in heard[i])

    # -- the files

    def _render_all(self, path: Path, done: Processed, preset: Preset, out: Path, folder: Path, say: Say) -> None:
        _make_folder(out)
        suffix = file_suffix(done.media, preset)
        for number, proposal in enumerate(done.proposals, 1):
            made = folder / "clip"
            name = f"{number:02d} {file_name(proposal.title)}"
            before, whole = number - 1, len(done.proposals)
            progress: Callable[[float], None] = lambda f, b=before, w=whole: say("Rendering", (b + f) / w)  # type: ignore[misc] # noqa: E731
            recording = Recording(path, done.media, done.track)
            render_clip(self._ffmpeg, recording, RenderRequest((proposal.span,), preset), made, progress)
            target = out / (name + suffix)
            _deliver(made, target)
            done.files.append({"media": str(target.absolute()), "captions": self._captions(done, proposal, out / name)})

    @staticmethod
    def _captions(done: Processed, proposal: Proposal, stem: Path) -> str | None:
        if done.transcript is None or done.transcript.draft or not done.transcript.words:
            return None
        target = stem.with_name(stem.name + ".srt")
        target.write_text(to_srt(caption_clip(done.transcript, (proposal.span,))), encoding="utf-8")
        return str(target.absolute())


def _transcribe_part(
    make: Callable[[], Recogniser], speech: Path, part: TimeRange, silences: Sequence[Silence], duration_ms: int
) -> tuple[Word, ...]:
    """In a process of its own."""
    track = SpeechTrack(SpeechFile(speech), SilenceMap(duration_ms, tuple(silences)))
    return recognise_part(make(), track, part, lambda _: None).words


def _end_processes(pool: ProcessPoolExecutor) -> None:
    processes: dict[int, Any] = getattr(pool, "_processes", None) or {}
    for process in list(processes.values()):
        with suppress(OSError):
            process.terminate()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderNotWritable(
            f"The folder {folder} can't be written to. Choose another one with --out.", detail=str(error)
        ) from error


def _deliver(made: Path, target: Path) -> None:
    """Whole or not at all, over whatever stood there."""
    _make_folder(target.parent)
    part = target.with_name(target.name + ".part")
    try:
        shutil.copyfile(made, part)
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise (DiskFull if error.errno == 28 else FolderNotWritable)(detail=str(error)) from error
    made.unlink(missing_ok=True)


@contextmanager
def _timed(timings: dict[str, float], name: str) -> Iterator[None]:
    began = time.perf_counter()
    try:
        yield
    finally:
        timings[name] = timings.get(name, 0.0) + time.perf_counter() - began
