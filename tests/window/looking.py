"""Where things stand on a screen with a recording open, and what can be seen there."""

from __future__ import annotations

import numpy as np

from tests.window.desktop import Picture

STRIPS = 16
"""Parts of the width that are looked at one by one."""

Place = tuple[slice, slice]


def overview(picture: Picture) -> Place:
    """Rows and columns well inside the overview, in this and in earlier layouts; so it is with the others."""
    return slice(92, 116), _columns(picture)


def waveform(picture: Picture) -> Place:
    """Well inside the waveform."""
    top, bottom = _pictures(picture)
    return slice(top + 20, (top + bottom) // 2 - 30), _columns(picture)


def lanes(picture: Picture) -> tuple[Place, Place]:
    """Well inside the two channels of the waveform."""
    rows, columns = waveform(picture)
    middle = (rows.start + rows.stop) // 2 + 5
    return (slice(rows.start, middle - 25), columns), (slice(middle + 25, rows.stop), columns)


def marks(picture: Picture) -> Place:
    """The lane for marks between the ruler and the waveform."""
    return slice(156, 162), _columns(picture)


def spectrogram(picture: Picture) -> Place:
    """Well inside the spectrogram."""
    top, bottom = _pictures(picture)
    return slice((top + bottom) // 2 + 40, bottom - 40), _columns(picture)


def _pictures(picture: Picture) -> tuple[int, int]:
    """The first and last row of waveform and spectrogram."""
    return 165, picture.shape[0] - 120


def _columns(picture: Picture) -> slice:
    """Beside the lists on the right."""
    width = picture.shape[1]
    return slice(60, width - (480 if width >= 1600 else 410))


def is_drawn(picture: Picture, place: Place) -> bool:
    """True when there is a waveform over nearly the whole width: it is of a bluish grey."""
    red, blue = (picture[place][:, :, colour].astype(np.int16) for colour in (0, 2))
    return bool(((blue > 100) & (blue - red > 15)).any(axis=0).mean() > 0.9)


def is_complete(picture: Picture) -> bool:
    """True when the spectrogram has colours from its left to its right end."""
    coloured = np.ptp(picture[spectrogram(picture)].astype(np.int16), axis=2) > 40
    return all(strip.mean() > 0.25 for strip in np.array_split(coloured, STRIPS, axis=1))


def says_that_it_loads(picture: Picture) -> bool:
    """True when the spectrogram is hatched in grey instead of black and empty."""
    part = picture[spectrogram(picture)].astype(np.int16)
    grey = (np.ptp(part, axis=2) < 25) & (part.max(axis=2) > 30)
    return bool(0.05 < grey.mean() < 0.5)
