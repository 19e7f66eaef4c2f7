"""Rows and how they are reached. No face: migrations load Alembic, which only a start needs."""
