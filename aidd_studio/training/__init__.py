"""How models are made: corpora, rendering, trainers."""
