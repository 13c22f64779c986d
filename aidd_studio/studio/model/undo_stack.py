"""The undo stack: Qt's own, over the session's history, so that the way back is known to menus, lists and the title.

The session holds what every step led to (the project file and the API need it there); the stack holds one command for
each of its steps. Neither can leave the other behind: whatever happens to the session's history is taken over at once,
and all that a command does is to take the session to its step.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from aidd_studio.restoration.session.history import Entry, Step, common_prefix
from aidd_studio.restoration.session.session import Session
from aidd_studio.studio.model.time_format import format_time


class UndoStack(QUndoStack):
    """Follows a session's edits, and moves the session on undo, redo and jumps.

    A jump over many steps moves the session once, to where it ends.
    """

    travelled = Signal(int)  # where the session is wanted: an index of its history

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._keys: list[int] = []  # of the steps; there is a command for each but the first
        self._is_following = False
        self.indexChanged.connect(self._index_changed)
        self.follow()
        self.setClean()

    @property
    def key(self) -> int:
        """The key of the step that the session is at."""
        return self._session.history.keys[self._session.position]

    def follow(self) -> None:
        """Take over what has happened to the session's history."""
        history, position = self._session.history, self._session.position
        keys = history.keys
        if keys == self._keys and position == self.index():
            return
        known = common_prefix(keys, self._keys)
        self._is_following = True
        if known == 0 or known == len(keys) < len(self._keys):  # another history, or steps have only gone
            self.clear()
            self.resetClean()
            known = 1
        self.setIndex(known - 1)
        for index in range(known, len(keys)):
            self.push(QUndoCommand(self._text(history.step(index - 1), history.step(index))))
        self.setIndex(position)
        self._keys = keys
        self._is_following = False

    def mark_saved(self, key: int) -> None:
        """The step with that key is what is on disk; none is when it is gone."""
        if key not in self._keys:
            self.resetClean()
            return
        here = self.index()
        self._is_following = True
        self.setIndex(self._keys.index(key))
        self.setClean()
        self.setIndex(here)
        self._is_following = False

    def _index_changed(self, index: int) -> None:
        if not self._is_following and index != self._session.position:
            self.travelled.emit(index)

    def _text(self, before: Step, step: Step) -> str:
        """What lists say of a step, and behind the line's end what the menu says."""
        return f"{step.name}{self._where(before, step)}\n{step.name}"

    def _where(self, before: Step, step: Step) -> str:
        """The time of the gap that a step is about, when it is about one."""
        old = {entry.id: entry for entry in before.state.entries}
        new = {entry.id: entry for entry in step.state.entries}
        touched = [id for id in old.keys() | new.keys() if _differs(old.get(id), new.get(id))]
        if len(touched) != 1:
            return ""
        entry = new.get(touched[0]) or old[touched[0]]
        return f"  ·  {format_time(entry.gap.start, self._session.clip.rate)}"


def _differs(before: Entry | None, after: Entry | None) -> bool:
    if before is None or after is None:
        return before is not after
    return (before.gap, before.accepted, before.starred) != (after.gap, after.accepted, after.starred)
