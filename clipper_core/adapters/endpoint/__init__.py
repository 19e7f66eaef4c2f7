"""An OpenAI-compatible service. No face: its client is loaded only where an endpoint is switched on."""
