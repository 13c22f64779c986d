"""Playback control: what is heard follows what is chosen in the document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from aidd_studio.audio.level_matching import level_matched
from aidd_studio.audio.playback import Output, Player, Version
from aidd_studio.studio.model.document import Document
from aidd_studio.studio.model.versions import FIRST_CANDIDATE, ORIGINAL, RESTORED
from aidd_studio.studio.timeline.time_axis import TimeAxis

EVERY = 16
"""Milliseconds between two looks at where the sound is."""


@dataclass
class ListeningSettings:
    """How a person listens, whichever document is open."""

    roll: float = 1.0  # seconds before and after the gap in a loop
    gain: float = 1.0
    is_looping: bool = False


class PlaybackControl(QObject):
    """Plays a document. Version 0 is the original, 1 the restored recording, 2 and on the candidates."""

    state_changed = Signal()
    version_changed = Signal()
    levels = Signal(list)

    def __init__(
        self,
        document: Document,
        axis: TimeAxis,
        settings: ListeningSettings,
        make_output: Callable[[], Output],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._axis = axis
        self._settings = settings
        self._make_output = make_output
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY)
        self._timer.timeout.connect(self.poll)
        self._was_silent: str | None = None
        self.is_passing = False  # the sound runs through the recording, and the pictures should go with it
        self.matched = False
        self._player = self._new_player()
        axis.cursor_moved.connect(self._cursor_moved)
        document.changed.connect(self.refresh)
        document.selection_changed.connect(self._selection_changed)
        document.candidate_changed.connect(self.follow)
        self.refresh()

    def _new_player(self) -> Player:
        player = Player(self._document.clip.channels, self._document.rate, self._make_output())
        player.version = RESTORED
        player.mixer.set_gain(self._settings.gain)
        return player

    @property
    def is_playing(self) -> bool:
        return self._player.is_playing

    @property
    def version(self) -> int:
        return self._player.version

    @property
    def silent_because(self) -> str | None:
        """Why nothing can be heard; None when all is well or nothing was tried."""
        return self._player.silent_because

    def new_output(self) -> None:
        """Use the audio output that the preferences name now."""
        self._player.close()
        self._player = self._new_player()
        self.refresh()
        self._axis.set_playhead(None)
        self.state_changed.emit()

    def close(self) -> None:
        """Stop at once and let go of the sound card."""
        self._timer.stop()
        self._player.close()
        self._axis.cursor_moved.disconnect(self._cursor_moved)
        self._document.changed.disconnect(self.refresh)
        self._document.selection_changed.disconnect(self._selection_changed)
        self._document.candidate_changed.disconnect(self.follow)
        self._axis.set_playhead(None)

    def refresh(self) -> None:
        """Lay out the versions again after an edit; what sounds goes on."""
        document = self._document
        base = document.clip.base
        candidates = document.candidates()
        patches = [candidate.patch for candidate in candidates]
        if self.matched and candidates:
            patches = level_matched(document.clip, patches, (candidates[0].gap.start, candidates[0].gap.end))
        versions = [Version(base, document.clip.patches), Version.of(document.session.restored())]
        for candidate, patch in zip(candidates, patches, strict=True):
            others = document.patches_with(candidate)[:-1]
            ordered = sorted((*others, patch), key=lambda item: item.start)
            versions.append(Version(base, tuple(ordered)))
        self._player.set_versions(tuple(versions))

    # Commands

    def toggle(self) -> None:
        """Play from the cursor, or stop."""
        if self.is_playing:
            self.stop()
        else:
            self.play()

    def play(self) -> None:
        """Play from the cursor to the end, or the loop around the current gap."""
        frames = self._document.clip.frames
        if frames == 0:
            return
        loop = self._loop_range()
        if loop is not None:
            self._player.play(loop[0], loop[1], loop[0])
        else:
            self._player.play(self._axis.cursor if self._axis.cursor < frames else 0, frames)
        self._started(is_passing=loop is None)

    def play_gap(self) -> None:
        """Play the current gap in context once, or in a loop."""
        around = self._around_gap()
        if around is not None:
            start, end = around
            self._player.play(start, end, start if self._settings.is_looping else None)
            self._started(is_passing=False)

    def _started(self, *, is_passing: bool) -> None:
        self.is_passing = is_passing
        self._timer.start()
        self.state_changed.emit()

    def stop(self) -> None:
        """Fade out and stop; the cursor stays where playing began."""
        self._player.stop()
        self.state_changed.emit()

    def stop_audition(self) -> None:
        """Stop a gap that is heard in context; what runs through the recording goes on."""
        if self.is_playing and not self.is_passing:
            self.stop()

    def set_looping(self, on: bool) -> None:
        """Loop around the gap; while playing, at once."""
        self._settings.is_looping = on
        if self.is_playing:
            self.play()

    @property
    def is_looping(self) -> bool:
        return self._settings.is_looping

    def set_roll(self, seconds: float) -> None:
        """Seconds before and after the gap in a loop."""
        self._settings.roll = seconds
        if self.is_playing and self.is_looping:
            self.play()

    def set_volume(self, gain: float) -> None:
        self._settings.gain = gain
        self._player.mixer.set_gain(gain)

    def switch(self, version: int) -> None:
        """Hear another version; while playing it takes over at the same frame."""
        self._player.switch(version)
        self.version_changed.emit()

    def toggle_original(self) -> None:
        """Switch between the original and what was heard before it."""
        document = self._document
        if self.version != ORIGINAL:
            self.switch(ORIGINAL)
        elif document.candidate_index >= 0 and document.current is not None:
            accepted = document.current.chosen is document.candidate
            self.switch(RESTORED if accepted else FIRST_CANDIDATE + document.candidate_index)
        else:
            self.switch(RESTORED)

    def audition(self, index: int) -> None:
        """Hear candidate `index` in context: switch while playing, else play the gap."""
        self.switch(FIRST_CANDIDATE + index)
        if not self.is_playing:
            self.play_gap()

    def follow(self) -> None:
        """Hear and show what is current: its candidate while there is a choice, else the restored recording."""
        if self.version == ORIGINAL:
            return
        index, current = self._document.candidate_index, self._document.current
        is_settled = current is None or index < 0 or current.chosen is self._document.candidate
        wanted = RESTORED if is_settled else FIRST_CANDIDATE + index
        if wanted != self.version:
            self.switch(wanted)

    # What follows

    def _around_gap(self) -> tuple[int, int] | None:
        current = self._document.current
        if current is None:
            return None
        roll = round(self._settings.roll * self._document.rate)
        return max(0, current.gap.start - roll), min(self._document.clip.frames, current.gap.end + roll)

    def _loop_range(self) -> tuple[int, int] | None:
        return self._around_gap() if self.is_looping else None

    def _selection_changed(self) -> None:
        self.refresh()
        if self.is_playing and self.is_looping:
            self.play()

    def _cursor_moved(self, frame: int) -> None:
        """Go on from the cursor; a gap that is heard in context is left, not played on from."""
        if not self.is_playing or self.is_looping:
            return
        if self.is_passing:
            self._player.play(frame, self._document.clip.frames)
        else:
            self.stop()

    def poll(self) -> None:
        """Look where the sound is now; a timer does it while something moves."""
        player = self._player
        position = player.position()
        peaks = player.mixer.peaks
        self.levels.emit([float(peak) for peak in peaks])
        peaks[:] = 0.0
        if player.silent_because != self._was_silent:
            self._was_silent = player.silent_because
            self.state_changed.emit()
        if player.is_playing:
            self._axis.set_playhead(position)
        elif self._axis.playhead is not None:
            self._axis.set_playhead(None)
            self.state_changed.emit()

    def rest(self) -> None:
        """Nothing moves any more: stop looking."""
        if not self.is_playing:
            self._timer.stop()
