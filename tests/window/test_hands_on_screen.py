"""What a hand does to the real window: messages above the pictures, keys and clock move the cursor, dialogs fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.window.desktop import Picture, Program

ACCENT = (0x45, 0xC4, 0xB0)
WARNING = (0xF0, 0xB3, 0x5A)

PICTURES_RIGHT = 890
"""Columns left of the lists."""


def is_like(picture: Picture, colour: tuple[int, int, int]) -> NDArray[np.bool_]:
    """Where a picture has a colour: bool [rows, columns]."""
    return np.asarray((np.abs(picture.astype(int) - colour) <= 4).all(axis=2))


def cursor(picture: Picture) -> float:
    """The column of the cursor's line in the pictures; NaN without one."""
    share = is_like(picture[200:600, 60:PICTURES_RIGHT], ACCENT).mean(axis=0)
    columns = np.flatnonzero(share > 0.5)
    return float(columns.mean()) if columns.size else float("nan")


def banner_rows(picture: Picture, colour: tuple[int, int, int]) -> np.ndarray:
    """Rows at whose very left a message has its coloured edge."""
    return np.flatnonzero(is_like(picture[:, :3], colour).any(axis=1))


def opened(start: Callable[..., Program], recording: Path) -> Program:
    program = start(recording)
    program.wait_until(lambda picture: picture[300:620, 60:800].std() > 20, "the recording is drawn")
    program.at_rest()
    return program


def shown(program: Program, title: str) -> str:
    """A dialog, once its main button can be seen."""
    found = program.desktop.hand("search", "--sync", "--onlyvisible", "--name", f"^{title}$").split()[-1]
    program.wait_until(lambda now: is_like(now[300:, 200:1240], ACCENT).sum() > 1000, f"the button of {title}")
    return found


@pytest.mark.parametrize(
    ("keys", "colour"),
    [(("m", "ctrl+q"), WARNING), (("b", "d"), ACCENT), (("m", "m"), WARNING)],
    ids=["question", "information", "warning"],
)
def test_a_message_lies_above_all_pictures(
    start: Callable[..., Program], recording: Callable[..., Path], keys: tuple[str, str], colour: tuple[int, int, int]
) -> None:
    program = opened(start, recording(5))
    before = program.at_rest()
    program.press(*keys)
    picture = program.wait_until(lambda now: banner_rows(now, colour).size > 20, "a message at the left edge")
    rows = banner_rows(picture, colour)
    assert rows.max() < 160, "above overview and ruler"
    bottom = slice(600, 630)  # the low frequencies, which a message used to hide
    assert abs(float(picture[bottom, 60:800].mean()) - float(before[bottom, 60:800].mean())) < 12


def test_arrows_and_the_clock_move_the_cursor(start: Callable[..., Program], recording: Callable[..., Path]) -> None:
    program = opened(start, recording(5))
    program.click(400, 350)
    first = cursor(program.wait_until(lambda now: np.isfinite(cursor(now)), "the cursor where it was clicked"))
    program.press(*["Right"] * 10)
    program.wait_until(lambda now: cursor(now) > first + 20, "the arrow has moved the cursor to the right")
    program.press(*["Left"] * 20)
    program.wait_until(lambda now: cursor(now) < first - 20, "the arrow has moved the cursor to the left")
    program.click(300, program.desktop.size[1] - 30)
    program.press("4", "period", "5", "Return")
    program.wait_until(lambda now: cursor(now) > 700, "the clock has moved the cursor to 4.5 of 5 seconds")


@pytest.mark.parametrize(
    ("key", "title"), [("F1", "Keyboard and mouse"), ("ctrl+comma", "Preferences"), ("ctrl+e", "Export")]
)
def test_a_dialog_lies_on_a_screen_of_800_lines_as_a_whole(
    start: Callable[..., Program], recording: Callable[..., Path], key: str, title: str
) -> None:
    program = opened(start, recording(5))
    program.press(key)
    found = shown(program, title)
    place = dict(
        line.split("=") for line in program.desktop.hand("getwindowgeometry", "--shell", found).split() if "=" in line
    )
    left, top, width, height = (int(place[name]) for name in ("X", "Y", "WIDTH", "HEIGHT"))
    assert left >= 0 and left + width <= 1280
    assert top >= 0 and top + height + 48 <= 800, "with room for the desktop's own bars"


def test_return_exports_as_soon_as_the_dialog_is_there(
    start: Callable[..., Program], recording: Callable[..., Path]
) -> None:
    path = recording(5)
    program = opened(start, path)
    program.press("ctrl+e")
    shown(program, "Export")
    program.press("Return")
    program.wait_until(lambda _now: path.with_name("take_restored.wav").is_file(), "the export has been written")
