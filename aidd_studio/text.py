"""Small helpers for sentences that people read."""

from __future__ import annotations


def plural(count: int, noun: str) -> str:
    """The count with its noun: "1 gap", "2 gaps"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
