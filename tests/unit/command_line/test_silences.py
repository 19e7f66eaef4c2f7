"""``silences``: the options it refuses, before a file is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.command_line.main import main
from clipper_core.domain.silence import SilenceSettings
from clipper_core.errors import BadSettings
from clipper_core.services.silences.settings import checked_settings

LENGTHS = "Silence lengths and steps are whole milliseconds, 1 or more."
THRESHOLD = "The threshold is a level in dBFS, 0 or below, such as -40."
OFFSET = "--offset-db moves the threshold by at most 20 dB up or down."
BOTH = "--offset-db moves the threshold that follows the recording; leave out --threshold-db."


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--min-silence-ms", "0"], LENGTHS),
        (["--dead-air-ms", "0"], LENGTHS),
        (["--seek-step-ms", "0"], LENGTHS),
        (["--threshold-db", "1"], THRESHOLD),
        (["--threshold-db", "nan"], THRESHOLD),
        (["--threshold-db=-inf"], THRESHOLD),
        (["--offset-db", "20.5"], OFFSET),
        (["--offset-db", "inf"], OFFSET),
        (["--threshold-db", "-40", "--offset-db", "3"], BOTH),
        (["--threshold-db", "1", "--seek-step-ms", "0"], LENGTHS),  # the first flaw in the order of the sentences
        (["--threshold-db", "1", "--min-silence-ms", "0"], LENGTHS),
        (["--threshold-db", "1", "--offset-db", "30"], THRESHOLD),
    ],
)
def test_a_flawed_option_is_refused_in_a_sentence(
    options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["silences", "nowhere.mp4", *options]) == 2
    assert capsys.readouterr() == ("", f"bad_settings: {sentence}\n")


@pytest.mark.parametrize("options", [["--threshold-db=-500"], ["--min-silence-ms", "9"], ["--dead-air-ms", "9000000"]])
def test_the_command_line_allows_more_than_the_desk(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["silences", "nowhere.mp4", *options]) == 2
    assert capsys.readouterr().err.startswith("not_media: ")


@given(
    st.none() | st.floats(-200, 10),
    st.none() | st.floats(-30, 30),
    st.none() | st.integers(-5, 700_000),
    st.none() | st.integers(-5, 700_000),
)
def test_the_desk_accepts_only_settings_within_its_limits(
    threshold_db: float | None, offset_db: float | None, min_silence_ms: int | None, dead_air_ms: int | None
) -> None:
    usual = SilenceSettings()
    lengths = (
        usual.min_silence_ms if min_silence_ms is None else min_silence_ms,
        usual.dead_air_ms if dead_air_ms is None else dead_air_ms,
    )
    fits = (
        (threshold_db is None or (-120 <= threshold_db <= 0 and not offset_db))
        and abs(offset_db or 0) <= 20
        and all(10 <= ms <= 600_000 for ms in lengths)
    )

    try:
        settings = checked_settings(threshold_db, offset_db, min_silence_ms, dead_air_ms)
    except BadSettings:
        assert not fits
    else:
        assert fits
        assert settings == SilenceSettings(threshold_db, lengths[0], offset_db or 0.0, lengths[1])
