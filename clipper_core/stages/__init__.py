"""Verbs: the code of each step. No face: the rooms below are loaded one by one."""
