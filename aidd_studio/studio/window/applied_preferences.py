"""Applied preferences: every change takes effect at once."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication

from aidd_studio.studio.listening.playback_control import ListeningSettings
from aidd_studio.studio.listening.transport import Transport
from aidd_studio.studio.model.workspace import Workspace
from aidd_studio.studio.panels.fill_settings import FillSettings
from aidd_studio.studio.timeline.editor import Editor
from aidd_studio.studio.timeline.pictures import Pictures
from aidd_studio.studio.widgets import theme


class AppliedPreferences(QObject):
    """Passes what is preferred on to the parts that follow it."""

    theme_changed = Signal()
    output_changed = Signal()

    def __init__(
        self,
        workspace: Workspace,
        editor: Editor,
        pictures: Pictures,
        transport: Transport,
        fill_settings: FillSettings,
        listening: ListeningSettings,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._chosen = workspace.preferences
        self._editor = editor
        self._pictures = pictures
        self._transport = transport
        self._fill_settings = fill_settings
        self._listening = listening
        self._apply()
        workspace.preference_changed.connect(self._changed)
        transport.roll_changed.connect(self._roll_changed)

    def follow_theme(self) -> None:
        """Put on another theme where one was chosen, or where the desktop's has changed."""
        app = QApplication.instance()
        if isinstance(app, QApplication) and theme.current() is not theme.colours_for(self._chosen.theme):
            theme.apply(app, self._chosen.theme)
            self.theme_changed.emit()

    def _changed(self, name: str) -> None:
        if name == "engine":
            box = self._fill_settings.engine
            box.setCurrentIndex(max(0, box.findData(self._chosen.engine)))
        elif name == "policy":
            self._fill_settings.follow_policy()
        elif name == "candidates":
            self._fill_settings.candidates.setValue(self._chosen.candidates)
        elif name == "output":
            self.output_changed.emit()
        self.follow_theme()
        self._apply()

    def _apply(self) -> None:
        chosen = self._chosen
        look = (chosen.colour_map, chosen.frequency_scale, chosen.gain_db, chosen.range_db)
        self._editor.spectrogram.set_look(*look)
        self._pictures.set_fft_size(chosen.fft_size)
        self._pictures.cache_bytes = chosen.cache_mb << 20
        self._transport.set_roll(chosen.loop_roll)
        self._listening.roll = chosen.loop_roll

    def _roll_changed(self, seconds: float) -> None:
        self._chosen.loop_roll = self._listening.roll = seconds
