"""The command line. No face: each command loads only what it uses."""
