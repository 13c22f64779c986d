"""Sound files: reading, writing, tags and chunks."""
