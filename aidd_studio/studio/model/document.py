"""The document: the open recording as the window sees it, a view-model over the session."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from aidd_studio.audio.clip import Clip, Patch
from aidd_studio.audio.peaks import Peaks
from aidd_studio.damage.damage import Damage
from aidd_studio.restoration.candidate import Candidate
from aidd_studio.restoration.restore import best_first
from aidd_studio.restoration.session.history import Entry
from aidd_studio.restoration.session.session import Session
from aidd_studio.studio.model.undo_stack import UndoStack

STATES = {
    "open": ("Open", "state-open", "open_gap"),
    "filling": ("Filling", "state-filling", "accent"),
    "candidates": ("Choose a fill", "state-candidates", "accent"),
    "accepted": ("Accepted", "state-accepted", "accepted"),
}
"""Text, icon and colour of each state of a gap, in the order in which they are sorted."""


MOST_SELECTED = 50
"""Gaps that undoing selects; it does not turn a selection into all gaps of a recording."""


@dataclass(frozen=True)
class FillProgress:
    """How far the fill of one gap is, and what is being done for it."""

    fraction: float = 0.0
    stage: str = "waiting"


@dataclass(frozen=True)
class Moment:
    """The step that the work was at, and how many candidates had come."""

    key: int
    offers: int


@dataclass
class Incoming:
    """A recording that is still being read: its peaks, and how many frames are there. One thread writes it."""

    peaks: Peaks
    frames: int = 0


class Document(QObject):
    """A session with what the person looks at in it: selected gaps, the current gap and its current candidate."""

    changed = Signal()  # gaps, candidates or accepted fills
    selection_changed = Signal()
    candidate_changed = Signal()
    filling_changed = Signal()
    travelled = Signal(list)  # list[Damage]: what undoing, redoing or jumping back has changed

    def __init__(
        self, session: Session, path: Path, project: Path | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.session = session
        self.path = path  # the recording
        self.project = project
        self.incoming: Incoming | None = None  # while it is still being read
        self.recovered_from: Path | None = None  # the folder of the journal that a crash left behind
        self.is_accepting = False  # fills are on their way to the journal and then to the session
        self.filling: dict[int, FillProgress] = {}
        self.selected: tuple[int, ...] = ()
        self._current: int | None = None
        self._chosen: dict[int, str] = {}  # gap id -> digest of the candidate that is listened to
        self.undo_stack = UndoStack(session, self)
        self.undo_stack.travelled.connect(self._travel)
        self._offers = 0  # candidates that have come
        self._is_closed = False
        session.listen(self._session_changed)

    def close(self) -> None:
        """Let go of the session, and with it of the recording; no signal is emitted any more."""
        self.session.unlisten(self._session_changed)
        self.undo_stack.blockSignals(True)
        self._is_closed = True
        self.deleteLater()

    @property
    def name(self) -> str:
        """The project's name, else the recording's."""
        return (self.project or self.path).name

    @property
    def is_complete(self) -> bool:
        """True when all samples have been read."""
        return self.incoming is None or self.incoming.frames >= self.clip.frames

    @property
    def clip(self) -> Clip:
        return self.session.clip

    @property
    def rate(self) -> int:
        return self.session.clip.rate

    @property
    def entries(self) -> tuple[Entry, ...]:
        return self.session.state.entries

    @property
    def moment(self) -> Moment:
        """What the work is like now, for `mark_saved` when that is on disk."""
        return Moment(self.undo_stack.key, self._offers)

    @property
    def is_modified(self) -> bool:
        """True when there is something to lose."""
        return self.is_accepting or (
            not self.undo_stack.isClean() and (self.project is not None or self.session.position > 0)
        )

    def mark_saved(self, then: Moment | None = None) -> None:
        """The work as it is now, or was at a moment, is on disk."""
        then = then or self.moment
        if then.offers == self._offers:
            self.undo_stack.mark_saved(then.key)
        else:
            self.mark_unsaved()

    def save_as(self, project: Path) -> None:
        """The work is kept in a project file from now on."""
        self.project = project
        self.changed.emit()

    def mark_unsaved(self) -> None:
        """The work is nowhere but here."""
        self.undo_stack.resetClean()

    # What is looked at

    @property
    def current(self) -> Entry | None:
        """The gap whose candidates are shown."""
        return self.entry(self._current) if self._current is not None else None

    def entry(self, id: int) -> Entry | None:
        """The entry with that id, if it is still there."""
        return next((entry for entry in self.entries if entry.id == id), None)

    def select(self, ids: Iterable[int]) -> None:
        """Select gaps; the last one becomes the current gap."""
        wanted = tuple(ids)
        if wanted == self.selected:
            return
        self.selected = wanted
        self._current = wanted[-1] if wanted else None
        self.selection_changed.emit()
        self.candidate_changed.emit()

    def selected_entries(self) -> list[Entry]:
        """The selected gaps in order of time."""
        selected = frozenset(self.selected)
        return [entry for entry in self.entries if entry.id in selected]

    def neighbour(self, step: int, frame: int, *, unfinished: bool = False) -> Entry | None:
        """The next (+1) or previous (-1) gap from the current one, or from a frame when none is current."""
        entries = [entry for entry in self.entries if not unfinished or entry.state != "accepted"]
        at = self.current.gap.start if self.current else frame
        later = [entry for entry in entries if entry.gap.start > at]
        earlier = [entry for entry in entries if entry.gap.start < at]
        if step > 0:
            return later[0] if later else (earlier[0] if unfinished and earlier else None)
        return earlier[-1] if earlier else None

    # Candidates

    def candidates(self, entry: Entry | None = None) -> tuple[Candidate, ...]:
        """The candidates of a gap, of the current one by default, in the order they are numbered: the best first."""
        entry = entry or self.current
        return () if entry is None else tuple(best_first(entry.candidates))

    @property
    def candidate(self) -> Candidate | None:
        """The candidate that is current: chosen by the person, else accepted, else the best one."""
        entry = self.current
        if entry is None or not entry.candidates:
            return None
        wanted = self._chosen.get(entry.id)
        for candidate in entry.candidates:
            if candidate.digest == wanted:
                return candidate
        return entry.chosen or best(entry)

    @property
    def candidate_index(self) -> int:
        """The place of the current candidate in the list; -1 without any."""
        candidate = self.candidate
        digests = [item.digest for item in self.candidates()]
        return digests.index(candidate.digest) if candidate is not None else -1

    def choose(self, index: int) -> bool:
        """Make candidate `index` of the current gap the current one; False when there is none."""
        entry, candidates = self.current, self.candidates()
        if entry is None or not 0 <= index < len(candidates):
            return False
        self._chosen[entry.id] = candidates[index].digest
        self.candidate_changed.emit()
        return True

    def set_filling(self, ids: Iterable[int], progress: FillProgress | None) -> None:
        """Say how far the fill of some gaps is; None when it has ended."""
        for id in ids:
            if progress is None:
                self.filling.pop(id, None)
            else:
                self.filling[id] = progress
        if not self._is_closed:
            self.filling_changed.emit()

    # What can be heard

    def patches_with(self, candidate: Candidate | None) -> tuple[Patch, ...]:
        """All accepted fills, with a candidate in place of what its own gap has."""
        mine = candidate.gap if candidate is not None else None
        patches = [chosen.patch for gap, chosen in self.session.state.chosen if gap != mine]
        if candidate is not None:
            patches.append(candidate.patch)
        return tuple(patches)

    def clip_for_filling(self, ids: Sequence[int]) -> Clip:
        """The recording with the accepted fills of all other gaps, which are better context than damage."""
        wanted = frozenset(ids)
        gaps = {entry.gap for entry in self.entries if entry.id in wanted}
        return self.clip.with_patches(*(chosen.patch for gap, chosen in self.session.state.chosen if gap not in gaps))

    # The way back

    def offer(self, id: int, candidate: Candidate) -> bool:
        """Add a candidate that an engine has finished; False when the gap has changed or has it already.

        It is no step, but comes to all steps that have its gap: none of them is what a project file holds any more.
        """
        if not self.session.offer(id, candidate):
            return False
        self._offers += 1
        self.mark_unsaved()
        return True

    def _travel(self, position: int) -> None:
        """Go to a step of the history and select what that touched."""
        before = {entry.id: entry for entry in self.entries}
        self.session.go_to(position)
        touched = [entry.id for entry in self.entries if _differs(before.get(entry.id), entry)]
        if touched and len(touched) <= MOST_SELECTED:
            self.select(touched)
        present = {entry.id for entry in self.entries}
        changed = [entry.gap for entry in self.entries if entry.id in touched]
        gone = [entry.gap for id, entry in before.items() if id not in present]
        self.travelled.emit(changed or gone)

    def _session_changed(self) -> None:
        self.undo_stack.follow()
        present = {entry.id for entry in self.entries}
        kept = tuple(id for id in self.selected if id in present)
        self.changed.emit()
        if kept != self.selected:
            self.select(kept)
        else:
            self.candidate_changed.emit()


def best(entry: Entry) -> Candidate:
    """The candidate to listen to first, as the command line chooses it: `auto` brings scores onto one scale."""
    return best_first(entry.candidates)[0]


def gaps_of(entries: Iterable[Entry]) -> list[Damage]:
    """The gaps of entries."""
    return [entry.gap for entry in entries]


def _differs(before: Entry | None, after: Entry) -> bool:
    if before is None:
        return True
    return (before.gap, before.accepted, before.candidates, before.starred) != (
        after.gap,
        after.accepted,
        after.candidates,
        after.starred,
    )
