"""Draw the application's icons from resources/icons/aidd-studio.svg: `python tools/make_icons.py [FOLDER]`.

PNG for Linux, ICO for Windows, ICNS for macOS; every size is drawn from the vectors, none is scaled.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PIL import Image
from PySide6.QtCore import QBuffer, QIODevice, QRectF
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

ROOT = Path(__file__).resolve().parents[1]
PNG_SIZES = (16, 32, 48, 64, 128, 256, 512)
ICO_SIZES = (16, 24, 32, 48, 64, 256)
ICNS_SIZES = (32, 64, 128, 256, 512, 1024)


def draw(renderer: QSvgRenderer, size: int) -> Image.Image:
    """The picture in a square of that many pixels, with transparency."""
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return Image.open(io.BytesIO(buffer.data().data())).convert("RGBA")


def main(folder: Path) -> None:
    """Write all icons into a folder."""
    app = QGuiApplication.instance() or QGuiApplication([])
    renderer = QSvgRenderer(str(ROOT / "resources" / "icons" / "aidd-studio.svg"))
    if not renderer.isValid():
        raise SystemExit("resources/icons/aidd-studio.svg cannot be drawn.")
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {size: draw(renderer, size) for size in sorted({*PNG_SIZES, *ICO_SIZES, *ICNS_SIZES})}
    for size in PNG_SIZES:
        drawn[size].save(folder / f"aidd-studio-{size}.png", optimize=True)
    _save_sizes(drawn, ICO_SIZES, folder / "aidd-studio.ico", sizes=[(size, size) for size in ICO_SIZES])
    _save_sizes(drawn, ICNS_SIZES, folder / "aidd-studio.icns")
    app.quit()


def _save_sizes(drawn: dict[int, Image.Image], of: tuple[int, ...], path: Path, **options: object) -> None:
    *smaller, largest = (drawn[size] for size in of)
    largest.save(path, append_images=smaller, **options)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "packaging" / "icons")
