"""Files on disk: atomic writes and caches."""
