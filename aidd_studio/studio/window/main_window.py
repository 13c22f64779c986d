"""The main window: puts the views together and carries out what a person asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QByteArray, QEvent, QSize, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QApplication,
    QMainWindow,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from aidd_studio.audio.playback import Output, SoundCardOutput
from aidd_studio.errors import AiddError
from aidd_studio.studio.commands.autosave import Journaling
from aidd_studio.studio.commands.close_file import Quitting
from aidd_studio.studio.commands.editing import Editing
from aidd_studio.studio.commands.exporting import Exporting
from aidd_studio.studio.commands.filling import Filling
from aidd_studio.studio.commands.notifications import Announcing
from aidd_studio.studio.commands.open_file import Opening, demo_recording
from aidd_studio.studio.commands.project_files import Keeping
from aidd_studio.studio.dialogs.dialog import FRAME
from aidd_studio.studio.listening.blind_comparison import BlindComparison
from aidd_studio.studio.listening.playback_control import PlaybackControl
from aidd_studio.studio.listening.playback_display import PlaybackDisplay
from aidd_studio.studio.listening.transport import Transport
from aidd_studio.studio.model import preferences as kept
from aidd_studio.studio.model.document import Document, Incoming
from aidd_studio.studio.model.garbage import Garbage
from aidd_studio.studio.model.jobs import JobQueue
from aidd_studio.studio.model.preferences import Preferences
from aidd_studio.studio.panels.candidate_list import CandidateList
from aidd_studio.studio.panels.fill_settings import FillSettings
from aidd_studio.studio.panels.gap_list import GapList
from aidd_studio.studio.panels.history_list import HistoryList
from aidd_studio.studio.timeline.editor import Editor
from aidd_studio.studio.timeline.gap_regions import GapRegions
from aidd_studio.studio.timeline.pictures import Pictures
from aidd_studio.studio.timeline.time_axis import TimeAxis
from aidd_studio.studio.widgets import theme
from aidd_studio.studio.widgets.actions import Actions
from aidd_studio.studio.widgets.banner import Banner, Tone
from aidd_studio.studio.widgets.icons import app_icon
from aidd_studio.studio.widgets.welcome_page import WelcomePage
from aidd_studio.studio.window.action_list import ACTIONS
from aidd_studio.studio.window.batch import Batching
from aidd_studio.studio.window.docks import Docks
from aidd_studio.studio.window.menus import bottom_bar, build_menu_bar, tool_bar
from aidd_studio.studio.window.window_connections import connect_parts
from aidd_studio.studio.window.window_handlers import handlers
from aidd_studio.studio.window.window_situation import name_steps, show_current_gap, show_title, situation_of

LAYOUT_VERSION = 1


class MainWindow(QMainWindow):
    """One window, one recording."""

    def __init__(self, preferences: Preferences | None = None, make_output: Callable[[], Output] | None = None) -> None:
        super().__init__()
        self.preferences = preferences or kept.load_preferences()
        self.garbage = Garbage(self)
        self.document: Document | None = None
        self.axis = TimeAxis(self)
        self.regions = GapRegions(self.axis, self)
        self.work = JobQueue("work", self)  # reading, detecting, filling, exporting: one after the other
        self.drawing = JobQueue("drawing", self)  # peaks, tiles, thumbnails
        self.actions_by_id = Actions(self, handlers(self), ACTIONS)
        self.playback = PlaybackControl(self.axis, make_output or self._sound_card, self)
        self.pictures = Pictures(self.drawing, self)
        self.centre = QWidget()
        self.banner = Banner(self.centre)
        self.editor = Editor(self.axis, self.regions, self.actions_by_id)
        self.welcome = WelcomePage()
        self.transport = Transport(self.actions_by_id)
        self.gap_list = GapList(self.axis)
        self.candidate_list = CandidateList()
        self.fill_settings = FillSettings(self.preferences)
        self.history = HistoryList()
        self.opening = Opening(self)
        self.editing = Editing(self)
        self.filling = Filling(self)
        self.keeping = Keeping(self)
        self.journaling = Journaling(self)
        self.exporting = Exporting(self)
        self.blind = BlindComparison(self)
        self.batching = Batching(self)
        self.quitting = Quitting(self)
        self.display = PlaybackDisplay(self)
        self.announcing = Announcing(self)
        self._build()
        connect_parts(self)
        self._apply_preferences()
        self._restore_layout()
        self.update_situation()
        self.garbage.spare()

    # Building

    def _build(self) -> None:
        self.setWindowTitle("AIDD Studio")
        self.setWindowIcon(app_icon())
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.resize(QSize(1280, 800).boundedTo(self.screen().availableSize() - FRAME))
        self.pages = QStackedWidget()
        self.pages.addWidget(self.welcome)
        self.pages.addWidget(self.editor)
        column = QVBoxLayout(self.centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.pages)
        self.setCentralWidget(self.centre)
        build_menu_bar(self)
        self._tools = tool_bar(self.actions_by_id)
        self.addToolBar(self._tools)
        self.docks = Docks(self)
        self._transport_bar = bottom_bar(self.transport)
        self.addToolBar(Qt.ToolBarArea.BottomToolBarArea, self._transport_bar)

    # The document

    def open_path(self, path: Path) -> None:
        """Open a recording or a project; what was open is closed first."""
        self.keeping.leave_then(lambda: self.opening.open_path(path))

    def set_document(self, document: Document | None, incoming: Incoming | None = None) -> None:
        """Show another document, or none."""
        self.playback.close()
        previous, self.document = self.document, document
        self.blind.set_on(False)
        self.regions.set_document(document)
        self.gap_list.set_document(document)
        self.candidate_list.set_document(document)
        self.history.set_document(document)
        self.editor.set_document(document)
        self.playback.set_document(document)
        self.pictures.set_document(document, incoming)
        if document is not None:
            document.setParent(self)
            self.axis.set_recording(document.clip.frames, document.rate)
            self.editor.set_sources(self.pictures, self.pictures)
            for signal in (document.changed, document.selection_changed, document.candidate_changed):
                signal.connect(self.update_situation)
            document.changed.connect(lambda: show_title(self))
            document.undo_stack.cleanChanged.connect(lambda _clean: show_title(self))
            document.changed.connect(self.journaling.soon)
        else:
            self.editor.set_sources(None, None)
            self.axis.set_recording(0, 44100)
            self._show_welcome()
        self.pages.setCurrentWidget(self.editor if document else self.welcome)
        self.docks.show_lists(document is not None)
        self._transport_bar.setVisible(document is not None)
        self._tools.setVisible(document is not None)
        if previous is not None:
            previous.close()
        self.announcing.set_document(document)
        show_title(self)
        self.display.show_time()
        self.update_situation()
        if document is not None:
            self.editor.waveform.setFocus()

    def say(self, text: str, tone: Tone = "info", buttons: dict[str, Callable[[], object]] | None = None) -> None:
        """Tell the person something in the banner."""
        self.banner.say(text, tone, buttons)

    def attempt(self, action: Callable[[], None]) -> bool:
        """Do something that the core may refuse; its reason goes into the banner."""
        try:
            action()
        except AiddError as error:
            self.say(str(error), "error")
            return False
        return True

    def _sound_card(self) -> Output:
        return SoundCardOutput(self.preferences.output or None)

    def go_to(self, frame: int) -> None:
        """Put the cursor there and scroll it into view."""
        self.axis.set_cursor(frame)
        self.axis.reveal(max(0, frame - 1), frame)

    # The situation

    def update_situation(self) -> None:
        """Show what is possible now."""
        self.blind.keep_up()
        self.actions_by_id.refresh(situation_of(self))
        name_steps(self)
        show_current_gap(self)

    @property
    def is_idle(self) -> bool:
        """Nothing is being worked on, drawn or written."""
        return not (self.work.jobs or self.drawing.jobs or self.journaling.queue.jobs)

    def show_jobs(self) -> None:
        """Show what is being worked on."""
        self.transport.jobs.show_jobs(self.work.jobs)
        self.actions_by_id["cancel"].setEnabled(bool(self.work.jobs))

    def cancel(self) -> None:
        """Stop what is being worked on; what waits behind it goes on."""
        for job in self.work.jobs[:1]:
            job.cancel()

    # Opening and closing

    def close_document(self) -> None:
        """Close the recording; unsaved work is asked about first."""
        self.keeping.leave_then(lambda: self.set_document(None))

    def _show_welcome(self) -> None:
        self.welcome.rebuild(kept.recent_files(), demo=demo_recording() is not None)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        files = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if files:
            self.open_path(files[0])
            if len(files) > 1:
                self.say("One recording is worked on at a time; the first file was opened.", "info")

    # Looks

    def _apply_preferences(self) -> None:
        chosen = self.preferences
        self.editor.spectrogram.set_look(
            chosen.colour_map,
            chosen.frequency_scale,
            chosen.gain_db,
            chosen.range_db,
        )
        self.pictures.set_fft_size(chosen.fft_size)
        self.pictures.cache_bytes = chosen.cache_mb << 20
        self.transport.set_roll(chosen.loop_roll)
        self.playback.roll = chosen.loop_roll
        self.actions_by_id["snap"].setChecked(chosen.snap)
        self.editing.set_snap(chosen.snap)
        self._show_welcome()

    def apply_preferences(self) -> None:
        """Take over changed preferences at once."""
        app = QApplication.instance()
        if isinstance(app, QApplication) and theme.current() is not theme.colours_for(self.preferences.theme):
            theme.apply(app, self.preferences.theme)
            self._retint()
        self._apply_preferences()

    def _retint(self) -> None:
        self.actions_by_id.retint()
        for part in (self.editor, self.transport, self.candidate_list, self.gap_list, self.welcome):
            part.retint()
        self.batching.retint()
        self.display.show_state()
        self.candidate_list.refresh()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ThemeChange and self.preferences.theme == "system":
            QTimer.singleShot(0, self, self.apply_preferences)

    # Coming and going

    def _restore_layout(self) -> None:
        store = kept.settings_file()
        geometry, state = store.value("window/geometry"), store.value("window/state")
        if isinstance(geometry, QByteArray):
            self.restoreGeometry(geometry)
        if isinstance(state, QByteArray):
            self.docks.are_laid_out = self.restoreState(state, LAYOUT_VERSION)
        self.set_document(None)

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.quitting.may_quit():
            event.ignore()
            return
        store = kept.settings_file()
        store.setValue("window/geometry", self.saveGeometry())
        if self.document is not None:
            store.setValue("window/state", self.saveState(LAYOUT_VERSION))
        store.sync()
        kept.save_preferences(self.preferences)
        self.batching.close()
        self.playback.close()
        self.pictures.close()
        self.work.close()
        self.filling.close()
        self.drawing.close()
        self.journaling.close()
        self.garbage.close()
        event.accept()
