"""A screen of its own with the real program on it: keys and mouse go in, pixels come out.

Xvfb keeps its frame buffer in a file, which is read as it stands. Nothing here imports the program, so that any
version of it can be driven: the one that `python -m aidd_studio` finds, PYTHONPATH first.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from tests.waiting import until

Picture = NDArray[np.uint8]
"""uint8 [rows, columns, 3], red first."""

LOOK_EVERY = 0.05
PATIENCE = 60.0
STARTS = 3
AT_REST = 8
"""Looks in a row at which nothing has changed."""


class Desktop:
    """An X server without a window manager; `size` is (width, height) in pixels."""

    def __init__(self, folder: Path, size: tuple[int, int] = (1280, 800)) -> None:
        self.size = size
        self._frame_buffer = folder / "Xvfb_screen0"
        for _ in range(STARTS):
            self._server, self.display = _started(folder, size)
            if self._server.poll() is None and self._answers():
                return
            self._server.kill()
        raise AssertionError("Xvfb does not start")

    def _answers(self) -> bool:
        """False where another server took the same number at the same time."""
        asked = subprocess.run(["xdotool", "getdisplaygeometry"], env=self.environment, capture_output=True, text=True)
        return asked.stdout.split() == [str(side) for side in self.size]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.terminate()
        self._server.wait()

    def grab(self) -> Picture:
        """What is on the screen now."""
        raw = np.fromfile(self._frame_buffer, np.uint8)
        header = raw[:100].view(">u4")  # the XWD format: see XWDFile.h
        size, width, height, stride, colours = (int(header[place]) for place in (0, 4, 5, 12, 19))
        rows = raw[size + 12 * colours :][: height * stride].reshape(height, stride)
        return np.ascontiguousarray(rows[:, : 4 * width].reshape(height, width, 4)[:, :, 2::-1])

    def hand(self, *command: object) -> str:
        """What xdotool answers to a command."""
        done = subprocess.run(
            ["xdotool", *map(str, command)], env=self.environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    @property
    def environment(self) -> dict[str, str]:
        """For programs that are to be on this screen."""
        return os.environ | {"DISPLAY": self.display, "QT_QPA_PLATFORM": "xcb"}


def _started(folder: Path, size: tuple[int, int]) -> tuple[subprocess.Popen[bytes], str]:
    """A server with a free number, and the display that it serves."""
    read, write = os.pipe()
    screen = f"{size[0]}x{size[1]}x24"
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", screen, "-fbdir", str(folder), "-noreset"]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as answer:
        return server, f":{answer.readline().strip()}"


class Program:
    """The program in a process of its own, its window filling the screen."""

    def __init__(self, desktop: Desktop, folder: Path, *arguments: Path | str) -> None:
        self.desktop = desktop
        self._folder = folder
        self._log = (folder / "program.log").open("w+")
        command = [sys.executable, "-m", "aidd_studio", *map(str, arguments)]
        self._process = subprocess.Popen(
            command, cwd=folder, env=desktop.environment, stdout=self._log, stderr=self._log
        )
        self._window = self._found()
        width, height = desktop.size
        desktop.hand("windowsize", "--sync", self._window, width, height, "windowmove", self._window, 0, 0)
        desktop.hand("windowfocus", "--sync", self._window)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.wait()
        self._log.close()

    def _found(self) -> str:
        """The window, when the program has opened it."""
        found: list[str] = []

        def is_open() -> bool:
            self._check_alive()
            search = ["xdotool", "search", "--onlyvisible", "--name", "AIDD Studio"]
            done = subprocess.run(search, env=self.desktop.environment, capture_output=True, text=True)
            found.extend(done.stdout.split())
            return bool(found)

        until(is_open, PATIENCE, every=LOOK_EVERY)
        return found[-1]

    def _check_alive(self) -> None:
        if self._process.poll() is not None:
            self._log.seek(0)
            raise AssertionError(f"the program has ended: {self._log.read()}")

    def press(self, *keys: str) -> None:
        """Press keys, by the names that X has for them."""
        self.desktop.hand("key", *keys)

    def click(self, x: int, y: int, button: int = 1) -> None:
        """Click on a pixel of the screen."""
        self.desktop.hand("mousemove", x, y, "click", button)

    def drag(self, start: tuple[int, int], end: tuple[int, int], *held: str) -> None:
        """Drag from one pixel to another, with modifier keys held down."""
        middle = ((start[0] + end[0]) // 2, (start[1] + end[1]) // 2)
        for key in held:
            self.desktop.hand("keydown", key)
        self.desktop.hand("mousemove", *start, "mousedown", 1)
        for place in (middle, end):
            self.desktop.hand("mousemove", *place)
        self.desktop.hand("mouseup", 1)
        for key in held:
            self.desktop.hand("keyup", key)

    def wait_until(self, holds: Callable[[Picture], object], why: str, patience: float = PATIENCE) -> Picture:
        """Look at the screen until something can be seen on it; that picture. `why` says what was expected."""
        looks: list[Picture] = []

        def is_so() -> bool:
            self._check_alive()
            looks[:] = [self.desktop.grab()]
            return bool(holds(looks[0]))

        try:
            until(is_so, patience, every=LOOK_EVERY)
        except AssertionError as error:
            if not looks:
                raise
            raise AssertionError(f"{why} ({error}): see {self.keep(looks[0])}") from None
        return looks[0]

    def keep(self, picture: Picture) -> Path:
        """Keep a picture for the person who looks into a test that failed; where it is."""
        path = self._folder / "screen.png"
        height, width = picture.shape[:2]
        QImage(picture.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).save(str(path))
        return path

    def at_rest(self) -> Picture:
        """The screen once nothing moves on it any more."""
        looks = [np.zeros(0, np.uint8)]

        def is_still(picture: Picture) -> bool:
            if not np.array_equal(picture, looks[-1]):
                looks.clear()
            looks.append(picture)
            return len(looks) > AT_REST

        return self.wait_until(is_still, "the picture keeps changing")
