"""Which tasks a run has, and what follows what."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from clipper_core.domain.media import MediaInfo, plays_in_browser
from clipper_core.domain.task import Kind

# Raised when a stage gives other results for the same input, so that changed work is never skipped.
STAGE_VERSION: dict[Kind, int] = {**dict.fromkeys(Kind, 1), Kind.MAP_SILENCE: 2}


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What a run was asked to do, fixed when it starts; ``transcriber`` and ``selector`` are never auto."""

    transcriber: str
    selector: str
    language: str = "auto"
    track: int = 0
    min_ms: int = 20_000
    max_ms: int = 90_000
    most: int = 12
    tools: dict[str, str] = field(default_factory=dict)  # versions of what does the work
    within: tuple[int, int] | None = None  # nothing but proposing, in this stretch: from and to in ms
    asked_by: str = ""

    def to_json(self) -> dict[str, Any]:
        told = {"v": 1, **asdict(self)}
        if self.within is None:
            del told["within"], told["asked_by"]
        return told

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> RunSettings:
        told = {k: v for k, v in value.items() if k != "v"}
        if told.get("within"):
            told["within"] = tuple(told["within"])
        return cls(**told)


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to be made: its kind, what it works on, and its place among others of its kind."""

    kind: Kind
    inputs: dict[str, Any]
    position: int = 0

    def key(self, project_id: str) -> str:
        """The same for equal work, another for any change of input, settings, stage or tool."""
        named = [project_id, self.kind, STAGE_VERSION[self.kind], self.inputs]
        return hashlib.sha256(json.dumps(named, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Done:
    """A task that succeeded: what it worked on, and what it says of its result."""

    kind: Kind
    inputs: dict[str, Any]
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
    """What a run begins with."""
    if run.within is not None and sources.map_id is not None:
        return [propose(sources.map_id, sources.transcript_id, run, sources)]
    return [NewTask(Kind.PROBE, {"source": sources.source_id})]


def after(done: Done, run: RunSettings, sources: Sources, transcribed: Sequence[str] | None) -> list[NewTask]:
    """What a finished task makes possible in a run.

    ``transcribed`` names the run's transcribed stretches in order, or is None while one of them is still missing.
    """
    match done.kind:
        case Kind.PROBE:
            return [map_silence(run, sources), *preview_if_needed(done, run, sources)]
        case Kind.MAP_SILENCE:
            return hear(done, run, sources)
        case Kind.TRANSCRIBE if transcribed is not None:
            return [align(done.inputs, list(transcribed), run, sources)]
        case Kind.ALIGN:
            return [propose(done.inputs["map"], done.result["transcript"], run, sources)]
        case _:
            return []


def map_silence(run: RunSettings, sources: Sources) -> NewTask:
    # A second opinion belongs to the work only where one is asked for.
    voice = {"voice": run.tools["voice"]} if "voice" in run.tools else {}
    named = {"source": sources.source_id, "track": run.track, **voice}
    return NewTask(Kind.MAP_SILENCE, {**named, **_tool(run, "ffmpeg")})


def preview_if_needed(done: Done, run: RunSettings, sources: Sources) -> list[NewTask]:
    if done.media is None or plays_in_browser(done.media, run.track):
        return []
    return [NewTask(Kind.PREVIEW, {"source": sources.source_id, "track": run.track, **_tool(run, "ffmpeg")})]


def hear(done: Done, run: RunSettings, sources: Sources) -> list[NewTask]:
    """How the words come: from captions, from a recogniser stretch by stretch, or not at all."""
    map_id, speech = done.result["map"], done.result["speech"]
    if run.transcriber == "none":
        return [propose(map_id, None, run, sources)]
    stretches = done.result["stretches"]
    if run.transcriber == "captions" or not stretches:
        return [align({"map": map_id, "speech": speech}, [], run, sources)]
    stretches = together(stretches, TASK_MS.get(run.transcriber, 0))
    common = {"map": map_id, "speech": speech, "language": run.language, "engine": run.transcriber}
    return [
        NewTask(Kind.TRANSCRIBE, {**common, "start_ms": a, "end_ms": b, **_tool(run, run.transcriber)}, position=i)
        for i, (a, b) in enumerate(stretches)
    ]


# A service hears several pieces at a time, so a task for one holds many: by engine, how much of the recording.
TASK_MS = {"openai": 480_000}


def together(stretches: Sequence[Sequence[int]], most_ms: int) -> list[tuple[int, int]]:
    """Stretches that follow each other as fewer of at most ``most_ms``; one that is longer stays as it is."""
    out: list[tuple[int, int]] = []
    for start, end in stretches:
        if out and end - out[-1][0] <= most_ms:
            out[-1] = (out[-1][0], end)
        else:
            out.append((start, end))
    return out


def align(inputs: dict[str, Any], parts: list[str], run: RunSettings, sources: Sources) -> NewTask:
    captions = sources.captions_id if run.transcriber == "captions" else None
    named = {"map": inputs["map"], "speech": inputs["speech"], "parts": parts, "captions": captions}
    return NewTask(Kind.ALIGN, {**named, "language": run.language, "engine": run.transcriber})


def propose(map_id: str, transcript_id: str | None, run: RunSettings, sources: Sources) -> NewTask:
    """Proposing looks at what people have decided by now, so each run proposes for itself."""
    lengths = {"min_ms": run.min_ms, "max_ms": run.max_ms, "most": run.most}
    named = {"map": map_id, "transcript": transcript_id, "selector": run.selector, "run": sources.run_id}
    # The version of what is asked belongs to the work only where somebody is asked.
    tool = _tool(run, run.selector) if run.selector in run.tools else {}
    within = {"within": list(run.within)} if run.within is not None else {}
    return NewTask(Kind.PROPOSE, {**named, **lengths, **within, **tool})


def _tool(run: RunSettings, name: str) -> dict[str, str]:
    return {"tool": run.tools.get(name, "")}


# How much of a run's time each step takes, roughly: what its progress bar is made of.
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
