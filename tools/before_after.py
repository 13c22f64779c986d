"""Draw the README's picture: the demo recording's long gap, original, damaged and restored.

.venv/bin/python tools/before_after.py docs/images/before-after.png
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image

import aidd_studio as aidd

mpl.use("Agg")
from matplotlib import pyplot as plt

DEMO = Path(__file__).resolve().parents[1] / "resources" / "demo"
AROUND = 0.7  # seconds shown on each side of the gap
FFT, HOP = 2048, 128


def main(target: Path) -> None:
    """Restore the demo with the defaults and draw its longest gap."""
    damaged = aidd.read(DEMO / "damaged.flac")
    result = aidd.restore(damaged)
    filled = max(result.gaps, key=lambda item: item.gap.frames)
    start = filled.gap.start - round(AROUND * damaged.rate)
    end = filled.gap.end + round(AROUND * damaged.rate)
    engine = filled.chosen.engine
    clips = {"Damaged": damaged, f"Restored ({engine})": result.clip, "As it was": aidd.read(DEMO / "original.flac")}
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), sharey=True, facecolor="#14171c", layout="constrained")
    for axis, (title, clip) in zip(axes, clips.items(), strict=True):
        image = spectrogram(clip.read(start, end).mean(axis=0))
        extent = (start / clip.rate, end / clip.rate, 0, clip.rate / 2000)
        axis.imshow(image, origin="lower", aspect="auto", cmap="magma", vmin=-110, vmax=-20, extent=extent)
        axis.set_ylim(0, 8)
        axis.set_title(title, color="#e6e9ee", fontsize=12, loc="left")
        axis.tick_params(colors="#8a94a3", labelsize=9)
        axis.set_xlabel("seconds", color="#8a94a3", fontsize=9)
        for edge in (filled.gap.start, filled.gap.end):
            axis.axvline(edge / clip.rate, color="#45c4b0", linewidth=0.8, alpha=0.8)
    axes[0].set_ylabel("kHz", color="#8a94a3", fontsize=9)
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, dpi=110)
    Image.open(target).convert("RGB").quantize(160).save(target, optimize=True)


def spectrogram(signal: NDArray[np.float32]) -> NDArray[np.float64]:
    """Level in dB below full scale, [bins, frames]."""
    window = np.hanning(FFT)
    starts = np.arange(0, len(signal) - FFT, HOP)
    spectra = np.abs(np.fft.rfft(signal[starts[:, None] + np.arange(FFT)] * window)) / (window.sum() / 2)
    return np.asarray(20 * np.log10(spectra.T + 1e-9))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
