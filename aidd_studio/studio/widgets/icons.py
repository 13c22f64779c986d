"""Icons: the project's own 24x24 stroke drawings, tinted with the theme's colours."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from aidd_studio.studio.widgets import theme
from aidd_studio.studio.widgets.drawings import folder, svg

SIZES = (16, 20, 24, 32, 40, 48, 64)
"""Pixel sizes that are drawn: 16, 20, 24 and 32 at one, two and up to three times the pixels."""


def icon(name: str, tint: str = "text") -> QIcon:
    """The icon of that name; `tint` is a colour of the theme."""
    colours = theme.current()
    return _icon(name, getattr(colours, tint), colours.faint, colours.accent)


def pixmap(name: str, size: int, tint: str = "text", ratio: float = 1.0) -> QPixmap:
    """One picture of `size` logical pixels at the screen's pixel ratio."""
    return _drawn(name, getattr(theme.current(), tint), size, ratio)


def app_icon() -> QIcon:
    """The program's own icon."""
    return QIcon(str(folder() / "aidd-studio.svg"))


@cache
def _icon(name: str, tint: str, disabled: str, checked: str) -> QIcon:
    made = QIcon()
    for size in SIZES:
        made.addPixmap(_drawn(name, tint, size, 1.0), QIcon.Mode.Normal, QIcon.State.Off)
        made.addPixmap(_drawn(name, tint, size, 1.0), QIcon.Mode.Selected, QIcon.State.Off)
        made.addPixmap(_drawn(name, checked, size, 1.0), QIcon.Mode.Normal, QIcon.State.On)
        made.addPixmap(_drawn(name, disabled, size, 1.0), QIcon.Mode.Disabled)
    return made


@cache
def _drawn(name: str, tint: str, size: int, ratio: float) -> QPixmap:
    picture = QPixmap(round(size * ratio), round(size * ratio))
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(QByteArray(svg(name, tint))).render(painter, QRectF(picture.rect()))
    painter.end()
    picture.setDevicePixelRatio(ratio)
    return picture
