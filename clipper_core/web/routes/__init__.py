"""Routes by noun. No face: each module is a router that `web.api` mounts."""
