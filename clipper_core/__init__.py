"""Clipper: turns a long recording into short clips that a person has approved."""

__version__ = "0.1.0"
