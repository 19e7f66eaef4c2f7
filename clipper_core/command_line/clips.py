"""``process``, ``propose`` and ``render``: clips from a file of this computer."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clipper_core.command_line.options import add_lengths, add_track, seconds
from clipper_core.command_line.output import Progress, clock, print_json, print_message, write_json
from clipper_core.domain.clip import Lengths
from clipper_core.domain.preset import DEFAULT_PRESET, PRESETS, Preset
from clipper_core.domain.time_range import TimeRange, milliseconds
from clipper_core.errors import BadRange, BadSettings, NotMedia
from clipper_core.settings import Selector, Transcriber, load_settings

if TYPE_CHECKING:
    from clipper_core.command_line.options import Commands
    from clipper_core.settings import Settings

MAX_TRANSCRIPT_BYTES = 500_000_000


def add_process(commands: Commands) -> None:
    parser = commands.add_parser("process", help="map, transcribe, propose clips, and render them")
    parser.set_defaults(run=process)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--out", type=Path, help="folder for the clips (default: ./<name>-clips)")
    parser.add_argument("--captions", type=Path, help="an SRT or VTT file with the words")
    parser.add_argument("--transcriber", choices=[t.value for t in Transcriber])
    parser.add_argument("--selector", choices=[s.value for s in Selector])
    parser.add_argument("--language")
    add_track(parser)
    add_lengths(parser)
    parser.add_argument("--render", action="store_true", help="make the files too")
    parser.add_argument("--preset", default=DEFAULT_PRESET, help=f"how a clip becomes a file: {', '.join(PRESETS)}")
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")


def add_propose(commands: Commands) -> None:
    parser = commands.add_parser("propose", help="propose clips from a transcript")
    parser.set_defaults(run=propose)
    parser.add_argument("transcript", type=Path, help=".json or .json.gz")
    parser.add_argument("--selector", choices=[s.value for s in Selector])
    add_lengths(parser)
    parser.add_argument("--json", action="store_true")


def add_render(commands: Commands) -> None:
    parser = commands.add_parser("render", help="cut one stretch out of a recording")
    parser.set_defaults(run=render)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--start", type=seconds, required=True, metavar="S")
    parser.add_argument("--end", type=seconds, required=True, metavar="S")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--preset", default=DEFAULT_PRESET)
    parser.add_argument("--burn-captions", type=Path)


def process(args: argparse.Namespace) -> int:
    """Map, transcribe and propose, and render with ``--render``. Returns the exit code."""
    from clipper_core.wiring.command_line import ProcessRequest, choose_for_file, file_processor

    settings = _settings(transcriber=args.transcriber, selector=args.selector)
    lengths = _lengths(args.min_length, args.max_length, args.max_clips)
    request = ProcessRequest(
        captions=args.captions,
        language=args.language or settings.language,
        track=args.track,
        lengths=lengths,
        preset=_preset(args.preset) if args.render else None,
        out=(args.out or Path(f"{args.recording.stem}-clips")) if args.render else None,
    )
    choice = choose_for_file(settings, request)
    with Progress() as progress:
        done = file_processor(settings).process(args.recording, request, choice, progress)
    if done.spent is not None:
        print_message("spent", done.spent.in_words())
    if args.out is not None and not args.render:
        write_json(args.out / "clips.json", done.to_json())
    if args.json:
        return print_json(done.to_json())
    document = done.to_json()
    for warning in document["warnings"]:
        print(f"{warning['code']}: {warning['message']}", file=sys.stderr)
    for clip in document["clips"]:
        span = f"{clock(clip['start_s'])} - {clock(clip['end_s'])}"
        print(f"{clip['rank']:3}. {span}  {clip['end_s'] - clip['start_s']:5.1f} s  {clip['title']}")
        if clip["files"]["media"]:
            print(f"     {clip['files']['media']}")
    return 0


def propose(args: argparse.Namespace) -> int:
    """Propose clips for a transcript file. Returns the exit code."""
    from clipper_core.wiring.command_line import propose_here

    settings = _settings(selector=args.selector)
    lengths = _lengths(args.min_length, args.max_length, args.max_clips)
    clips, warnings = propose_here(settings, _read_transcript(args.transcript), lengths)
    for warning in warnings:
        print_message(warning.code, warning.message)
    if args.json:
        return print_json({"clips": clips})
    for clip in clips:
        print(f"{clock(clip['start'])} - {clock(clip['end'])}  {clip['title']}")
    return 0


def render(args: argparse.Namespace) -> int:
    """Cut one range out of a recording. Returns the exit code."""
    from clipper_core.wiring.command_line import file_processor

    try:
        span = TimeRange(milliseconds(args.start), milliseconds(args.end))
    except (ValueError, OverflowError) as error:
        raise BadRange from error
    if args.burn_captions is not None:
        raise BadSettings("Captions can't be drawn into the picture yet. Leave out --burn-captions.")
    with Progress() as progress:
        made = file_processor(_settings()).render(args.recording, span, _preset(args.preset), args.out, progress)
    print(made.absolute())
    return 0


def _settings(**asked: str | None) -> Settings:
    return load_settings(**{k: v for k, v in asked.items() if v is not None})


def _lengths(min_s: float, max_s: float, max_clips: int) -> Lengths:
    try:
        lengths = Lengths(milliseconds(min_s), milliseconds(max_s), max_clips)
    except (ValueError, OverflowError) as error:
        raise BadSettings(
            "Clip lengths are seconds, the shortest not above the longest; clips are 0 or more."
        ) from error
    return lengths


def _preset(name: str) -> Preset:
    if name not in PRESETS:
        raise BadSettings(f"There is no preset {name}. Choose one of: {', '.join(PRESETS)}.")
    return PRESETS[name]


def _read_transcript(path: Path) -> dict[str, Any]:
    import gzip

    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            data = file.read(MAX_TRANSCRIPT_BYTES + 1)
        value = json.loads(data) if len(data) <= MAX_TRANSCRIPT_BYTES else None
    except FileNotFoundError as error:
        raise NotMedia(f"There is no file {path}. Check its name and folder.") from error
    except (OSError, EOFError, ValueError, RecursionError) as error:
        raise NotMedia(f"The file {path} is not a transcript in JSON.") from error
    if not isinstance(value, dict):
        raise NotMedia(f"The file {path} is not a transcript: it holds no words.")
    return value
