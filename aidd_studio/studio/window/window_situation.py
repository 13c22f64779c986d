"""Window situation: what is the case in the main window, as its actions, its title and its time fields show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidd_studio.studio.model.time_format import format_length
from aidd_studio.studio.widgets.one_line import one_line
from aidd_studio.studio.window.action_list import Situation

if TYPE_CHECKING:
    from aidd_studio.studio.window.main_window import MainWindow


def situation_of(window: MainWindow) -> Situation:
    """What decides which actions are possible."""
    document = window.document
    current = document.current if document else None
    return Situation(
        document=document is not None,
        gaps=bool(document and document.entries),
        selected=bool(document and document.selected),
        candidates=bool(current and current.candidates),
        candidate=bool(document and document.candidate is not None),
        accepted=bool(current and current.accepted),
        any_accepted=bool(document and document.session.state.chosen),
        can_undo=bool(document and document.undo_stack.canUndo()),
        can_redo=bool(document and document.undo_stack.canRedo()),
        working=bool(window.work.jobs),
    )


def name_steps(window: MainWindow) -> None:
    """Say in the menu what would be undone and done again."""
    stack = window.document.undo_stack if window.document else None
    window.actions_by_id["undo"].setText(f"&Undo {stack.undoText()}".rstrip() if stack else "&Undo")
    window.actions_by_id["redo"].setText(f"&Redo {stack.redoText()}".rstrip() if stack else "&Redo")


def show_current_gap(window: MainWindow) -> None:
    """Write place and length of the current gap beside the transport."""
    document = window.document
    current = document.current if document else None
    if current is not None and document is not None:
        length = format_length(current.gap.frames, document.rate)
        window.transport.show_gap(window.axis.text(current.gap.start), length)
    else:
        window.transport.show_gap("–", "–")
    sentence = window.gap_list.sentence(current) if current is not None else "No gap is selected"
    for view in window.editor.views:
        view.setAccessibleDescription(sentence)


def show_title(window: MainWindow) -> None:
    """Name the recording in the title, with a mark while there is something to lose."""
    document = window.document
    if document is None:
        window.setWindowTitle("AIDD Studio")
        window.setWindowModified(False)
        return
    window.setWindowTitle(f"{one_line(document.path.name)}[*] – AIDD Studio")
    window.setWindowModified(document.is_modified)
