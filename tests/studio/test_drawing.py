"""What is drawn does not depend on what was drawn before, nor on which thread made its parts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtGui import QImage

from aidd_studio.damage.damage import Damage
from aidd_studio.studio.timeline.frequency_axis import FrequencyAxis
from aidd_studio.studio.timeline.spectrogram_tiles import needed
from aidd_studio.studio.timeline.tile_pictures import Look, Tile, TilePictures, colour_table
from aidd_studio.studio.widgets import theme
from aidd_studio.studio.window.main_window import MainWindow

LOOK = Look(FrequencyAxis("mel", 16000), 40, "grey", 0.0, 90.0, -120.0, 0.0)


def a_tile(start: float = 0, end: float = 4096) -> Tile:
    levels = np.random.default_rng(3).integers(0, 256, (129, 256), dtype=np.uint8)
    return Tile((start, end), start, end, levels)


def test_a_picture_from_the_worker_is_the_one_that_the_window_would_make() -> None:
    tile, here, beside = a_tile(), TilePictures(), TilePictures()
    assert beside.develop(tile) is None, "nothing is known of the look before anything was drawn"
    beside.set_look(LOOK)
    beside.keep(tile, beside.develop(tile))
    kept = beside.of(tile, LOOK)
    assert kept == here.of(tile, LOOK)
    assert kept.size().height() == 40
    assert beside.of(tile, LOOK).cacheKey() == kept.cacheKey(), "it is not made again"


def test_a_picture_in_a_look_of_before_is_not_shown() -> None:
    tile, pictures = a_tile(), TilePictures()
    pictures.set_look(LOOK)
    developed = pictures.develop(tile)
    taller = Look(FrequencyAxis("mel", 16000), 60, "grey", 0.0, 90.0, -120.0, 0.0)
    pictures.set_look(taller)
    pictures.keep(tile, developed)
    assert pictures.of(tile, taller).height() == 60


def test_tiles_under_others_are_not_drawn() -> None:
    coarse, left, right = a_tile(0, 8000), a_tile(0, 4000), a_tile(4000, 8000)
    assert needed([coarse, left, right], 1000, 7000) == (left, right)
    assert needed([coarse, left], 1000, 7000) == (coarse, left)
    assert needed([coarse, left], 1000, 3000) == (left,)
    assert needed([coarse, right], 1000, 3000) == (coarse,)


def test_the_waveform_looks_the_same_whatever_was_drawn_before(opened: MainWindow) -> None:
    axis, view = opened.axis, opened.editor.waveform

    def shown() -> QImage:
        axis.show_range(7000, 9000)
        return view.grab().toImage()

    gain, before = view.gain, shown()
    axis.show_all()
    view.grab()
    axis.show_range(8000, 8020)
    view.grab()
    view.set_gain(4 * gain)
    view.grab()
    view.set_gain(gain)
    assert shown() == before


def test_the_scale_follows_the_gain(opened: MainWindow) -> None:
    view = opened.editor.waveform
    gain, before = view.gain, view.grab().toImage().copy(0, 0, 50, view.height())
    view.set_gain(2 * gain)
    assert view.grab().toImage().copy(0, 0, 50, view.height()) != before
    view.set_gain(gain)
    assert view.grab().toImage().copy(0, 0, 50, view.height()) == before


def test_the_pictures_of_tiles_come_with_the_tiles(opened: MainWindow, idle: Callable[[], None]) -> None:
    view = opened.editor.spectrogram
    view.grab()
    idle()
    axis = opened.axis
    axis.show_range(0, 16000)
    view.grab()  # asks for tiles
    idle()
    pictures = view.pictures
    tiles = view.source.tiles(axis.start, axis.end, axis.scale)
    assert tiles
    assert all(pictures.has(tile) for tile in tiles), "there before the window draws them"


def test_gaps_are_tinted_where_they_are_and_follow_the_hand(opened: MainWindow, idle: Callable[[], None]) -> None:
    view, axis, regions = opened.editor.waveform, opened.axis, opened.regions
    axis.show_range(7000, 9000)

    def touched(before: QImage) -> tuple[int, int]:
        """First and last frame at which the picture differs."""
        now = pixels(view.grab().toImage())
        columns = np.flatnonzero((now != pixels(before)).any(axis=0)) - view.canvas.left()
        return round(axis.start + columns[0] * axis.scale), round(axis.start + columns[-1] * axis.scale)

    plain = view.grab().toImage()
    (id,) = opened.document.session.add_gaps([Damage(8000, 8160)])
    slack = round(2 * axis.scale)
    first, last = touched(plain)
    assert abs(first - 8000) <= slack
    assert abs(last - 8160) <= slack
    regions.move((id, 8000, 8400))
    assert abs(touched(plain)[1] - 8400) <= slack
    regions.move(None)
    marked = view.grab().toImage()
    opened.document.select((id,))
    assert pixels(view.grab().toImage()).tobytes() != pixels(marked).tobytes(), "a selected gap looks different"


def test_a_thousand_gaps_are_marked_above_the_pictures(opened: MainWindow) -> None:
    view, lane = opened.editor.waveform, opened.editor.lane
    plain, bare = pixels(view.grab().toImage()), pixels(lane.grab().toImage())
    opened.document.session.add_gaps([Damage(start, start + 4) for start in range(0, 32000, 32)])
    changed = (pixels(lane.grab().toImage()) != bare).any(axis=0)[view.canvas.left() :]
    assert changed.mean() > 0.9
    assert np.array_equal(pixels(view.grab().toImage()), plain), "gaps of a tenth of a pixel are not drawn over it"


def pixels(image: QImage) -> np.ndarray:
    """The colours of a picture: uint32 [rows, columns]."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1)[:, : image.width()].copy()


@pytest.mark.parametrize("name", ["magma", "inferno", "viridis", "cividis"])
def test_colours_are_those_of_pyqtgraph_which_is_not_imported_for_them(name: str) -> None:
    code = f"import sys; from aidd_studio.studio.timeline.tile_pictures import colour_table; colour_table({name!r}); "
    loaded = subprocess.run(
        [sys.executable, "-c", code + "print('pyqtgraph' in sys.modules)"], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "False"
    import pyqtgraph

    assert np.array_equal(colour_table(name), pyqtgraph.colormap.get(name).getLookupTable(nPts=256, alpha=False))


def luminance(code: str) -> float:
    """Relative luminance of #rrggbb, as WCAG 2.1 defines it."""
    parts = [int(code[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colours", [theme.DARK, theme.LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("ground", ["window", "surface", "canvas", "raised"])
@pytest.mark.parametrize("writing", ["text", "dim"])
def test_all_writing_has_the_contrast_that_wcag_asks_for(colours: theme.Colours, ground: str, writing: str) -> None:
    dark, bright = sorted((luminance(getattr(colours, ground)), luminance(getattr(colours, writing))))
    assert (bright + 0.05) / (dark + 0.05) >= 4.5
