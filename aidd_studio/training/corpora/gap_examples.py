"""Examples for the refiner: stretches of sound with a gap, already extrapolated from both sides."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aidd_studio.engines.linear.extrapolation import both_sides
from aidd_studio.processes import block_sigint, stoppable_pool
from aidd_studio.tokenizer.refiner import EXTRAPOLATION_CONTEXT, EXTRAPOLATION_ORDER
from aidd_studio.training.corpora.segments import Segments, levelled

CONTEXT = 12_800
"""Samples kept on each side of a gap (0.53 s)."""

LENGTHS = (960, 1680, 2400, 3600, 4800, 7200, 9600, 12_000, 18_000, 24_000, 36_000)
"""Gap lengths in samples at 24 kHz: 40 ms to 1.5 s."""


@dataclass(frozen=True)
class GapExamples:
    """Examples of one gap length: the true sound and the gap's extrapolation, as int16 with a scale each."""

    length: int
    sound: NDArray[np.int16]  # [n, CONTEXT + length + CONTEXT]
    filled: NDArray[np.int16]  # [n, 3, length], as by `BothSides.hand_overs`
    scale: NDArray[np.float32]  # [n]

    def take(self, rows: NDArray[np.int_]) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Some rows: true and pre-filled sound, float32 [len(rows), frames], and the sides [len(rows), 2, length]."""
        true = self.sound[rows].astype(np.float32) * self.scale[rows, None]
        fills = self.filled[rows].astype(np.float32) * self.scale[rows, None, None]
        filled = true.copy()
        filled[:, CONTEXT : CONTEXT + self.length] = fills[:, 0]
        return true, filled, fills[:, 1:]


def make_shard(corpus: Path, split: str, folder: Path, length: int, count: int, seed: int) -> Path:
    """Draw and extrapolate `count` examples of a gap length; what exists already is kept."""
    path = folder / f"{split}-{length}-{seed}.npz"
    if path.is_file():
        return path
    segments = Segments(corpus, split)
    rng = np.random.default_rng([seed, length])
    sounds: list[NDArray[np.int16]] = []
    fills: list[NDArray[np.int16]] = []
    scales: list[float] = []
    while len(sounds) < count:
        sound = segments.draw(rng, 2 * CONTEXT + length)
        if np.sqrt(np.mean(sound[CONTEXT : CONTEXT + length] ** 2)) < 1e-4:
            continue
        sound = levelled(sound)
        start, end = CONTEXT, CONTEXT + length
        fill = both_sides(sound.astype(float), start, end, EXTRAPOLATION_ORDER, EXTRAPOLATION_CONTEXT).hand_overs()
        scale = float(max(np.abs(sound).max(), np.abs(fill).max())) / 32767
        sounds.append(np.round(sound / scale).astype(np.int16))
        fills.append(np.round(fill / scale).astype(np.int16))
        scales.append(scale)
    folder.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part.npz")
    np.savez(partial, sound=np.stack(sounds), filled=np.stack(fills), scale=np.array(scales, np.float32))
    partial.rename(path)
    return path


def make_examples(corpus: Path, split: str, folder: Path, shards: int, count: int, processes: int, seed: int) -> None:
    """`shards` files of `count` examples for every gap length, in parallel."""
    jobs = [(corpus, split, folder, length, count, seed + shard) for shard in range(shards) for length in LENGTHS]
    with stoppable_pool(processes) as pool:
        with block_sigint():
            waiting = [pool.submit(make_shard, *job) for job in jobs]
        for future in waiting:
            future.result()


def load_examples(folder: Path, split: str) -> dict[int, GapExamples]:
    """All examples of a split that are there, by gap length."""
    found: dict[int, GapExamples] = {}
    for length in LENGTHS:
        shards = [np.load(path) for path in sorted(folder.glob(f"{split}-{length}-*.npz")) if ".part" not in path.name]
        if shards:
            joined = {name: np.concatenate([shard[name] for shard in shards]) for name in ("sound", "filled", "scale")}
            found[length] = GapExamples(length, **joined)
    return found
