"""FFmpeg and PyAV. No face: a caller loads the one it needs."""
