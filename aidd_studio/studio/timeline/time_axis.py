"""The time axis that all pictures of a recording share: what is visible, where the cursor is, how times are written."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from aidd_studio.studio.model.time_format import TimeFormat, format_time

CLOSEST = 1 / 32
"""Frames per pixel at the closest zoom: a sample every 32 pixels."""


class TimeAxis(QObject):
    """Maps frames to pixels. `start` is the frame at the left edge, `scale` the frames per pixel.

    The start is kept at a multiple of the scale, so that a column of pixels always covers the same frames and
    panning does not shimmer.
    """

    changed = Signal()  # another part of the recording is visible
    cursor_moved = Signal(int)
    playhead_moved = Signal()
    format_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.frames = 0
        self.rate = 44100
        self.width = 800
        self.start = 0.0
        self.scale = 1.0
        self.cursor = 0
        self.playhead: int | None = None
        self.format: TimeFormat = "clock"

    def set_recording(self, frames: int, rate: int) -> None:
        """Start over with another recording, all of it visible."""
        self.frames, self.rate = frames, rate
        self.cursor, self.playhead = 0, None
        self.show_all()
        self.format_changed.emit()  # hours are written only where there are some
        self.cursor_moved.emit(0)

    def set_width(self, width: int) -> None:
        """The pixels that the pictures have; what is visible at the left stays there."""
        if width == self.width or width < 1:
            return
        whole = self.scale >= self.widest * 0.999
        self.width = width
        if whole:
            self.show_all()
        else:
            self._show(self.start, self.scale)

    @property
    def widest(self) -> float:
        """Frames per pixel when everything is visible."""
        return max(CLOSEST, self.frames / max(1, self.width))

    @property
    def end(self) -> float:
        """The frame at the right edge."""
        return self.start + self.scale * self.width

    def to_x(self, frame: float) -> float:
        """Pixels from the left edge."""
        return (frame - self.start) / self.scale

    def to_frame(self, x: float) -> int:
        """The frame at a pixel, within the recording."""
        return min(self.frames, max(0, round(self.start + x * self.scale)))

    def show_all(self) -> None:
        """Show the whole recording."""
        self._show(0.0, self.widest)

    def show_range(self, start: float, end: float, margin: float = 0.0) -> None:
        """Show frames `start` to `end` with a margin, a share of their length, on each side."""
        extra = (end - start) * margin
        self._show(start - extra, (end - start + 2 * extra) / max(1, self.width))

    def reveal(self, start: int, end: int) -> None:
        """Scroll so far that the frames can be seen; zoom out only where they do not fit."""
        if end - start > 0.8 * self.scale * self.width:
            self.show_range(start, end, 0.5)
        elif start < self.start or end > self.end:
            self.centre((start + end) / 2)

    def centre(self, frame: float) -> None:
        """Scroll until a frame is in the middle."""
        self._show(frame - self.scale * self.width / 2, self.scale)

    def zoom(self, factor: float, x: float | None = None) -> None:
        """Zoom in by a factor; the frame under pixel `x`, or else the cursor, stays where it is."""
        if x is None:
            at = self.to_x(self.cursor)
            x = at if 0 <= at <= self.width else self.width / 2
        anchor = self.start + x * self.scale
        scale = min(self.widest, max(CLOSEST, self.scale / factor))
        self._show(anchor - x * scale, scale)

    def scroll(self, pixels: float) -> None:
        """Move along by pixels."""
        self._show(self.start + pixels * self.scale, self.scale)

    def set_cursor(self, frame: int) -> None:
        """Put the cursor on a frame."""
        frame = min(self.frames, max(0, frame))
        if frame != self.cursor:
            self.cursor = frame
            self.cursor_moved.emit(frame)

    def set_playhead(self, frame: int | None) -> None:
        """Where the sound is now; None while nothing plays."""
        if frame != self.playhead:
            self.playhead = frame
            self.playhead_moved.emit()

    def set_format(self, format: TimeFormat) -> None:
        """How times are written."""
        self.format = format
        self.format_changed.emit()

    def text(self, frame: float) -> str:
        """A time in the chosen format."""
        return format_time(frame, self.rate, self.format)

    def short_text(self, frame: float) -> str:
        """A time in the chosen format, without hours where the recording has none."""
        text = self.text(frame)
        if not self._is_short:
            return text
        text = text.removeprefix("0:")
        return text[1:] if text.startswith("0") else text

    @property
    def _is_short(self) -> bool:
        return self.format == "clock" and self.frames < 3600 * self.rate

    def _show(self, start: float, scale: float) -> None:
        scale = min(self.widest, max(CLOSEST, scale))
        start = min(max(0.0, start), max(0.0, self.frames - scale * self.width))
        start = max(0, round(start / scale)) * scale
        if (start, scale) != (self.start, self.scale):
            self.start, self.scale = start, scale
            self.changed.emit()


STEPS = (1, 2, 5)


def tick_step(scale: float, rate: int, format: TimeFormat, wanted: float = 96.0) -> float:
    """Frames between two labelled ticks, at least `wanted` pixels apart and round in the format's unit."""
    least = scale * wanted
    if format == "samples":
        return _round_up(least, 1.0)
    seconds = least / rate
    if format == "clock" and seconds > 0.5:
        for step in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400):
            if step >= seconds:
                return step * rate
    return _round_up(seconds, 1e-6) * rate


def _round_up(value: float, least: float) -> float:
    """The next 1, 2 or 5 times a power of ten."""
    step = least
    while True:
        for factor in STEPS:
            if step * factor >= value:
                return step * factor
        step *= 10
