"""The command line's own services. No face: listing silences must not load a recogniser."""
