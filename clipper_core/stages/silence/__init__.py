"""Silences found in sound. No face: stages are loaded one by one."""
