"""Running an evaluation, resumable."""
