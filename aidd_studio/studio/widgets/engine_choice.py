"""The engines to choose from: all that the policy lets fill."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QComboBox

from aidd_studio.engines.policy import Policy, may_fill
from aidd_studio.engines.registry import engine_infos


def list_engines(box: QComboBox, policy: Policy, chosen: str) -> None:
    """Offer the engines that a policy allows, without a signal; the first one is chosen in place of one that is not."""
    blocked = QSignalBlocker(box)
    box.clear()
    for info in engine_infos():
        if may_fill(info, policy):
            box.addItem(info.title, info.name)
    box.setCurrentIndex(max(0, box.findData(chosen)))
    blocked.unblock()
