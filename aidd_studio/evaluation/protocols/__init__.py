"""What `aidd-studio evaluate` can measure, each by its name."""
