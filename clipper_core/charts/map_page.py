"""The silence map of a recording as one HTML file: it opens without a network, in light and in dark."""

from __future__ import annotations

import errno
import os
from html import escape
from pathlib import Path

from clipper_core.charts import figures
from clipper_core.charts.drawing import Levels, clock
from clipper_core.domain.envelope import Envelope
from clipper_core.domain.loudness import Loudness
from clipper_core.domain.silence import SilenceMap
from clipper_core.errors import DiskFull, FolderNotWritable

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · silences</title>
<style>
:root {{ color-scheme: light dark; --ink: light-dark(#1d2330, #e6e9ef); --muted: light-dark(#596273, #a3acbb); }}
body {{ margin: 1.5rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink);
  background: light-dark(#ffffff, #14171c); }}
h1 {{ margin: 0 0 .25rem; font-size: 1.6rem; line-height: 1.3; overflow-wrap: anywhere; }}
dl {{ display: flex; flex-wrap: wrap; gap: .25rem 2rem; margin: 0 0 1rem; }}
dt {{ color: var(--muted); }}
dd {{ margin: 0; font-variant-numeric: tabular-nums; }}
p {{ color: var(--muted); max-width: 44rem; }}
.js-plotly-plot .legendtext, .js-plotly-plot .xtick text, .js-plotly-plot .ytick text
  {{ fill: var(--ink) !important; }}
@media (max-width: 640px) {{ body {{ margin: 1rem; }} }}
</style>
</head>
<body>
<h1>{title}</h1>
<dl>{numbers}</dl>
{figure}
<p>Drag over a stretch to see it closer, click twice to see all again. Point at the line to read what is there.</p>
</body>
</html>
"""


def check_place(path: Path, recording: Path) -> None:
    """Raise FolderNotWritable, before any work is done, where no file can be made at ``path``, or none should be."""
    folder = path.parent
    if not folder.is_dir():
        raise FolderNotWritable(f"There is no folder {folder}. Make it first, or choose another with --plot.")
    refused = f"The file {path} can't be written. Choose another place with --plot."
    try:
        if path.exists() and recording.exists() and path.samefile(recording):
            raise FolderNotWritable(
                "The picture would take the place of the recording. Choose another name with --plot."
            )
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise FolderNotWritable(refused)
        part = _part(path)
        part.touch()
        part.unlink()
    except OSError as error:
        raise FolderNotWritable(refused, detail=str(error)) from error


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name[:40]}.{os.getpid()}.part")


def save_picture(
    path: Path, name: str, envelope: Envelope, silence_map: SilenceMap, levels: Levels | None = None
) -> None:
    """Write a silence map as a web page, whole or not at all.

    Args:
        path: The file to write.
        name: The recording's name, shown as text.
        envelope: The level that is drawn.
        silence_map: The silences, and their settings.
        levels: The threshold in dBFS at every second; None if it is the same throughout.

    Raises:
        FolderNotWritable: The file can't be written.
        DiskFull: There is no room for it.
    """
    numbers = _numbers(silence_map, envelope.loudness)
    page = PAGE.format(
        title=escape(_one_line(name)),
        numbers="".join(f"<div><dt>{k}</dt><dd>{v}</dd></div>" for k, v in numbers.items()),
        figure=figures.recording_html(envelope, silence_map, levels=levels),
    )
    part = _part(path)
    try:
        part.write_text(page, encoding="utf-8", errors="replace")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DiskFull(detail=str(error)) from error
        raise FolderNotWritable(
            f"The file {path} can't be written. Choose another place with --plot.", detail=str(error)
        ) from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _numbers(silence_map: SilenceMap, loudness: Loudness) -> dict[str, str]:
    dead_air = silence_map.dead_air
    missed_ms = sum(s.length_ms for s in dead_air)
    numbers = {
        "Length": clock(silence_map.duration_ms),
        "Silences": f"{len(silence_map.silences)}",
        f"Dead air, {silence_map.settings.dead_air_ms / 1000:g} s or longer": (
            f"{clock(missed_ms)} in {len(dead_air)} place{'s' if len(dead_air) != 1 else ''}"
        ),
    }
    if loudness.integrated_lufs is not None:
        numbers["Loudness"] = f"{loudness.integrated_lufs:.1f} LUFS"
    if loudness.range_lu is not None:
        numbers["From quiet to loud"] = f"{loudness.range_lu:.1f} LU"
    return numbers


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
