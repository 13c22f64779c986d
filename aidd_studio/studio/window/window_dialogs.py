"""The main window's dialogs, loaded when they are first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidd_studio.studio.dialogs.dialog import show_dialog

if TYPE_CHECKING:
    from aidd_studio.studio.window.main_window import MainWindow


def show_preferences(window: MainWindow) -> None:
    """Preferences."""
    from aidd_studio.studio.dialogs.preferences_dialog import PreferencesDialog

    show_dialog(PreferencesDialog(window))


def show_models(window: MainWindow) -> None:
    """Models that are installed or could be."""
    from aidd_studio.studio.dialogs.models_dialog import ModelsDialog

    show_dialog(ModelsDialog(window))


def show_shortcuts(window: MainWindow) -> None:
    """All keys."""
    from aidd_studio.studio.dialogs.shortcuts_sheet import ShortcutsSheet

    show_dialog(ShortcutsSheet(window))


def show_about(window: MainWindow) -> None:
    """Versions and licences."""
    from aidd_studio.studio.dialogs.about_dialog import AboutDialog

    show_dialog(AboutDialog(window))
