"""The HTTP API. No face: the entry is `web.api`, and it loads every route."""
