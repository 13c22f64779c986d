"""The application: `aidd-studio [FILE]` opens its window here."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QFileOpenEvent, QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QApplication, QComboBox, QWidget

from aidd_studio import __version__


class StudioApplication(QApplication):
    """Takes files from the desktop, and lets focused buttons keep Space and Return."""

    def __init__(self, argv: Sequence[str]) -> None:
        super().__init__(list(argv))
        self.setApplicationName("AIDD Studio")
        self.setApplicationVersion(__version__)
        self.setOrganizationName("AIDD Studio")
        self.setDesktopFileName("aidd-studio")
        self.opened: Path | None = None  # asked for by the desktop before there was a window

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QFileOpenEvent):
            self.opened = Path(event.file())
            for widget in self.topLevelWidgets():
                open_path = getattr(widget, "open_path", None)
                if open_path is not None:
                    open_path(self.opened)
            return True
        return super().event(event)


class FocusKeys(QObject):
    """What has the keyboard's focus keeps the keys that it is operated with, instead of the window's actions.

    Return presses a button. Space always plays, but where a question waits for its answer. Sliders keep the arrows.
    """

    SPACE = Qt.Key.Key_Space
    RETURN = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
    ARROWS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if (
            not isinstance(event, QKeyEvent)
            or not isinstance(watched, QWidget)
            or not watched.hasFocus()
            or event.key() not in self._kept_by(watched)
            or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        ):
            return super().eventFilter(watched, event)
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        if event.type() == QEvent.Type.KeyPress and isinstance(watched, QAbstractButton) and event.key() in self.RETURN:
            watched.click()  # many desktops know Space only
            return True
        return super().eventFilter(watched, event)

    def _kept_by(self, widget: QWidget) -> tuple[Qt.Key, ...]:
        if isinstance(widget, QComboBox) or (isinstance(widget, QAbstractButton) and _is_answer(widget)):
            return (self.SPACE, *self.RETURN)
        if isinstance(widget, QAbstractButton):
            return self.RETURN
        return self.ARROWS if isinstance(widget, QAbstractSlider) else ()


def _is_answer(button: QAbstractButton) -> bool:
    """True for a button in a banner."""
    from aidd_studio.studio.widgets.banner import Banner

    parent = button.parent()
    while parent is not None and not isinstance(parent, Banner):
        parent = parent.parent()
    return parent is not None


def main(argv: Sequence[str] | None = None) -> int:
    """Open the window and run until it is closed; the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    app = StudioApplication(["aidd-studio", *arguments])
    keys = FocusKeys(app)
    app.installEventFilter(keys)
    from aidd_studio.studio.model.preferences import load_preferences
    from aidd_studio.studio.portrait import take_if_asked
    from aidd_studio.studio.widgets import theme
    from aidd_studio.studio.widgets.icons import app_icon
    from aidd_studio.studio.window.main_window import open_window

    preferences = load_preferences()
    theme.apply(app, preferences.theme)
    app.setWindowIcon(app_icon())
    files = [Path(argument) for argument in arguments if not argument.startswith("-")]
    wanted = files[0] if files else app.opened
    window = open_window(preferences, wanted)
    take_if_asked(window, window.workspace, wanted is not None)
    return int(app.exec())


if __name__ == "__main__":
    raise SystemExit(main())
