"""What is missing or spoilt in a recording: damage, detection, label files."""

from aidd_studio.damage.damage import Damage, DamageKind

__all__ = ["Damage", "DamageKind"]
