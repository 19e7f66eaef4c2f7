"""Clips: proposals, versions, decisions, notes, and the changes that make them."""

from __future__ import annotations

from clipper_core.services.clips.captions import captions_of
from clipper_core.services.clips.changes import ExpectedClip
from clipper_core.services.clips.counts import ClipCounts, count_clips
from clipper_core.services.clips.edges import Edges, EdgeView
from clipper_core.services.clips.idempotency import IdempotencyKeys, Sender, record_result, result_of
from clipper_core.services.clips.note_views import NoteView
from clipper_core.services.clips.notes import ClipNotes, Notes
from clipper_core.services.clips.outlines import Outline, outlines_of
from clipper_core.services.clips.proposals import RunProposals, add_beside, add_proposals, all_ranges, touched_ranges
from clipper_core.services.clips.record import DecisionView, Record
from clipper_core.services.clips.review import Clips
from clipper_core.services.clips.structure import ClipStructure
from clipper_core.services.clips.views import ClipView, VersionContent, clean_text, new_version

__all__ = [
    "ClipCounts",
    "ClipNotes",
    "ClipStructure",
    "ClipView",
    "Clips",
    "DecisionView",
    "EdgeView",
    "Edges",
    "ExpectedClip",
    "IdempotencyKeys",
    "NoteView",
    "Notes",
    "Outline",
    "Record",
    "RunProposals",
    "Sender",
    "VersionContent",
    "add_beside",
    "add_proposals",
    "all_ranges",
    "captions_of",
    "clean_text",
    "count_clips",
    "new_version",
    "outlines_of",
    "record_result",
    "result_of",
    "touched_ranges",
]
