"""The look: one set of colours per theme, the palette and the style sheet made from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

from aidd_studio import paths
from aidd_studio.studio.widgets.drawings import tinted_file

ThemeChoice = Literal["dark", "light", "system"]

FONTS = ("Inter", "Segoe UI Variable", "Segoe UI", "SF Pro Text", "Helvetica Neue", "Noto Sans", "DejaVu Sans")


@dataclass(frozen=True)
class Colours:
    """The named colours of one theme, as #rrggbb."""

    name: Literal["dark", "light"]
    window: str
    surface: str  # panels, lists
    raised: str  # buttons, fields, hovered rows
    canvas: str  # behind waveform and spectrogram
    line: str  # separators
    border: str  # outlines of controls
    text: str
    dim: str  # secondary text
    faint: str  # disabled text, minor ticks
    accent: str
    accent_strong: str  # pressed, hovered accent
    on_accent: str  # text on the accent
    selection: str  # selected row
    wave: str
    wave_core: str
    open_gap: str
    accepted: str
    warning: str
    danger: str
    playhead: str


DARK = Colours(
    name="dark",
    window="#14171b",
    surface="#1a1e23",
    raised="#252a31",
    canvas="#0f1215",
    line="#262b32",
    border="#353c45",
    text="#e4e8ec",
    dim="#9aa4af",
    faint="#626c77",
    accent="#45c4b0",
    accent_strong="#62d8c5",
    on_accent="#06211d",
    selection="#1f3a39",
    wave="#7f93a8",
    wave_core="#b4c3d2",
    open_gap="#f0b35a",
    accepted="#6fcf7c",
    warning="#f0b35a",
    danger="#f0716b",
    playhead="#ffffff",
)

LIGHT = Colours(
    name="light",
    window="#eef0f2",
    surface="#f8f9fa",
    raised="#ffffff",
    canvas="#ffffff",
    line="#dde1e5",
    border="#c5cbd2",
    text="#1c2228",
    dim="#56606b",
    faint="#98a2ad",
    accent="#0d8273",
    accent_strong="#0a6e61",
    on_accent="#ffffff",
    selection="#d3ebe7",
    wave="#7e90a3",
    wave_core="#4d6074",
    open_gap="#b8720a",
    accepted="#2a8a3c",
    warning="#a8670a",
    danger="#c23a34",
    playhead="#111418",
)


def system_is_dark() -> bool:
    """What the desktop asks for; dark where it says nothing."""
    return QGuiApplication.styleHints().colorScheme() != Qt.ColorScheme.Light


def colours_for(choice: ThemeChoice) -> Colours:
    """The colours of a chosen theme."""
    if choice == "system":
        return DARK if system_is_dark() else LIGHT
    return LIGHT if choice == "light" else DARK


def current() -> Colours:
    """The colours in use."""
    return _in_use[0]


_in_use: list[Colours] = [DARK]


def colour(name: str, alpha: int = 255, of: Colours | None = None) -> QColor:
    """A named colour of the theme in use, or of another one."""
    return _made(getattr(of or current(), name), alpha)


@cache
def _made(code: str, alpha: int) -> QColor:
    """Cached, since every frame needs hundreds; treat them as immutable."""
    made = QColor(code)
    made.setAlpha(alpha)
    return made


def apply(app: QApplication, choice: ThemeChoice) -> None:
    """Dress the whole application."""
    colours = colours_for(choice)
    _in_use[0] = colours
    app.setStyle(QStyleFactory.create("Fusion"))
    app.setFont(interface_font())
    app.setPalette(_palette(colours))
    app.setStyleSheet(_style_sheet(colours))


@cache
def interface_font(delta: float = 0.0, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """The font of labels and controls, `delta` points larger or smaller than usual."""
    families = set(QFontDatabase.families())
    font = QFont()
    for family in FONTS:
        if family in families:
            font.setFamily(family)
            break
    font.setPointSizeF(9.5 + delta)
    font.setWeight(weight)
    return font


@cache
def number_font(delta: float = 0.0, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """The same font with digits of equal width, so that running times do not jitter."""
    font = QFont(interface_font(delta, weight))
    if font.family() == "Inter":
        font.setFeature(QFont.Tag("tnum"), 1)
    return font


def _palette(c: Colours) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for name, value in {
        role.Window: c.window,
        role.WindowText: c.text,
        role.Base: c.surface,
        role.AlternateBase: c.raised,
        role.Text: c.text,
        role.Button: c.raised,
        role.ButtonText: c.text,
        role.BrightText: c.danger,
        role.Highlight: c.selection,
        role.HighlightedText: c.text,
        role.ToolTipBase: c.raised,
        role.ToolTipText: c.text,
        role.PlaceholderText: c.faint,
        role.Link: c.accent,
        role.Light: c.raised,
        role.Midlight: c.raised,
        role.Mid: c.line,
        role.Dark: c.line,
        role.Shadow: c.canvas,
        role.Accent: c.accent,
    }.items():
        palette.setColor(name, QColor(value))
    for name in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, name, QColor(c.faint))
    return palette


def _style_sheet(c: Colours) -> str:
    sheet = (paths.resources() / "theme.qss").read_text(encoding="utf-8")
    for glyph in ("chevron-down", "chevron-up", "chevron-right", "check"):
        sheet = sheet.replace(f"@icon({glyph})", tinted_file(glyph, c.dim).as_posix())
    sheet = sheet.replace("@icon-on-accent(check)", tinted_file("check", c.on_accent).as_posix())
    names = sorted((name for name in c.__dataclass_fields__ if name != "name"), key=len, reverse=True)
    for name in names:
        sheet = sheet.replace(f"@{name}", getattr(c, name))
    return sheet
