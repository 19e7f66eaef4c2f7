"""The command line: process, silences, propose, render; and serve, migrate, move.

Exit 0; 2 bad usage or a refused input; 1 failed here; 130 interrupted. An error is one line on stderr:
``code: sentence``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import re
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from clipper_core.charts.map_page import check_place, save_picture
from clipper_core.domain.clip import Lengths
from clipper_core.domain.preset import DEFAULT_PRESET, PRESETS
from clipper_core.domain.silence import MOST_OFFSET_DB, SilenceSettings
from clipper_core.domain.time_range import TimeRange, milliseconds
from clipper_core.errors import BadRange, BadSettings, ClipperError, NotMedia, Refused
from clipper_core.settings import Selector, Settings, Transcriber, load_settings
from clipper_core.wiring.local import file_mapper

MOST_TRANSCRIPT_BYTES = 500_000_000
DEFAULT = "default"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        args = _parser().parse_args(arguments)
        run: Callable[[argparse.Namespace], int] = args.run
        return run(args)
    except Refused as error:
        return _complain(error.code, error.message, 2)
    except ClipperError as error:
        return _complain(error.code, error.message, 1)
    except KeyboardInterrupt:
        return _complain("interrupted", "Stopped before the end; nothing half-made was left behind.", 130)
    except BrokenPipeError:
        # Whoever read the output has gone; Python must not fail again while closing it.
        sys.stdout = None
        return 0
    except (OSError, MemoryError) as error:
        return _complain("failed", _about(error), 1)
    except Exception as error:  # a fault of ours is one line too
        return _complain(ClipperError.code, f"{ClipperError().message} ({_about(error)})", 1)


def _about(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return f"{type(error).__name__}: {error}"


def _interrupted(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _complain(code: str, sentence: str, exit_code: int) -> int:
    _say(code, sentence)
    return exit_code


def _say(code: str, sentence: str) -> None:
    shown = "".join(c if c.isprintable() else " " for c in sentence)
    print(f"{code}: {shown}", file=sys.stderr)


# -- the commands. Each loads what it needs: listing silences has no use for a database, a queue or a recogniser.


def process(args: argparse.Namespace) -> int:
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
        _say("spent", done.spent.in_words())
    if args.out is not None and not args.render:
        _write(args.out / "clips.json", done.to_json())
    if args.json:
        return _print_json(done.to_json())
    document = done.to_json()
    for warning in document["warnings"]:
        print(f"{warning['code']}: {warning['message']}", file=sys.stderr)
    for clip in document["clips"]:
        span = f"{_clock(clip['start_s'])} - {_clock(clip['end_s'])}"
        print(f"{clip['rank']:3}. {span}  {clip['end_s'] - clip['start_s']:5.1f} s  {clip['title']}")
        if clip["files"]["media"]:
            print(f"     {clip['files']['media']}")
    return 0


def silences(args: argparse.Namespace) -> int:
    if args.min_silence_ms < 1 or args.seek_step_ms < 1 or args.dead_air_ms < 1:
        raise BadSettings("Silence lengths and steps are whole milliseconds, 1 or more.")
    threshold = args.threshold_db
    if threshold is not None and not (math.isfinite(threshold) and threshold <= 0):
        raise BadSettings("The threshold is a level in dBFS, 0 or below, such as -40.")
    if not (math.isfinite(args.offset_db) and abs(args.offset_db) <= MOST_OFFSET_DB):
        raise BadSettings("--offset-db moves the threshold by at most 20 dB up or down.")
    if threshold is not None and args.offset_db:
        raise BadSettings("--offset-db moves the threshold that follows the recording; leave out --threshold-db.")
    if args.plot is not None:
        check_place(args.plot, args.recording)
    settings = SilenceSettings(threshold, args.min_silence_ms, args.offset_db, args.dead_air_ms)
    settings_here = _settings(voice_activity="on" if args.voice_activity else None)
    with Progress() as progress:
        found = file_mapper(settings_here).silences(
            args.recording,
            settings,
            progress,
            track=args.track,
            seek_step_ms=args.seek_step_ms,
            draw=args.plot is not None,
        )
    if args.plot is not None and found.envelope is not None:
        save_picture(args.plot, args.recording.name, found.envelope, found.silence_map, found.levels)
    document = found.to_json()
    if args.json:
        return _print_json(document)
    for silence in document["silences"]:
        print(f"{silence['start_s']:.3f}\t{silence['end_s']:.3f}\t{silence['level_db']:.1f}")
    return 0


def propose(args: argparse.Namespace) -> int:
    from clipper_core.wiring.command_line import propose_here

    settings = _settings(selector=args.selector)
    lengths = _lengths(args.min_length, args.max_length, args.max_clips)
    clips, warnings = propose_here(settings, _read_transcript(args.transcript), lengths)
    for warning in warnings:
        _say(warning["code"], warning["message"])
    if args.json:
        return _print_json({"clips": clips})
    for clip in clips:
        print(f"{_clock(clip['start'])} - {_clock(clip['end'])}  {clip['title']}")
    return 0


def render(args: argparse.Namespace) -> int:
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


def serve(_: argparse.Namespace) -> int:
    from clipper_core.app import serve_here

    return serve_here(load_settings())


def migrate(_: argparse.Namespace) -> int:
    from clipper_core.app import build_app

    build_app(load_settings(), keep_connections=False).migrate()
    return 0


def move(args: argparse.Namespace) -> int:
    from clipper_core.app import mover_for

    settings = load_settings()
    to = _new_place(args, settings)
    with Progress() as progress:
        moved = mover_for(settings, to).move(progress)
    changed = _changed(settings, to)
    for flaw in moved.flaws:
        state = "was missing" if flaw.missing else "had the wrong size"
        _say("stored_file_missing", f"A file of {flaw.file.title} ({flaw.file.kind}) {state} before the move already.")
    if moved.uploads_left:
        _say("uploads_left", f"Uploads under way that were not moved, to be started again: {moved.uploads_left}.")
    if args.json:
        return _print_json({**moved.to_json(), "environment": changed})
    rows, files = sum(moved.rows.values()), moved.files
    print(f"Moved and checked: {rows} database rows, {files.copied} files ({files.bytes / 1e6:.1f} MB).")
    if files.already:
        print(f"Files that were there already: {files.already}.")
    if moved.unfinished_tasks:
        print(f"Steps that go on in the new place: {moved.unfinished_tasks}.")
    hidden = " (… is the password)" if any("…" in value for value in changed.values()) else ""
    print(f"Put this into .env{hidden}, then start Clipper:\n")
    for name, value in changed.items():
        print(f"{name}={value}")
    return 0


# -- reading what was asked


def _settings(**asked: str | None) -> Settings:
    return load_settings(**{k: v for k, v in asked.items() if v is not None})


def _new_place(args: argparse.Namespace, settings: Settings) -> Settings:
    """The settings after a move: what was asked for, the rest as it is. Raises BadSettings."""
    data = args.to_data_dir.absolute() if args.to_data_dir else None
    asked = {"database_url": args.to_database, "storage_url": args.to_storage, "data_dir": data}
    changes = {name: None if value in ("", DEFAULT) else value for name, value in asked.items() if value is not None}
    if not changes:
        raise BadSettings("Say where to move with --to-database, --to-storage or --to-data-dir.")
    return settings.model_copy(update=changes)


def _changed(settings: Settings, to: Settings) -> dict[str, str]:
    """What the environment must say from now on, without passwords; an empty value means the default."""
    names = {"data_dir": "CLIPPER_DATA_DIR", "database_url": "DATABASE_URL", "storage_url": "CLIPPER_STORAGE_URL"}
    values = {
        name: getattr(to, field) for field, name in names.items() if getattr(to, field) != getattr(settings, field)
    }
    return {name: _without_password(str(value or "")) for name, value in values.items()}


def _without_password(url: str) -> str:
    return re.sub(r"(://[^:/@]*:).*@|([?&]\w*password=)[^&]*", lambda m: f"{m[1]}…@" if m[1] else f"{m[2]}…", url)


def _lengths(shortest_s: float, longest_s: float, most: int) -> Lengths:
    try:
        lengths = Lengths(milliseconds(shortest_s), milliseconds(longest_s), most)
    except (ValueError, OverflowError) as error:
        raise BadSettings(
            "Clip lengths are seconds, the shortest not above the longest; clips are 0 or more."
        ) from error
    return lengths


def _preset(name: str) -> Any:
    if name not in PRESETS:
        raise BadSettings(f"There is no preset {name}. Choose one of: {', '.join(PRESETS)}.")
    return PRESETS[name]


def _read_transcript(path: Path) -> dict[str, Any]:
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            data = file.read(MOST_TRANSCRIPT_BYTES + 1)
        value = json.loads(data) if len(data) <= MOST_TRANSCRIPT_BYTES else None
    except FileNotFoundError as error:
        raise NotMedia(f"There is no file {path}. Check its name and folder.") from error
    except (OSError, EOFError, ValueError, RecursionError) as error:
        raise NotMedia(f"The file {path} is not a transcript in JSON.") from error
    if not isinstance(value, dict):
        raise NotMedia(f"The file {path} is not a transcript: it holds no words.")
    return value


def _print_json(value: Any) -> int:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()
    return 0


def _write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")


def _clock(s: float) -> str:
    minutes, rest = divmod(round(s * 10), 600)
    hours, minutes = divmod(minutes, 60)
    tail = f"{minutes:02d}:{rest / 10:04.1f}"
    return f"{hours}:{tail}" if hours else tail


class Progress:
    """One line on a terminal that says what is done and how far; nothing where nobody looks."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._shown_at = 0.0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()

    def __call__(self, step: str, fraction: float) -> None:
        if self._live and (time.monotonic() - self._shown_at > 0.1 or fraction >= 1):
            self._shown_at = time.monotonic()
            sys.stderr.write(f"\r\033[K{step} … {fraction:.0%}")
            sys.stderr.flush()


