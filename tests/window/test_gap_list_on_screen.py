"""The gap list can be read, and its columns can be made wider."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.window.desktop import Picture, Program
from tests.window.looking import is_drawn, waveform

Start = Callable[..., Program]
Record = Callable[..., Path]

SELECTED = (31, 58, 57)
"""The colour of a selected row in the dark theme."""

CONFIDENCE = 79
"""Pixels from the last column's left border to its title's right end."""

LEAST_WIDTH = 200
"""Pixels that a list is wide at least."""

BESIDE_THE_STATE = 28
"""Pixels that the picture of a gap's state takes."""


def marked_at_the_end(program: Program) -> Picture:
    """The list with a gap at the end of the recording, its row selected."""
    program.wait_until(lambda picture: is_drawn(picture, waveform(picture)), "the recording is not shown")
    program.press("End", "m")
    program.wait_until(lambda picture: len(selected_rows(picture)) > 15, "no gap is listed")
    return program.at_rest()


def selected_rows(picture: Picture) -> NDArray[np.intp]:
    """The pixel rows of the row that is selected."""
    return np.flatnonzero((picture[:400] == SELECTED).all(axis=2).sum(axis=1) > LEAST_WIDTH)


def list_columns(picture: Picture) -> slice:
    """The pixel columns of the list, as the selected row shows them."""
    row = selected_rows(picture)[1]
    places = np.flatnonzero((picture[row] == SELECTED).all(axis=1))
    return slice(int(places[0]), int(places[-1]) + 1)


def ink(picture: Picture, rows: slice) -> NDArray[np.bool_]:
    """Where there is writing on even ground in the list: bool [rows, columns]."""
    part = picture[rows, list_columns(picture)].astype(np.int16)
    ground = np.median(part.reshape(-1, 3), axis=0)
    return np.asarray(np.abs(part - ground).max(axis=2) > 60)


def runs(columns: NDArray[np.bool_], apart: int) -> list[tuple[int, int]]:
    """First and last of all stretches of true columns that are more than `apart` columns from each other."""
    places = np.flatnonzero(columns)
    breaks = np.flatnonzero(np.diff(places) > apart)
    return list(zip(places[np.r_[0, breaks + 1]], places[np.r_[breaks, places.size - 1]], strict=True))


def has_ellipsis(text: NDArray[np.bool_]) -> bool:
    """True when three dots stand side by side: letters that are a dot on the line of the writing and nothing else."""
    foot = np.flatnonzero(text.any(axis=1))[-1] - 4
    dots = 0
    for first, last in runs(np.asarray(text.any(axis=0)), 1):
        is_dot = last - first <= 2 and not text[: foot - 2, first : last + 1].any()
        dots = dots + 1 if is_dot else 0
        if dots == 3:
            return True
    return False


@pytest.mark.parametrize("seconds", [5, 300, 3700])
def test_the_time_of_a_gap_can_be_read(start: Start, recording: Record, seconds: int) -> None:
    picture = marked_at_the_end(start(recording(seconds, rate=8000, channels=1)))
    rows = selected_rows(picture)
    texts = ink(picture, slice(rows[0] + 2, rows[-1] - 1))[:, BESIDE_THE_STATE:]
    assert not has_ellipsis(texts), "a text in the row is cut off"


def header(picture: Picture) -> list[tuple[int, int]]:
    """Left and right ends of the titles above the columns: time, length, kind, confidence."""
    top = int(selected_rows(picture)[0])
    return runs(np.asarray(ink(picture, slice(top - 22, top - 8)).any(axis=0)), 6)


@pytest.mark.parametrize("column", [0, 1, 2])
def test_the_border_of_a_column_can_be_dragged(start: Start, recording: Record, column: int) -> None:
    program = start(recording(5))
    before = marked_at_the_end(program)
    titles = header(before)
    assert len(titles) == 4, "a title collides with its neighbour or the sort arrow"
    left = list_columns(before).start
    # Numbers end six pixels before the border, the kind begins six pixels behind one.
    border = titles[3][1] - CONFIDENCE if column == 2 else titles[column][1] + 6
    y = int(selected_rows(before)[0]) - 15
    way = -30 if column == 2 else 30
    program.drag((left + border, y), (left + border + way, y))

    def follows(picture: Picture) -> bool:
        moved = header(picture)
        return len(moved) > column + 1 and abs(moved[column + 1][0] - titles[column + 1][0]) >= 20

    program.wait_until(follows, "what is right of the border does not follow it", 5)
