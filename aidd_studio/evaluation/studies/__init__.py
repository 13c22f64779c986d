"""Studies of models, settings and detection."""