class Parser(argparse.ArgumentParser):
    """argparse, with its complaints in our form."""

    def error(self, message: str) -> NoReturn:
        sys.exit(_complain("usage", f"{message} (see {self.prog} --help)", 2))


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m clipper_core", description="Long recordings into short clips.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)

    one = commands.add_parser("process", help="map, transcribe, propose clips, and render them")
    one.set_defaults(run=process)
    one.add_argument("recording", type=Path)
    one.add_argument("--out", type=Path, help="folder for the clips (default: ./<name>-clips)")
    one.add_argument("--captions", type=Path, help="an SRT or VTT file with the words")
    one.add_argument("--transcriber", choices=[t.value for t in Transcriber])
    one.add_argument("--selector", choices=[s.value for s in Selector])
    one.add_argument("--language")
    one.add_argument("--track", type=_count, default=0, help="which sound track, counted from 0")
    _length_options(one)
    one.add_argument("--render", action="store_true", help="make the files too")
    one.add_argument("--preset", default=DEFAULT_PRESET, help=f"how a clip becomes a file: {', '.join(PRESETS)}")
    one.add_argument("--json", action="store_true", help="print one JSON object on stdout")

    two = commands.add_parser("silences", help="list the silences of a recording")
    two.set_defaults(run=silences)
    two.add_argument("recording", type=Path)
    how = two.add_mutually_exclusive_group()
    how.add_argument("--adaptive", action="store_true", help="a threshold that follows the recording (default)")
    how.add_argument("--threshold-db", type=float, help="a fixed threshold, exactly as pydub's detect_silence")
    two.add_argument("--offset-db", type=float, default=0.0, metavar="DB", help="above 0 more is called silent")
    two.add_argument("--min-silence-ms", type=int, default=200)
    two.add_argument("--track", type=_count, default=0, help="which sound track, counted from 0")
    two.add_argument("--plot", type=Path, metavar="FILE", help="draw them into an HTML file, which needs no network")
    two.add_argument("--dead-air-ms", type=int, default=1_000, help="with --plot: from where a silence is dead air")
    two.add_argument("--voice-activity", action="store_true", help="with a second opinion from a model of voices: slow")
    two.add_argument("--seek-step-ms", type=int, default=1, help="with --threshold-db")
    two.add_argument("--json", action="store_true")

    three = commands.add_parser("propose", help="propose clips from a transcript")
    three.set_defaults(run=propose)
    three.add_argument("transcript", type=Path, help=".json or .json.gz")
    three.add_argument("--selector", choices=[s.value for s in Selector])
    _length_options(three)
    three.add_argument("--json", action="store_true")

    four = commands.add_parser("render", help="cut one stretch out of a recording")
    four.set_defaults(run=render)
    four.add_argument("recording", type=Path)
    four.add_argument("--start", type=_seconds, required=True, metavar="S")
    four.add_argument("--end", type=_seconds, required=True, metavar="S")
    four.add_argument("--out", type=Path, required=True)
    four.add_argument("--preset", default=DEFAULT_PRESET)
    four.add_argument("--burn-captions", type=Path)

    commands.add_parser("serve", help="run everything on this computer").set_defaults(run=serve)
    commands.add_parser("migrate", help="bring the database up to date").set_defaults(run=migrate)

    five = commands.add_parser("move", help="copy everything to another database, file store or data folder")
    five.set_defaults(run=move)
    five.add_argument("--to-database", metavar="URL", help=f"postgresql://…, or {DEFAULT}: SQLite in the data folder")
    five.add_argument("--to-storage", metavar="URL", help=f"s3://bucket/prefix, or {DEFAULT}: the data folder")
    five.add_argument("--to-data-dir", type=Path, metavar="DIR", help="the data folder (default: the present one)")
    five.add_argument("--json", action="store_true")
    return parser


def _length_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--max-clips", type=_count, default=12)
    parser.add_argument("--min-length", type=_seconds, default=20.0, metavar="S")
    parser.add_argument("--max-length", type=_seconds, default=90.0, metavar="S")


def _seconds(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and value >= 0):
        raise argparse.ArgumentTypeError(f"{text} is not a time in seconds")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return value


if __name__ == "__main__":
    sys.exit(main())
