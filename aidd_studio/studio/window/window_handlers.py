"""Window handlers: what each action of the main window does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from aidd_studio.studio.window import window_dialogs
from aidd_studio.studio.window.action_list import AUDITIONS

if TYPE_CHECKING:
    from aidd_studio.studio.window.main_window import MainWindow


def handlers(window: MainWindow) -> dict[str, Callable[..., object]]:
    """A function for the id of every action; the window's parts are looked up when it is called."""
    handlers: dict[str, Callable[..., object]] = {
        "open": lambda: window.opening.ask(),
        "open_demo": lambda: window.opening.open_demo(),
        "save": lambda: window.keeping.save(),
        "save_as": lambda: window.keeping.save_as(),
        "import_labels": lambda: window.exporting.import_labels(),
        "export_labels": lambda: window.exporting.export_labels(),
        "export": lambda: window.exporting.export(),
        "close": window.close_document,
        "quit": lambda: window.close(),
        "undo": lambda *given: window.editing.undo(*given),
        "redo": lambda *given: window.editing.redo(*given),
        "select_all": lambda: window.gap_list.select_all(),
        "preferences": lambda: window_dialogs.show_preferences(window),
        "detect": lambda: window.filling.detect(),
        "add_gap": lambda *given: window.editing.add_at_cursor(*given),
        "delete_gap": lambda *given: window.editing.delete(*given),
        "previous_gap": lambda: window.editing.step(-1),
        "next_gap": lambda: window.editing.step(+1),
        "snap": lambda *given: window.editing.set_snap(*given),
        "fill": lambda: window.filling.fill(),
        "more": lambda: window.filling.more(),
        "fill_settings": lambda on: window.docks.settings.setVisible(on),
        "accept": lambda: window.blind.accept_current(),
        "reject": lambda *given: window.editing.reject(*given),
        "withdraw": lambda *given: window.editing.withdraw(*given),
        "star": lambda *given: window.editing.star(*given),
        "accept_best": lambda: window.filling.accept_best(),
        "cancel": window.cancel,
        "play": lambda: window.playback.toggle(),
        "loop": lambda on: window.playback.set_looping(on),
        "original": lambda: window.playback.toggle_original(),
        "blind": lambda on: window.blind.set_on(on),
        "audition_x": lambda: window.blind.play_x(),
        "to_start": lambda: window.go_to(0),
        "to_end": lambda: window.go_to(window.axis.frames),
        "zoom_in": lambda: window.axis.zoom(1.6),
        "zoom_out": lambda: window.axis.zoom(1 / 1.6),
        "zoom_gap": lambda *given: window.editing.zoom(*given),
        "zoom_all": lambda: window.axis.show_all(),
        "overlay": lambda on: window.editor.set_overlaid(on),
        "history": lambda on: window.docks.history.setVisible(on),
        "batch": lambda: window.batching.show(),
        "models": lambda: window_dialogs.show_models(window),
        "shortcuts": lambda: window_dialogs.show_shortcuts(window),
        "about": lambda: window_dialogs.show_about(window),
    }
    for n in range(1, AUDITIONS + 1):
        handlers[f"audition_{n}"] = lambda n=n: window.blind.play(n - 1)
    return handlers
