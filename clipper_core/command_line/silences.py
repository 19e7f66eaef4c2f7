"""``silences``: the silences of a file of this computer."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from clipper_core.command_line.options import add_track
from clipper_core.command_line.output import Progress, print_json
from clipper_core.domain.silence import SettingsFlaw, SettingsLimits, SilenceSettings
from clipper_core.errors import BadSettings
from clipper_core.settings import calculate_in_one_thread, load_file_settings

if TYPE_CHECKING:
    from clipper_core.command_line.options import Commands

LIMITS = SettingsLimits(
    {
        SettingsFlaw.LENGTH: "Silence lengths and steps are whole milliseconds, 1 or more.",
        SettingsFlaw.THRESHOLD: "The threshold is a level in dBFS, 0 or below, such as -40.",
        SettingsFlaw.OFFSET: "--offset-db moves the threshold by at most 20 dB up or down.",
        SettingsFlaw.BOTH: "--offset-db moves the threshold that follows the recording; leave out --threshold-db.",
    }
)


def add_silences(commands: Commands) -> None:
    parser = commands.add_parser("silences", help="list the silences of a recording")
    parser.set_defaults(run=silences)
    parser.add_argument("recording", type=Path)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--adaptive", action="store_true", help="a threshold that follows the recording (default)")
    how.add_argument("--threshold-db", type=float, help="a fixed threshold, exactly as pydub's detect_silence")
    parser.add_argument("--offset-db", type=float, default=0.0, metavar="DB", help="above 0 more is called silent")
    parser.add_argument("--min-silence-ms", type=int, default=200)
    add_track(parser)
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw them into an HTML file, which needs no network")
    parser.add_argument("--dead-air-ms", type=int, default=1_000, help="with --plot: from where a silence is dead air")
    parser.add_argument(
        "--voice-activity", action="store_true", help="with a second opinion from a model of voices: slow"
    )
    parser.add_argument("--seek-step-ms", type=int, default=1, help="with --threshold-db")
    parser.add_argument("--json", action="store_true")


def silences(args: argparse.Namespace) -> int:
    """List the silences, and draw them with ``--plot``. Returns the exit code."""
    if args.seek_step_ms < LIMITS.min_ms:
        raise BadSettings(LIMITS.sentences[SettingsFlaw.LENGTH])
    settings = SilenceSettings.checked(LIMITS, args.threshold_db, args.offset_db, args.min_silence_ms, args.dead_air_ms)
    calculate_in_one_thread()
    if args.plot is not None:
        from clipper_core.charts.map_page import check_place

        check_place(args.plot, args.recording)
    mapper_settings = load_file_settings(voice_activity=args.voice_activity)
    # numpy and PyAV: a refused option should not wait for them
    from clipper_core.wiring.local import SilenceRequest, file_mapper

    request = SilenceRequest(settings, args.track, args.seek_step_ms, draw=args.plot is not None)
    with Progress() as progress:
        found = file_mapper(mapper_settings).silences(args.recording, request, progress)
    if args.plot is not None and found.envelope is not None:
        from clipper_core.charts.map_page import save_picture

        save_picture(args.plot, args.recording.name, found.envelope, found.silence_map, found.levels)
    document = found.to_json()
    if args.json:
        return print_json(document)
    for silence in document["silences"]:
        print(f"{silence['start_s']:.3f}\t{silence['end_s']:.3f}\t{silence['level_db']:.1f}")
    return 0
