"""Random stretches of a corpus, the same for the same seed, step and part."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aidd_studio.errors import UsageError
from aidd_studio.tokenizer.refiner import LEVEL
from aidd_studio.training.corpora.corpus import read_manifest


class Segments:
    """Draws stretches from one split of a corpus; files stay on disk and are mapped."""

    def __init__(self, folder: Path, split: str) -> None:
        items = [item for item in read_manifest(folder) if item.split == split]
        if not items:
            raise UsageError(f"The corpus {folder} has nothing in its split {split!r}; add more files.")
        self.paths = [folder / item.file for item in items]
        self._maps: dict[int, NDArray[np.int16]] = {}
        seconds = np.array([item.seconds for item in items])
        self._shares = seconds / seconds.sum()
        self.hours = float(seconds.sum() / 3600)

    def sound(self, index: int) -> NDArray[np.int16]:
        """All samples of one file, mapped from disk."""
        if index not in self._maps:
            import soundfile

            with soundfile.SoundFile(self.paths[index]) as file:
                frames = file.frames
            size = self.paths[index].stat().st_size
            self._maps[index] = np.memmap(
                self.paths[index], np.int16, mode="r", offset=size - 2 * frames, shape=(frames,)
            )
        return self._maps[index]

    def draw(self, rng: np.random.Generator, frames: int) -> NDArray[np.float32]:
        """One stretch, float32 [frames], as it was recorded; short files are padded with silence."""
        sound = self.sound(int(rng.choice(len(self.paths), p=self._shares)))
        start = int(rng.integers(0, max(1, sound.size - frames)))
        piece = sound[start : start + frames].astype(np.float32) / 32768
        return np.pad(piece, (0, frames - piece.size))

    def batch(self, key: list[int], count: int, frames: int, spread_db: float = 3.0) -> NDArray[np.float32]:
        """`count` stretches of one root mean square (`LEVEL`), give or take `spread_db`: float32 [count, frames]."""
        rng = np.random.default_rng(key)
        drawn = np.stack([self.draw(rng, frames) for _ in range(count)])
        gains = 10 ** (rng.normal(0, spread_db, count) / 20) if spread_db else np.ones(count)
        return (levelled(drawn) * gains[:, None]).astype(np.float32)


def levelled(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sound brought to the common level; near-silence is raised by 40 dB at most. sound: [..., frames]."""
    level = np.sqrt(np.mean(np.square(sound), axis=-1, keepdims=True))
    louder: NDArray[np.float32] = (sound * np.minimum(LEVEL / (level + 1e-9), 100.0)).astype(np.float32)
    return louder
