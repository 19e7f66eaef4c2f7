"""One door to each outside thing. No face: a caller loads the one library it needs."""
