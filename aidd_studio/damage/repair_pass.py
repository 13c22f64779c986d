"""A repair pass: damage that is repaired together, such as all clicks of a record's side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aidd_studio.damage.damage import Damage
from aidd_studio.errors import DamageError


@dataclass(frozen=True)
class RepairPass:
    """Damage that one tool repairs with one set of settings; any member can be vetoed, which leaves it as it is.

    id: its own within a session. kind: the tool ("declick"). members: sorted by time. vetoed: indices of members.
    Raises DamageError for a pass without members and for a veto on a member that is not there.
    """

    id: int
    kind: str
    members: tuple[Damage, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)  # JSON-able; enough to make the repair again
    vetoed: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if not self.members:
            raise DamageError("A repair pass needs at least one member.")
        if any(not 0 <= index < len(self.members) for index in self.vetoed):
            raise DamageError(f"The repair pass has {len(self.members)} members; the veto names one that is not there.")

    @property
    def start(self) -> int:
        """The first frame of any member."""
        return self.members[0].start

    @property
    def end(self) -> int:
        """The frame behind the last one of any member."""
        return max(member.end for member in self.members)

    @property
    def active(self) -> tuple[Damage, ...]:
        """The members that are repaired."""
        return tuple(member for index, member in enumerate(self.members) if index not in self.vetoed)

    def with_veto(self, index: int) -> RepairPass:
        """The pass without the repair of one member."""
        return replace(self, vetoed=self.vetoed | {index})

    def without_veto(self, index: int) -> RepairPass:
        """The pass with the repair of that member again."""
        return replace(self, vetoed=self.vetoed - {index})
