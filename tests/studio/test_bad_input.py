"""Whatever is opened, the window says in its banner what is wrong with it, lives, and opens the next file."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from aidd_studio.studio.window.main_window import MainWindow

NOBODY = 65534
WAIT = 180000


def noise(frames: int, channels: int = 2) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.5, 0.5, (frames, channels))


def corrupt_header(path: Path) -> None:
    soundfile.write(path, noise(1000), 44100)
    path.write_bytes(path.read_bytes()[:12] + bytes(range(200, 256)) * 20)


def truncated_flac(path: Path) -> None:
    soundfile.write(path, noise(20_000), 44100, format="FLAC")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def truncated_long_flac(path: Path) -> None:
    """Long enough to be shown before its end, which is missing, has been read."""
    soundfile.write(path, noise(1_200_000, 1) * 0.01, 8000, format="FLAC", subtype="PCM_16")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])


def zero_bytes(path: Path) -> None:
    path.touch()


def zero_frames(path: Path) -> None:
    soundfile.write(path, np.zeros((0, 2)), 44100)


def a_letter(path: Path) -> None:
    path.write_text("This is a letter, not a recording. " * 100)


def a_folder(path: Path) -> None:
    path.mkdir()


def missing(path: Path) -> None:
    pass


def nine_channels(path: Path) -> None:
    soundfile.write(path, noise(100, 9), 44100)


def rate_too_high(path: Path) -> None:
    soundfile.write(path, noise(100), 384_000)


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def broken_project(path: Path) -> None:
    path.write_bytes(b"PK\3\4 this is no project")


REFUSED: dict[str, tuple[Callable[[Path], None], str]] = {
    "corrupt.wav": (corrupt_header, "damaged"),
    "truncated.flac": (truncated_flac, "breaks off after"),
    "long.flac": (truncated_long_flac, "breaks off after"),
    "zero-bytes.wav": (zero_bytes, "is empty"),
    "zero-frames.wav": (zero_frames, "no sound"),
    "letter.wav": (a_letter, "cannot be read"),
    "folder.wav": (a_folder, "is a folder"),
    "missing.wav": (missing, "does not exist"),
    "nine.wav": (nine_channels, "9 channels"),
    "fast.wav": (rate_too_high, "384000 Hz"),
    "pipe.wav": (a_pipe, "not a file"),
    "broken.aidd": (broken_project, "broken.aidd"),
}


def open_and_settle(qtbot: QtBot, window: MainWindow, path: Path) -> None:
    window.banner.hide()
    window.open_path(path)
    qtbot.waitUntil(lambda: window.workspace.is_idle, timeout=WAIT)


def test_what_cannot_be_opened_is_reported_inline_and_the_next_file_opens(
    qtbot: QtBot, window: MainWindow, damaged: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    wrong = {}
    for name, (make, says) in REFUSED.items():
        make(folder / name)
        open_and_settle(qtbot, window, folder / name)
        message = window.banner.message
        if says not in message or name not in message or not message.endswith("."):
            wrong[name] = message
        if window.document is not None:
            wrong[name] = "it is open"
            window.workspace.close(window.document)
    assert wrong == {}
    open_and_settle(qtbot, window, damaged)
    assert window.document.path == damaged
    assert window.banner.message == ""


def test_a_bad_file_leaves_what_was_open_alone(qtbot: QtBot, opened: MainWindow, tmp_path: Path) -> None:
    zero_bytes(tmp_path / "empty.wav")
    document = opened.document
    open_and_settle(qtbot, opened, tmp_path / "empty.wav")
    assert "is empty" in opened.banner.message
    assert opened.document is document


def all_nan(path: Path) -> None:
    soundfile.write(path, np.full((2000, 1), np.nan, np.float32), 44100, subtype="FLOAT")


def one_sample(path: Path) -> None:
    soundfile.write(path, np.full((1, 1), 0.25), 44100)


def silence(path: Path) -> None:
    soundfile.write(path, np.zeros((5000, 2)), 44100)


def fastest(path: Path) -> None:
    soundfile.write(path, noise(20_000, 1), 192_000)


def eight_channels(path: Path) -> None:
    soundfile.write(path, noise(5000, 8), 44100)


def eight_bits(path: Path) -> None:
    soundfile.write(path, noise(5000, 1), 8000, subtype="PCM_U8")


def mislabelled(path: Path) -> None:
    soundfile.write(path, noise(5000), 44100, format="FLAC")


ODD: dict[str, tuple[Callable[[Path], None], tuple[int, int]]] = {
    "nan.wav": (all_nan, (1, 2000)),
    "one.wav": (one_sample, (1, 1)),
    "silence.wav": (silence, (2, 5000)),
    "192k.wav": (fastest, (1, 20_000)),
    "eight.wav": (eight_channels, (8, 5000)),
    "bits.wav": (eight_bits, (1, 5000)),
    "really-flac.wav": (mislabelled, (2, 5000)),
}


def test_odd_recordings_open_and_can_be_drawn_searched_marked_and_filled(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    for name, (make, shape) in ODD.items():
        make(tmp_path / name)
        open_and_settle(qtbot, window, tmp_path / name)
        assert window.document is not None, (name, window.banner.message)
        assert (window.document.clip.channels, window.document.clip.frames) == shape, name
        assert window.banner.message == "", name
        window.axis.zoom(4.0)
        window.axis.show_all()
        assert not window.grab().isNull()
        middle = shape[1] // 2
        window.editor.marked.emit(middle, middle + 40, None)  # short, since filling costs much at 192 kHz
        for id in ("detect", "select_all", "fill"):
            window.actions_by_id[id].trigger()  # what makes no sense here is disabled or told in the banner
            qtbot.waitUntil(lambda: window.workspace.is_idle, timeout=WAIT)
        assert "unexpectedly" not in window.banner.message, (name, window.banner.message)
        window.document.mark_saved()


@pytest.mark.parametrize("frames", [20_000, 1_600_000])  # at once, and while its sound still arrives
def test_a_recording_with_missing_sound_opens_and_says_where_it_is_missing(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, frames: int
) -> None:
    soundfile.write(tmp_path / "cut.wav", noise(frames, 1) * 0.1, 8000)
    content = (tmp_path / "cut.wav").read_bytes()
    (tmp_path / "cut.wav").write_bytes(content[: len(content) // 2])
    open_and_settle(qtbot, window, tmp_path / "cut.wav")
    assert window.document.clip.frames < 0.51 * frames
    assert f"The sound breaks off at {frames / 16000:.2f}"[:-1] in window.banner.message


def test_gaps_outside_the_recording_and_broken_labels_are_reported_inline(
    qtbot: QtBot, opened: MainWindow, tmp_path: Path
) -> None:
    window = opened
    outside, broken = tmp_path / "outside.txt", tmp_path / "broken.txt"
    outside.write_text("100.0\t101.0\tdropout\n")
    broken.write_text("this is\tno\tlabel\n")
    for path, says in (
        (outside, "outside the recording"),
        (broken, "broken.txt"),
        (tmp_path / "missing.txt", "missing.txt"),
    ):
        window.banner.hide()
        window.commands.exporting.import_labels_from(path)
        qtbot.waitUntil(lambda: not window.workspace.work.jobs, timeout=WAIT)
        assert window.document.entries == ()
        assert window.banner.message.endswith(".") and says in window.banner.message, window.banner.message
    window.editor.marked.emit(50_000, 60_000, None)
    assert window.document.entries == ()
    assert window.banner.message.endswith(".")
    window.banner.hide()
    window.actions_by_id["detect"].trigger()
    qtbot.waitUntil(lambda: len(window.document.entries) == 2, timeout=WAIT)
    qtbot.waitUntil(lambda: window.workspace.is_idle, timeout=WAIT)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without the rights of root, which may read everything."""
    if os.geteuid() != 0:
        yield
        return
    try:
        os.seteuid(NOBODY)
    except OSError:
        pytest.skip("the rights of root cannot be laid down here")
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions work in another way here")
def test_no_permission_to_read_is_reported_inline(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o777)  # so that nobody may enter, and keep the settings there
        for name in ("DATA", "CACHE", "STATE"):
            monkeypatch.setenv(f"AIDD_STUDIO_{name}", str(folder / name.lower()))
        soundfile.write(folder / "secret.wav", noise(100), 44100)
        (folder / "secret.wav").chmod(0o000)
        with as_nobody():
            open_and_settle(qtbot, window, folder / "secret.wav")
        assert "may not be read" in window.banner.message
        assert window.document is None
    finally:
        shutil.rmtree(folder)


def test_a_name_with_a_line_end_stays_on_one_line(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, damaged: Path, idle: Callable[[], None]
) -> None:
    path = tmp_path / "new\nline \N{VIOLIN} & more.wav"
    path.write_bytes(damaged.read_bytes())
    window.open_path(path)
    titles = [job.title for job in window.workspace.work.jobs]
    qtbot.waitUntil(lambda: window.document is not None, timeout=60_000)
    idle()
    shown = "new\N{SYMBOL FOR LINE FEED}line \N{VIOLIN} & more.wav"
    assert titles == [f"Reading {shown}"]
    assert window.windowTitle().startswith(shown)
    window.workspace.notify(f"{path} is here.")
    assert window.banner.message.endswith(f"{shown} is here.")
    assert window.document is not None
    window.workspace.close(window.document)
    buttons = [button.text().strip() for button in window.welcome.findChildren(QPushButton)]
    assert shown.replace("&", "&&") in buttons
