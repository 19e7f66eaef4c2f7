"""Clipper: turns a long recording into short clips that a person has approved.

No face: each entry loads what it uses, through ``app`` or ``wiring``.
"""

__version__ = "0.1.0"
