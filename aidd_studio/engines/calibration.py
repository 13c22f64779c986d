"""What an engine's score says of a fill's quality; see docs/ROUTING.md."""

# Written by python tools/make_results.py RECORDINGS WORK --studies sweep; not to be changed by hand.

CALIBRATION: dict[str, tuple[float, tuple[tuple[float, float], ...]]] = {}
"""By engine: slope, and offsets by gap length in ms; quality = slope · score + offset."""
