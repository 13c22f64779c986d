"""What can be asked for in the batch window, one record each, in menu order."""

from __future__ import annotations

from dataclasses import dataclass

from aidd_studio.studio.batch.commands import BatchCommands
from aidd_studio.studio.widgets.actions import Action, Look


@dataclass(frozen=True)
class BatchAction(Action[BatchCommands]):
    """The record of an action on the batch."""


def _is_one_selected(now: BatchCommands) -> bool:
    return len(now.selected) == 1


def _is_one_restored(now: BatchCommands) -> bool:
    return [row.state for row in now.selected] == ["restored"]


def _is_working(now: BatchCommands) -> bool:
    return now.run.is_working


def _is_idle_with_files(now: BatchCommands) -> bool:
    return bool(now.table.rows) and not now.run.is_working


def _hold_look(now: BatchCommands) -> Look:
    return Look("Re&sume", "play") if now.run.is_held else Look("&Pause", "pause")


ACTIONS: tuple[BatchAction, ...] = (
    BatchAction(
        "add_files",
        "&Files",
        "&Add files…",
        "open",
        ("Ctrl+O",),
        "Add recordings to the list",
        run=lambda it: it.add_files(),
        tool_text="Add files",
    ),
    BatchAction(
        "add_folder",
        "&Files",
        "Add f&older…",
        "folder",
        ("Ctrl+Shift+O",),
        "Add the recordings of a folder to the list",
        run=lambda it: it.add_folder(),
        tool_text="Add folder",
    ),
    BatchAction(
        "edit",
        "&Files",
        "Open in the &editor",
        "waveform",
        ("Ctrl+E",),
        run=lambda it: it.edit_source(),
        when=_is_one_selected,
        separator=True,
    ),
    BatchAction(
        "edit_result",
        "&Files",
        "Open the re&sult in the editor",
        run=lambda it: it.edit_result(),
        when=_is_one_restored,
    ),
    BatchAction(
        "remove",
        "&Files",
        "&Remove from the list",
        "delete",
        ("Delete",),
        "Remove files from the list; the files themselves are kept",
        run=lambda it: it.remove(),
        when=lambda now: bool(now.selected) and not now.run.is_working,
        separator=True,
    ),
    BatchAction("close", "&Files", "&Close", "close", ("Ctrl+W",), run=lambda it: it.close(), separator=True),
    BatchAction(
        "find_gaps",
        "&Batch",
        "&Find gaps",
        "detect",
        ("Ctrl+D",),
        "Detect dropouts in every file; nothing is written",
        run=lambda it: it.find_gaps(),
        when=_is_idle_with_files,
        tool_text="Find gaps",
    ),
    BatchAction(
        "run",
        "&Batch",
        "&Run",
        "play",
        ("Ctrl+Return",),
        "Restore every file that is not restored yet",
        run=lambda it: it.restore(),
        when=_is_idle_with_files,
        tool_text="Run",
        tint="on_accent",
    ),
    BatchAction(
        "hold",
        "&Batch",
        "&Pause",
        "pause",
        ("Ctrl+P",),
        "Start no more files; those in progress are finished",
        switch=lambda it, on: it.run.hold(on),
        is_on=lambda now: now.run.is_held,
        when=_is_working,
        look=_hold_look,
        tool_text="Pause",
    ),
    BatchAction(
        "cancel",
        "&Batch",
        "&Cancel",
        "stop",
        ("Escape",),
        "Stop at once; finished files stay",
        run=lambda it: it.run.cancel(),
        when=_is_working,
        tool_text="Cancel",
    ),
    BatchAction(
        "retry",
        "&Batch",
        "Re&try failed",
        "redo",
        ("Ctrl+R",),
        "Try the failed files again",
        run=lambda it: it.retry_failed(),
        when=lambda now: any(row.state == "failed" for row in now.table.rows) and not now.run.is_working,
        tool_text="Retry failed",
    ),
    BatchAction(
        "report",
        "&Batch",
        "&Open report",
        "report",
        ("Ctrl+Shift+R",),
        "The results with pictures",
        run=lambda it: it.open_report(),
        when=lambda now: now.run.report is not None,
        tool_text="Report",
        separator=True,
    ),
)

MENUS = ("&Files", "&Batch")

TOOL_BAR = (
    ("add_files", "add_folder", "remove"),
    ("find_gaps", "run", "hold", "cancel", "retry"),
    ("report",),
)

CONTEXT_MENU = (("edit", "edit_result"), ("remove",))
