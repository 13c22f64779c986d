"""What is drawn does not depend on what was drawn before, nor on which thread made its parts."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QImage

from aidd_studio.studio.frequency_axis import FrequencyAxis
from aidd_studio.studio.main_window import MainWindow
from aidd_studio.studio.spectrogram_tiles import needed
from aidd_studio.studio.tile_pictures import Look, Tile, TilePictures

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


def test_the_pictures_of_tiles_come_with_the_tiles(opened: MainWindow, idle) -> None:
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
