"""The training tasks."""
