"""Playback control: what is heard follows what is chosen in the document."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from aidd_studio.audio.level_matching import level_matched
from aidd_studio.audio.playback import Output, Player, Version
from aidd_studio.studio.model.document import Document
from aidd_studio.studio.model.versions import FIRST_CANDIDATE, ORIGINAL, RESTORED
from aidd_studio.studio.timeline.time_axis import TimeAxis

EVERY = 16
"""Milliseconds between two looks at where the sound is."""


class PlaybackControl(QObject):
    """Plays the document. Version 0 is the original, 1 the restored recording, 2 and on the candidates."""

    state_changed = Signal()
    version_changed = Signal()
    levels = Signal(list)

    def __init__(self, axis: TimeAxis, make_output: Callable[[], Output], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._axis = axis
        self._make_output = make_output
        self._document: Document | None = None
        self._player: Player | None = None
        self._gain = 1.0
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY)
        self._timer.timeout.connect(self._tick)
        self._was_silent: str | None = None
        self._started_at = 0
        self.roll = 1.0
        self.looping = False
        self.is_passing = False  # the sound runs through the recording, and the pictures should go with it
        self.matched = False
        axis.cursor_moved.connect(self._cursor_moved)

    @property
    def is_playing(self) -> bool:
        return self._player is not None and self._player.is_playing

    @property
    def version(self) -> int:
        return self._player.version if self._player else RESTORED

    @property
    def silent_because(self) -> str | None:
        """Why nothing can be heard; None when all is well or nothing was tried."""
        return self._player.silent_because if self._player else None

    def set_document(self, document: Document | None) -> None:
        """Play another document from now on."""
        self.close()
        self._document = document
        if document is not None:
            self._player = Player(document.clip.channels, document.rate, self._make_output())
            self._player.version = RESTORED
            self._player.mixer.set_gain(self._gain)
            document.changed.connect(self.refresh)
            document.selection_changed.connect(self._selection_changed)
            document.candidate_changed.connect(self.follow)
            self.refresh()

    def new_output(self) -> None:
        """Use the audio output that the preferences name now."""
        self.set_document(self._document)

    def close(self) -> None:
        """Stop at once and let go of the sound card."""
        self._timer.stop()
        if self._player is not None:
            self._player.close()
            self._player = None
        if self._document is not None:
            self._document.changed.disconnect(self.refresh)
            self._document.selection_changed.disconnect(self._selection_changed)
            self._document.candidate_changed.disconnect(self.follow)
            self._document = None
        self._axis.set_playhead(None)
        self.state_changed.emit()

    def refresh(self) -> None:
        """Lay out the versions again after an edit; what sounds goes on."""
        document, player = self._document, self._player
        if document is None or player is None:
            return
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
        player.set_versions(tuple(versions))

    # Orders

    def toggle(self) -> None:
        """Play from the cursor, or stop."""
        if self.is_playing:
            self.stop()
        else:
            self.play()

    def play(self) -> None:
        """Play from the cursor to the end, or the loop around the current gap."""
        document, player = self._document, self._player
        if document is None or player is None or document.clip.frames == 0:
            return
        loop = self._loop_range()
        if loop is not None:
            player.play(loop[0], loop[1], loop[0])
        else:
            start = self._axis.cursor if self._axis.cursor < document.clip.frames else 0
            player.play(start, document.clip.frames)
        self.is_passing = loop is None
        self._timer.start()
        self.state_changed.emit()

    def play_gap(self) -> None:
        """Play the current gap in context once, or in a loop."""
        document, player = self._document, self._player
        if document is None or player is None or document.current is None:
            return
        start, end = self._around_gap()
        player.play(start, end, start if self.looping else None)
        self.is_passing = False
        self._timer.start()
        self.state_changed.emit()

    def stop(self) -> None:
        """Fade out and stop; the cursor stays where playing began."""
        if self._player is not None:
            self._player.stop()
        self.state_changed.emit()

    def set_looping(self, on: bool) -> None:
        """Loop around the gap; while playing, at once."""
        self.looping = on
        if self.is_playing:
            self.play()

    def set_roll(self, seconds: float) -> None:
        """Seconds before and after the gap in a loop."""
        self.roll = seconds
        if self.is_playing and self.looping:
            self.play()

    def set_volume(self, gain: float) -> None:
        self._gain = gain
        if self._player is not None:
            self._player.mixer.set_gain(gain)

    def switch(self, version: int) -> None:
        """Hear another version; while playing it takes over at the same frame."""
        if self._player is None:
            return
        self._player.switch(version)
        self.version_changed.emit()

    def toggle_original(self) -> None:
        """Switch between the original and what was heard before it."""
        document = self._document
        if self.version != ORIGINAL:
            self.switch(ORIGINAL)
        elif document is not None and document.candidate_index >= 0 and document.current is not None:
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
        document = self._document
        if document is None or self._player is None or self.version == ORIGINAL:
            return
        index, current = document.candidate_index, document.current
        is_settled = current is None or index < 0 or current.chosen is document.candidate
        wanted = RESTORED if is_settled else FIRST_CANDIDATE + index
        if wanted != self.version:
            self.switch(wanted)

    # What follows

    def _around_gap(self) -> tuple[int, int]:
        document = self._document
        assert document is not None and document.current is not None
        gap, roll = document.current.gap, round(self.roll * document.rate)
        return max(0, gap.start - roll), min(document.clip.frames, gap.end + roll)

    def _loop_range(self) -> tuple[int, int] | None:
        if not self.looping or self._document is None or self._document.current is None:
            return None
        return self._around_gap()

    def _selection_changed(self) -> None:
        self.refresh()
        if self.is_playing and self.looping:
            self.play()

    def _cursor_moved(self, frame: int) -> None:
        document, player = self._document, self._player
        if document is None or player is None or not self.is_playing or self.looping:
            return
        player.play(frame, document.clip.frames)

    def _tick(self) -> None:
        player = self._player
        if player is None:
            self._timer.stop()
            return
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
