"""Recogniser, aligner and voice activity. No face: each loads a model library of its own."""
