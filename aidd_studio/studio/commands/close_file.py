"""Closing the window: one question in the banner about everything that would be lost."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from aidd_studio.studio.model.workspace import Workspace


class CloseFiles(QObject):
    """Asks before unsaved work or a running batch is given up."""

    def __init__(
        self,
        workspace: Workspace,
        is_batch_working: Callable[[], bool],
        show_batch: Callable[[], object],
        save_then: Callable[[Callable[[], object]], object],
        quit: Callable[[], object],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._is_batch_working = is_batch_working
        self._show_batch = show_batch
        self._save_then = save_then
        self._quit = quit
        self._stops_batch = self._discards = False

    def may_close(self) -> bool:
        """True when nothing would be lost or the person said so; else the banner asks."""
        unsaved = [] if self._discards else [one.name for one in self._workspace.documents if one.is_modified]
        is_batch = self._is_batch_working() and not self._stops_batch
        if not unsaved and not is_batch:
            return True
        work = f"The work on {' and '.join(unsaved)} is not saved as a project"
        if not is_batch:
            self._workspace.ask(f"{work}.", {"Save": self._save, "Discard": self._discard, "Cancel": lambda: None})
        elif not unsaved:
            self._workspace.ask(
                "The batch is still at work. What it has finished stays; the rest is not restored.",
                {"Stop it and quit": self._discard, "Show the batch": self._show_batch},
            )
        else:
            self._workspace.ask(
                f"{work}, and the batch is still at work. What the batch has finished stays.",
                {"Save and quit": self._save, "Discard and quit": self._discard, "Cancel": lambda: None},
            )
        return False

    def _save(self) -> None:
        self._save_then(self._quit_saved)

    def _quit_saved(self) -> None:
        """What was edited while the project was being saved is asked about again."""
        self._stops_batch = True
        self._quit()
        self._stops_batch = False

    def _discard(self) -> None:
        self._stops_batch = self._discards = True
        self._quit()
        self._stops_batch = self._discards = False
