"""Filling from a similar passage of the same recording."""
