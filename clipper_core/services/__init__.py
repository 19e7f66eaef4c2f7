"""Plurals: everything that has rows. No face: the rooms below have theirs."""
