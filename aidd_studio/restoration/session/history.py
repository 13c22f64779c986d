"""The history of a session: its steps, where it is among them, and the candidates that came on the way."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from aidd_studio.damage.damage import Damage
from aidd_studio.damage.repair_pass import RepairPass
from aidd_studio.errors import DamageError
from aidd_studio.restoration.candidate import Candidate

GapState = Literal["open", "candidates", "accepted"]


@dataclass(frozen=True, eq=False)
class Entry:
    """A gap of the session with its candidates; `accepted` is the digest of the chosen one."""

    id: int
    gap: Damage
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
        if self.accepted is None:
            return None
        return next((candidate for candidate in self.candidates if candidate.digest == self.accepted), None)


@dataclass(frozen=True, eq=False)
class State:
    """All gaps and repair passes at one moment, sorted by time. Cheap to keep: states share their entries."""

    entries: tuple[Entry, ...] = ()
    passes: tuple[RepairPass, ...] = ()

    def entry(self, id: int) -> Entry:
        """The entry with that id. Raises DamageError when it is gone."""
        for entry in self.entries:
            if entry.id == id:
                return entry
        raise DamageError("That gap is no longer in the list.")

    def repair_pass(self, id: int) -> RepairPass:
        """The repair pass with that id. Raises DamageError when it is gone."""
        for repair in self.passes:
            if repair.id == id:
                return repair
        raise DamageError("That repair pass is no longer in the list.")

    @cached_property
    def chosen(self) -> tuple[tuple[Damage, Candidate], ...]:
        """The gaps with an accepted candidate, and that."""
        found = ((entry.gap, entry.chosen) for entry in self.entries if entry.accepted is not None)
        return tuple((gap, candidate) for gap, candidate in found if candidate is not None)


@dataclass(frozen=True, eq=False)
class Step:
    """One entry of the history: what was done, and the state it led to.

    key: no other step of this run of the program has it, whatever candidates come to its gaps later.
    """

    name: str
    state: State
    key: int = field(default_factory=itertools.count().__next__)


@dataclass(frozen=True, eq=False)
class Offer:
    """A candidate that came for the gap with that id; later ones have higher numbers."""

    id: int
    candidate: Candidate
    number: int = field(default_factory=itertools.count().__next__)


@dataclass(frozen=True, eq=False)
class Change:
    """What a step does to the state before it: entries that are new or different, and ids of what goes.

    passes: repair passes that are new or different. vetoes: the vetoed members of passes of which only these changed,
    so that a veto on one of ten thousand clicks stays a small change.
    """

    put: tuple[Entry, ...] = ()
    removed: frozenset[int] = frozenset()  # of entries and passes, which share their ids
    passes: tuple[RepairPass, ...] = ()
    vetoes: Mapping[int, frozenset[int]] = field(default_factory=dict)


class History:
    """Steps, one of which is current. Candidates that are offered belong to every step that has their gap.

    A step takes in new candidates when it is read, so that adding one costs the same however many steps there are. The
    current step is always up to date. The first step exists from the beginning.
    """

    def __init__(self, steps: Iterable[Step] = (), position: int = 0) -> None:
        self._steps = list(steps) or [Step("Open", State())]
        self._taken_in = [-1] * len(self._steps)  # the number of the last offer that each step knows of
        self._offers: list[Offer] = []
        self._position = min(max(0, position), len(self._steps) - 1)

    def copy(self) -> History:
        """The history as it is now, for another thread: steps are never changed, only replaced."""
        copy = History(self._steps, self._position)
        copy._taken_in, copy._offers = self._taken_in.copy(), self._offers.copy()
        return copy

    @property
    def position(self) -> int:
        """Index of the current step."""
        return self._position

    @property
    def state(self) -> State:
        """The current state."""
        return self._steps[self._position].state

    @property
    def keys(self) -> list[int]:
        """The keys of all steps, the undone ones included."""
        return [step.key for step in self._steps]

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, the undone ones included."""
        return tuple(self.step(index) for index in range(len(self._steps)))

    def offers_after(self, number: int) -> list[Offer]:
        """The candidates that came after the one of that number."""
        return self._offers[bisect_right(self._offers, number, key=_number) :]

    def step(self, index: int) -> Step:
        """One step, with all that was offered."""
        missed = self.offers_after(self._taken_in[index])
        if missed:
            step = self._steps[index]
            self._steps[index] = replace(step, state=_with_offers(step.state, missed))
            self._taken_in[index] = missed[-1].number
        return self._steps[index]

    def put(self, index: int, name: str, state: State) -> None:
        """Make a step at that place the last and current one; what was there and behind it goes."""
        goes = index < len(self._steps)
        del self._steps[index:], self._taken_in[index:]
        self._steps.append(Step(name, state))
        self._taken_in.append(self._offers[-1].number if self._offers else -1)
        self._position = len(self._steps) - 1
        if goes:
            self._forget_offers()

    def offer(self, offer: Offer) -> None:
        """Add a candidate to its gap wherever that has the borders it was made for."""
        self._offers.append(offer)
        self.step(self._position)

    def go_to(self, position: int) -> None:
        """Make another step the current one. Raises DamageError when there is none."""
        if not 0 <= position < len(self._steps):
            raise DamageError("The history has no such step.")
        self._position = position
        self.step(position)

    def _forget_offers(self) -> None:
        """Drop candidates for gaps that no step has any more."""
        entries = set[Entry]().union(*(step.state.entries for step in self._steps))
        places = {(entry.id, entry.gap.start, entry.gap.end) for entry in entries}
        self._offers = [offer for offer in self._offers if _place(offer) in places]


