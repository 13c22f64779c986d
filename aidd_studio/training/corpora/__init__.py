"""Training corpora."""
