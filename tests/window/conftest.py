"""The real program on a real X server, which these tests start themselves."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.window.desktop import Desktop, Program

RATE = 44100
PIECE = 10
"""Seconds of sound that long recordings repeat."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = [tool for tool in ("Xvfb", "xdotool") if shutil.which(tool) is None]
    if sys.platform == "linux" and not missing:
        return
    reason = f"{' and '.join(missing)} not installed: sudo apt-get install xvfb xdotool" if missing else "no X server"
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def recording(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Writes a stereo recording of so many seconds, with a dropout about every `dropouts` seconds."""

    def write(seconds: float, *, rate: int = RATE, channels: int = 2, dropouts: float = 0.0) -> Path:
        path = tmp_path_factory.mktemp("recording") / "take.wav"
        time = np.arange(PIECE * rate) / rate
        tone = 0.3 * np.sin(2 * np.pi * 220 * time) + 0.1 * np.sin(2 * np.pi * (500 * time + 100 * time**2))
        noise = np.random.default_rng(5).normal(0.0, 0.02, (time.size, channels))
        piece = (tone[:, None] + noise).astype(np.float32)
        if dropouts:
            irregular = np.random.default_rng(6).uniform  # else it is the work of a gate, which is left alone
            for start in np.arange(dropouts / 4, PIECE - dropouts / 2, dropouts):
                first = start + irregular(0.0, dropouts / 2)
                piece[round(first * rate) : round((first + irregular(0.012, 0.04)) * rate)] = 0.0
        with soundfile.SoundFile(path, "w", rate, channels, subtype="PCM_16") as file:
            for _ in range(int(seconds // PIECE)):
                file.write(piece)
            file.write(piece[: round(seconds % PIECE * rate)])
        return path

    return write


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Starts the program on a screen of its own."""
    with ExitStack() as everything:

        def begin(*arguments: Path | str, size: tuple[int, int] = (1280, 800)) -> Program:
            desktop = everything.enter_context(Desktop(tmp_path, size))
            return everything.enter_context(Program(desktop, tmp_path, *arguments))

        yield begin
