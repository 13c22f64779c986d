"""The engines `auto` and `aidd` in the real window, on the demo recording's hole of 300 ms.

Two seconds around the hole are enough: less context is the same work, only quicker.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter
from pytestqt.qtbot import QtBot

from aidd_studio.damage.damage import Damage
from aidd_studio.engines.registry import create_engine, engine_infos
from aidd_studio.studio.commands.open_file import demo_recording
from aidd_studio.studio.model.document import FillProgress
from aidd_studio.studio.panels.candidate_row import CandidateRow
from aidd_studio.studio.timeline.gap_strip import RegionStyle
from aidd_studio.studio.widgets import theme
from aidd_studio.studio.window.main_window import MainWindow

HOLE = (18.35, 18.65)
AROUND = 2.0


@pytest.fixture
def demo(qtbot: QtBot, window: MainWindow, idle: Callable[[], None], tmp_path: Path) -> MainWindow:
    """The window with a part of the demo recording, its hole marked and selected."""
    whole = demo_recording()
    assert whole is not None
    samples, rate = soundfile.read(whole, dtype="int16")
    first = round((HOLE[0] - AROUND) * rate)
    path = tmp_path / "demo.flac"
    soundfile.write(path, samples[first : round((HOLE[1] + AROUND) * rate)], rate, subtype="PCM_16")
    window.open_path(path)
    qtbot.waitUntil(lambda: window.document is not None, timeout=60_000)
    idle()
    document = window.document
    start, end = (round(at * rate) - first for at in HOLE)
    document.select(document.session.add_gaps([Damage(start, end)]))
    window.actions_by_id["zoom_gap"].trigger()
    return window


def choose_engine(window: MainWindow, name: str) -> None:
    box = window.fill_settings.engine
    box.setCurrentIndex(box.findData(name))


@pytest.mark.parametrize(("engine", "candidates"), [("auto", 1), ("aidd", 2)])
def test_a_neural_fill_comes_in_shows_how_far_it_is_and_is_accepted(
    demo: MainWindow, idle: Callable[[], None], engine: str, candidates: int
) -> None:
    document = demo.document
    choose_engine(demo, engine)
    demo.fill_settings.candidates.setValue(candidates)
    demo.fill_settings.steps.setValue(4)
    told: list[float] = []
    document.filling_changed.connect(lambda: told.extend(share.fraction for share in document.filling.values()))
    demo.actions_by_id["fill"].trigger()
    idle()
    assert demo.banner.message == ""
    assert len(document.current.candidates) == candidates
    assert document.current.candidates[0].engine == "aidd"
    assert told == sorted(told)
    if candidates > 1:  # a single one takes one network call, too quick to be seen on its way
        assert any(0.1 < fraction < 1.0 for fraction in told)
    assert document.filling == {}
    demo.actions_by_id["accept"].trigger()
    idle()
    entry = document.entries[0]
    assert entry.state == "accepted"
    sound = document.session.restored().read(entry.gap.start, entry.gap.end)
    assert np.isfinite(sound).all()
    assert np.sqrt(np.mean(sound**2)) > 1e-3
    idle()


def test_cards_tell_the_settings_in_which_candidates_differ(demo: MainWindow, idle: Callable[[], None]) -> None:
    document = demo.document
    choose_engine(demo, "aidd")
    demo.fill_settings.candidates.setValue(1)
    for steps in (2, 3):
        demo.fill_settings.steps.setValue(steps)
        demo.actions_by_id["fill" if steps == 2 else "more"].trigger()
        idle()
        told = [row.detail.text() for row in demo.candidate_list.findChildren(CandidateRow)]
        assert ("steps" in told[0]) == (steps == 3)
    assert [text.splitlines()[-1] for text in told] == ["steps 2", "steps 3"]
    assert len(document.candidates()) == 2


def test_sampler_steps_and_temperature_belong_to_the_engine_aidd_alone(window: MainWindow) -> None:
    settings = window.fill_settings
    settings.steps.setValue(12)
    for info in engine_infos():
        choose_engine(window, info.name)
        hidden = [box.isHidden() for box in (settings.sampler, settings.steps, settings.temperature)]
        assert hidden == [info.name != "aidd"] * 3
        assert ("steps" in settings.chosen().settings) == (info.name == "aidd")
        create_engine(info.name, settings.chosen().settings)  # refuses settings that it does not have


def test_the_device_of_the_preferences_reaches_every_engine_that_has_one(window: MainWindow) -> None:
    from aidd_studio.studio.batch.settings import BatchSettingsForm

    window.workspace.preferences.device = "cpu"
    form = BatchSettingsForm(window.workspace.preferences)
    for info in engine_infos():
        choose_engine(window, info.name)
        form.engine.setCurrentIndex(form.engine.findData(info.name))
        given = window.fill_settings.chosen().settings
        assert ("device" in given) == (info.name in ("aidd", "auto"))
        assert form.chosen().settings.engine_settings == given
        assert create_engine(info.name, given).settings.__dict__.get("device", "cpu") == "cpu"  # type: ignore[attr-defined]
    form.deleteLater()


def test_a_region_shows_how_far_its_fill_is(demo: MainWindow) -> None:
    document, regions = demo.document, demo.regions
    assert document is not None and document.current is not None
    document.set_filling([document.current.id], FillProgress(0.5))
    picture = QImage(round(demo.axis.width), 200, QImage.Format.Format_RGB32)
    picture.fill(0)
    painter = QPainter(picture)
    regions.paint(painter, QRectF(picture.rect()), 1.0, RegionStyle(theme.current()))
    painter.end()
    left, right = (demo.axis.to_x(edge) for edge in regions.borders(document.current))
    foot = [picture.pixelColor(round(left + (right - left) * at), 198).blue() for at in (0.1, 0.45, 0.55, 0.9)]
    assert foot[0] == foot[1] > foot[2] == foot[3] > 0
    document.set_filling([document.current.id], None)
