"""The export dialog in the real window: format, dither, tags and names reach the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pytestqt.qtbot import QtBot

from aidd_studio.studio.dialogs.export_dialog import ExportDialog
from aidd_studio.studio.window.main_window import MainWindow
from tests.audio.tags_of import tags_of


@pytest.fixture
def fine(tmp_path: Path, damaged: Path) -> Path:
    """The damaged recording on a grid finer than 16 bits."""
    samples, rate = soundfile.read(damaged)
    path = tmp_path / "fine.wav"
    soundfile.write(path, 0.7 * samples, rate, subtype="PCM_24")
    return path


@pytest.fixture
def opened_fine(qtbot: QtBot, window: MainWindow, idle: Callable[[], None], fine: Path) -> MainWindow:
    window.open_path(fine)
    qtbot.waitUntil(lambda: window.document is not None, timeout=60_000)
    idle()
    return window


def export_dialog(window: MainWindow) -> ExportDialog:
    window.actions_by_id["export"].trigger()
    return window.findChildren(ExportDialog)[-1]


@pytest.mark.parametrize("dither", [True, False])
def test_rounded_samples_are_dithered_unless_that_is_switched_off(
    opened_fine: MainWindow, idle: Callable[[], None], fine: Path, dither: bool
) -> None:
    dialog = export_dialog(opened_fine)
    dialog.subtype.setCurrentText("16 bit")
    dialog.dither.setChecked(dither)
    dialog.accept()
    idle()
    exact = soundfile.read(fine)[0] * 2**15
    written = soundfile.read(fine.with_name("fine_restored.wav"), dtype="int16")[0]
    error = np.abs(written - exact).max()
    assert 0.5 < error <= 1.5 if dither else error <= 0.5
    assert export_dialog(opened_fine).dither.isChecked() == dither, "the choice is remembered"


def test_dither_is_offered_only_where_samples_are_rounded(opened_fine: MainWindow) -> None:
    dialog = export_dialog(opened_fine)
    assert dialog.dither.isEnabled()
    dialog.subtype.setCurrentText("32 bit float")
    assert not dialog.dither.isEnabled()
    dialog.reject()


@pytest.mark.parametrize("format", ["WAV", "FLAC", "AIFF", "Ogg Vorbis", "MP3"])
def test_tags_are_edited_and_removed(
    qtbot: QtBot, window: MainWindow, idle: Callable[[], None], damaged: Path, format: str
) -> None:
    tagged = damaged.with_suffix(".flac")
    soundfile.write(tagged, *soundfile.read(damaged))
    from mutagen.flac import FLAC

    file = FLAC(tagged)
    file["title"], file["artist"], file["genre"], file["mood"] = "Old", ["One", "Two"], "Noise", "calm"
    file.save()
    window.open_path(tagged)
    qtbot.waitUntil(lambda: window.document is not None, timeout=60_000)
    idle()
    dialog = export_dialog(window)
    assert dialog.tags.fields["artist"].text() == "One; Two"
    dialog.tags.fold.click()
    assert dialog.tags.fields["title"].isVisible()
    dialog.tags.fields["title"].setText("Träumerei")
    dialog.tags.fields["genre"].clear()
    dialog.format.setCurrentText(format)
    target = dialog.choice().path
    dialog.accept()
    idle()
    tags = tags_of(target)
    assert tags["title"] == ("Träumerei",)
    assert "; ".join(tags["artist"]) == "One; Two"
    assert tags["mood"] == ("calm",)
    assert "genre" not in tags
    assert FLAC(tagged)["title"] == ["Old"], "the source is never written to"


def test_the_pattern_and_the_format_make_the_name(
    opened_fine: MainWindow, idle: Callable[[], None], fine: Path
) -> None:
    dialog = export_dialog(opened_fine)
    dialog.pattern.setText("{stem} - mended{suffix}")
    dialog.format.setCurrentText("FLAC")
    assert dialog.path.text() == str(fine.with_name("fine - mended.flac"))
    dialog.accept()
    idle()
    assert soundfile.info(fine.with_name("fine - mended.flac")).subtype == "PCM_24"
    again = export_dialog(opened_fine)
    assert again.path.text() == str(fine.with_name("fine - mended.wav")), "the pattern is remembered"
    again.path.setText("")
    again.path.textEdited.emit("")
    assert not again.export_button.isEnabled()
    again.reject()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda dialog: dialog.pattern.setText("{title}{suffix}"), "{stem}"),
        (lambda dialog: dialog.pattern.setText("{stem}{suffix}"), "never written to"),
        (lambda dialog: (dialog.format.setCurrentText("FLAC"), dialog.subtype.setCurrentText("32 bit float")), "FLAC"),
    ],
)
def test_what_would_fail_is_said_before(
    opened_fine: MainWindow, change: Callable[[ExportDialog], object], says: str
) -> None:
    dialog = export_dialog(opened_fine)
    change(dialog)
    assert says in dialog.why.text()
    assert not dialog.export_button.isEnabled()
    dialog.pattern.setText("{stem}_x{suffix}")
    dialog.subtype.setCurrentIndex(0)
    assert dialog.export_button.isEnabled()
    dialog.reject()
