"""What can be asked for in the batch window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aidd_studio.studio.widgets.actions import ActionSpec

if TYPE_CHECKING:
    from aidd_studio.studio.batch.table import BatchRow


@dataclass(frozen=True)
class BatchSituation:
    """What is the case in the batch window; its actions are enabled by it."""

    files: bool = False
    selected: bool = False
    one: bool = False  # exactly one file is selected
    restored: bool = False  # that file has a result
    working: bool = False
    held: bool = False
    failed: bool = False  # at least one file failed
    report: bool = False  # a report has been written


def situation_of(
    rows: Sequence[BatchRow], selected: Sequence[BatchRow], *, is_working: bool, has_report: bool
) -> BatchSituation:
    """The situation of a table with some of its rows selected."""
    one = selected[0] if len(selected) == 1 else None
    return BatchSituation(
        files=bool(rows),
        selected=bool(selected),
        one=one is not None,
        restored=one is not None and one.state == "restored",
        working=is_working,
        failed=any(row.state == "failed" for row in rows),
        report=has_report,
    )


def _idle_with_files(now: BatchSituation) -> bool:
    return now.files and not now.working


BATCH_MENUS = ("&Files", "&Batch")

BATCH_ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("add_files", "&Files", "&Add files…", "open", ("Ctrl+O",), "Add recordings to the list"),
    ActionSpec(
        "add_folder",
        "&Files",
        "Add f&older…",
        "folder",
        ("Ctrl+Shift+O",),
        "Add the recordings of a folder to the list",
    ),
    ActionSpec(
        "edit", "&Files", "&Open in the editor", "waveform", ("Ctrl+E",), "", lambda now: now.one, separator=True
    ),
    ActionSpec("edit_result", "&Files", "Open the &result in the editor", "", (), "", lambda now: now.restored),
    ActionSpec(
        "remove",
        "&Files",
        "&Remove from the list",
        "delete",
        ("Delete",),
        "Take files off the list; the files themselves stay where they are",
        lambda now: now.selected and not now.working,
        separator=True,
    ),
    ActionSpec("close", "&Files", "&Close", "close", ("Ctrl+W",), separator=True),
    ActionSpec(
        "find_gaps",
        "&Batch",
        "&Find gaps",
        "detect",
        ("Ctrl+D",),
        "Look for dropouts in every file; nothing is written",
        _idle_with_files,
    ),
    ActionSpec(
        "run",
        "&Batch",
        "&Run",
        "play",
        ("Ctrl+Return",),
        "Restore every file that is not restored yet",
        _idle_with_files,
    ),
    ActionSpec(
        "hold",
        "&Batch",
        "&Pause",
        "pause",
        ("Ctrl+P",),
        "Begin no further file; those in work are finished",
        lambda now: now.working,
        checkable=True,
    ),
    ActionSpec(
        "cancel", "&Batch", "&Cancel", "stop", ("Escape",), "Stop at once; finished files stay", lambda now: now.working
    ),
    ActionSpec(
        "retry",
        "&Batch",
        "Retry &failed",
        "redo",
        ("Ctrl+R",),
        "Try the files that failed once more",
        lambda now: now.failed and not now.working,
    ),
    ActionSpec(
        "report",
        "&Batch",
        "Open &report",
        "report",
        ("Ctrl+Shift+R",),
        "What was found and done, with pictures",
        lambda now: now.report,
        separator=True,
    ),
)
