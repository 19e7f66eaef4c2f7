"""Rendered files as the exports page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from clipper_core.domain.task import TaskState
from clipper_core.services.projects import ProjectView
from clipper_core.services.renders import RenderView
from pages.components import phrasing
from pages.components.frame import failure_html
from pages.components.runs.progress import bar, state_html


def bundle_html(project: ProjectView, renders: Sequence[RenderView], *, main: bool) -> str:
    """The head of a project's files: its title, and a link to all finished files where there are several.

    Args:
        project: the recording
        renders: its renders, finished or not
        main: whether the link is the main button of the page
    """
    done = [r for r in renders if r.state is TaskState.SUCCEEDED]
    files = sum(bool(r.asset_id) + bool(r.captions_id) for r in done)
    title = f'<span class="title">{phrasing.html_text(project.title)}</span>'
    kind = "button main" if main else "button"
    url = f"/api/projects/{quote(project.id, safe='')}/bundle"
    link = f'<a class="{kind}" href="{url}" download>Download all {files} files</a>' if files > 1 else ""
    return f'<div class="c apart">{title}{link}</div>'


def file_html(render: RenderView) -> str:
    """One rendered file as HTML: its facts, its state, its measurements and its download links."""
    facts = [
        phrasing.preset_label(render.preset, render.mime),
        phrasing.duration(render.length_ms),
    ]
    if render.size is not None:
        facts.append(phrasing.byte_size(render.size))
    listed = "".join(f"<span>{phrasing.html_text(f)}</span>" for f in facts)
    title = phrasing.html_text(render.title)
    head = f'<div class="apart"><span class="title">{title}</span>{state_html(render.state)}</div>'
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
    """The measurements of a finished file, in words; nothing where there are none."""
    facts = measured or {}
    checks = []
    if "duration_s" in facts:
        checks.append(f"{facts['duration_s']:.2f} s long")
    if facts.get("width"):
        checks.append(f"{facts['width']} × {facts['height']}")
    first_db, last_db = facts.get("first_level_db"), facts.get("last_level_db")
    if first_db is not None and last_db is not None:
        checks.append(f"starts at {_db(first_db)} and ends at {_db(last_db)}")
    return f'<div class="ok">✓ Measured: {phrasing.html_text(", ".join(checks))}</div>' if checks else ""


def _db(level: float) -> str:
    return f"{level:.0f} dB".replace("-", "−")


def _links(render: RenderView) -> str:
    links = [_download(render.asset_id, "Download")] if render.asset_id else []
    if render.captions_id:
        links.append(_download(render.captions_id, "Captions"))
    return f'<div class="links">{"".join(links)}</div>'


def _download(asset_id: str, label: str) -> str:
    return f'<a class="button" href="/media-files/{quote(asset_id, safe="")}?download=1" download>{label}</a>'
