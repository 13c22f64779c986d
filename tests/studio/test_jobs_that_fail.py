"""A job may fail in any way: the person is told, and the next job runs."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable

import pytest
from pytestqt.qtbot import QtBot

from aidd_studio.audio.playback import ClockOutput, Player, Version
from aidd_studio.damage.damage import Damage
from aidd_studio.errors import DamageError, DeviceError
from aidd_studio.studio.model.jobs import JobQueue
from aidd_studio.studio.window.main_window import MainWindow
from tests.studio.conftest import FakeClock


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (DamageError("The gap lies outside the recording."), "The gap lies outside the recording."),
        (MemoryError(), "There is not enough memory for this; close other programs and try again."),
        (ZeroDivisionError("division by zero"), "Fill failed unexpectedly: division by zero."),
    ],
)
def test_whatever_a_job_raises_is_reported_in_a_sentence_and_the_next_job_runs(
    qtbot: QtBot, error: DamageError | MemoryError | ZeroDivisionError, told: str
) -> None:
    queue = JobQueue("work")
    said: list[str] = []
    results: list[int] = []

    def fail(_watch: object) -> None:
        raise error

    queue.submit("Fill", fail, on_failed=said.append)
    queue.submit("Count", lambda _watch: 7, on_done=results.append)
    qtbot.waitUntil(lambda: not queue.jobs, timeout=20000)
    queue.close()
    assert said == [told]
    assert results == [7]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
def test_when_the_process_that_fills_is_killed_the_window_says_so_and_fills_again(
    opened: MainWindow, idle: Callable[[], None]
) -> None:
    """As the system does when memory runs out."""
    window, document = opened, opened.document
    window.actions_by_id["detect"].trigger()
    idle()
    window.actions_by_id["select_all"].trigger()
    killed: list[int] = []

    def kill() -> None:
        if not killed and document.filling:
            killed.extend(child.pid or 0 for child in multiprocessing.active_children())
            for pid in killed:
                os.kill(pid, signal.SIGKILL)

    document.filling_changed.connect(kill)
    window.actions_by_id["fill"].trigger()
    idle()
    assert len(killed) == 1
    assert "lack of memory" in window.banner.message
    assert document.filling == {}
    window.actions_by_id["fill"].trigger()
    idle()
    assert all(entry.candidates for entry in document.entries)


def test_gaps_that_could_not_be_filled_are_counted_and_the_others_are_filled(
    opened: MainWindow, idle: Callable[[], None]
) -> None:
    window, document = opened, opened.document
    document.select(document.session.add_gaps([Damage(1000, 1300), Damage(17000, 31900)]))
    box = window.fill_settings.engine
    box.setCurrentIndex(box.findData("similar"))
    window.actions_by_id["fill"].trigger()
    idle()
    assert [entry.state for entry in document.entries] == ["candidates", "open"]
    assert window.banner.message.startswith("1 of 2 gaps could not be filled. The recording is too short")
    assert document.filling == {}


class UnpluggedOutput(ClockOutput):
    """A sound card whose plug is pulled while it plays: from then on it only raises, as SoundCardOutput does."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(None, clock)
        self.is_there = True

    def now(self) -> int:
        if not self.is_there:
            raise DeviceError("The audio output was lost.")
        return super().now()


def test_when_the_sound_card_is_unplugged_the_playhead_goes_on_in_silence_and_it_is_said(clock: FakeClock) -> None:
    import numpy as np

    output = UnpluggedOutput(clock)
    player = Player(1, 16000, output)
    player.set_versions((Version(np.zeros((1, 160000), np.float32)),))
    player.play(0, 160000)
    clock.now += 1.0
    before = player.position()
    assert before > 0 and player.silent_because is None
    output.is_there = False
    player.position()
    assert player.silent_because == "The audio output was lost."
    assert player.is_playing and player.position() >= before
    player.close()
