"""Values as the JSON that leaves Clipper, and back: seconds with three decimals, null where nothing is known.

The command line and the HTTP API both print these forms; cuts and transcripts are stored in them too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from clipper_core.domain.clip import ClipStatus, Proposal
from clipper_core.domain.cut import Cut, EdgeCertificate, Grade, Side
from clipper_core.domain.media import MediaInfo
from clipper_core.domain.silence import Silence
from clipper_core.domain.time_range import TimeRange, milliseconds, seconds
from clipper_core.domain.transcript import Sentence, Transcript, Word

Json = dict[str, Any]


def range_json(span: TimeRange) -> Json:
    return {"start_s": seconds(span.start_ms), "end_s": seconds(span.end_ms)}


def silence_json(silence: Silence) -> Json:
    """With how sure it is and what it rests on, where that was judged."""
    span = {"start_s": seconds(silence.start_ms), "end_s": seconds(silence.end_ms)}
    judged: Json = {}
    if silence.confidence is not None:
        judged["confidence"] = round(silence.confidence, 2)
    if silence.evidence is not None:
        judged["evidence"] = silence.evidence.value
    return {**span, "level_db": round(silence.level_db, 1), **judged}


def media_json(media: MediaInfo, track: int = 0) -> Json:
    """The ``media`` object of ``process --json``; its sound is that of ``track``."""
    sound = media.audio[track] if track < len(media.audio) else None
    return {
        "duration_s": seconds(media.duration_ms),
        "has_video": media.has_video,
        "has_audio": media.has_audio,
        "width": media.width,
        "height": media.height,
        "frame_rate": round(float(media.frame_rate), 3) if media.frame_rate else None,
        "sample_rate": sound.sample_rate if sound else None,
        "channels": sound.channels if sound else None,
        "container": media.container,
        "video_codec": media.video_codec,
        "audio_codec": sound.codec if sound else None,
    }


def cut_json(cut: Cut) -> Json:
    evidence = cut.certificate
    silence = evidence.silence
    return {
        "at_s": seconds(cut.at_ms),
        "side": cut.side.value,
        "silence_start_s": seconds(silence.start_ms) if silence else None,
        "silence_end_s": seconds(silence.end_ms) if silence else None,
        "level_db": round(evidence.level_db, 1) if evidence.level_db is not None else None,
        "gap_to_word_ms": evidence.gap_to_word_ms,
        "sentence_boundary": evidence.sentence_boundary,
        "grade": evidence.grade.value,
        "reason": evidence.reason,
    }


def cut_from_json(value: Json) -> Cut:
    silence = None
    if value["silence_start_s"] is not None:
        level = value["level_db"] if value["level_db"] is not None else -120.0
        silence = Silence(milliseconds(value["silence_start_s"]), milliseconds(value["silence_end_s"]), level)
    evidence = EdgeCertificate(
        silence,
        value["level_db"],
        value["gap_to_word_ms"],
        value["sentence_boundary"],
        Grade(value["grade"]),
        value["reason"],
    )
    return Cut(milliseconds(value["at_s"]), Side(value["side"]), evidence)


def transcript_json(transcript: Transcript) -> Json:
    return {
        "engine": transcript.engine,
        "language": transcript.language,
        "draft": transcript.draft,
        "words": [
            {"text": w.text, "start_s": seconds(w.start_ms), "end_s": seconds(w.end_ms), "timed": w.timed}
            for w in transcript.words
        ],
        "sentences": [{"first_word": s.first_word, "last_word": s.last_word} for s in transcript.sentences],
    }


def transcript_from_json(value: Json) -> Transcript:
    return Transcript(
        engine=value["engine"],
        language=value["language"],
        draft=value["draft"],
        words=tuple(
            Word(w["text"], milliseconds(w["start_s"]), milliseconds(w["end_s"]), w["timed"]) for w in value["words"]
        ),
        sentences=tuple(Sentence(s["first_word"], s["last_word"]) for s in value["sentences"]),
    )


class ListedClip(Protocol):
    """The part of a clip that every face shows: a stored clip has it, and a proposal that is only printed."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def reasons(self) -> Sequence[str]: ...
    @property
    def rank(self) -> int | None: ...
    @property
    def status(self) -> ClipStatus: ...
    @property
    def ranges(self) -> Sequence[TimeRange]: ...
    @property
    def cuts(self) -> Sequence[Cut]: ...
    @property
    def alternatives(self) -> Sequence[TimeRange]: ...


def listed_clip_json(clip: ListedClip) -> Json:
    """The part of a clip that the command line and the HTTP API show alike."""
    return {
        "id": clip.id,
        "title": clip.title,
        "reasons": list(clip.reasons),
        "rank": clip.rank,
        "status": clip.status.value,
        "start_s": seconds(clip.ranges[0].start_ms),
        "end_s": seconds(clip.ranges[-1].end_ms),
        "ranges": [range_json(r) for r in clip.ranges],
        "cuts": [cut_json(c) for c in clip.cuts],
        "alternatives": [range_json(a) for a in clip.alternatives],
    }


@dataclass(frozen=True, slots=True)
class _ProposedClip:
    """A proposal as the clip it would become."""

    id: str
    rank: int
    title: str
    reasons: tuple[str, ...]
    ranges: tuple[TimeRange, ...]
    cuts: tuple[Cut, ...]
    alternatives: tuple[TimeRange, ...]
    status: ClipStatus = ClipStatus.PROPOSED


def proposal_json(proposal: Proposal, clip_id: str, rank: int) -> Json:
    """A proposal in the form of a clip.

    Args:
        proposal: The proposed clip.
        clip_id: The id it is printed with.
        rank: Its place among the proposals, 1 for the best.
    """
    span = (proposal.span,)
    return listed_clip_json(
        _ProposedClip(clip_id, rank, proposal.title, proposal.reasons, span, proposal.cuts, proposal.alternatives)
    )
