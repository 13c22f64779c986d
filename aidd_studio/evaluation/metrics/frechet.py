"""Fréchet audio distance: how far the restored sounds, as a crowd, are from the originals (Kilgour et al. 2019)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.clip import Samples
from aidd_studio.errors import ModelError

Array = NDArray[np.float64]

POOLED_FRAMES = 18
"""Encoder frames averaged to one vector: 0.24 s at 75 frames a second."""


@dataclass(frozen=True, eq=False)
class Embedding:
    """A map from sound to vectors, always named in what is made with it."""

    name: str
    rate: int
    embed: Callable[[Samples], Array]  # mono [frames] at `rate` -> [vectors, dimensions]
    note: str = ""  # why it is this one and not the usual one


@dataclass(frozen=True)
class FrechetResult:
    """A distance and how much it can be trusted."""

    distance: float
    floor: float  # the distance between two halves of the originals: what no difference at all would show
    embedding: str
    vectors: int
    dimensions: int
    note: str = ""  # why the embedding is not the usual one

    @property
    def caution(self) -> str:
        """What a reader must know of the small-sample bias."""
        few = f"{self.vectors} vectors in {self.dimensions} dimensions"
        if self.vectors < 2 * self.dimensions:
            return f"{few}: far too few for a full covariance; compare only within this table (floor {self.floor:.2f})"
        return f"{few}; the distance is biased upwards, to about {self.floor:.2f} for equal sounds"


def frechet_distance(a: Array, b: Array) -> float:
    """Squared Fréchet distance of the Gaussians fitted to two sets of vectors [n, dimensions] (n at least 2).

    |μa − μb|² + tr(Ca + Cb − 2·(Ca·Cb)^½), the root by eigenvalues of the symmetric product.
    """
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        raise ValueError("two sets of at least two vectors of one size are needed")
    ca, cb = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    ca, cb = np.atleast_2d(ca), np.atleast_2d(cb)
    values, vectors = np.linalg.eigh(ca)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    cross = np.linalg.eigvalsh(root @ cb @ root)
    shift = float(np.sum(np.square(a.mean(axis=0) - b.mean(axis=0))))
    spread = float(np.trace(ca) + np.trace(cb) - 2.0 * np.sum(np.sqrt(np.maximum(cross, 0.0))))
    return max(0.0, shift + spread)


def compare(originals: Sequence[Samples], restored: Sequence[Samples], rate: int, by: Embedding) -> FrechetResult:
    """The distance between two collections of recordings [channels, frames], with its small-sample floor.

    The floor is the distance between the odd and the even originals, scaled from their smaller number of vectors
    (bias falls as one over the number of vectors, Gui et al. 2024).
    """
    sets = [[_embedded(sound, rate, by) for sound in crowd] for crowd in (originals, restored)]
    a, b = (np.concatenate(crowd) for crowd in sets)
    halves = [np.concatenate(sets[0][offset::2]) if sets[0][offset::2] else a for offset in (0, 1)]
    smaller = min(len(half) for half in halves)
    floor = frechet_distance(*halves) * smaller / len(a) if smaller >= 2 and len(sets[0]) > 1 else 0.0
    return FrechetResult(frechet_distance(a, b), floor, by.name, len(b), a.shape[1], by.note)


def _embedded(sound: Samples, rate: int, by: Embedding) -> Array:
    mono = np.asarray(sound, dtype=np.float32).mean(axis=0, keepdims=True)
    if rate != by.rate:
        from aidd_studio.audio.resampling import resample

        mono = resample(mono, rate, by.rate)
    return np.asarray(by.embed(mono[0]), dtype=np.float64)


def log_mel_embedding(rate: int = 24_000) -> Embedding:
    """64 log-mel bands averaged over 0.24 s: needs no weights, covers timbre and level but nothing learnt."""
    from aidd_studio.audio.signal import mel_bank
    from aidd_studio.evaluation.metrics.metrics import power_spectrogram

    bank = mel_bank(rate, 1024, 64)

    def embed(mono: Samples) -> Array:
        levels = np.log(np.sqrt(power_spectrogram(mono, 1024, 240)[0]) @ bank + 1e-3)
        count = max(1, len(levels) // 24)
        return np.stack([part.mean(axis=0) for part in np.array_split(levels, count)])

    return Embedding("log-mel means (64 bands, no learned weights)", rate, embed)


def _vggish() -> Embedding:
    """VGGish, without the principal components and the rounding that AudioSet's published vectors went through."""
    from aidd_studio.evaluation.metrics.vggish_input import RATE, patches
    from aidd_studio.weights.loading import load_embedding

    loaded = load_embedding("vggish")

    def embed(mono: Samples) -> Array:
        import torch

        with torch.inference_mode():
            vectors: Array = loaded.model(torch.from_numpy(patches(mono))).numpy().astype(np.float64)
        return vectors

    return Embedding(f"VGGish ({loaded.sha256[:8]})", RATE, embed)


def _tokenizer_encoder() -> Embedding:
    """The encoder of the tokenizer in use, before quantization, averaged over 0.24 s."""
    from aidd_studio.weights.loading import default_pair, load_tokenizer

    name, _ = default_pair()
    loaded = load_tokenizer(name)

    def embed(mono: Samples) -> Array:
        import torch

        with torch.inference_mode():
            latents = loaded.model.latents(torch.from_numpy(np.ascontiguousarray(mono))[None])[0]
        frames = latents.float().cpu().numpy().astype(np.float64)
        count = max(1, len(frames) // POOLED_FRAMES)
        return np.stack([part.mean(axis=0) for part in np.array_split(frames, count)])

    return Embedding(f"encoder of {name} ({loaded.sha256[:8]}), means over 0.24 s", 24_000, embed)


def installed_embedding() -> Embedding:
    """The best embedding on this machine: VGGish, else the encoder of the tokenizer in use, else log-mel means.

    When it is not VGGish, the one that published distances use, its note says why.
    """
    try:
        return _vggish()
    except ModelError as error:
        note = f"Not VGGish, so not to be compared with published distances: {error}"
    try:
        return replace(_tokenizer_encoder(), note=f"{note} The encoder is the engine aidd's own and may favour it.")
    except ModelError:
        return replace(log_mel_embedding(), note=note)
