"""What is missing or spoilt in a recording: damage, detection, label files."""

from aidd_studio.damage.damage import Band, Damage, DamageKind, Known

__all__ = ["Band", "Damage", "DamageKind", "Known"]
