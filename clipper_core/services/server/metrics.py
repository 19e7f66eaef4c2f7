"""Metrics in the text format that Prometheus reads."""

from __future__ import annotations

from collections.abc import Mapping


def metrics_text(tasks: Mapping[tuple[str, str], int], depths: Mapping[str, int], workers: int) -> str:
    """The metrics page.

    Args:
        tasks: How many tasks there are, by kind and state.
        depths: How many entries wait, by queue.
        workers: How many workers are alive.
    """
    lines = ["# HELP clipper_tasks Tasks by kind and state.", "# TYPE clipper_tasks gauge"]
    lines += [f'clipper_tasks{{kind="{k}",state="{s}"}} {n}' for (k, s), n in sorted(tasks.items())]
    lines += ["# HELP clipper_queue_entries Entries that wait in a queue.", "# TYPE clipper_queue_entries gauge"]
    lines += [f'clipper_queue_entries{{queue="{q}"}} {n}' for q, n in sorted(depths.items())]
    lines += ["# HELP clipper_workers Workers heard from lately.", "# TYPE clipper_workers gauge"]
    return "\n".join([*lines, f"clipper_workers {workers}"]) + "\n"
