"""Draw every main state of the window into a folder: `python tools/screenshots.py FOLDER [dark|light] [1280x800]`."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["AIDD_STUDIO_STATE"] = os.environ["AIDD_STUDIO_CACHE"] = tempfile.mkdtemp(prefix="aidd-screenshots-")

import soundfile
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QWidget

from aidd_studio.audio.playback import ClockOutput
from aidd_studio.restoration.session.history import Entry
from aidd_studio.studio.commands.open_file import demo_recording
from aidd_studio.studio.dialogs.export_dialog import ExportDialog
from aidd_studio.studio.model.preferences import Preferences, add_recent
from aidd_studio.studio.widgets import theme
from aidd_studio.studio.window.app import StudioApplication
from aidd_studio.studio.window.main_window import MainWindow

SIZES = ((1280, 800), (1920, 1080))
THEMES: tuple[theme.ThemeChoice, ...] = ("dark", "light")


class Photographer:
    """Works the window like a person and takes a picture after every step."""

    def __init__(self, app: StudioApplication, folder: Path, look: theme.ThemeChoice, size: tuple[int, int]) -> None:
        self.app, self.folder, self.look, self.size = app, folder, look, size
        theme.apply(app, look)
        self.window = MainWindow(Preferences(theme=look, candidates=4), ClockOutput)
        self.window.resize(*size)
        self.window.show()

    def run(self) -> None:
        window, demo = self.window, demo_recording()
        assert demo is not None, "the demo recording is not installed"
        add_recent(demo)
        window.welcome.rebuild([demo], demo=True)
        self.shoot("welcome")
        window.open_path(demo)
        self.until(lambda: window.document is not None)
        self.shoot("opened")
        self.trigger("detect")
        self.shoot("detected")
        window.banner.hide()
        self.fill([entry for entry in self.entries if entry.gap.seconds(window.axis.rate) < 0.1], "autoregressive")
        self.shoot("filling", settled=False)
        self.idle()
        self.fill_longest()
        self.candidates()
        self.docks()
        self.dialogs()
        self.batch(demo)
        document = window.document
        assert document is not None
        document.mark_saved()
        window.close()

    def fill(self, entries: Sequence[Entry], engine: str) -> None:
        """Fill gaps with an engine that is quick."""
        window = self.window
        assert window.document is not None
        box = window.fill_settings.engine
        box.setCurrentIndex(box.findData(engine))
        window.document.select([entry.id for entry in entries])
        window.actions_by_id["fill"].trigger()
        self.until(lambda: any(entry.candidates for entry in self.entries))

    def fill_longest(self) -> None:
        """Fill the longest gap with the engine `auto`, and take a picture while the models draw its tokens."""
        window, document = self.window, self.window.document
        assert document is not None
        longest = max(self.entries, key=lambda entry: entry.gap.frames)
        document.select((longest.id,))
        self.trigger("zoom_gap")
        window.axis.zoom(0.6, window.axis.width / 2)
        box = window.fill_settings.engine
        box.setCurrentIndex(box.findData("auto"))
        window.actions_by_id["fill"].trigger()
        self.until(lambda: longest.id not in document.filling or document.filling[longest.id].fraction > 0.2)
        self.shoot("filling-region", settled=False)
        self.idle()

    def candidates(self) -> None:
        window, document = self.window, self.window.document
        assert document is not None
        for entry in self.entries[:3]:
            document.select((entry.id,))
            self.trigger("accept")
        longest = max(self.entries, key=lambda entry: (len(entry.candidates), entry.gap.frames))
        document.select((longest.id,))
        self.trigger("zoom_gap")
        window.axis.zoom(0.6, window.axis.width / 2)
        if len(longest.candidates) > 1:
            document.session.star(longest.id, longest.candidates[1].digest)
        self.shoot("candidates")
        window.actions_by_id["audition_1"].trigger()
        self.settle(1.1)
        self.shoot("playing", settled=False)
        window.commands.playback.stop()
        window.actions_by_id["overlay"].setChecked(True)
        window.editor.blend.setValue(60)
        self.shoot("overlay")
        window.actions_by_id["overlay"].setChecked(False)
        window.editor.blend.setValue(50)
        window.actions_by_id["blind"].setChecked(True)
        self.shoot("blind")
        window.actions_by_id["blind"].setChecked(False)
        window.banner.hide()

    def docks(self) -> None:
        window = self.window
        window.actions_by_id["history"].setChecked(True)
        window.actions_by_id["fill_settings"].setChecked(True)
        self.trigger("zoom_all")
        self.shoot("history-and-settings")
        window.actions_by_id["history"].setChecked(False)
        window.actions_by_id["fill_settings"].setChecked(False)
        window.workspace.notify(
            "take3.wav is cut off: its sound breaks off after 12.40 s of 60.00 s; get an intact copy.", "error"
        )
        self.shoot("message")
        window.banner.hide()

    def dialogs(self) -> None:
        for id in ("export", "preferences", "models", "shortcuts", "about"):
            known = set(self.app.topLevelWidgets())
            self.trigger(id)
            self.settle(0.3)
            dialog = next(w for w in self.app.topLevelWidgets() if w not in known and w.isVisible() and w.windowTitle())
            self.save(id, dialog)
            if isinstance(dialog, ExportDialog):
                dialog.tags.fold.click()
                self.settle(0.2)
                self.save("export-tags", dialog)
            dialog.close()

    def batch(self, demo: Path) -> None:
        """The batch window before, in and after its work, on pieces of the demo recording and one broken file."""
        self.window.actions_by_id["batch"].trigger()
        batch = self.window.batch.window
        assert batch is not None
        batch.resize(*self.size)
        self.settle(0.2)
        self.save("batch-empty", batch, alone=True)
        folder = Path(tempfile.mkdtemp()) / "music" / "Radio archive"
        folder.mkdir(parents=True)
        sound, rate = soundfile.read(demo, dtype="int16", always_2d=True)
        for index, name in enumerate(("Harbour", "Evening concert", "Interview", "Choir")):
            soundfile.write(folder / f"{name}.flac", sound[4 * index * rate : 4 * (index + 1) * rate], rate)
        (folder / "Tape 9.wav").write_bytes(b"RIFFnothing")
        batch.settings.jobs.setValue(1)
        batch.settings.engine.setCurrentIndex(batch.settings.engine.findData("autoregressive"))
        batch.add([folder])
        self.until(lambda: bool(batch.table.rows))
        batch.commands.restore()
        self.until(lambda: sum(row.state == "restored" for row in batch.table.rows) > 1)
        batch.view.selectRow(0)
        self.save("batch-working", batch, alone=True)
        self.until(lambda: batch.run.report is not None)
        self.save("batch-done", batch, alone=True)
        batch.close()

    @property
    def entries(self) -> tuple[Entry, ...]:
        return self.window.document.entries if self.window.document else ()

    def trigger(self, id: str) -> None:
        self.window.actions_by_id[id].trigger()
        self.idle()

    def idle(self) -> None:
        self.until(lambda: self.window.workspace.is_idle)

    def until(self, condition: Callable[[], bool], seconds: float = 300) -> None:
        end = time.monotonic() + seconds
        while not condition() and time.monotonic() < end:
            self.settle(0.02)

    def settle(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.app.processEvents()
            time.sleep(0.005)

    def shoot(self, name: str, *, settled: bool = True) -> None:
        if settled:
            self.settle(0.3)
            self.until(lambda: not self.window.workspace.drawing.jobs)
            self.settle(0.1)
        self.save(name, self.window)

    def save(self, name: str, widget: QWidget, *, alone: bool = False) -> None:
        path = self.folder / f"{name}-{self.look}-{self.size[0]}x{self.size[1]}.png"
        picture = widget.grab()
        if widget is not self.window and not alone:
            backdrop = self.window.grab()
            from PySide6.QtGui import QColor, QPainter

            painter = QPainter(backdrop)
            painter.fillRect(backdrop.rect(), QColor(0, 0, 0, 110))
            spare = (backdrop.deviceIndependentSize() - picture.deviceIndependentSize()).toSize() / 2
            at = QPoint(spare.width(), spare.height())
            painter.drawPixmap(at, picture)
            painter.end()
            picture = backdrop
        picture.save(str(path))
        print(path, flush=True)


def main(arguments: list[str]) -> None:
    folder = Path(arguments[0] if arguments else "out/screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    looks = [look for look in THEMES if look in arguments] or list(THEMES)
    sizes = [size for size in SIZES if f"{size[0]}x{size[1]}" in arguments] or list(SIZES)
    app = StudioApplication(["screenshots"])
    for look in looks:
        for size in sizes:
            Photographer(app, folder, look, size).run()


if __name__ == "__main__":
    main(sys.argv[1:])
