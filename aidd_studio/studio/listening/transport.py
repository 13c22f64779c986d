"""The transport: play, loop, what is heard, where it is, how loud, and what the machine is working on."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QToolBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from aidd_studio.studio.listening.clock import Clock
from aidd_studio.studio.listening.level_meter import LevelMeter
from aidd_studio.studio.model.jobs import Job
from aidd_studio.studio.model.time_format import rough_length
from aidd_studio.studio.widgets import theme
from aidd_studio.studio.widgets.actions import Actions
from aidd_studio.studio.widgets.fields import real_number
from aidd_studio.studio.widgets.icons import icon, pixmap
from aidd_studio.studio.widgets.menus import action_button
from aidd_studio.studio.widgets.progress_bar import ProgressBar


class Field(QFrame):
    """A small caption with a value under it."""

    def __init__(self, caption: str, width: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._caption = QLabel(caption)
        self._caption.setObjectName("faint")
        self._caption.setFont(theme.interface_font(-2))
        self._value = QLabel("–")
        self._value.setFont(theme.number_font(0.5))
        self._value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        column.addStretch(1)
        column.addWidget(self._caption)
        column.addWidget(self._value)
        column.addStretch(1)
        self.setMinimumWidth(width)

    def show_value(self, text: str) -> None:
        self._value.setText(text)
        self.setAccessibleName(f"{self._caption.text()} {text}")


class VersionSwitch(QWidget):
    """Original or restored: two halves of one button."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for index, text in enumerate(("Original", "Restored")):
            button = QToolButton()
            button.setText(text)
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setFixedSize(96, 30)
            button.setToolTip(f"Hear the {text.lower()} recording  (A)")
            self._group.addButton(button, index)
            row.addWidget(button)
        self._group.idClicked.connect(self.chosen)
        self.show_version(1, "")

    @property
    def heard(self) -> str:
        """The name of what is heard."""
        return self._group.button(0 if self._group.checkedId() == 0 else 1).text()

    def show_version(self, version: int, candidate: str) -> None:
        """Mark what is heard; a candidate stands in for the restored recording."""
        self._group.button(0).setChecked(version == 0)
        self._group.button(1).setChecked(version != 0)
        self._group.button(1).setText(candidate or "Restored")


