"""x"""

from dataclasses import dataclass


@dataclass
class Name:
    title: str
    reasons: tuple[str, ...]


def name_clips(spans, material):
    return [Name("", ()) for _ in spans]
