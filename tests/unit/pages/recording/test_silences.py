"""Silence settings, tried on the map and put to use."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from clipper_core.domain.silence import SilenceSettings
from clipper_core.services.silences.settings import Silences
from tests.unit.pages.page_room import html, recording


def silences_widget(test: AppTest, kind: str, name: str) -> Any:
    return next(w for w in test.get(kind) if (w.key or "").startswith(f"silences-{name}-"))


def test_silences_are_tried_before_they_are_used(app, opened):
    project_id = recording(app, "Episode")
    before = app.projects.get(project_id).map_id
    test = opened("review", project=project_id)
    assert "1 silence<" in html(test) and "dead air: 1.0 s in 1 place" in html(test)
    assert silences_widget(test, "button", "use").disabled and silences_widget(test, "button", "back").disabled

    silences_widget(test, "button_group", "how").set_value("Fixed level").run()
    silences_widget(test, "slider", "level").set_value(-65).run()

    assert not test.exception
    assert "0 silences" in html(test) and "nothing is changed yet" in html(test)
    assert app.projects.get(project_id).map_id == before

    silences_widget(test, "button", "use").click().run()

    used = app.silences.show(project_id)
    assert used.revision != before and used.silence_map.settings.threshold_db == -65
    assert silences_widget(test, "slider", "level").value == -65
    assert silences_widget(test, "button", "use").disabled

    silences_widget(test, "button", "back").click().run()

    assert app.projects.get(project_id).map_id == before
    assert "1 silence<" in html(test)


def test_back_ends_a_trial_of_silences(app, opened):
    project_id = recording(app, "Episode")
    before = app.projects.get(project_id).map_id
    test = opened("review", project=project_id)

    silences_widget(test, "slider", "dead-air").set_value(2.0).run()
    assert "dead air: none" in html(test)
    silences_widget(test, "button", "back").click().run()

    assert silences_widget(test, "slider", "dead-air").value == 1.0
    assert "dead air: 1.0 s in 1 place" in html(test)
    assert app.projects.get(project_id).map_id == before


def test_silences_changed_elsewhere_are_not_overwritten(app, opened):
    project_id = recording(app, "Episode")
    test = opened("review", project=project_id)
    silences_widget(test, "slider", "dead-air").set_value(2.0).run()

    # Between what was drawn and the press of the button.
    use = app.silences.use
    theirs = SilenceSettings(threshold_db=-30.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Silences, "use", lambda _, *args, **more: (use(project_id, theirs), use(*args, **more))[1])
        silences_widget(test, "button", "use").click().run()

    assert "Somebody else changed the silences" in test.warning[0].value
    assert silences_widget(test, "slider", "dead-air").value == 2.0
    assert app.silences.show(project_id).silence_map.settings == theirs


@pytest.mark.parametrize("button", ["use", "back"])
def test_a_press_before_the_warning_does_not_count(app, opened, button: str):
    project_id = recording(app, "Episode")
    test = opened("review", project=project_id)
    silences_widget(test, "slider", "dead-air").set_value(2.0).run()
    theirs = SilenceSettings(threshold_db=-30.0)
    app.silences.use(project_id, theirs)

    silences_widget(test, "button", button).click().run()

    assert "Somebody else changed the silences" in test.warning[0].value
    assert app.silences.show(project_id).silence_map.settings == theirs

    silences_widget(test, "button", button).click().run()

    assert not test.warning
    mine = SilenceSettings(dead_air_ms=2_000) if button == "use" else SilenceSettings()
    assert app.silences.show(project_id).silence_map.settings == mine


def test_stopping_a_trial_shows_the_silences_in_use(app, opened):
    project_id = recording(app, "Episode")
    test = opened("review", project=project_id)
    silences_widget(test, "slider", "dead-air").set_value(2.0).run()
    app.silences.use(project_id, SilenceSettings(threshold_db=-30.0))

    silences_widget(test, "button", "stop").click().run()

    assert not test.warning
    assert silences_widget(test, "slider", "level").value == -30.0
    assert silences_widget(test, "button", "use").disabled


def test_silences_of_an_earlier_finder_can_be_replaced(app, opened):
    project_id = recording(app, "Episode", finder=1)
    before = app.projects.get(project_id).map_id
    test = opened("review", project=project_id)

    silences_widget(test, "button", "back").click().run()

    assert app.projects.get(project_id).map_id != before
    assert app.silences.show(project_id).silence_map.settings == SilenceSettings()
    assert silences_widget(test, "button", "back").disabled
