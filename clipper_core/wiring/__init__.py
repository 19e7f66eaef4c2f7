"""Settings in, working parts out. No face: files of this computer need no database."""
