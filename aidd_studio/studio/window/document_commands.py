"""Document commands: everything that can be done with one document, made when it becomes current."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtWidgets import QWidget

from aidd_studio.audio.playback import Output
from aidd_studio.damage.timecode import parse_time
from aidd_studio.studio.commands.autosave import Autosave
from aidd_studio.studio.commands.editing import Editing
from aidd_studio.studio.commands.exporting import Exporting
from aidd_studio.studio.commands.filling import Filling
from aidd_studio.studio.commands.finding import Finding
from aidd_studio.studio.commands.notifications import Announcer, Notifications
from aidd_studio.studio.commands.project_files import ProjectFiles
from aidd_studio.studio.commands.thumbnails import Thumbnails
from aidd_studio.studio.listening.blind_comparison import BlindComparison
from aidd_studio.studio.listening.playback_control import ListeningSettings, PlaybackControl
from aidd_studio.studio.listening.playback_display import PlaybackDisplay
from aidd_studio.studio.listening.transport import Transport
from aidd_studio.studio.model.document import Document
from aidd_studio.studio.model.time_format import format_length
from aidd_studio.studio.model.workspace import Workspace
from aidd_studio.studio.panels.candidate_list import CandidateList
from aidd_studio.studio.panels.fill_settings import FillSettings
from aidd_studio.studio.panels.gap_list import GapList
from aidd_studio.studio.timeline.editor import Editor
from aidd_studio.studio.timeline.pictures import Pictures
from aidd_studio.studio.timeline.time_axis import TimeAxis
from aidd_studio.studio.widgets.actions import Action
from aidd_studio.studio.widgets.one_line import one_line


@dataclass(frozen=True)
class Parts:
    """What the commands act on and listen to; they stay while documents come and go."""

    axis: TimeAxis
    editor: Editor
    pictures: Pictures
    transport: Transport
    gap_list: GapList
    candidate_list: CandidateList
    fill_settings: FillSettings
    announcer: Announcer
    listening: ListeningSettings
    make_output: Callable[[], Output]
    dialog_parent: QWidget


class DocumentCommands(QObject):
    """The commands of one document, joined to the parts of the window. Closed with the document."""

    changed = Signal()  # what is possible now
    menu_wanted = Signal(QPoint)  # on the screen

    def __init__(self, workspace: Workspace, document: Document, parts: Parts) -> None:
        super().__init__(workspace)
        self.workspace = workspace
        self.document = document
        self.axis = parts.axis
        self.editor = parts.editor
        self.gap_list = parts.gap_list
        self._parts = parts
        self._joined: list[tuple[Any, Any]] = []  # signals with their slots
        axis, owner = parts.axis, self
        self.autosave = Autosave(workspace, document, owner)
        self.exporting = Exporting(workspace, document, parts.dialog_parent, owner)
        self.editing = Editing(workspace, document, axis, self.autosave, self.exporting.export, owner)
        self.finding = Finding(workspace, document, axis, owner)
        self.filling = Filling(workspace, document, parts.fill_settings.chosen, self.autosave, owner)
        self.project = ProjectFiles(workspace, document, self.autosave, parts.dialog_parent, owner)
        self.playback = PlaybackControl(document, axis, parts.listening, parts.make_output, owner)
        self.blind = BlindComparison(
            workspace, document, parts.candidate_list, self.playback, self.editing.accept, owner
        )
        self.display = PlaybackDisplay(
            self.playback, parts.transport, axis, parts.pictures, self.blind, parts.announcer.announce, owner
        )
        self.notifications = Notifications(
            document, parts.announcer, parts.gap_list.sentence, lambda: parts.candidate_list.blind is not None, owner
        )
        self._thumbnails = Thumbnails(workspace, document, parts.candidate_list, owner)
        self._join_document()
        self._join_editor()
        self._join_lists()
        self._join_transport()
        self.set_snap(workspace.preferences.snap)
        self.display.show_state()
        self.display.show_time()
        length = axis.text(document.clip.frames)
        parts.announcer.announce(f"{one_line(document.path.name)} is open, {length} long.")

    def close(self) -> None:
        """Let go of the document: nothing of it is heard, written or worked on any more."""
        for signal, slot in self._joined:
            signal.disconnect(slot)
        self._joined.clear()
        self.workspace.work.cancel_jobs_of(self.document)
        self.workspace.drawing.cancel_jobs_of(self.document)
        self.playback.close()
        self.editor.set_snap(None)
        self._parts.transport.show_gap()
        self._show_sentence("No gap is selected")
        self.deleteLater()

    # Joining

    def _join(self, signal: Any, slot: Any) -> None:
        signal.connect(slot)
        self._joined.append((signal, slot))

    def _join_document(self) -> None:
        for signal in (self.document.changed, self.document.selection_changed, self.document.candidate_changed):
            self._join(signal, self._changed)
        self._join(self.playback.state_changed, self.changed)
        self._join(self.blind.changed, self.changed)

    def _join_editor(self) -> None:
        editor = self._parts.editor
        self._join(editor.clicked, self.editing.click)
        self._join(editor.extended, self.editing.extend_selection)
        self._join(editor.marked, self.editing.mark)
        self._join(editor.edge_moved, self.editing.move_edge)
        self._join(editor.double_clicked, self.finding.find_at)
        self._join(editor.menu_wanted, self.menu_wanted)

    def _join_lists(self) -> None:
        gaps, candidates = self._parts.gap_list, self._parts.candidate_list
        self._join(gaps.selected, self.editing.select)
        self._join(gaps.activated, self._zoom_to_activated)
        self._join(gaps.table.customContextMenuRequested, self._menu_in_list)
        self._join(candidates.chosen, self.blind.choose)
        self._join(candidates.play, self.blind.play)
        self._join(candidates.accept, self.blind.accept)
        self._join(candidates.star, self.blind.star)
        self._join(candidates.guess_bar.play, self.blind.play_x)
        self._join(candidates.guess_bar.guessed, self.blind.guess)
        self._join(candidates.fill, self.filling.fill)
        self._join(candidates.more, self.filling.more)
        self._join(candidates.thumbnails_wanted, self._thumbnails.draw)

    def _join_transport(self) -> None:
        transport, axis = self._parts.transport, self.axis
        self._join(transport.version_chosen, self.display.choose_version)
        self._join(transport.volume_changed, self.playback.set_volume)
        self._join(transport.roll_changed, self.playback.set_roll)
        self._join(transport.jump, self.jump_to)
        for signal in (axis.playhead_moved, axis.cursor_moved, axis.format_changed):
            self._join(signal, self.display.show_time)

    def _menu_in_list(self, at: QPoint) -> None:
        self.menu_wanted.emit(self.gap_list.table.viewport().mapToGlobal(at))

    def _zoom_to_activated(self, _id: int) -> None:
        self.editing.zoom()

    # What is shown

    def _changed(self) -> None:
        self.blind.keep_up()
        self.show_current_gap()
        self.changed.emit()

    def show_current_gap(self) -> None:
        """Show place and length of the current gap beside the transport, and say it to screen readers."""
        current = self.document.current
        if current is None:
            self._parts.transport.show_gap()
            self._show_sentence("No gap is selected")
            return
        length = format_length(current.gap.frames, self.document.rate)
        self._parts.transport.show_gap(self.axis.text(current.gap.start), length)
        self._show_sentence(self.gap_list.sentence(current))

    def _show_sentence(self, sentence: str) -> None:
        for view in self.editor.views:
            view.setAccessibleDescription(sentence)

    # Commands of the whole

    def set_snap(self, on: bool) -> None:
        """Have edges and marks snap to dropouts, or not."""
        self.workspace.preferences.snap = on
        self.editor.set_snap(self.finding.snapped if on else None)

    def jump_to(self, text: str) -> None:
        """Put the cursor on a time that was written."""

        def jump() -> None:
            self.editing.go_to(min(parse_time(_as_time(text), self.document.rate), self.document.clip.frames))

        self.workspace.attempt(jump)

    # What is possible

    @property
    def has_candidates(self) -> bool:
        """True when the current gap has candidates."""
        return bool(self.document.candidates())

    @property
    def is_accepted(self) -> bool:
        """True when the current gap has an accepted fill."""
        current = self.document.current
        return current is not None and current.accepted is not None


@dataclass(frozen=True)
class DocumentAction(Action[DocumentCommands]):
    """The record of an action on the current document."""


def _as_time(text: str) -> str:
    """A time as the clock writes it, with spaces and units, in the way that is read."""
    digits = text.strip().removesuffix("s").strip().replace("\N{NARROW NO-BREAK SPACE}", " ").replace(",", ".")
    return f"{digits.replace(' ', '')}s" if " " in digits else digits
