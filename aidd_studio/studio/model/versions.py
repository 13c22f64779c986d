"""Versions of the recording that can be heard and drawn, by number."""

from __future__ import annotations

ORIGINAL = 0
RESTORED = 1
FIRST_CANDIDATE = 2
"""The current gap's first candidate; the others follow."""
