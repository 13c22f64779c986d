"""The action list: everything a person can ask for in the main window, in one registry."""

from __future__ import annotations

from dataclasses import dataclass

from aidd_studio.studio.widgets.actions import ActionSpec

AUDITIONS = 9


@dataclass(frozen=True)
class Situation:
    """What is the case in the window; actions are enabled by it."""

    document: bool = False
    gaps: bool = False
    selected: bool = False  # at least one gap is selected
    candidates: bool = False  # the current gap has candidates
    candidate: bool = False  # one candidate is current
    accepted: bool = False  # the current gap has an accepted fill
    any_accepted: bool = False
    can_undo: bool = False
    can_redo: bool = False
    working: bool = False
    playing: bool = False


def _document(now: Situation) -> bool:
    return now.document


def _gaps(now: Situation) -> bool:
    return now.gaps


def _selected(now: Situation) -> bool:
    return now.selected


def _candidates(now: Situation) -> bool:
    return now.candidates


ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("open", "&File", "&Open…", "open", ("Ctrl+O",), "Open a recording or a project"),
    ActionSpec("open_demo", "&File", "Open &demo recording", "", (), "Open the bundled recording with damage in it"),
    ActionSpec(
        "save",
        "&File",
        "&Save project",
        "save",
        ("Ctrl+S",),
        "Keep gaps and fills in a project",
        _document,
        separator=True,
    ),
    ActionSpec("save_as", "&File", "Save project &as…", "", ("Ctrl+Shift+S",), "", _document),
    ActionSpec(
        "import_labels",
        "&File",
        "&Import labels…",
        "import",
        ("Ctrl+I",),
        "Read gaps from a label file",
        _document,
        separator=True,
    ),
    ActionSpec(
        "export_labels", "&File", "Export &labels…", "", ("Ctrl+Shift+I",), "Write the gaps as a label file", _gaps
    ),
    ActionSpec(
        "export", "&File", "&Export…", "export", ("Ctrl+E",), "Write the restored recording to a new file", _document
    ),
    ActionSpec("close", "&File", "&Close", "close", ("Ctrl+W",), "Close the recording", _document, separator=True),
    ActionSpec("quit", "&File", "&Quit", "", ("Ctrl+Q",)),
    ActionSpec("undo", "&Edit", "&Undo", "undo", ("Ctrl+Z",), "Take the last step back", lambda now: now.can_undo),
    ActionSpec("redo", "&Edit", "&Redo", "redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "Do it again", lambda now: now.can_redo),
    ActionSpec("select_all", "&Edit", "Select &all gaps", "", ("Ctrl+A",), "", _gaps, separator=True),
    ActionSpec(
        "preferences", "&Edit", "&Preferences…", "settings", ("Ctrl+,",), "Devices, engine, look", separator=True
    ),
    ActionSpec(
        "detect", "&Gaps", "&Detect dropouts", "detect", ("D",), "Find the dropouts in the whole recording", _document
    ),
    ActionSpec(
        "add_gap",
        "&Gaps",
        "&Mark gap at the cursor",
        "gap-add",
        ("M",),
        "Mark 20 ms at the cursor; drag over the picture to mark more",
        _document,
    ),
    ActionSpec(
        "delete_gap",
        "&Gaps",
        "&Remove gap",
        "delete",
        ("Delete",),
        "Remove the selected gaps; the recording is not changed",
        _selected,
    ),
    ActionSpec("previous_gap", "&Gaps", "&Previous gap", "previous", ("Alt+Left",), "", _gaps, separator=True),
    ActionSpec("next_gap", "&Gaps", "&Next gap", "next", ("Alt+Right",), "", _gaps),
    ActionSpec(
        "snap",
        "&Gaps",
        "&Snap edges to dropouts",
        "snap",
        (),
        "Edges and marks snap to where the sound breaks off; hold Alt to place them freely",
        checkable=True,
        separator=True,
    ),
    ActionSpec("fill", "F&ill", "&Fill", "fill", ("Return", "Enter"), "Fill the selected gaps", _selected),
    ActionSpec(
        "more", "F&ill", "&More candidates", "", ("Shift+Return",), "Make further candidates for the gap", _candidates
    ),
    ActionSpec(
        "fill_settings",
        "F&ill",
        "Fill &settings…",
        "settings",
        ("Ctrl+Shift+F",),
        "Engine, candidates, seed, cross-fade",
        checkable=True,
    ),
    ActionSpec(
        "accept",
        "F&ill",
        "&Accept and go to the next gap",
        "accept",
        ("Ctrl+Return", "Ctrl+Enter"),
        "Lay the current candidate over the gap",
        lambda now: now.candidate,
        separator=True,
    ),
    ActionSpec(
        "reject",
        "F&ill",
        "&Reject candidate",
        "reject",
        ("Shift+Delete",),
        "Drop the current candidate",
        lambda now: now.candidate,
    ),
    ActionSpec(
        "withdraw",
        "F&ill",
        "&Take accepted fill back",
        "",
        ("Ctrl+Delete",),
        "Open the gap again but keep its candidates",
        lambda now: now.accepted,
    ),
    ActionSpec("star", "F&ill", "&Star candidate", "star", ("S",), "", lambda now: now.candidate),
    ActionSpec(
        "accept_best",
        "F&ill",
        "Accept &best for all gaps",
        "",
        ("Ctrl+Shift+Return",),
        "Accept the best candidate of every gap that has some",
        _gaps,
    ),
    ActionSpec(
        "cancel",
        "F&ill",
        "&Cancel work",
        "stop",
        ("Escape",),
        "Stop the running job",
        lambda now: now.working,
        separator=True,
    ),
    ActionSpec("play", "&Play", "&Play", "play", ("Space",), "Play from the cursor, or stop", _document),
    ActionSpec(
        "loop",
        "&Play",
        "&Loop around the gap",
        "loop",
        ("L",),
        "Play the gap with a little before and after it, again and again",
        _selected,
        checkable=True,
    ),
    ActionSpec(
        "original",
        "&Play",
        "Toggle &original and restored",
        "compare",
        ("A",),
        "Switch between original and restored without a break",
        _document,
        separator=True,
    ),
    ActionSpec(
        "blind",
        "&Play",
        "&Blind comparison",
        "blind",
        ("B",),
        "Shuffle the candidates and hide their names",
        _candidates,
        checkable=True,
    ),
    ActionSpec(
        "audition_x", "&Play", "Audition &X", "", ("X",), "Hear the hidden X of a blind comparison", _candidates
    ),
    *(
        ActionSpec(
            f"audition_{n}", "&Play", f"Audition candidate {n}", "", (str(n),), "", _candidates, separator=n == 1
        )
        for n in range(1, AUDITIONS + 1)
    ),
    ActionSpec("to_start", "&Play", "Go to the &start", "to-start", ("Home",), "", _document, separator=True),
    ActionSpec("to_end", "&Play", "Go to the &end", "to-end", ("End",), "", _document),
    ActionSpec("zoom_in", "&View", "Zoom &in", "zoom-in", ("+", "="), "", _document),
    ActionSpec("zoom_out", "&View", "Zoom &out", "zoom-out", ("-",), "", _document),
    ActionSpec("zoom_gap", "&View", "Zoom to the &gap", "zoom-gap", ("Z",), "", _selected),
    ActionSpec("zoom_all", "&View", "Show &all", "zoom-all", ("0",), "Show the whole recording", _document),
    ActionSpec(
        "overlay",
        "&View",
        "&Overlay waveform on spectrogram",
        "overlay",
        ("O",),
        "One picture instead of two",
        checkable=True,
        separator=True,
    ),
    ActionSpec(
        "history",
        "&View",
        "&History",
        "history",
        ("Ctrl+H",),
        "Every step, to jump back to",
        checkable=True,
        separator=True,
    ),
    ActionSpec("batch", "&Tools", "&Batch…", "batch", ("Ctrl+B",), "Restore many recordings in the background"),
    ActionSpec("models", "&Tools", "&Models…", "models", ("Ctrl+M",), "Install, verify and remove neural models"),
    ActionSpec("shortcuts", "&Help", "&Keyboard shortcuts", "keyboard", ("F1",), "All keys on one page"),
    ActionSpec("about", "&Help", "&About AIDD Studio", "info"),
)

MENUS = ("&File", "&Edit", "&View", "&Gaps", "F&ill", "&Play", "&Tools", "&Help")
