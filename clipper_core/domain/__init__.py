"""Values and pure rules. No face: each module is one noun, and importing one must not load the rest."""
