"""Blind comparison in the real window: A/B/X with candidates of a real fill."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from aidd_studio.audio.playback import ClockOutput
from aidd_studio.damage.damage import Damage
from aidd_studio.studio.panels.candidate_list import LETTERS
from aidd_studio.studio.window.main_window import MainWindow
from tests.studio.conftest import FakeClock


@pytest.fixture
def compared(opened: MainWindow, idle: Callable[[], None]) -> Iterator[MainWindow]:
    """The window with one gap that two engines have filled, in a blind comparison."""
    document = opened.document
    document.select(document.session.add_gaps([Damage(20000, 20320)]))
    box = opened.fill_settings.engine
    for engine in ("autoregressive", "sparse"):
        box.setCurrentIndex(box.findData(engine))
        opened.actions_by_id["fill"].trigger()
        idle()
    assert len(document.candidates()) == 2
    opened.actions_by_id["blind"].trigger()
    assert opened.commands.blind.is_on
    yield opened
    opened.commands.playback.stop()


def row_of_x(window: MainWindow) -> int:
    return window.candidate_list.blind.index(window.commands.blind.hidden)


def test_guesses_are_marked_right_or_wrong_and_counted(compared: MainWindow) -> None:
    bar = compared.candidate_list.guess_bar
    assert bar.isVisible()
    assert [button.text() for button in bar.buttons] == ["A", "B"]
    row = row_of_x(compared)
    bar.buttons[row].click()
    assert bar.words.text().startswith(f"Right, X was {LETTERS[row]}. 1 of 1 right.")
    row = row_of_x(compared)
    bar.buttons[1 - row].click()
    assert bar.words.text().startswith(f"Wrong, X was {LETTERS[row]}. 1 of 2 right.")


def test_x_sounds_as_its_candidate_and_the_window_does_not_tell_which(
    compared: MainWindow, clock: FakeClock, outputs: list[ClockOutput]
) -> None:
    document, playback = compared.document, compared.commands.playback
    current = document.candidate_index
    compared.actions_by_id["audition_x"].trigger()
    for _ in range(12):
        clock.now += 0.1
        playback.poll()
        assert compared.transport.switch.heard == "X"
        assert compared.candidate_list.sounding == -1
        assert document.candidate_index == current
    heard = np.concatenate(outputs[-1].heard)
    assert playback.version == 2 + compared.commands.blind.hidden
    assert np.abs(heard).max() > 0.1
    compared.actions_by_id["audition_x"].trigger()
    clock.now += 0.2
    playback.poll()
    assert not playback.is_playing
    assert compared.transport.switch.heard == "X"


def test_x_may_be_any_candidate(compared: MainWindow) -> None:
    hidden = set()
    for _ in range(40):
        hidden.add(compared.commands.blind.hidden)
        compared.commands.blind.guess(0)
    assert hidden == {0, 1}


def test_accepting_ends_the_comparison_and_says_what_was_chosen(compared: MainWindow, idle: Callable[[], None]) -> None:
    compared.commands.blind.choose(1)
    engine = compared.document.candidate.engine
    compared.actions_by_id["accept"].trigger()
    idle()
    assert not compared.commands.blind.is_on
    assert not compared.candidate_list.guess_bar.isVisible()
    assert compared.document.entries[0].chosen.engine == engine
    assert compared.banner.message.startswith("You chose")
