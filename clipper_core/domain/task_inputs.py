"""What a task of each kind works on, and the rows in which that is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from clipper_core.domain.clip import Lengths
from clipper_core.domain.task import Kind
from clipper_core.domain.time_range import TimeRange

Row = dict[str, Any]
"""The inputs of a task as they are stored. Their JSON names equal work, so it must stay as it is."""


class TaskInputs(Protocol):
    """What a task of one kind works on."""

    kind: ClassVar[Kind]

    def to_row(self) -> Row: ...


@dataclass(frozen=True, slots=True)
class ProbeInputs:
    """The recording's asset."""

    kind: ClassVar[Kind] = Kind.PROBE
    source_id: str

    def to_row(self) -> Row:
        return {"source": self.source_id}

    @classmethod
    def from_row(cls, row: Row) -> ProbeInputs:
        return cls(row["source"])


@dataclass(frozen=True, slots=True)
class MapInputs:
    """The recording's asset and the sound track, with the voice model's version where a second opinion is asked for."""

    kind: ClassVar[Kind] = Kind.MAP_SILENCE
    source_id: str
    track: int
    tool: str | None = None
    voice: str | None = None

    def to_row(self) -> Row:
        return {"source": self.source_id, "track": self.track, **_given(voice=self.voice, tool=self.tool)}

    @classmethod
    def from_row(cls, row: Row) -> MapInputs:
        return cls(row["source"], row["track"], row.get("tool"), row.get("voice"))


@dataclass(frozen=True, slots=True)
class PreviewInputs:
    """The recording's asset and the sound track."""

    kind: ClassVar[Kind] = Kind.PREVIEW
    source_id: str
    track: int
    tool: str | None = None

    def to_row(self) -> Row:
        return {"source": self.source_id, "track": self.track, **_given(tool=self.tool)}

    @classmethod
    def from_row(cls, row: Row) -> PreviewInputs:
        return cls(row["source"], row["track"], row.get("tool"))


@dataclass(frozen=True, slots=True)
class TranscribeInputs:
    """One part of the speech sound, the map it was divided by, and the engine with the language it expects."""

    kind: ClassVar[Kind] = Kind.TRANSCRIBE
    map_id: str
    speech_id: str
    language: str
    engine: str
    part: TimeRange
    tool: str | None = None

    def to_row(self) -> Row:
        named = {"map": self.map_id, "speech": self.speech_id, "language": self.language, "engine": self.engine}
        return {**named, "start_ms": self.part.start_ms, "end_ms": self.part.end_ms, **_given(tool=self.tool)}

    @classmethod
    def from_row(cls, row: Row) -> TranscribeInputs:
        part = TimeRange(row["start_ms"], row["end_ms"])
        return cls(row["map"], row["speech"], row["language"], row["engine"], part, row.get("tool"))


@dataclass(frozen=True, slots=True)
class AlignInputs:
    """The words to place, and the sound to place them in.

    The words are those of a caption file's asset, or the results of the transcribing tasks ``parts``.
    """

    kind: ClassVar[Kind] = Kind.ALIGN
    map_id: str
    speech_id: str
    language: str
    engine: str
    parts: tuple[str, ...] = ()
    captions_id: str | None = None

    def to_row(self) -> Row:
        words = {"parts": list(self.parts), "captions": self.captions_id}
        named = {"map": self.map_id, "speech": self.speech_id, **words}
        return {**named, "language": self.language, "engine": self.engine}

    @classmethod
    def from_row(cls, row: Row) -> AlignInputs:
        parts, captions = tuple(row["parts"]), row["captions"]
        return cls(row["map"], row["speech"], row["language"], row["engine"], parts, captions)


@dataclass(frozen=True, slots=True)
class ProposeInputs:
    """What clips are chosen from, by which selector, for which run, and how many of what lengths.

    ``within`` is the range in which they are looked for, None for everywhere.
    """

    kind: ClassVar[Kind] = Kind.PROPOSE
    map_id: str
    transcript_id: str | None
    selector: str
    run_id: str
    lengths: Lengths
    within: TimeRange | None = None
    tool: str | None = None

    def to_row(self) -> Row:
        named = {"map": self.map_id, "transcript": self.transcript_id, "selector": self.selector, "run": self.run_id}
        lengths = {"min_ms": self.lengths.min_ms, "max_ms": self.lengths.max_ms, "most": self.lengths.most}
        within = [self.within.start_ms, self.within.end_ms] if self.within is not None else None
        return {**named, **lengths, **_given(within=within, tool=self.tool)}

    @classmethod
    def from_row(cls, row: Row) -> ProposeInputs:
        lengths = Lengths(row["min_ms"], row["max_ms"], row["most"])
        within = TimeRange(*row["within"]) if "within" in row else None
        return cls(row["map"], row["transcript"], row["selector"], row["run"], lengths, within, row.get("tool"))


@dataclass(frozen=True, slots=True)
class RenderInputs:
    """The version of a clip and how it becomes a file."""

    kind: ClassVar[Kind] = Kind.RENDER
    source_id: str | None
    track: int
    version_id: str
    ranges: tuple[TimeRange, ...]
    preset: str
    tool: str | None = None

    def to_row(self) -> Row:
        named = {"source": self.source_id, "track": self.track, "version": self.version_id}
        ranges = [[r.start_ms, r.end_ms] for r in self.ranges]
        return {**named, "ranges": ranges, "preset": self.preset, **_given(tool=self.tool)}

    @classmethod
    def from_row(cls, row: Row) -> RenderInputs:
        ranges = tuple(TimeRange(start, end) for start, end in row["ranges"])
        return cls(row["source"], row["track"], row["version"], ranges, row["preset"], row.get("tool"))


Inputs = ProbeInputs | MapInputs | PreviewInputs | TranscribeInputs | AlignInputs | ProposeInputs | RenderInputs
_INPUTS: dict[Kind, type[Inputs]] = {
    kind.kind: kind
    for kind in (
        ProbeInputs,
        MapInputs,
        PreviewInputs,
        TranscribeInputs,
        AlignInputs,
        ProposeInputs,
        RenderInputs,
    )
}


def inputs_from_row(kind: Kind, row: Row) -> Inputs:
    """The inputs of a stored task, also of one that an older build queued."""
    return _INPUTS[kind].from_row(row)


def _given(**values: Any) -> Row:
    """The values that are not None: what work does not depend on takes no part in its name."""
    return {name: value for name, value in values.items() if value is not None}
