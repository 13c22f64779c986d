"""A session: the non-destructive work on one recording, every step of which can be undone."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from aidd_studio.audio.clip import Clip
from aidd_studio.errors import GapError
from aidd_studio.gaps.arithmetic import by_place
from aidd_studio.gaps.gap import Gap
from aidd_studio.restoration.candidate import Candidate

GapState = Literal["open", "candidates", "accepted"]


@dataclass(frozen=True, eq=False)
class Entry:
    """A gap of the session with its candidates; `accepted` is the digest of the chosen one."""

    id: int
    gap: Gap
    candidates: tuple[Candidate, ...] = ()
    accepted: str | None = None
    starred: frozenset[str] = frozenset()

    @property
    def state(self) -> GapState:
        if self.accepted is not None:
            return "accepted"
        return "candidates" if self.candidates else "open"

    @property
    def chosen(self) -> Candidate | None:
        """The accepted candidate."""
        return next((candidate for candidate in self.candidates if candidate.digest == self.accepted), None)


@dataclass(frozen=True, eq=False)
class State:
    """All gaps at one moment, sorted by time. Cheap to keep: states share their entries."""

    entries: tuple[Entry, ...] = ()

    def entry(self, id: int) -> Entry:
        """The entry with that id. Raises GapError when it is gone."""
        for entry in self.entries:
            if entry.id == id:
                return entry
        raise GapError("That gap is no longer in the list.")


@dataclass(frozen=True, eq=False)
class Step:
    """One entry of the history: what was done, and the state it led to.

    key: tells it from all other steps of this run of the program, whatever candidates come to its gaps later.
    """

    name: str
    state: State
    key: int = field(default_factory=itertools.count().__next__)


class Session:
    """The work on one recording: gaps, candidates, accepted fills, and the way back.

    Every edit appends a step to the history and drops the steps that were undone. Candidates that arrive from an
    engine are no edit: they are added to every step that has their gap, since nobody would want to undo them.
    Listeners are called after every change, on the thread that made it.
    """

    def __init__(self, clip: Clip) -> None:
        self.clip = clip
        self.kept: dict[Path, str] = {}  # project files it was read from or saved to -> SHA-256 of what was in them
        self._steps = [Step("Open", State())]
        self._position = 0
        self._next_id = 1
        self._listeners: list[Callable[[], None]] = []

    @property
    def state(self) -> State:
        return self._steps[self._position].state

    @property
    def steps(self) -> tuple[Step, ...]:
        """The whole history, the undone steps included."""
        return tuple(self._steps)

    @property
    def position(self) -> int:
        """Index of the current step in the history."""
        return self._position

    def listen(self, listener: Callable[[], None]) -> None:
        """Have a function called after every change."""
        self._listeners.append(listener)

    def unlisten(self, listener: Callable[[], None]) -> None:
        """Call a function no more."""
        self._listeners.remove(listener)

    def restored(self) -> Clip:
        """The recording with all accepted fills laid over it; costs no copy of the samples."""
        chosen = [entry.chosen for entry in self.state.entries]
        return self.clip.with_patches(*(candidate.patch for candidate in chosen if candidate is not None))

    # Edits

    def add_gaps(self, gaps: Iterable[Gap], name: str | None = None) -> list[int]:
        """Add gaps that are not there yet; returns the ids of the new ones.

        Gaps that overlap one in the list in a channel are left out, so that detecting twice changes nothing.
        """
        entries = list(self.state.entries)
        ids = []
        for gap in sorted(gaps, key=by_place):
            self._check(gap)
            if any(gap.overlaps(entry.gap) for entry in entries):
                continue
            entries.append(Entry(self._next_id, gap))
            ids.append(self._next_id)
            self._next_id += 1
        if ids:
            self._step(name or ("Add gap" if len(ids) == 1 else f"Add {len(ids)} gaps"), entries)
        return ids

    def move_gap(self, id: int, start: int, end: int) -> None:
        """Give a gap other borders; its candidates no longer fit and are dropped."""
        entry = self.state.entry(id)
        if (entry.gap.start, entry.gap.end) == (start, end):
            return
        moved = entry.gap.moved(start, end)
        self._check(moved)
        for other in self.state.entries:
            if other.id != id and moved.overlaps(other.gap):
                raise GapError("Gaps must not overlap; remove one of them first.")
        self._step("Move gap", self._replaced(Entry(id, moved)))

    def remove_gaps(self, ids: Sequence[int]) -> None:
        """Take gaps out of the list; the recording is as it was there."""
        kept = [entry for entry in self.state.entries if entry.id not in set(ids)]
        if len(kept) < len(self.state.entries):
            self._step("Remove gap" if len(ids) == 1 else f"Remove {len(ids)} gaps", kept)

    def accept(self, id: int, digest: str) -> None:
        """Lay a candidate over its gap."""
        self.accept_all({id: digest})

    def accept_all(self, chosen: Mapping[int, str]) -> None:
        """Lay candidates over their gaps in one step; digests by the gaps' ids."""
        accepted = {}
        for id, digest in chosen.items():
            entry = self.state.entry(id)
            if digest not in {candidate.digest for candidate in entry.candidates}:
                raise GapError("That candidate does not belong to the gap.")
            if entry.accepted != digest:
                accepted[id] = replace(entry, accepted=digest)
        if accepted:
            name = "Accept fill" if len(accepted) == 1 else f"Accept {len(accepted)} fills"
            self._step(name, [accepted.get(entry.id, entry) for entry in self.state.entries])

    def reject(self, id: int, digest: str | None = None) -> None:
        """Drop one candidate of a gap, or all of them; an accepted fill is taken back with it."""
        entry = self.state.entry(id)
        kept = tuple(c for c in entry.candidates if digest is not None and c.digest != digest)
        if len(kept) == len(entry.candidates):
            return
        accepted = entry.accepted if any(c.digest == entry.accepted for c in kept) else None
        name = "Reject fills" if digest is None else "Reject fill"
        self._step(name, self._replaced(replace(entry, candidates=kept, accepted=accepted)))

    def withdraw(self, id: int) -> None:
        """Take an accepted fill back but keep the candidates."""
        entry = self.state.entry(id)
        if entry.accepted is not None:
            self._step("Take fill back", self._replaced(replace(entry, accepted=None)))

    def star(self, id: int, digest: str) -> None:
        """Put a star on a candidate, or take it away."""
        entry = self.state.entry(id)
        name = "Remove star" if digest in entry.starred else "Star fill"
        self._step(name, self._replaced(replace(entry, starred=entry.starred ^ {digest})))

    # Candidates

    def offer(self, id: int, candidate: Candidate) -> bool:
        """Add a candidate that an engine has finished; False when the gap has changed or has it already."""
        entry = next((entry for entry in self.state.entries if entry.id == id), None)
        if entry is None or (entry.gap.start, entry.gap.end) != (candidate.gap.start, candidate.gap.end):
            return False
        if candidate.digest in {known.digest for known in entry.candidates}:
            return False
        self._steps = [_offered(step, id, candidate) for step in self._steps]
        self._tell()
        return True

    # The way back

    @property
    def can_undo(self) -> bool:
        return self._position > 0

    @property
    def can_redo(self) -> bool:
        return self._position + 1 < len(self._steps)

    def undo(self) -> None:
        """Go back one step."""
        self.go_to(max(0, self._position - 1))

    def redo(self) -> None:
        """Go forward one step."""
        self.go_to(min(len(self._steps) - 1, self._position + 1))

    def go_to(self, position: int) -> None:
        """Jump to any step of the history."""
        if not 0 <= position < len(self._steps):
            raise GapError("The history has no such step.")
        if position != self._position:
            self._position = position
            self._tell()

    def resume(self, steps: Sequence[Step], position: int) -> None:
        """Take over a history that was kept in a project file."""
        self._steps = list(steps) or [Step("Open", State())]
        self._position = min(max(0, position), len(self._steps) - 1)
        ids = [entry.id for step in self._steps for entry in step.state.entries]
        self._next_id = max(ids, default=0) + 1
        self._tell()

    def _step(self, name: str, entries: Iterable[Entry]) -> None:
        ordered = tuple(sorted(entries, key=lambda entry: (entry.gap.start, entry.gap.end)))
        del self._steps[self._position + 1 :]
        self._steps.append(Step(name, State(ordered)))
        self._position += 1
        self._tell()

    def _replaced(self, entry: Entry) -> list[Entry]:
        return [entry if other.id == entry.id else other for other in self.state.entries]

    def _check(self, gap: Gap) -> None:
        if gap.start < 0 or gap.end > self.clip.frames:
            raise GapError("The gap lies outside the recording.")

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()


def _offered(step: Step, id: int, candidate: Candidate) -> Step:
    """The step with a candidate added to its gap, where the gap is there with the same borders."""
    for place, entry in enumerate(step.state.entries):
        if entry.id == id and (entry.gap.start, entry.gap.end) == (candidate.gap.start, candidate.gap.end):
            grown = replace(entry, candidates=(*entry.candidates, candidate))
            return replace(step, state=State((*step.state.entries[:place], grown, *step.state.entries[place + 1 :])))
    return step
