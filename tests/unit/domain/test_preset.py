"""Presets: found by name, with a default among them."""

from __future__ import annotations

from clipper_core.domain.preset import DEFAULT_PRESET, PRESETS


def test_a_preset_is_found_by_its_own_name() -> None:
    assert all(name == preset.name and preset.label for name, preset in PRESETS.items())


def test_the_usual_preset_keeps_the_picture_and_one_leaves_it_out() -> None:
    assert PRESETS[DEFAULT_PRESET].picture
    assert [p.name for p in PRESETS.values() if not p.picture] == ["audio"]
