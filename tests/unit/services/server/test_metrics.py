"""The metrics are text that Prometheus reads."""

from __future__ import annotations

from clipper_core.services.server.metrics import metrics_text


def test_every_count_is_a_line_under_its_type() -> None:
    text = metrics_text({("render", "queued"): 2, ("probe", "failed"): 1}, {"speech": 3, "fast": 0}, workers=4)

    assert text.splitlines()[2:4] == [
        'clipper_tasks{kind="probe",state="failed"} 1',
        'clipper_tasks{kind="render",state="queued"} 2',
    ]
    assert 'clipper_queue_entries{queue="fast"} 0' in text
    assert text.endswith("clipper_workers 4\n")


def test_without_any_task_the_types_are_still_named() -> None:
    lines = metrics_text({}, {}, workers=0).splitlines()

    assert [line for line in lines if line.startswith("# TYPE")] == [
        "# TYPE clipper_tasks gauge",
        "# TYPE clipper_queue_entries gauge",
        "# TYPE clipper_workers gauge",
    ]
    assert len(lines) == 7
