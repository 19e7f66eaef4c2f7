"""Clips as JSON, with their record, notes and render; their edges and captions."""

from __future__ import annotations

from collections.abc import Iterable

from clipper_core.domain.captions import Caption
from clipper_core.domain.documents import Json, cut_json, listed_clip_json
from clipper_core.services.clips import ClipView, EdgeView
from clipper_core.services.renders import RenderView
from clipper_core.web.requests import etag
from clipper_core.web.views.notes import notes_json
from clipper_core.web.views.records import decision_json, record_json
from clipper_core.web.views.renders import render_json


def clip_json(clip: ClipView, render: RenderView | None) -> Json:
    """A clip as the review desk reads it. ``render`` is the one of its newest version, if there is one."""
    decision = clip.decision
    return {
        **listed_clip_json(clip),
        "project_id": clip.project_id,
        "origin": clip.origin,
        "version": clip.version,
        "version_id": clip.version_id,
        "preset": clip.preset,
        "changed_by": clip.changed_by,
        "decision": decision_json(decision) if decision else None,
        **record_json(clip.record),
        "carry_from": clip.carry_from,
        "words_changed": clip.words_changed,
        "render": render_json(render) if render else None,
        "notes": notes_json(clip.notes),
        "etag": etag(clip.revision),
    }


def edge_json(edge: EdgeView) -> Json:
    return {"cut": cut_json(edge.cut), "others": [cut_json(c) for c in edge.others]}


def captions_json(captions: Iterable[Caption]) -> Json:
    return {"captions": [{"start_s": c.start_ms / 1000, "end_s": c.end_ms / 1000, "text": c.text} for c in captions]}
