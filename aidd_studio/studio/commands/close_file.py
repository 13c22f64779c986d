"""Quitting: one question in the banner about everything that would be lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

if TYPE_CHECKING:
    from aidd_studio.studio.window.main_window import MainWindow


class Quitting(QObject):
    """Asks before unsaved work or a running batch is given up."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._stops_batch = self._discards = False

    def may_quit(self) -> bool:
        """True when nothing would be lost or the person said so; else the banner asks."""
        document = self._window.document
        is_unsaved = document is not None and (document.is_modified or self._window.journaling.is_accepting)
        unsaved = document if is_unsaved and not self._discards else None
        is_batch = self._window.batching.is_working and not self._stops_batch
        if unsaved is None and not is_batch:
            return True
        work = f"The work on {unsaved.path.name} is not saved as a project" if unsaved is not None else ""
        if not is_batch:
            self._ask(f"{work}.", {"Save": self._save, "Discard": self._discard, "Cancel": lambda: None})
        elif unsaved is None:
            text = "The batch is still at work. What it has finished stays; the rest is not restored."
            self._ask(text, {"Stop it and quit": self._discard, "Show the batch": self._window.batching.show})
        else:
            text = f"{work}, and the batch is still at work. What the batch has finished stays."
            self._ask(
                text,
                {"Save and quit": self._save, "Discard and quit": self._discard, "Cancel": lambda: None},
            )
        return False

    def _ask(self, text: str, choices: dict[str, Callable[[], object]]) -> None:
        self._window.banner.ask(text, choices)

    def _save(self) -> None:
        self._window.keeping.save(self._quit_saved)

    def _quit_saved(self) -> None:
        """What was edited while the project was being saved is asked about again."""
        self._stops_batch = True
        self._window.close()
        self._stops_batch = False

    def _discard(self) -> None:
        self._stops_batch = self._discards = True
        self._window.close()
        self._stops_batch = self._discards = False
