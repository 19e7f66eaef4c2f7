"""Settings: read from the environment once, and for a single file without the model where nothing is set."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import AliasChoices

from clipper_core import settings
from clipper_core.errors import SetupProblem
from clipper_core.settings import (
    NAMES_TO_CHECK,
    FileDefaults,
    Settings,
    calculate_in_one_thread,
    load_file_settings,
    load_settings,
)

OF_A_FILE = ("ffmpeg", "max_hours", "max_streams", "voice_activity")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No variable of ours is set; the path of an .env that does not exist yet."""
    names = {name for field in Settings.model_fields for name in names_of(field)}
    for name in names:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(settings, "ENV_FILE", tmp_path / ".env")
    monkeypatch.setitem(Settings.model_config, "env_file", tmp_path / ".env")
    return tmp_path / ".env"


def names_of(field: str) -> set[str]:
    """The variables that set a field."""
    alias = Settings.model_fields[field].validation_alias
    prefixed = f"CLIPPER_{field.upper()}"
    return {prefixed, *(str(name).upper() for name in alias.choices)} if isinstance(alias, AliasChoices) else {prefixed}


def values(of: object) -> list[object]:
    return [getattr(of, name) for name in OF_A_FILE]


def test_defaults_of_a_file_are_those_of_all_settings() -> None:
    assert isinstance(load_file_settings(), FileDefaults)
    assert values(load_file_settings()) == values(load_settings()) == values(FileDefaults())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLIPPER_FFMPEG", "/opt/ffmpeg"),
        ("CLIPPER_MAX_HOURS", "0.5"),
        ("clipper_max_streams", "3"),
        ("CLIPPER_VOICE_ACTIVITY", "on"),
    ],
)
@pytest.mark.parametrize("place", ["environment", "file"])
def test_a_variable_counts_in_both_ways_of_reading(
    name: str, value: str, place: str, monkeypatch: pytest.MonkeyPatch, bare_environment: Path
) -> None:
    if place == "environment":
        monkeypatch.setenv(name, value)
    else:
        bare_environment.write_text(f"# a comment\n\n{name}={value}\n")

    assert values(load_file_settings()) == values(load_settings()) != values(FileDefaults())


@pytest.mark.parametrize("text", ["", "# CLIPPER_MAX_HOURS=2\n\n   # more\n"])
def test_a_file_of_comments_is_not_parsed(text: str, bare_environment: Path) -> None:
    bare_environment.write_text(text)

    assert isinstance(load_file_settings(), FileDefaults)


def test_an_empty_variable_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIPPER_MAX_HOURS", "")

    assert isinstance(load_file_settings(), FileDefaults)
    assert load_settings().max_hours == FileDefaults.max_hours


@pytest.mark.parametrize(("name", "value"), [("CLIPPER_PORT", "many"), ("S3_PATH_STYLE", "sideways")])
def test_a_bad_variable_is_refused_by_name_in_both_ways(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)

    for load in (load_settings, load_file_settings):
        with pytest.raises(SetupProblem, match=f"These settings can't be used: {name}: "):
            load()


def test_variables_left_unchecked_may_hold_any_text(monkeypatch: pytest.MonkeyPatch) -> None:
    unchecked = {n for f in Settings.model_fields for n in names_of(f) if not n.startswith(NAMES_TO_CHECK)}
    assert unchecked

    for name in unchecked:
        monkeypatch.setenv(name, " any: text\t?")

    load_settings()


def test_asking_for_a_second_opinion_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_file_settings(voice_activity=True).voice_activity

    monkeypatch.setenv("CLIPPER_VOICE_ACTIVITY", "off")

    assert load_file_settings(voice_activity=True).voice_activity


def test_a_chosen_number_of_threads_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")

    calculate_in_one_thread()

    assert settings.environment_with()["OPENBLAS_NUM_THREADS"] == "3"
