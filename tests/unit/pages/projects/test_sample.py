"""Trying the sample recording."""

from __future__ import annotations

from clipper_core.domain.ids import SAMPLE_PROJECT


def press_try(test) -> None:
    next(button for button in test.button if button.label == "Try the sample").click().run()


def test_trying_the_sample_starts_its_run(app, opened):
    assert app.projects.get(SAMPLE_PROJECT).run is None

    press_try(opened())

    assert not app.projects.get(SAMPLE_PROJECT).run.is_final


def test_trying_the_sample_again_keeps_its_run(app, opened):
    press_try(opened())
    first = app.projects.get(SAMPLE_PROJECT).run

    press_try(opened("upload"))

    assert app.projects.get(SAMPLE_PROJECT).run.id == first.id


def test_a_deleted_sample_is_restored_by_trying_it(app, opened):
    app.projects.delete(SAMPLE_PROJECT)

    press_try(opened())

    assert app.projects.get(SAMPLE_PROJECT).deleted_at is None
