"""In a window of 900 by 600 everything can be reached, and the list keeps rows to choose from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.window.desktop import Picture, Program

Start = Callable[..., Program]
Record = Callable[..., Path]

SMALL = (900, 600)
ACCENT = (69, 196, 176)
"""The colour of the play button in the dark theme."""


def bright(picture: Picture, rows: slice, columns: slice) -> NDArray[np.bool_]:
    return np.asarray(picture[rows, columns].max(axis=2) > 120)


def has_list(picture: Picture) -> bool:
    """True when the panels on the right have writing in them."""
    return bool(bright(picture, slice(84, 104), slice(560, 700)).any())


def test_what_the_tool_bar_has_no_room_for_is_behind_a_mark(start: Start, recording: Record) -> None:
    program = start(recording(5), size=SMALL)
    program.wait_until(has_list, "no recording is shown")
    before = program.at_rest()
    end = bright(before, slice(40, 64), slice(878, 899))
    assert end.any(), "nothing at the end of the tool bar says that there is more"
    program.click(887, 52)

    def shows_more(picture: Picture) -> bool:
        return bool(bright(picture, slice(80, 95), slice(10, 90)).any())

    program.wait_until(shows_more, "the mark shows nothing", 10)


@pytest.mark.parametrize("engine", ["auto", "aidd"])
def test_four_gaps_are_listed_beside_the_fill_settings(
    start: Start, recording: Record, own_folders: Path, engine: str
) -> None:
    (own_folders / "state").mkdir()
    (own_folders / "state" / "studio.ini").write_text(f"[preferences]\nengine={engine}\n")
    program = start(recording(5, dropouts=0.5), size=SMALL)
    program.wait_until(has_list, "no recording is shown")
    program.at_rest()
    program.press("d")
    program.wait_until(lambda picture: len(rows_of_the_list(picture)) >= 4, "no gaps are listed")
    program.press("ctrl+shift+f")
    program.wait_until(lambda picture: bright(picture, slice(440, 530), slice(660, 880)).any(), "no settings are shown")
    picture = program.at_rest()
    assert len(rows_of_the_list(picture)) >= 4, "the settings leave the list too little room"
    assert (picture[540:, 40:100] == ACCENT).all(axis=2).sum() > 400, "the window is higher than its screen"


def rows_of_the_list(picture: Picture) -> list[int]:
    """The rows of pixels at which gaps in the list begin: each has its state in orange on the left."""
    part = picture[150:, 560:610].astype(np.int16)
    orange = ((part[:, :, 0] > 150) & (part[:, :, 0] - part[:, :, 2] > 60)).any(axis=1)
    return [int(row) for row in np.flatnonzero(np.diff(orange.astype(np.int8)) > 0)]
