"""Training models: corpora, rendering, trainers."""
