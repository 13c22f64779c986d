"""A session: the non-destructive work on one recording, every step of which can be undone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from aidd_studio.audio.clip import Clip
from aidd_studio.damage.arithmetic import by_place
from aidd_studio.damage.damage import Damage
from aidd_studio.damage.repair_pass import RepairPass
from aidd_studio.errors import DamageError
from aidd_studio.restoration.candidate import Candidate
from aidd_studio.restoration.session.history import Entry, History, Offer, State, Step, in_order
from aidd_studio.text import plural


class Session:
    """The work on one recording: gaps, candidates, accepted fills, and the way back.

    Every edit appends a step to the history and drops the steps that were undone. Candidates that arrive from an
    engine are not edits: they are added to every step that has their gap, and undo leaves them alone.
    Listeners are called after every change, on the thread that made it.
    """

    def __init__(self, clip: Clip) -> None:
        self.clip = clip
        self.saved: dict[Path, str] = {}  # project files it was read from or saved to -> SHA-256 of what was in them
        self.history = History()
        self._next_id = 1
        self._listeners: list[Callable[[], None]] = []

    def copy(self) -> Session:
        """The session as it is now, for another thread. What the copy saves is known to this session too."""
        copy = Session(self.clip)
        copy.saved, copy.history, copy._next_id = self.saved, self.history.copy(), self._next_id
        return copy

    @property
    def state(self) -> State:
        return self.history.state

    @property
    def steps(self) -> tuple[Step, ...]:
        """The whole history, the undone steps included."""
        return self.history.steps

    @property
    def position(self) -> int:
        """Index of the current step in the history."""
        return self.history.position

    def listen(self, listener: Callable[[], None]) -> None:
        """Have a function called after every change."""
        self._listeners.append(listener)

    def unlisten(self, listener: Callable[[], None]) -> None:
        """Stop calling a function."""
        self._listeners.remove(listener)

    def restored(self) -> Clip:
        """The recording with all accepted fills in place; costs no copy of the samples."""
        return self.clip.with_patches(*(candidate.patch for _, candidate in self.state.chosen))

    # Edits

    def add_gaps(self, gaps: Iterable[Damage], name: str | None = None) -> list[int]:
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
                raise DamageError("Gaps must not overlap; remove one of them first.")
        self._step("Move gap", self._replaced(Entry(id, moved)))

    def remove_gaps(self, ids: Sequence[int]) -> None:
        """Take gaps out of the list; the recording is as it was there."""
        kept = [entry for entry in self.state.entries if entry.id not in set(ids)]
        if len(kept) < len(self.state.entries):
            self._step("Remove gap" if len(ids) == 1 else f"Remove {len(ids)} gaps", kept)

    def accept(self, id: int, digest: str) -> None:
        """Place a candidate in its gap."""
        self.accept_all({id: digest})

    def accept_all(self, chosen: Mapping[int, str]) -> None:
        """Place candidates in their gaps in one step; digests by the gaps' ids."""
        accepted = {}
        for id, digest in chosen.items():
            entry = self.state.entry(id)
            if digest not in {candidate.digest for candidate in entry.candidates}:
                raise DamageError("That candidate does not belong to the gap.")
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
        """Revert an accepted fill but keep the candidates."""
        entry = self.state.entry(id)
        if entry.accepted is not None:
            self._step("Revert fill", self._replaced(replace(entry, accepted=None)))

    def star(self, id: int, digest: str) -> None:
        """Put a star on a candidate, or take it away."""
        entry = self.state.entry(id)
        name = "Remove star" if digest in entry.starred else "Star fill"
        self._step(name, self._replaced(replace(entry, starred=entry.starred ^ {digest})))

    # Repair passes

    def add_pass(self, kind: str, members: Iterable[Damage], settings: Mapping[str, Any] | None = None) -> int:
        """Add damage that belongs together as one pass, in one step; returns its id. Raises DamageError."""
        sorted_members = tuple(sorted(members, key=by_place))
        for member in sorted_members:
            self._check(member)
        repair = RepairPass(self._next_id, kind, sorted_members, dict(settings or {}))
        self._next_id += 1
        name = f"{kind.capitalize()}: {plural(len(sorted_members), 'place')}"
        self._step(name, self.state.entries, (*self.state.passes, repair))
        return repair.id

    def veto(self, id: int, index: int) -> None:
        """Leave one member of a pass as it is."""
        self._put_pass("Veto repair", self.state.repair_pass(id).with_veto(index))

    def lift_veto(self, id: int, index: int) -> None:
        """Repair a member of a pass after all."""
        self._put_pass("Lift veto", self.state.repair_pass(id).without_veto(index))

    def remove_pass(self, id: int) -> None:
        """Take a pass out of the list."""
        gone = self.state.repair_pass(id)
        self._step("Remove repair pass", self.state.entries, [one for one in self.state.passes if one is not gone])

    # Candidates

    def offer(self, id: int, candidate: Candidate) -> bool:
        """Add a candidate that an engine has finished; False when the gap has changed or has it already."""
        entry = next((entry for entry in self.state.entries if entry.id == id), None)
        if entry is None or (entry.gap.start, entry.gap.end) != (candidate.gap.start, candidate.gap.end):
            return False
        if candidate.digest in {known.digest for known in entry.candidates}:
            return False
        self.history.offer(Offer(id, candidate))
        self._notify()
        return True

    # The way back

    @property
    def can_undo(self) -> bool:
        return self.position > 0

    @property
    def can_redo(self) -> bool:
        return self.position + 1 < len(self.history.keys)

    def undo(self) -> None:
        """Go back one step."""
        self.go_to(max(0, self.position - 1))

    def redo(self) -> None:
        """Go forward one step."""
        self.go_to(min(len(self.history.keys) - 1, self.position + 1))

    def go_to(self, position: int) -> None:
        """Jump to any step of the history."""
        if position != self.position:
            self.history.go_to(position)
            self._notify()

    def resume(self, steps: Sequence[Step], position: int) -> None:
        """Take over a history that was kept in a project file."""
        self.history = History(steps, position)
        ids = [entry.id for step in steps for entry in step.state.entries]
        ids += [repair.id for step in steps for repair in step.state.passes]
        self._next_id = max(ids, default=0) + 1
        self._notify()

    def _step(self, name: str, entries: Iterable[Entry], passes: Iterable[RepairPass] | None = None) -> None:
        passes = self.state.passes if passes is None else passes
        self.history.put(self.position + 1, name, in_order(entries, passes))
        self._notify()

    def _put_pass(self, name: str, repair: RepairPass) -> None:
        if repair != self.state.repair_pass(repair.id):
            passes = [repair if other.id == repair.id else other for other in self.state.passes]
            self._step(name, self.state.entries, passes)

    def _replaced(self, entry: Entry) -> list[Entry]:
        return [entry if other.id == entry.id else other for other in self.state.entries]

    def _check(self, gap: Damage) -> None:
        if gap.start < 0 or gap.end > self.clip.frames:
            raise DamageError("The gap lies outside the recording.")
        if gap.band is not None:
            gap.band.check_rate(self.clip.rate)

    def _notify(self) -> None:
        for listener in self._listeners:
            listener()
