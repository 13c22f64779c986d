"""Playback display: shows what is heard, where it is and how loud."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from aidd_studio.studio.listening.blind_comparison import BlindComparison
from aidd_studio.studio.listening.playback_control import PlaybackControl
from aidd_studio.studio.listening.transport import Transport
from aidd_studio.studio.model.versions import FIRST_CANDIDATE, ORIGINAL, RESTORED
from aidd_studio.studio.timeline.pictures import Pictures
from aidd_studio.studio.timeline.time_axis import TimeAxis

MARGIN = 0.05
"""Share of the width that stays free at the right of the playhead."""


class PlaybackDisplay(QObject):
    """Stands between the playback of a document and the transport, pictures and lists that show it."""

    def __init__(
        self,
        playback: PlaybackControl,
        transport: Transport,
        axis: TimeAxis,
        pictures: Pictures,
        blind: BlindComparison,
        announce: Callable[[str], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._playback = playback
        self._transport = transport
        self._axis = axis
        self._pictures = pictures
        self._blind = blind
        self._announce = announce
        self._version = playback.version
        playback.state_changed.connect(self.show_state)
        playback.version_changed.connect(self._version_changed)
        playback.levels.connect(self._show_levels)
        blind.changed.connect(self.show_version)

    def show_state(self) -> None:
        """Show whether there is sound, and what."""
        self._transport.show_silent(self._playback.silent_because)
        self.show_version()

    def show_version(self) -> None:
        """Show which version is heard, and draw it."""
        version = self._playback.version
        index = version - FIRST_CANDIDATE
        self._blind.show_sounding(version, playing=self._playback.is_playing)
        name = self._blind.name_of(index) if index >= 0 else ""
        self._transport.switch.show_version(version, name)
        self._pictures.show_version(RESTORED if self._blind.is_on else version)

    def show_time(self) -> None:
        """Show where the playhead is, else the cursor; while it runs the pictures go with it."""
        axis = self._axis
        self._transport.show_time(axis.text(axis.playhead if axis.playhead is not None else axis.cursor))
        if axis.playhead is not None and self._playback.is_passing:
            margin = MARGIN * axis.width
            if not 0 <= axis.to_x(axis.playhead) <= axis.width - margin:
                axis.scroll(axis.to_x(axis.playhead) - margin)

    def choose_version(self, version: int) -> None:
        """Switch between the original and the restored recording."""
        if (version == ORIGINAL) != (self._playback.version == ORIGINAL):
            self._playback.toggle_original()
        else:
            self.show_version()

    def _version_changed(self) -> None:
        """Announced while it sounds, or when it is about the original; another gap announces itself."""
        self.show_version()
        before, self._version = self._version, self._playback.version
        if self._version != before and (self._playback.is_playing or ORIGINAL in (before, self._version)):
            self._announce(self._transport.switch.heard)

    def _show_levels(self, peaks: list[float]) -> None:
        meter = self._transport.meter
        meter.feed(peaks)
        if not self._playback.is_playing and meter.is_resting:
            self._playback.rest()
