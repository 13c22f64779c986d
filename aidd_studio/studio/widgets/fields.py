"""Fields: number boxes and lists that look and speak alike everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QDoubleSpinBox, QFormLayout, QSpinBox

Box = TypeVar("Box", bound=QAbstractSpinBox)


def whole_number(name: str, low: int, high: int, value: int, unit: str = "") -> QSpinBox:
    """A box for whole numbers; `name` is what a screen reader says."""
    box = QSpinBox()
    box.setRange(low, high)
    box.setSuffix(unit)
    box.setValue(value)
    return _named(box, name)


def real_number(
    name: str, low: float, high: float, value: float, step: float, unit: str = "", decimals: int = 1
) -> QDoubleSpinBox:
    """A box for numbers with decimals."""
    box = QDoubleSpinBox()
    box.setRange(low, high)
    box.setDecimals(decimals)
    box.setSingleStep(step)
    box.setSuffix(unit)
    box.setValue(value)
    return _named(box, name)


def choice(name: str, options: Iterable[tuple[str, Any]], value: Any = None) -> QComboBox:
    """A list of (text, value) to choose from."""
    box = QComboBox()
    box.setAccessibleName(name)
    for text, data in options:
        box.addItem(text, data)
    box.setCurrentIndex(max(0, box.findData(value)))
    return box


def form() -> QFormLayout:
    """Labelled rows; the labels of several forms line up."""
    made = QFormLayout()
    made.setHorizontalSpacing(16)
    made.setVerticalSpacing(8)
    made.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return made


def _named(box: Box, name: str) -> Box:
    box.setAccessibleName(name)
    # The style sheet's padding does not reach the line inside.
    box.lineEdit().setTextMargins(6, 0, 0, 0)
    return box
