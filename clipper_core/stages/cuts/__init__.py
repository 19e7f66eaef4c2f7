"""Cuts and their certificates. No face: stages are loaded one by one."""
