"""What can be done with gaps and their candidates: marked, filled, heard and accepted, one record each."""

from __future__ import annotations

from typing import Any

from aidd_studio.studio.widgets.actions import Action, Look
from aidd_studio.studio.window.document_commands import DocumentAction, DocumentCommands
from aidd_studio.studio.window.window_commands import WindowAction

AUDITIONS = 9
NUDGE = 4
"""Pixels that an arrow key moves the cursor."""


def has_gaps(now: DocumentCommands) -> bool:
    """True when the document has gaps."""
    return bool(now.document.entries)


def has_selection(now: DocumentCommands) -> bool:
    """True when at least one gap is selected."""
    return bool(now.document.selected)


def _has_candidates(now: DocumentCommands) -> bool:
    return now.has_candidates


def _play_look(now: DocumentCommands) -> Look:
    return Look("&Stop", "pause") if now.playback.is_playing else Look("&Play", "play")


def _audition(n: int) -> DocumentAction:
    return DocumentAction(
        f"audition_{n}",
        "&Play",
        f"Audition candidate {n}",
        keys=(str(n),),
        run=lambda it: it.blind.play(n - 1),
        when=_has_candidates,
        separator=n == 1,
    )


GAPS: tuple[Action[Any], ...] = (
    DocumentAction(
        "detect",
        "&Gaps",
        "&Detect dropouts",
        "detect",
        ("D",),
        "Find the dropouts in the whole recording",
        run=lambda it: it.finding.detect(),
        tool_text="Detect",
    ),
    DocumentAction(
        "add_gap",
        "&Gaps",
        "&Mark gap at the cursor",
        "gap-add",
        ("M",),
        "Mark 20 ms at the cursor; drag over the picture to mark more, with Shift in one channel",
        run=lambda it: it.editing.add_at_cursor(),
        when=lambda now: now.document.clip.frames > 0,
    ),
    DocumentAction(
        "delete_gap",
        "&Gaps",
        "R&emove gap",
        "delete",
        ("Delete",),
        "Remove the selected gaps; the recording is not changed",
        run=lambda it: it.editing.delete(),
        when=has_selection,
    ),
    DocumentAction(
        "previous_gap",
        "&Gaps",
        "&Previous gap",
        "previous",
        ("Alt+Left",),
        run=lambda it: it.editing.step(-1),
        when=has_gaps,
        separator=True,
    ),
    DocumentAction(
        "next_gap", "&Gaps", "&Next gap", "next", ("Alt+Right",), run=lambda it: it.editing.step(+1), when=has_gaps
    ),
    DocumentAction(
        "gap_left",
        "&Gaps",
        "Move gap to the &left",
        keys=("Shift+Left",),
        tip="Move the current gap by one pixel",
        run=lambda it: it.editing.nudge_gap(-1),
        when=has_selection,
    ),
    DocumentAction(
        "gap_right",
        "&Gaps",
        "Move gap to the &right",
        keys=("Shift+Right",),
        tip="Move the current gap by one pixel",
        run=lambda it: it.editing.nudge_gap(+1),
        when=has_selection,
    ),
    DocumentAction(
        "snap",
        "&Gaps",
        "&Snap edges to dropouts",
        "snap",
        tip="Snap edges to where the signal drops out; hold Alt to place them freely",
        switch=lambda it, on: it.set_snap(on),
        is_on=lambda now: now.workspace.preferences.snap,
        separator=True,
    ),
)

