"""The editor: overview, ruler, waveform and spectrogram on one time axis, and a line that reads out the pointer."""

from __future__ import annotations

import math

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QScrollBar,
    QSlider,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from aidd_studio.studio.model.document import Document
from aidd_studio.studio.model.time_format import TimeFormat
from aidd_studio.studio.timeline.gap_lane import GapLane
from aidd_studio.studio.timeline.gap_regions import GapRegions
from aidd_studio.studio.timeline.overview_view import OverviewView
from aidd_studio.studio.timeline.spectrogram_view import SpectrogramSource, SpectrogramView
from aidd_studio.studio.timeline.time_axis import TimeAxis
from aidd_studio.studio.timeline.time_ruler import GUTTER, TimeRuler
from aidd_studio.studio.timeline.time_view import Snap
from aidd_studio.studio.timeline.waveform_drawing import WaveformSource
from aidd_studio.studio.timeline.waveform_view import WaveformView
from aidd_studio.studio.widgets import theme
from aidd_studio.studio.widgets.actions import Actions
from aidd_studio.studio.widgets.icons import pixmap

FORMATS: tuple[tuple[str, TimeFormat], ...] = (("h:m:s.ms", "clock"), ("Seconds", "seconds"), ("Samples", "samples"))


class Editor(QWidget):
    """Everything that shows the recording over time."""

    clicked = Signal(int, object)
    extended = Signal(object)
    marked = Signal(int, int, object)  # start, end, channels or None for all
    edge_moved = Signal(int, int, int)
    double_clicked = Signal(int)
    menu_wanted = Signal(QPoint)

    def __init__(self, axis: TimeAxis, regions: GapRegions, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._axis = axis
        self._regions = regions
        self._document: Document | None = None
        self._overlaid = False
        self.overview = OverviewView(axis, regions)
        self.ruler = TimeRuler(axis)
        self.lane = GapLane(axis, regions)
        self.lane.clicked.connect(self.clicked)
        self.waveform = WaveformView(axis, regions)
        self.spectrogram = SpectrogramView(axis, regions)
        self.views = (self.waveform, self.spectrogram)
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setHandleWidth(4)
        for view in self.views:
            self._splitter.addWidget(view)
            view.clicked.connect(self.clicked)
            view.extended.connect(self.extended)
            view.marked.connect(self.marked)
            view.edge_moved.connect(self.edge_moved)
            view.double_clicked.connect(self.double_clicked)
            view.menu_wanted.connect(self.menu_wanted)
        self.waveform.hovered.connect(lambda frame, share: self._read_out(frame, share, in_spectrogram=False))
        self.spectrogram.hovered.connect(lambda frame, share: self._read_out(frame, share, in_spectrogram=True))
        self._scroll = QScrollBar(Qt.Orientation.Horizontal)
        self._scroll.setAccessibleName("Scroll through time")
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.valueChanged.connect(self._scrolled)
        axis.changed.connect(self._follow)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.overview)
        column.addWidget(self.ruler)
        column.addWidget(self.lane)
        column.addWidget(self._splitter, 1)
        bar = QHBoxLayout()
        bar.setContentsMargins(GUTTER, 0, 0, 0)
        bar.addWidget(self._scroll)
        column.addLayout(bar)
        column.addLayout(self._footer(actions))

    def _footer(self, actions: Actions) -> QHBoxLayout:
        self._readout = QLabel()
        self._readout.setObjectName("dim")
        self._readout.setFont(theme.number_font(-0.5))
        self._readout.setAccessibleDescription("Under the pointer")
        self.blend = QSlider(Qt.Orientation.Horizontal)
        self.blend.setObjectName("centred")
        self.blend.setRange(0, 100)
        self.blend.setValue(50)
        self.blend.setFixedWidth(120)
        self.blend.setToolTip("More waveform or more spectrogram")
        self.blend.setAccessibleName("Blend of waveform and spectrogram")
        self.blend.valueChanged.connect(self._blend)
        self._left, self._right = QLabel(), QLabel()
        self.format = QComboBox()
        self.format.setAccessibleName("How times are written")
        self.format.setToolTip("How times are written")
        for text, _ in FORMATS:
            self.format.addItem(text)
        self.format.currentIndexChanged.connect(lambda index: self._axis.set_format(FORMATS[index][1]))
        overlay = QToolButton()
        overlay.setDefaultAction(actions["overlay"])
        overlay.setIconSize(QSize(18, 18))
        overlay.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        row = QHBoxLayout()
        row.setContentsMargins(GUTTER, 4, 8, 6)
        row.setSpacing(8)
        row.addWidget(self._readout, 1)
        row.addWidget(self._left)
        row.addWidget(self.blend)
        row.addWidget(self._right)
        row.addWidget(overlay)
        row.addSpacing(8)
        row.addWidget(self.format)
        self.retint()
        return row

    def retint(self) -> None:
        """Draw again after a change of theme."""
        ratio = self.devicePixelRatioF()
        self._left.setPixmap(pixmap("waveform", 18, "dim", ratio))
        self._right.setPixmap(pixmap("spectrogram", 18, "dim", ratio))
        for view in (*self.views, self.overview, self.ruler, self.lane):
            view.update()

    def set_document(self, document: Document | None) -> None:
        self._document = document
        self._follow()

    def set_sources(self, waveform: WaveformSource | None, spectrogram: SpectrogramSource | None) -> None:
        """Show another recording."""
        self.waveform.set_source(waveform)
        self.overview.set_source(waveform)
        self.spectrogram.set_source(spectrogram, waveform)

    def set_snap(self, snap: Snap | None) -> None:
        """What edges and marks snap to."""
        for view in self.views:
            view.snap = snap

    def set_overlaid(self, on: bool) -> None:
        """One picture instead of two."""
        self._overlaid = on
        self.waveform.setVisible(not on)
        self.spectrogram.labels = on
        self._blend(self.blend.value())

    def set_gaps_shown(self, on: bool) -> None:
        """Draw gaps over the pictures, or leave the pictures bare."""
        self._regions.set_shown(on)

    def set_channels_apart(self, on: bool) -> None:
        """A spectrogram for each channel, or one of all of them."""
        self.spectrogram.set_channels_apart(on)

    def refresh(self) -> None:
        """Something about the recording looks different."""
        for view in (*self.views, self.overview):
            view.update()

    def _blend(self, value: int) -> None:
        if self._overlaid:
            self.spectrogram.set_overlay(1.0 - value / 100)
            return
        self.spectrogram.set_overlay(0.0)
        height = self._splitter.height()
        self._splitter.setSizes([round(height * (100 - value) / 100), round(height * value / 100)])

    def _follow(self) -> None:
        axis = self._axis
        visible = axis.scale * axis.width
        self._scroll.blockSignals(True)
        # A scroll bar counts in int32; thousandths of the recording's length are fine enough for the eye.
        whole = max(1.0, axis.frames)
        span = 1_000_000
        self._scroll.setRange(0, max(0, round((1 - min(1.0, visible / whole)) * span)))
        self._scroll.setPageStep(max(1, round(min(1.0, visible / whole) * span)))
        self._scroll.setSingleStep(max(1, self._scroll.pageStep() // 20))
        self._scroll.setValue(round(axis.start / whole * span))
        self._scroll.blockSignals(False)

    def _scrolled(self, value: int) -> None:
        target = value / 1_000_000 * self._axis.frames
        self._axis.scroll((target - self._axis.start) / self._axis.scale)

    def _read_out(self, frame: int, share: float, *, in_spectrogram: bool) -> None:
        document = self._document
        if frame < 0 or document is None:
            self._readout.setText("")
            return
        parts = [self._axis.text(frame)]
        if in_spectrogram:
            hertz = self.spectrogram.frequencies.to_hertz(share)
            parts.append(f"{hertz / 1000:.2f} kHz" if hertz >= 1000 else f"{hertz:.0f} Hz")
        source = self.waveform.source
        if source is not None:
            low, high = source.extremes(int(frame / self._axis.scale), 1, self._axis.scale)
            if low.size and math.isfinite(low.min()) and math.isfinite(high.max()):
                peak = max(-float(low.min()), float(high.max()))
                parts.append(f"{20 * math.log10(peak):.1f} dBFS" if peak > 1e-6 else "−∞ dBFS")
        self._readout.setText("    ".join(parts).replace("-", "−"))
