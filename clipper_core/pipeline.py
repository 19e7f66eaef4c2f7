"""The tasks of a run, what each works on, and what follows what."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from clipper_core.domain.clip import Lengths
from clipper_core.domain.engines import Transcriber
from clipper_core.domain.media import MediaInfo, plays_in_browser
from clipper_core.domain.task import Kind
from clipper_core.domain.task_inputs import (
    AlignInputs,
    Inputs,
    MapInputs,
    PreviewInputs,
    ProbeInputs,
    ProposeInputs,
    Row,
    TaskInputs,
    TranscribeInputs,
)
from clipper_core.domain.time_range import TimeRange

# Raised when a stage gives other results for the same input, so that changed work is never skipped.
STAGE_VERSION: dict[Kind, int] = {**dict.fromkeys(Kind, 1), Kind.MAP_SILENCE: 2}


@dataclass(frozen=True, slots=True)
class RunSettings:
    """The settings of a run, fixed when it starts; ``transcriber`` and ``selector`` are never auto."""

    transcriber: str
    selector: str
    language: str = "auto"
    track: int = 0
    min_ms: int = 20_000
    max_ms: int = 90_000
    most: int = 12
    tools: dict[str, str] = field(default_factory=dict)  # versions of what does the work
    within: tuple[int, int] | None = None  # proposes and does nothing else, in this range: from and to in ms
    asked_by: str = ""

    def to_json(self) -> dict[str, Any]:
        row = {"v": 1, **asdict(self)}
        if self.within is None:
            del row["within"], row["asked_by"]
        return row

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> RunSettings:
        fields = {k: v for k, v in value.items() if k != "v"}
        if fields.get("within"):
            fields["within"] = tuple(fields["within"])
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to be made: its kind, what it works on, and its place among others of its kind."""

    kind: Kind
    inputs: Row
    position: int = 0

    @classmethod
    def of(cls, inputs: TaskInputs, position: int = 0) -> NewTask:
        return cls(inputs.kind, inputs.to_row(), position)

    def key(self, project_id: str) -> str:
        """The same for equal work, another for any change of input, settings, stage or tool."""
        named = [project_id, self.kind, STAGE_VERSION[self.kind], self.inputs]
        return hashlib.sha256(json.dumps(named, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Done:
    """A task that succeeded: what it worked on, its result, and what probing found."""

    inputs: Inputs
    result: dict[str, Any]
    media: MediaInfo | None = None


@dataclass(frozen=True, slots=True)
class Sources:
    """What a run works from: the recording's asset, a caption file's asset or None, and the run's own id.

    The map and the words are those there are when it begins, for a run that makes none of its own.
    """

    run_id: str
    source_id: str
    captions_id: str | None
    map_id: str | None = None
    transcript_id: str | None = None


def first(run: RunSettings, sources: Sources) -> list[NewTask]:
    """The tasks a run begins with."""
    if run.within is not None and sources.map_id is not None:
        return [propose(sources.map_id, sources.transcript_id, run, sources)]
    return [NewTask.of(ProbeInputs(sources.source_id))]


def after(done: Done, run: RunSettings, sources: Sources, transcribed: Sequence[str] | None) -> list[NewTask]:
    """The tasks that a finished task makes possible in a run.

    Args:
        done: The finished task.
        run: The settings of the run.
        sources: What the run works from.
        transcribed: The run's transcribing tasks in order, None while one of them is unfinished.
    """
    match done.inputs:
        case ProbeInputs():
            return [map_silence(run, sources), *preview_if_needed(done, run, sources)]
        case MapInputs():
            return words(done, run, sources)
        case TranscribeInputs(map_id, speech_id) if transcribed is not None:
            return [align(Mapped(map_id, speech_id), transcribed, run, sources)]
        case AlignInputs(map_id):
            return [propose(map_id, done.result["transcript"], run, sources)]
        case _:
            return []


def map_silence(run: RunSettings, sources: Sources) -> NewTask:
    """The task that maps the silences."""
    # A second opinion belongs to the work only where one is asked for.
    voice = run.tools.get("voice")
    return NewTask.of(MapInputs(sources.source_id, run.track, _tool(run, "ffmpeg"), voice))


def preview_if_needed(done: Done, run: RunSettings, sources: Sources) -> list[NewTask]:
    """The task that makes a preview, for a recording that browsers can't play as it is.

    Args:
        done: The probing, with what it found.
        run: The settings, for the sound track.
        sources: What the run works from.

    Returns:
        One task, or none.
    """
    if done.media is None or plays_in_browser(done.media, run.track):
        return []
    return [NewTask.of(PreviewInputs(sources.source_id, run.track, _tool(run, "ffmpeg")))]


@dataclass(frozen=True, slots=True)
class Mapped:
    """The silence map of a recording and its speech sound, by id."""

    map_id: str
    speech_id: str


def words(done: Done, run: RunSettings, sources: Sources) -> list[NewTask]:
    """The tasks that give a mapped recording its words: from captions, by a recogniser part by part, or not at all.

    Args:
        done: The mapping, with its result.
        run: The settings, for the transcriber.
        sources: What the run works from.

    Returns:
        The next tasks; without words that is choosing the clips.
    """
    mapped = Mapped(done.result["map"], done.result["speech"])
    if run.transcriber == Transcriber.NONE:
        return [propose(mapped.map_id, None, run, sources)]
    parts = [TimeRange(start, end) for start, end in done.result["stretches"]]
    if run.transcriber == Transcriber.CAPTIONS or not parts:
        return [align(mapped, [], run, sources)]
    tool = _tool(run, run.transcriber)
    return [
        NewTask.of(TranscribeInputs(mapped.map_id, mapped.speech_id, run.language, run.transcriber, part, tool), i)
        for i, part in enumerate(grouped(parts, TASK_MS.get(run.transcriber, 0)))
    ]


# A service recognises several pieces at a time, so a task for one holds many: by engine, how much of the recording.
TASK_MS: dict[str, int] = {Transcriber.OPENAI: 480_000}


def grouped(parts: Sequence[TimeRange], max_ms: int) -> list[TimeRange]:
    """Parts that follow each other as fewer of at most ``max_ms``; one that is longer stays as it is."""
    out: list[TimeRange] = []
    for part in parts:
        if out and part.end_ms - out[-1].start_ms <= max_ms:
            out[-1] = TimeRange(out[-1].start_ms, part.end_ms)
        else:
            out.append(part)
    return out


def align(mapped: Mapped, parts: Sequence[str], run: RunSettings, sources: Sources) -> NewTask:
    """The task that places the words in the sound.

    Args:
        mapped: The map and the speech sound.
        parts: The transcribing tasks that hold the words, in order.
        run: The settings, for the engine and the language.
        sources: What the run works from, for the captions.

    Returns:
        The task.
    """
    captions = sources.captions_id if run.transcriber == Transcriber.CAPTIONS else None
    inputs = AlignInputs(mapped.map_id, mapped.speech_id, run.language, run.transcriber, tuple(parts), captions)
    return NewTask.of(inputs)


def propose(map_id: str, transcript_id: str | None, run: RunSettings, sources: Sources) -> NewTask:
    """The task that chooses clips. It depends on the decisions made so far, so each run has one of its own.

    Args:
        map_id: The silences to cut in.
        transcript_id: The words, None where there are none.
        run: The settings, for the selector and the lengths.
        sources: What the run works from.

    Returns:
        The task.
    """
    # The version of the language model belongs to the work only where it is asked.
    tool = run.tools.get(run.selector)
    within = TimeRange(*run.within) if run.within is not None else None
    lengths = Lengths(run.min_ms, run.max_ms, run.most)
    return NewTask.of(ProposeInputs(map_id, transcript_id, run.selector, sources.run_id, lengths, within, tool))


def _tool(run: RunSettings, name: str) -> str:
    """The version of the tool that does the work, empty where it is not known."""
    return run.tools.get(name, "")


# The rough share of a run's time that each step takes, for its progress bar.
WEIGHTS = {Kind.PROBE: 1, Kind.MAP_SILENCE: 8, Kind.TRANSCRIBE: 80, Kind.ALIGN: 6, Kind.PROPOSE: 5, Kind.PREVIEW: 0}
STEP_LABELS = {
    Kind.PROBE: "Looking at the file",
    Kind.MAP_SILENCE: "Mapping the silences",
    Kind.PREVIEW: "Making a preview",
    Kind.TRANSCRIBE: "Transcribing",
    Kind.ALIGN: "Placing the words",
    Kind.PROPOSE: "Choosing clips",
    Kind.RENDER: "Rendering",
}
