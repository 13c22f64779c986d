"""Where sound is missing: gaps, detection, label files."""

from aidd_studio.damage.damage import Gap, GapKind

__all__ = ["Gap", "GapKind"]
