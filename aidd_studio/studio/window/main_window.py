"""The main window: puts the parts together and shows what the workspace holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from aidd_studio.audio.playback import Output, SoundCardOutput
from aidd_studio.studio.commands.close_file import CloseFiles
from aidd_studio.studio.commands.notifications import Announcer
from aidd_studio.studio.commands.open_file import OpenFile, demo_recording
from aidd_studio.studio.commands.recovery import Recovery
from aidd_studio.studio.dialogs.dialog import FRAME
from aidd_studio.studio.listening.playback_control import ListeningSettings
from aidd_studio.studio.listening.transport import Transport, transport_bar
from aidd_studio.studio.model import preferences as kept
from aidd_studio.studio.model.document import Document
from aidd_studio.studio.model.garbage import Garbage
from aidd_studio.studio.model.preferences import Preferences
from aidd_studio.studio.model.workspace import Workspace
from aidd_studio.studio.panels.candidate_list import CandidateList
from aidd_studio.studio.panels.fill_settings import FillSettings
from aidd_studio.studio.panels.gap_list import GapList
from aidd_studio.studio.panels.history_list import HistoryList
from aidd_studio.studio.timeline.editor import Editor
from aidd_studio.studio.timeline.gap_regions import GapRegions
from aidd_studio.studio.timeline.pictures import Pictures
from aidd_studio.studio.timeline.time_axis import TimeAxis
from aidd_studio.studio.widgets.actions import Actions
from aidd_studio.studio.widgets.banner import Banner
from aidd_studio.studio.widgets.icons import app_icon
from aidd_studio.studio.widgets.menus import fill_menu_bar, pop_up_menu, tool_bar
from aidd_studio.studio.widgets.one_line import one_line
from aidd_studio.studio.widgets.welcome_page import WelcomePage
from aidd_studio.studio.window.action_list import (
    ACTIONS,
    CONTEXT_MENU,
    MENUS,
    TOOL_BAR,
)
from aidd_studio.studio.window.applied_preferences import AppliedPreferences
from aidd_studio.studio.window.batch import BatchAccess
from aidd_studio.studio.window.docks import Docks
from aidd_studio.studio.window.document_commands import DocumentAction, DocumentCommands, Parts
from aidd_studio.studio.window.recent_menu import RecentMenu
from aidd_studio.studio.window.window_commands import WindowAction, WindowCommands


class MainWindow(QMainWindow):
    """One window, one recording."""

    def __init__(self, preferences: Preferences | None = None, make_output: Callable[[], Output] | None = None) -> None:
        super().__init__()
        self.garbage = Garbage(self)
        self.workspace = Workspace(preferences or kept.load_preferences(), self)
        self.commands: DocumentCommands | None = None
        self.actions_by_id = Actions(self, ACTIONS)
        self._listening = ListeningSettings()
        self._make_output = make_output or self._sound_card
        self._make_views()
        self._lay_out()
        self._make_commands()
        self._connect()
        self.docks.restore_layout()
        self._show_document()
        self.garbage.spare()

    # Building

    def _make_views(self) -> None:
        self.axis = TimeAxis(self)
        self.regions = GapRegions(self.axis, self)
        self.pictures = Pictures(self.workspace.drawing, self)
        self.centre = QWidget()
        self.banner = Banner()
        self.editor = Editor(self.axis, self.regions, self.actions_by_id)
        self.welcome = WelcomePage()
        self.transport = Transport(self.actions_by_id)
        self.gap_list = GapList(self.axis)
        self.candidate_list = CandidateList()
        self.fill_settings = FillSettings(self.workspace.preferences)
        self.history = HistoryList()

    def _lay_out(self) -> None:
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
        column.setSpacing(0)
        column.addWidget(self.banner)
        column.addWidget(self.pages, 1)
        self.setCentralWidget(self.centre)
        menus = fill_menu_bar(self.menuBar(), self.actions_by_id, MENUS)
        self._recent = RecentMenu(self)
        menus["&File"].insertMenu(self.actions_by_id["open_demo"], self._recent)
        self._tools = tool_bar("Tools", self.actions_by_id, TOOL_BAR)
        self.addToolBar(self._tools)
        self.docks = Docks(self, self.gap_list, self.candidate_list, self.fill_settings, self.history)
        self._transport_bar = transport_bar(self.transport)
        self.addToolBar(Qt.ToolBarArea.BottomToolBarArea, self._transport_bar)
        self.gap_list.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)

    def _make_commands(self) -> None:
        self.announcer = Announcer(self.workspace, self.banner, self)
        self.files = OpenFile(self.workspace, self._leave_then, self.centre)
        self.recovery = Recovery(self.workspace, self.files, self)
        self.batch = BatchAccess(self.workspace, self)
        self._closing = CloseFiles(
            self.workspace, lambda: self.batch.is_working, self.batch.show, self._save_then, self.close, self
        )
        commands = WindowCommands(
            self.workspace, self.files, self.batch, self.docks, self.editor, ACTIONS, MENUS, self.close, self.centre
        )
        self.actions_by_id.bind(WindowAction, commands)
        self._preferences = AppliedPreferences(
            self.workspace, self.editor, self.pictures, self.transport, self.fill_settings, self._listening, self
        )
        self._parts = Parts(
            self.axis,
            self.editor,
            self.pictures,
            self.transport,
            self.gap_list,
            self.candidate_list,
            self.fill_settings,
            self.announcer,
            self._listening,
            self._make_output,
            self.centre,
        )

    def _connect(self) -> None:
        workspace = self.workspace
        workspace.document_changed.connect(self._show_document)
        workspace.job_changed.connect(self._show_jobs)
        self.axis.changed.connect(self.garbage.put_off)
        self.files.grew.connect(self.pictures.grew)
        self.pictures.changed.connect(self.editor.refresh)
        self.pictures.peaks_complete.connect(self.editor.waveform.fit)
        self.docks.changed.connect(self.actions_by_id.refresh)
        self.candidate_list.settings.connect(self.docks.toggle_settings)
        self.transport.cancel.connect(workspace.cancel)
        self.welcome.open.connect(self.files.ask)
        self.welcome.open_demo.connect(self.files.open_demo)
        self.welcome.open_recent.connect(self.open_path)
        self.batch.edit.connect(self._edit)
        self._recent.chosen.connect(self.open_path)
        self._preferences.output_changed.connect(self._new_output)
        self._preferences.theme_changed.connect(self._retint)

    # The document

    @property
    def document(self) -> Document | None:
        """The current document."""
        return self.workspace.current

    def open_path(self, path: Path) -> None:
        """Open a recording or a project; what was open is closed first."""
        self.files.open_path(path)

    def _show_document(self) -> None:
        """Show the current document, or that there is none."""
        document = self.workspace.current
        self._drop_commands()
        for view in (self.regions, self.gap_list, self.candidate_list, self.history, self.editor):
            view.set_document(document)
        self.pictures.set_document(document, document.incoming if document else None)
        if document is None:
            self.editor.set_sources(None, None)
            self.axis.set_recording(0, 44100)
            self.welcome.rebuild(kept.recent_files(), demo=demo_recording() is not None)
        else:
            self.banner.hide()
            self._take_up(document)
        for part in (self._transport_bar, self._tools):
            part.setVisible(document is not None)
        self.docks.show_lists(document is not None)
        self.pages.setCurrentWidget(self.editor if document else self.welcome)
        self._show_title()
        if document is not None:
            self.editor.waveform.setFocus()

    def _take_up(self, document: Document) -> None:
        self.axis.set_recording(document.clip.frames, document.rate)
        self.editor.set_sources(self.pictures, self.pictures)
        self.commands = DocumentCommands(self.workspace, document, self._parts)
        self.commands.changed.connect(self.actions_by_id.refresh)
        self.commands.menu_wanted.connect(self._show_context_menu)
        document.changed.connect(self._show_title)
        document.undo_stack.cleanChanged.connect(self._show_title)
        self.actions_by_id.bind(DocumentAction, self.commands)

    def _drop_commands(self) -> None:
        if self.commands is not None:
            self.commands.close()
            self.commands = None
            self.actions_by_id.release(DocumentAction)

    def _leave_then(self, action: Callable[[], object]) -> None:
        if self.commands is None:
            action()
        else:
            self.commands.project.leave_then(action)

    def _save_then(self, then: Callable[[], object]) -> None:
        if self.commands is not None:
            self.commands.project.save(then)

    def _edit(self, path: Path) -> None:
        self.raise_()
        self.activateWindow()
        self.open_path(path)

    def _new_output(self) -> None:
        if self.commands is not None:
            self.commands.playback.new_output()

    def _sound_card(self) -> Output:
        return SoundCardOutput(self.workspace.preferences.output or None)

    # What is shown

    def _show_title(self) -> None:
        """Name the document in the title, with a mark while there is something to lose."""
        document = self.workspace.current
        self.setWindowTitle(f"{one_line(document.name)}[*] – AIDD Studio" if document else "AIDD Studio")
        self.setWindowModified(document is not None and document.is_modified)

    def _show_jobs(self) -> None:
        self.transport.jobs.show_jobs(self.workspace.work.jobs)
        self.actions_by_id.refresh()

    def _show_context_menu(self, at: QPoint) -> None:
        pop_up_menu(self, self.actions_by_id, CONTEXT_MENU, at)

    def _retint(self) -> None:
        """Draw again after a change of theme."""
        self.actions_by_id.retint()
        for part in (self.editor, self.transport, self.candidate_list, self.gap_list, self.welcome, self.batch):
            part.retint()
        self.candidate_list.refresh()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        files = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if files:
            self.open_path(files[0])
            if len(files) > 1:
                self.workspace.notify("One recording is open at a time; the first file was opened.", "info")

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ThemeChange:
            QTimer.singleShot(0, self._preferences, self._preferences.follow_theme)

    # Coming and going

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._closing.may_close():
            event.ignore()
            return
        self.docks.save_layout()
        if self.commands is not None:
            self.commands.autosave.leave()
            self._drop_commands()
        kept.save_preferences(self.workspace.preferences)
        self.batch.close()
        self.pictures.close()
        self.workspace.shut_down()
        self.garbage.close()
        event.accept()


def open_window(preferences: Preferences, path: Path | None) -> MainWindow:
    """Show the main window; it opens a file, or offers what a crash has left behind."""
    window = MainWindow(preferences)
    window.show()
    begin = window.recovery.offer if path is None else lambda: window.open_path(path)
    QTimer.singleShot(0, window, begin)
    return window
