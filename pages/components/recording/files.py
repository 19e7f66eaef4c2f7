"""Rendered files as the exports page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from clipper_core.domain.task import TaskState
from clipper_core.services.projects.views import ProjectView
from clipper_core.services.renders.renders import RenderView
from pages.components import phrasing
from pages.components.frame import failure_html
from pages.components.runs.progress import bar, state_html


def bundle_html(project: ProjectView, renders: Sequence[RenderView], *, main: bool) -> str:
    """A project's title, and the link that takes away all its finished files, where there are several."""
    done = [r for r in renders if r.state is TaskState.SUCCEEDED]
    files = sum(bool(r.asset_id) + bool(r.captions_id) for r in done)
    title = f'<span class="title">{phrasing.shown(project.title)}</span>'
    kind = "button main" if main else "button"
    url = f"/api/projects/{quote(project.id, safe='')}/bundle"
    link = f'<a class="{kind}" href="{url}" download>Download all {files} files</a>' if files > 1 else ""
    return f'<div class="c apart">{title}{link}</div>'


def file_html(render: RenderView) -> str:
    """A file: what it is, how it stands, what was measured in it, and where to get it."""
    facts = [
        phrasing.preset(render.preset, render.mime),
        phrasing.length(render.length_ms),
    ]
    if render.size is not None:
        facts.append(phrasing.size(render.size))
    listed = "".join(f"<span>{phrasing.shown(f)}</span>" for f in facts)
    head = (
        f'<div class="apart"><span class="title">{phrasing.shown(render.title)}</span>{state_html(render.state)}</div>'
    )
    return f'<div class="c">{head}<div class="facts muted">{listed}</div>{_below(render)}</div>'


def _below(render: RenderView) -> str:
    if render.state is TaskState.SUCCEEDED:
        return f"{measured_html(render.measured)}{_links(render)}"
    if render.state is TaskState.RUNNING:
        return bar(render.progress, "Rendering")
    if render.error_code:
        return failure_html(render.error, render.error_code, render.error_detail)
    return ""


def measured_html(measured: dict[str, Any] | None) -> str:
    """What was measured in the finished file, in words."""
    found = measured or {}
    checks = []
    if "duration_s" in found:
        checks.append(f"{found['duration_s']:.2f} s long")
    if found.get("width"):
        checks.append(f"{found['width']} × {found['height']}")
    first_db, last_db = found.get("first_level_db"), found.get("last_level_db")
    if first_db is not None and last_db is not None:
        checks.append(f"starts at {_db(first_db)} and ends at {_db(last_db)}")
    return f'<div class="ok">✓ Measured: {phrasing.shown(", ".join(checks))}</div>' if checks else ""


def _db(level: float) -> str:
    return f"{level:.0f} dB".replace("-", "−")


def _links(render: RenderView) -> str:
    links = [_download(render.asset_id, "Download")] if render.asset_id else []
    if render.captions_id:
        links.append(_download(render.captions_id, "Captions"))
    return f'<div class="links">{"".join(links)}</div>'


def _download(asset_id: str, label: str) -> str:
    return f'<a class="button" href="/media-files/{quote(asset_id, safe="")}?download=1" download>{label}</a>'
