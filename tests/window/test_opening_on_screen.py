"""Who opens a recording and takes the hands off sees all of it, whatever its length and the machine's load."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.window.desktop import Picture, Program
from tests.window.looking import Place, is_complete, is_drawn, overview, says_that_it_loads, waveform

Start = Callable[..., Program]
Record = Callable[..., Path]

BUSY = 4

LOADING = 30.0
"""Seconds within which a spectrogram comes even beside four busy programs."""


@pytest.fixture
def busy_machine() -> Iterator[None]:
    """Other programs take all the time that they can get."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(BUSY)]
    yield
    for other in others:
        other.kill()
        other.wait()


def shows_the_recording(program: Program) -> Picture:
    """The screen once every picture of the recording is there."""
    for place in (overview, waveform):

        def drawn(picture: Picture, at: Callable[[Picture], Place] = place) -> bool:
            return is_drawn(picture, at(picture))

        program.wait_until(drawn, f"no {place.__name__} is drawn")
    return program.wait_until(is_complete, "the spectrogram is black, or a part of it", LOADING)


@pytest.mark.parametrize("seconds", [5, 45, 150, 300])
def test_an_opened_recording_is_seen_without_a_touch(start: Start, recording: Record, seconds: int) -> None:
    shows_the_recording(start(recording(seconds)))


def test_it_is_seen_on_a_busy_machine(start: Start, recording: Record, busy_machine: None) -> None:
    shows_the_recording(start(recording(150)))


def test_it_is_seen_when_it_is_opened_again(start: Start, recording: Record) -> None:
    path = recording(300)
    with start(path) as program:
        shows_the_recording(program)
    shows_the_recording(start(path))


def test_it_is_seen_on_a_large_screen(start: Start, recording: Record) -> None:
    shows_the_recording(start(recording(150), size=(1920, 1080)))


def test_the_demo_is_seen(start: Start, demo: Path) -> None:
    shows_the_recording(start(demo / "damaged.flac"))


@pytest.mark.slow
def test_an_hour_is_seen_and_until_then_the_window_says_that_it_loads(start: Start, recording: Record) -> None:
    program = start(recording(3600))
    program.wait_until(says_that_it_loads, "a spectrogram that is not there yet looks like silence", LOADING)
    shows_the_recording(program)
