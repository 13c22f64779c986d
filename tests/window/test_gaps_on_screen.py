"""Gaps are marked where they are, and nowhere do they hide what a person must judge."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from tests.window.desktop import Picture, Program
from tests.window.looking import Place, is_drawn, lanes, marks, spectrogram, waveform

Start = Callable[..., Program]
Record = Callable[..., Path]

RATE = 16000
RULER, FOOT = slice(128, 150), slice(-112, -70)
"""Rows above and below the pictures."""

LONG = 0.3
"""Seconds: a gap that is dozens of pixels wide in a recording of two seconds."""


@pytest.fixture
def torn(tmp_path: Path) -> Callable[..., Path]:
    """Writes two seconds of noise in stereo with a hole in the middle, in both channels or one."""

    def write(*channels: int) -> Path:
        samples = np.random.default_rng(2).normal(0.0, 0.1, (2 * RATE, 2))
        samples[round((1 - LONG / 2) * RATE) : round((1 + LONG / 2) * RATE), list(channels)] = 0.0
        soundfile.write(tmp_path / "torn.wav", samples, RATE)
        return tmp_path / "torn.wav"

    return write


def opened(program: Program) -> Picture:
    program.wait_until(lambda picture: is_drawn(picture, waveform(picture)), "the recording is not shown")
    program.wait_until(lambda picture: any(brightness(picture)), "no spectrogram is shown")
    return program.at_rest()


def changed(before: Picture, after: Picture, place: Place) -> NDArray[np.bool_]:
    """Which pixels of a place differ, without the cursor's columns at its edge."""
    differs: NDArray[np.bool_] = (before[place] != after[place]).any(axis=2)
    return differs


def after_detecting(program: Program, before: Picture) -> Picture:
    program.press("d")
    program.wait_until(lambda picture: lists_gaps(before, picture), "no gap is listed")
    # The message that says how many were found moves the pictures until it leaves.
    program.wait_until(lambda picture: is_where_it_was(before, picture), "the message stays")
    return program.at_rest()


def is_where_it_was(before: Picture, after: Picture) -> bool:
    columns = slice(560, -400)  # the cursor is left of them
    return all(np.array_equal(before[rows, columns], after[rows, columns]) for rows in (RULER, FOOT))


def lists_gaps(before: Picture, after: Picture) -> bool:
    rows = (slice(180, 210), slice(-330, -20))
    return bool(changed(before, after, rows).mean() > 0.02)


def test_five_hundred_gaps_leave_the_pictures_free(start: Start, recording: Record) -> None:
    program = start(recording(250, rate=8000, channels=1, dropouts=0.5))
    before = opened(program)
    after = after_detecting(program, before)
    for place in (waveform(after), spectrogram(after)):
        assert changed(before, after, place).mean() < 0.05, "gaps of a tenth of a pixel cover the picture"
    assert changed(before, after, marks(after)).any(axis=0).mean() > 0.5, "nothing above the pictures marks them"


@pytest.mark.parametrize("channel", [0, 1])
def test_a_gap_in_one_channel_is_drawn_over_that_channel(start: Start, torn: Callable[..., Path], channel: int) -> None:
    program = start(torn(channel))
    before = opened(program)
    after = after_detecting(program, before)
    touched, other = lanes(after)[channel], lanes(after)[1 - channel]
    assert changed(before, after, touched).any(axis=0).sum() > 40
    assert changed(before, after, other).any(axis=0).sum() <= 4, "the intact channel is marked too"


@pytest.mark.parametrize("channel", [0, 1])
def test_a_gap_drawn_with_shift_is_in_the_channel_under_the_pointer(
    start: Start, torn: Callable[..., Path], channel: int
) -> None:
    program = start(torn())
    before = opened(program)
    rows, columns = lanes(before)[channel]
    y = (rows.start + rows.stop) // 2
    program.drag((columns.start + 200, y), (columns.start + 350, y), "shift")
    program.wait_until(lambda picture: lists_gaps(before, picture), "no gap is listed")
    after = program.at_rest()
    assert changed(before, after, lanes(after)[channel]).any(axis=0).sum() > 100
    assert changed(before, after, lanes(after)[1 - channel]).any(axis=0).sum() <= 4, "the other channel is marked too"


def test_a_gap_is_an_outline_on_the_spectrogram_and_h_hides_it(start: Start, torn: Callable[..., Path]) -> None:
    program = start(torn(0, 1))
    shown = after_detecting(program, opened(program))
    program.press("h")
    hidden = program.wait_until(
        lambda picture: changed(shown, picture, waveform(picture)).any(), "nothing hides the gaps", 5
    )
    hidden = program.at_rest()
    outline = changed(shown, hidden, spectrogram(shown)).any(axis=0)
    assert outline.sum() >= 2, "the spectrogram has no outline"
    assert outline.sum() <= 10, "the colours inside the gap are changed"
    program.press("h")
    program.wait_until(lambda picture: np.array_equal(picture, shown), "the gaps do not come back", 5)


def test_each_channel_has_a_spectrogram_when_asked(start: Start, tmp_path: Path) -> None:
    noise = np.random.default_rng(2).normal(0.0, 0.1, 2 * RATE)
    path = tmp_path / "left.wav"
    soundfile.write(path, np.stack([noise, np.zeros_like(noise)], axis=1), RATE)
    program = start(path)
    program.wait_until(lambda picture: brightness(picture) == (True, True), "one spectrogram of both channels")
    program.press("c")
    program.wait_until(lambda picture: brightness(picture) == (True, False), "the silent channel is not shown", 10)
    program.press("c")
    program.wait_until(lambda picture: brightness(picture) == (True, True), "they stay apart", 10)


def brightness(picture: Picture) -> tuple[bool, bool]:
    """Whether the upper and the lower half of the spectrogram's place have colours."""
    rows, columns = spectrogram(picture)
    coloured = np.ptp(picture[rows, columns].astype(np.int16), axis=2) > 40
    third = len(coloured) // 3
    return bool(coloured[:third].mean() > 0.3), bool(coloured[-third:].mean() > 0.3)
