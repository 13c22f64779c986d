"""The preference "signal models only" takes generative engines out of every list of the window."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QComboBox
from pytestqt.qtbot import QtBot

from aidd_studio.studio.batch.settings import BatchSettingsForm
from aidd_studio.studio.dialogs.preferences_dialog import PreferencesDialog
from aidd_studio.studio.model.preferences import Preferences, load_preferences, save_preferences, settings_file
from aidd_studio.studio.window.main_window import MainWindow

SIGNAL = ["auto", "autoregressive", "similar", "sparse", "extrapolation"]


def offered(box: QComboBox) -> list[str]:
    return [box.itemData(index) for index in range(box.count())]


def choose(box: QComboBox, value: str) -> None:
    box.setCurrentIndex(box.findData(value))


def preferences_of(window: MainWindow, qapp: QApplication) -> PreferencesDialog:
    window.actions_by_id["preferences"].trigger()
    return next(shown for shown in qapp.topLevelWidgets() if isinstance(shown, PreferencesDialog))


def test_a_person_who_allows_signal_models_only_is_offered_no_others(window: MainWindow, qapp: QApplication) -> None:
    choose(window.fill_settings.engine, "aidd")
    dialog = preferences_of(window, qapp)
    choose(dialog.policy, "signal")
    for box in (dialog.engine, window.fill_settings.engine):
        assert offered(box) == SIGNAL
        assert box.currentData() == "auto"
    assert window.fill_settings.chosen().policy == "signal"
    choose(dialog.policy, "any")
    for box in (dialog.engine, window.fill_settings.engine):
        assert "aidd" in offered(box)
    dialog.reject()


def test_an_engine_that_is_allowed_stays_chosen(window: MainWindow, qapp: QApplication) -> None:
    choose(window.fill_settings.engine, "similar")
    dialog = preferences_of(window, qapp)
    choose(dialog.policy, "signal")
    assert window.fill_settings.engine.currentData() == dialog.engine.currentData() == "similar"
    dialog.reject()


def test_the_batch_window_follows_when_it_is_shown(qtbot: QtBot, tmp_path: Path) -> None:
    preferences = Preferences(engine="aidd")
    form = BatchSettingsForm(preferences)
    qtbot.addWidget(form)
    assert "aidd" in offered(form.engine)
    preferences.policy = "signal"
    form.show()
    assert offered(form.engine) == SIGNAL
    settings = form.chosen().settings
    assert (settings.engine, settings.policy) == ("auto", "signal")


@pytest.mark.parametrize("policy", ["any", "signal"])
def test_the_policy_is_remembered(policy: str) -> None:
    save_preferences(Preferences(policy=policy))  # type: ignore[arg-type]
    assert load_preferences().policy == policy


@pytest.mark.parametrize("kept", ["", "strict", "1"])
def test_an_unknown_policy_becomes_the_default(kept: str) -> None:
    store = settings_file()
    store.setValue("preferences/policy", kept)
    store.sync()
    assert load_preferences().policy == "any"