def _number(offer: Offer) -> int:
    return offer.number


def _place(offer: Offer) -> tuple[int, int, int]:
    return offer.id, offer.candidate.gap.start, offer.candidate.gap.end


def change_between(before: State, after: State) -> Change:
    """The change from one state to another."""
    known = {entry.id: entry for entry in before.entries}
    put = tuple(entry for entry in after.entries if not _same(known.pop(entry.id, None), entry))
    passes: list[RepairPass] = []
    vetoes: dict[int, frozenset[int]] = {}
    known_passes = {repair.id: repair for repair in before.passes}
    for repair in after.passes:
        earlier = known_passes.pop(repair.id, None)
        if earlier is repair or earlier == repair:
            continue
        if earlier is not None and replace(earlier, vetoed=repair.vetoed) == repair:
            vetoes[repair.id] = repair.vetoed
        else:
            passes.append(repair)
    return Change(put, frozenset(known) | frozenset(known_passes), tuple(passes), vetoes)


def _same(before: Entry | None, after: Entry) -> bool:
    """Whether two entries say the same: what was offered makes new entries of the same gap in every step."""
    if before is None or before is after:
        return before is not None
    return (before.gap, before.candidates, before.accepted, before.starred) == (
        after.gap,
        after.candidates,
        after.accepted,
        after.starred,
    )


def changed(state: State, change: Change) -> State:
    """The state that a change leads to."""
    entries = {entry.id: entry for entry in state.entries if entry.id not in change.removed}
    entries.update((entry.id, entry) for entry in change.put)
    passes = {repair.id: repair for repair in state.passes if repair.id not in change.removed}
    passes.update((repair.id, repair) for repair in change.passes)
    passes.update((id, replace(passes[id], vetoed=vetoed)) for id, vetoed in change.vetoes.items())
    return in_order(entries.values(), passes.values())


def in_order(entries: Iterable[Entry], passes: Iterable[RepairPass] = ()) -> State:
    """A state of entries and repair passes in any order."""
    return State(
        tuple(sorted(entries, key=lambda entry: (entry.gap.start, entry.gap.end))),
        tuple(sorted(passes, key=lambda repair: (repair.start, repair.id))),
    )


def _with_offers(state: State, offers: Sequence[Offer]) -> State:
    """The state with candidates added where their gap is there with the same borders."""
    offered: dict[int, list[Candidate]] = {}
    for offer in offers:
        offered.setdefault(offer.id, []).append(offer.candidate)
    entries = list(state.entries)
    for place, entry in enumerate(entries):
        if entry.id in offered:
            entries[place] = _grown(entry, offered[entry.id])
    return replace(state, entries=tuple(entries))


def _grown(entry: Entry, offered: Sequence[Candidate]) -> Entry:
    for candidate in offered:
        fits = (entry.gap.start, entry.gap.end) == (candidate.gap.start, candidate.gap.end)
        if fits and all(candidate.digest != known.digest for known in entry.candidates):
            entry = replace(entry, candidates=(*entry.candidates, candidate))
    return entry


def common_prefix(first: Sequence[int], second: Sequence[int]) -> int:
    """The length of two lists' common prefix."""
    for count, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return count
    return min(len(first), len(second))
