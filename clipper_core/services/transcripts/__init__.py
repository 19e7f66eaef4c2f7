"""Words as they come and as people correct them. No face: only corrections need a database."""
