"""Window commands: what can be asked for whether or not a document is open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from aidd_studio.studio.commands.open_file import OpenFile
from aidd_studio.studio.dialogs.dialog import show_dialog
from aidd_studio.studio.model.workspace import Workspace
from aidd_studio.studio.timeline.editor import Editor
from aidd_studio.studio.widgets.actions import Action
from aidd_studio.studio.window.batch import BatchAccess
from aidd_studio.studio.window.docks import Docks


class WindowCommands(QObject):
    """Files, dialogs, docks and the batch. The dialogs are loaded when they are first asked for."""

    def __init__(
        self,
        workspace: Workspace,
        files: OpenFile,
        batch: BatchAccess,
        docks: Docks,
        editor: Editor,
        records: Sequence[Action[Any]],
        menus: Sequence[str],
        quit: Callable[[], object],
        dialog_parent: QWidget,
    ) -> None:
        super().__init__(dialog_parent)
        self.workspace = workspace
        self.files = files
        self.batch = batch
        self.docks = docks
        self.editor = editor
        self.quit = quit
        self._records = records
        self._menus = menus
        self._dialog_parent = dialog_parent

    def show_preferences(self) -> None:
        """Preferences."""
        from aidd_studio.studio.dialogs.preferences_dialog import PreferencesDialog

        show_dialog(PreferencesDialog(self.workspace, self._dialog_parent))

    def show_models(self) -> None:
        """Models that are installed or could be."""
        from aidd_studio.studio.dialogs.models_dialog import ModelsDialog

        show_dialog(ModelsDialog(self.workspace, self._dialog_parent))

    def show_shortcuts(self) -> None:
        """All keys."""
        from aidd_studio.studio.dialogs.shortcuts_sheet import ShortcutsSheet

        show_dialog(ShortcutsSheet(self._records, self._menus, self._dialog_parent))

    def show_about(self) -> None:
        """Versions and licences."""
        from aidd_studio.studio.dialogs.about_dialog import AboutDialog

        show_dialog(AboutDialog(self._dialog_parent))


@dataclass(frozen=True)
class WindowAction(Action[WindowCommands]):
    """The record of an action that needs no document."""
