"""Playback display: shows in the window what is heard, where it is and how loud."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from aidd_studio.studio.model.versions import FIRST_CANDIDATE, ORIGINAL, RESTORED
from aidd_studio.studio.widgets.icons import icon

if TYPE_CHECKING:
    from aidd_studio.studio.window.main_window import MainWindow


class PlaybackDisplay(QObject):
    """Stands between playback and the parts of the window that show it."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        transport, playback, axis = window.transport, window.playback, window.axis
        transport.version_chosen.connect(self._choose_version)
        transport.volume_changed.connect(playback.set_volume)
        transport.roll_changed.connect(self._roll_changed)
        playback.state_changed.connect(self.show_state)
        playback.version_changed.connect(self.show_version)
        playback.levels.connect(self._show_levels)
        axis.playhead_moved.connect(self.show_time)
        axis.cursor_moved.connect(self.show_time)
        axis.format_changed.connect(self.show_time)

    def show_state(self) -> None:
        """Show whether it plays, and what."""
        window = self._window
        playing = window.playback.is_playing
        action = window.actions_by_id["play"]
        action.setIcon(icon("pause" if playing else "play", "on_accent"))
        action.setText("&Stop" if playing else "&Play")
        window.transport.show_silent(window.playback.silent_because)
        self.show_version()

    def show_version(self) -> None:
        """Show which version is heard, and draw it."""
        window = self._window
        version = window.playback.version
        index = version - FIRST_CANDIDATE
        window.blind.show_sounding(version, playing=window.playback.is_playing)
        name = window.blind.name_of(index) if index >= 0 else ""
        window.transport.switch.show_version(version, name)
        window.pictures.show_version(RESTORED if window.blind.is_on else version)

    def show_time(self) -> None:
        """Show where the playhead is, else the cursor; while it runs the pictures go with it."""
        window, axis = self._window, self._window.axis
        window.transport.time.setText(axis.text(axis.playhead if axis.playhead is not None else axis.cursor))
        if axis.playhead is not None and window.playback.is_passing:
            margin = 0.05 * axis.width
            if not 0 <= axis.to_x(axis.playhead) <= axis.width - margin:
                axis.scroll(axis.to_x(axis.playhead) - margin)

    def _choose_version(self, version: int) -> None:
        playback = self._window.playback
        if (version == ORIGINAL) != (playback.version == ORIGINAL):
            playback.toggle_original()
        else:
            self.show_version()

    def _roll_changed(self, seconds: float) -> None:
        self._window.preferences.loop_roll = seconds
        self._window.playback.set_roll(seconds)

    def _show_levels(self, peaks: list[float]) -> None:
        meter = self._window.transport.meter
        meter.feed(peaks)
        if not self._window.playback.is_playing and meter.is_resting:
            self._window.playback.rest()