FILL: tuple[Action[Any], ...] = (
    DocumentAction(
        "fill",
        "F&ill",
        "&Fill",
        "fill",
        ("Return", "Enter"),
        "Fill the selected gaps",
        run=lambda it: it.filling.fill(),
        when=has_selection,
        tool_text="Fill",
    ),
    DocumentAction(
        "more",
        "F&ill",
        "&More candidates",
        keys=("Shift+Return",),
        tip="Make further candidates for the gap",
        run=lambda it: it.filling.more(),
        when=_has_candidates,
    ),
    WindowAction(
        "fill_settings",
        "F&ill",
        "Fill &settings…",
        "settings",
        ("Ctrl+Shift+F",),
        "Engine, candidates, seed, cross-fade",
        switch=lambda it, on: it.docks.settings.setVisible(on),
        is_on=lambda it: not it.docks.settings.isHidden(),
    ),
    DocumentAction(
        "accept",
        "F&ill",
        "&Accept and go to the next gap",
        "accept",
        ("Ctrl+Return", "Ctrl+Enter"),
        "Fill the gap with the current candidate",
        run=lambda it: it.blind.accept_current(),
        when=_has_candidates,
        tool_text="Accept",
        separator=True,
    ),
    DocumentAction(
        "reject",
        "F&ill",
        "&Reject candidate",
        "reject",
        ("Shift+Delete",),
        "Drop the current candidate",
        run=lambda it: it.editing.reject(),
        when=_has_candidates,
    ),
    DocumentAction(
        "revert",
        "F&ill",
        "Re&vert fill",
        "undo",
        ("Ctrl+Delete",),
        "Open the gap again but keep its candidates",
        run=lambda it: it.editing.revert(),
        when=lambda now: now.is_accepted,
    ),
    DocumentAction(
        "star", "F&ill", "S&tar candidate", "star", ("S",), run=lambda it: it.editing.star(), when=_has_candidates
    ),
    DocumentAction(
        "accept_best",
        "F&ill",
        "Accept &best for all gaps",
        keys=("Ctrl+Shift+Return",),
        tip="Accept the best candidate of every gap that has some",
        run=lambda it: it.filling.accept_best(),
        when=has_gaps,
    ),
    WindowAction(
        "cancel",
        "F&ill",
        "&Cancel work",
        "stop",
        ("Escape",),
        "Stop the running job",
        run=lambda it: it.workspace.cancel(),
        when=lambda it: bool(it.workspace.work.jobs),
        separator=True,
    ),
)

PLAY: tuple[Action[Any], ...] = (
    DocumentAction(
        "play",
        "&Play",
        "&Play",
        "play",
        ("Space",),
        "Play from the cursor, or stop",
        run=lambda it: it.playback.toggle(),
        look=_play_look,
        tint="on_accent",
    ),
    DocumentAction(
        "loop",
        "&Play",
        "&Loop around the gap",
        "loop",
        ("L",),
        "Loop the gap with pre- and post-roll",
        switch=lambda it, on: it.playback.set_looping(on),
        is_on=lambda now: now.playback.is_looping,
        when=has_selection,
    ),
    DocumentAction(
        "original",
        "&Play",
        "Toggle &original and restored",
        "compare",
        ("A",),
        "Switch between original and restored without a break",
        run=lambda it: it.playback.toggle_original(),
        separator=True,
    ),
    DocumentAction(
        "blind",
        "&Play",
        "&Blind comparison",
        "blind",
        ("B",),
        "Shuffle the candidates and hide their names",
        switch=lambda it, on: it.blind.set_on(on),
        is_on=lambda now: now.blind.is_on,
        when=_has_candidates,
    ),
    DocumentAction(
        "audition_x",
        "&Play",
        "Audition &X",
        keys=("X",),
        tip="Hear the hidden X of a blind comparison",
        run=lambda it: it.blind.play_x(),
        when=_has_candidates,
    ),
    *(_audition(n) for n in range(1, AUDITIONS + 1)),
    DocumentAction(
        "to_start",
        "&Play",
        "Go to the &start",
        "to-start",
        ("Home",),
        run=lambda it: it.editing.go_to(0),
        separator=True,
    ),
    DocumentAction(
        "to_end", "&Play", "Go to the &end", "to-end", ("End",), run=lambda it: it.editing.go_to(it.axis.frames)
    ),
    DocumentAction("cursor_left", "&Play", "Move cursor left", keys=("Left",), run=lambda it: it.editing.nudge(-NUDGE)),
    DocumentAction(
        "cursor_right", "&Play", "Move cursor right", keys=("Right",), run=lambda it: it.editing.nudge(+NUDGE)
    ),
)
