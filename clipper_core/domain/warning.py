"""Warnings: what a user should know about a recording, though the work on it goes on."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class RunWarning:
    """A sentence for the user, and the code by which programs know it."""

    code: str
    message: str

    def to_json(self) -> dict[str, str]:
        return asdict(self)


Warnings = list[RunWarning]
