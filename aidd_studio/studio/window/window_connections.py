"""Window connections: which part of the main window listens to which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidd_studio.studio.window.menus import show_menu_under_pointer

if TYPE_CHECKING:
    from aidd_studio.studio.window.main_window import MainWindow


def connect_parts(window: MainWindow) -> None:
    """Join what a person does in one part to what follows in another."""
    editor, candidates = window.editor, window.candidate_list
    window.axis.changed.connect(window.garbage.put_off)
    editor.clicked.connect(window.editing.click)
    editor.extended.connect(window.editing.extend_selection)
    editor.marked.connect(window.editing.mark)
    editor.edge_moved.connect(window.editing.move_edge)
    editor.double_clicked.connect(window.filling.find_at)
    editor.menu_wanted.connect(lambda at: show_menu_under_pointer(window, at))
    window.gap_list.selected.connect(window.editing.select)
    window.gap_list.activated.connect(lambda _id: window.editing.zoom())
    candidates.chosen.connect(window.blind.choose)
    candidates.play.connect(window.blind.play)
    candidates.accept.connect(window.blind.accept)
    candidates.star.connect(window.blind.star)
    candidates.guess_bar.play.connect(window.blind.play_x)
    candidates.guess_bar.guessed.connect(window.blind.guess)
    candidates.fill.connect(window.filling.fill)
    candidates.more.connect(window.filling.more)
    candidates.settings.connect(window.actions_by_id["fill_settings"].toggle)
    candidates.thumbnails_wanted.connect(window.filling.draw_thumbnails)
    window.transport.cancel.connect(window.cancel)
    window.work.changed.connect(window.show_jobs)
    window.pictures.changed.connect(window.editor.refresh)
    window.pictures.peaks_complete.connect(window.editor.waveform.fit)
    window.welcome.open.connect(window.opening.ask)
    window.welcome.open_demo.connect(window.opening.open_demo)
    window.welcome.open_recent.connect(window.open_path)
