"""The action list: everything that a person can ask for in the main window, one record each, in menu order."""

from __future__ import annotations

from typing import Any

from aidd_studio.studio.widgets.actions import Action, Look
from aidd_studio.studio.window.document_commands import DocumentAction, DocumentCommands
from aidd_studio.studio.window.gap_actions import FILL, GAPS, PLAY, has_gaps, has_selection
from aidd_studio.studio.window.window_commands import WindowAction


def _undo_look(now: DocumentCommands) -> Look:
    return Look(f"&Undo {now.document.undo_stack.undoText()}".rstrip())


def _redo_look(now: DocumentCommands) -> Look:
    return Look(f"&Redo {now.document.undo_stack.redoText()}".rstrip())


FILE: tuple[Action[Any], ...] = (
    WindowAction(
        "open",
        "&File",
        "&Open…",
        "open",
        ("Ctrl+O",),
        "Open a recording or a project",
        run=lambda it: it.files.ask(),
        tool_text="Open",
    ),
    WindowAction(
        "open_demo",
        "&File",
        "Open &demo recording",
        tip="Open the bundled recording with damage in it",
        run=lambda it: it.files.open_demo(),
    ),
    DocumentAction(
        "save",
        "&File",
        "&Save project",
        "save",
        ("Ctrl+S",),
        "Keep gaps and fills in a project",
        run=lambda it: it.project.save(),
        separator=True,
    ),
    DocumentAction(
        "save_as", "&File", "Save project &as…", keys=("Ctrl+Shift+S",), run=lambda it: it.project.save_as()
    ),
    DocumentAction(
        "import_labels",
        "&File",
        "&Import labels…",
        "import",
        ("Ctrl+I",),
        "Read gaps from a label file",
        run=lambda it: it.exporting.import_labels(),
        separator=True,
    ),
    DocumentAction(
        "export_labels",
        "&File",
        "Export &labels…",
        keys=("Ctrl+Shift+I",),
        tip="Write the gaps as a label file",
        run=lambda it: it.exporting.export_labels(),
        when=has_gaps,
    ),
    DocumentAction(
        "export",
        "&File",
        "&Export…",
        "export",
        ("Ctrl+E",),
        "Write the restored recording to a new file",
        run=lambda it: it.exporting.export(),
        tool_text="Export",
    ),
    WindowAction(
        "close",
        "&File",
        "&Close",
        "close",
        ("Ctrl+W",),
        "Close the recording",
        run=lambda it: it.files.close_document(),
        when=lambda it: bool(it.workspace.documents),
        separator=True,
    ),
    WindowAction("quit", "&File", "&Quit", keys=("Ctrl+Q",), run=lambda it: it.quit()),
)

EDIT: tuple[Action[Any], ...] = (
    DocumentAction(
        "undo",
        "&Edit",
        "&Undo",
        "undo",
        ("Ctrl+Z",),
        run=lambda it: it.editing.undo(),
        when=lambda now: now.document.undo_stack.canUndo(),
        look=_undo_look,
    ),
    DocumentAction(
        "redo",
        "&Edit",
        "&Redo",
        "redo",
        ("Ctrl+Shift+Z", "Ctrl+Y"),
        run=lambda it: it.editing.redo(),
        when=lambda now: now.document.undo_stack.canRedo(),
        look=_redo_look,
    ),
    DocumentAction(
        "select_all",
        "&Edit",
        "Select &all gaps",
        keys=("Ctrl+A",),
        run=lambda it: it.gap_list.select_all(),
        when=has_gaps,
        separator=True,
    ),
    WindowAction(
        "preferences",
        "&Edit",
        "&Preferences…",
        "settings",
        ("Ctrl+,",),
        "Devices, engine, appearance",
        run=lambda it: it.show_preferences(),
        separator=True,
    ),
)

VIEW: tuple[Action[Any], ...] = (
    DocumentAction("zoom_in", "&View", "Zoom &in", "zoom-in", ("+", "="), run=lambda it: it.axis.zoom(1.6)),
    DocumentAction("zoom_out", "&View", "Zoom o&ut", "zoom-out", ("-",), run=lambda it: it.axis.zoom(1 / 1.6)),
    DocumentAction(
        "zoom_gap",
        "&View",
        "Zoom to the &gap",
        "zoom-gap",
        ("Z",),
        run=lambda it: it.editing.zoom(),
        when=has_selection,
    ),
    DocumentAction(
        "zoom_all",
        "&View",
        "Show &all",
        "zoom-all",
        ("0",),
        "Show the whole recording",
        run=lambda it: it.axis.show_all(),
    ),
    WindowAction(
        "overlay",
        "&View",
        "&Overlay waveform on spectrogram",
        "overlay",
        ("O",),
        switch=lambda it, on: it.editor.set_overlaid(on),
        separator=True,
    ),
    WindowAction(
        "channels_apart",
        "&View",
        "Spectrogram of &each channel",
        keys=("C",),
        tip="Show one spectrogram per channel instead of one of all",
        switch=lambda it, on: it.editor.set_channels_apart(on),
    ),
    WindowAction(
        "hide_gaps",
        "&View",
        "Hide gaps over the &pictures",
        keys=("H",),
        tip="Show waveform and spectrogram without anything drawn over them",
        switch=lambda it, on: it.editor.set_gaps_shown(not on),
    ),
    WindowAction(
        "history",
        "&View",
        "&History",
        "history",
        ("Ctrl+H",),
        "Every step, to jump back to",
        switch=lambda it, on: it.docks.history.setVisible(on),
        is_on=lambda it: not it.docks.history.isHidden(),
        separator=True,
    ),
)

TOOLS: tuple[Action[Any], ...] = (
    WindowAction(
        "batch",
        "&Tools",
        "&Batch…",
        "batch",
        ("Ctrl+B",),
        "Restore many recordings in the background",
        run=lambda it: it.batch.show(),
    ),
    WindowAction(
        "models",
        "&Tools",
        "&Models…",
        "models",
        ("Ctrl+M",),
        "Install, verify and remove neural models",
        run=lambda it: it.show_models(),
    ),
)

HELP: tuple[Action[Any], ...] = (
    WindowAction(
        "shortcuts",
        "&Help",
        "&Keyboard shortcuts",
        "keyboard",
        ("F1",),
        "All keys on one page",
        run=lambda it: it.show_shortcuts(),
    ),
    WindowAction("about", "&Help", "&About AIDD Studio", "info", run=lambda it: it.show_about()),
)

ACTIONS: tuple[Action[Any], ...] = (*FILE, *EDIT, *VIEW, *GAPS, *FILL, *PLAY, *TOOLS, *HELP)

MENUS = ("&File", "&Edit", "&View", "&Gaps", "F&ill", "&Play", "&Tools", "&Help")

TOOL_BAR = (
    ("open", "save"),
    ("undo", "redo"),
    ("detect", "add_gap", "delete_gap", "snap"),
    ("previous_gap", "next_gap"),
    ("fill", "accept"),
    ("zoom_in", "zoom_out", "zoom_gap", "zoom_all"),
    ("export",),
)

CONTEXT_MENU = (
    ("fill", "accept", "revert", "loop"),
    ("add_gap", "delete_gap"),
    ("zoom_gap", "zoom_all"),
)
