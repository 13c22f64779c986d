"""Before/after pictures of a filled gap, for reports."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.clip import Clip, Samples
from aidd_studio.audio.signal import hann
from aidd_studio.damage.damage import Damage

FFT, HEIGHT, WIDTH = 1024, 160, 320
FLOOR = -100.0  # dB below full scale that is drawn black


def before_after_png(restored: Clip, gap: Damage) -> bytes:
    """A PNG with two spectrograms side by side: the source and the restored clip around a gap (linear, to 16 kHz)."""
    around = max(gap.frames, round(0.25 * restored.rate))
    start, end = max(0, gap.start - around), min(restored.frames, gap.end + around)
    source = restored.without_patches()
    pair = [_spectrogram(clip.read(start, end), restored.rate) for clip in (source, restored)]
    divider = np.zeros((HEIGHT, 4))
    return _png(np.concatenate([pair[0], divider, pair[1]], axis=1))


def _spectrogram(samples: Samples, rate: int) -> NDArray[np.float64]:
    """Level of each pixel, 0 (floor) to 1 (full scale), [HEIGHT, WIDTH], low frequencies at the bottom."""
    mono = np.nan_to_num(samples.mean(axis=0, dtype=np.float64), posinf=0.0, neginf=0.0)
    mono = np.pad(mono, FFT // 2)
    starts = np.linspace(0, len(mono) - FFT, WIDTH).astype(int)
    window = hann(FFT, symmetry="symmetric")
    spectra = np.abs(np.fft.rfft(mono[starts[:, None] + np.arange(FFT)] * window)) / (window.sum() / 2)
    bins = max(2, min(spectra.shape[1], round(16000 / rate * FFT)))
    rows = np.linspace(bins - 1, 0, HEIGHT).astype(int)
    level = 20 * np.log10(np.maximum(spectra[:, rows].T, 1e-9))
    return np.asarray(np.clip(1 - level / FLOOR, 0, 1))


def _png(levels: NDArray[np.float64]) -> bytes:
    from matplotlib import colormaps
    from PIL import Image

    buffer = io.BytesIO()
    pixels = (colormaps["magma"](levels)[:, :, :3] * 255).astype(np.uint8)
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
