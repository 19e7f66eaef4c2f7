"""Which engine does the work. No face: the command line uses it without a database."""