class ElidedLabel(QLabel):
    """A text that ends in an ellipsis where there is no room for all of it."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def paintEvent(self, event: QPaintEvent) -> None:
        area = self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, area.width())
        painter = QPainter(self)
        painter.setPen(self.palette().windowText().color())
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)


class JobStrip(QWidget):
    """What the machine is working on, how long it takes, and a button to stop it."""

    cancel = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = ElidedLabel()
        self._time = QLabel()
        self._time.setObjectName("dim")
        self._time.setFont(theme.number_font(-1))
        self._bar = ProgressBar()
        self._cancel = QToolButton()
        self._cancel.setToolTip("Cancel  (Esc)")
        self._cancel.setAccessibleName("Cancel")
        self._cancel.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._cancel.clicked.connect(self.cancel)
        progress = QHBoxLayout()
        progress.setSpacing(8)
        progress.addWidget(self._bar, 1)
        progress.addWidget(self._time)
        left = QVBoxLayout()
        left.setSpacing(2)
        left.addStretch(1)
        left.addWidget(self._title)
        left.addLayout(progress)
        left.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addLayout(left, 1)
        row.addWidget(self._cancel)
        self.setMinimumWidth(200)
        self.setMaximumWidth(340)
        self.show_jobs([])

    def show_jobs(self, jobs: list[Job]) -> None:
        """Show the first job; say how many wait behind it."""
        visible = [job for job in jobs if job.visible]
        self._bar.setVisible(bool(visible))
        self._cancel.setVisible(bool(visible))
        self._time.setVisible(bool(visible))
        if not visible:
            self._title.setText("")
            self.setAccessibleName("")
            return
        job = visible[0]
        waiting = f"  +{len(visible) - 1}" if len(visible) > 1 else ""
        self._title.setText(f"{job.title}{waiting}")
        self._title.setToolTip("\n".join([*(item.title for item in visible), job.stage]).strip())
        self._cancel.setIcon(icon("close", "dim"))
        self._bar.setRange(0, 0 if job.started is not None and job.fraction == 0 else 1000)
        self._bar.setValue(round(job.fraction * 1000))
        left = job.remaining()
        self._time.setText("" if left is None else f"{rough_length(left)} left")
        self.setAccessibleName(f"{job.title}, {round(job.fraction * 100)} percent")


class Transport(QFrame):
    """The bar at the bottom of the window."""

    version_chosen = Signal(int)
    cancel = Signal()
    volume_changed = Signal(float)
    roll_changed = Signal(float)
    jump = Signal(str)  # to a time as it was written

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("bar")
        self.setFixedHeight(64)
        self._actions = actions
        self.time = Clock()
        self.time.jump.connect(self.jump)
        self.start = Field("Gap from", 86)
        self.length = Field("Gap length", 64)
        self.switch = VersionSwitch()
        self.switch.chosen.connect(self.version_chosen)
        self.meter = LevelMeter()
        self.silent = QLabel()
        self.silent.setObjectName("dim")
        self._volume_picture = QLabel()
        self._volume = QSlider(Qt.Orientation.Horizontal)
        self._volume.setRange(0, 100)
        self._volume.setValue(100)
        self._volume.setFixedWidth(72)
        self._volume.setToolTip("Volume")
        self._volume.setAccessibleName("Volume")
        self._volume.valueChanged.connect(lambda value: self.volume_changed.emit((value / 100) ** 2))
        self._roll = self._roll_field()
        self.jobs = JobStrip()
        self.jobs.cancel.connect(self.cancel)
        self._spare: tuple[QWidget, ...] = (self.length, self.start, self.meter, self._volume, self._roll)
        self._lay_out()
        self.retint()

    def _roll_field(self) -> QDoubleSpinBox:
        roll = real_number("Seconds before and after the gap in a loop", 0.1, 30.0, 1.0, 0.5, " s")
        roll.setFixedWidth(76)
        roll.setToolTip("Seconds before and after the gap in a loop")
        roll.valueChanged.connect(self.roll_changed)
        return roll

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 16, 4)
        row.setSpacing(4)
        row.addWidget(action_button(self._actions, "to_start"))
        play = action_button(self._actions, "play", 26)
        play.setFixedSize(44, 40)
        row.addWidget(play)
        row.addWidget(action_button(self._actions, "loop"))
        row.addWidget(self._roll)
        row.addSpacing(12)
        row.addWidget(self.time)
        row.addSpacing(16)
        row.addWidget(self.start)
        row.addSpacing(8)
        row.addWidget(self.length)
        row.addStretch(1)
        row.addWidget(self.jobs, 3)
        row.addStretch(1)
        row.addWidget(self.switch)
        row.addSpacing(12)
        row.addWidget(self._volume_picture)
        row.addWidget(self._volume)
        row.addSpacing(8)
        row.addWidget(self.meter)

    def minimumSizeHint(self) -> QSize:
        """What it takes when all that can be missed is away."""
        row = self.layout()
        spare = (
            [row.itemAt(row.indexOf(part)) for part in self._spare if not part.isHidden()] if row is not None else []
        )
        spared = sum(item.minimumSize().width() for item in spare if item is not None)
        return super().minimumSizeHint() - QSize(spared, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """On small screens what is shown elsewhere too makes room."""
        super().resizeEvent(event)
        for part in self._spare:
            part.show()
        for part in self._spare:
            if super().minimumSizeHint().width() <= self.width():
                break
            part.hide()

    def retint(self) -> None:
        """Draw again after a change of theme."""
        self.show_silent(self._volume_picture.toolTip() or None)

    @property
    def roll(self) -> float:
        """Seconds before and after the gap in a loop."""
        return self._roll.value()

    def set_roll(self, seconds: float) -> None:
        self._roll.setValue(seconds)

    def show_silent(self, reason: str | None) -> None:
        """Say why nothing can be heard, or that all is well."""
        name, tint = ("muted", "warning") if reason else ("volume", "dim")
        self._volume_picture.setPixmap(pixmap(name, 18, tint, self.devicePixelRatioF()))
        self._volume_picture.setToolTip(reason or "")
        self._volume_picture.setAccessibleName(f"No sound: {reason}" if reason else "Volume")
        self._volume.setEnabled(reason is None)
        self.meter.setToolTip(f"No sound: {reason}" if reason else "Output level in dB below full scale")

    def show_time(self, text: str) -> None:
        """Show where the sound is, or the cursor."""
        self.time.show_time(text)

    def show_gap(self, start: str = "–", length: str = "–") -> None:
        """Show place and length of the current gap, or that there is none."""
        self.start.show_value(start)
        self.length.show_value(length)


def transport_bar(transport: Transport) -> QToolBar:
    """The bar that holds the transport in its place."""
    bar = QToolBar("Transport")
    bar.setObjectName("transport")
    bar.setMovable(False)
    bar.setFloatable(False)
    bar.toggleViewAction().setEnabled(False)
    bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
    bar.setStyleSheet("QToolBar { padding: 0; border: none; }")
    bar.addWidget(transport)
    return bar
