"""Where sound is missing: gaps, detection, label files."""

from aidd_studio.gaps.gap import Gap, GapKind

__all__ = ["Gap", "GapKind"]
