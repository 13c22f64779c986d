"""Making one item of training sound: a drawn piece, a drawn instrument, a drawn recording chain."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aidd_studio.training.corpora import voice
from aidd_studio.training.corpora.augmentation import record
from aidd_studio.training.corpora.composing import compose
from aidd_studio.training.corpora.humanising import orchestrate, play, solo, transpose
from aidd_studio.training.corpora.notes import Piece, read_midi
from aidd_studio.training.corpora.sampler import read_sfz, render_sampler
from aidd_studio.training.corpora.soundfont import RENDER_RATE, render_soundfont

RATE = 24_000
KINDS: dict[str, float] = {"score": 0.42, "composed": 0.20, "piano": 0.13, "babble": 0.11, "song": 0.06, "glides": 0.04}
"""Kinds of items and how often each is drawn; the rest is singing alone."""


@dataclass(frozen=True)
class Sources:
    """What may be drawn from: scores (MIDI), SoundFonts and sampled pianos (SFZ)."""

    scores: tuple[Path, ...] = ()
    soundfonts: tuple[Path, ...] = ()
    pianos: tuple[Path, ...] = ()


def draw_kind(rng: np.random.Generator, sources: Sources) -> str:
    """Draw what an item is made of, among the kinds that the sources allow."""
    allowed = {kind: share for kind, share in KINDS.items() if _possible(kind, sources)}
    allowed["sing"] = 1 - sum(KINDS.values())
    shares = np.array(list(allowed.values()))
    return str(rng.choice(list(allowed), p=shares / shares.sum()))


def _possible(kind: str, sources: Sources) -> bool:
    return {
        "score": bool(sources.scores and sources.soundfonts),
        "composed": bool(sources.soundfonts),
        "piano": bool(sources.scores and sources.pianos),
        "song": bool(sources.soundfonts),
    }.get(kind, True)


def render(kind: str, score: Path | None, seconds: float, sources: Sources, seed: int) -> NDArray[np.float32]:
    """One item of sound: float32 [frames] at 24 kHz mono, at most `seconds` long; the same seed gives the same item."""
    rng = np.random.default_rng(seed)
    clean = _clean(kind, score, seconds, sources, rng)
    return record(clean, RATE, rng)[: int(seconds * RATE)]


def _clean(
    kind: str, score: Path | None, seconds: float, sources: Sources, rng: np.random.Generator
) -> NDArray[np.float32]:
    if kind in ("babble", "sing", "glides"):
        return {"babble": voice.babble, "sing": voice.sing, "glides": voice.glides}[kind](seconds, rng)
    piece = play(compose(seconds, rng) if score is None else _excerpt(score, seconds, rng, kind == "piano"), rng)
    if kind == "piano":
        regions = read_sfz(sources.pianos[rng.integers(len(sources.pianos))])
        return render_sampler(piece, regions, RATE, int(rng.integers(2**31)))
    shares = np.array([1.0] + [0.15] * (len(sources.soundfonts) - 1))  # the first one loads fastest
    font = sources.soundfonts[rng.choice(len(sources.soundfonts), p=shares / shares.sum())]
    band = _downsample(render_soundfont(piece, font, int(rng.integers(2**31))))
    if kind == "song":
        return _over(voice.sing(seconds, rng) if rng.random() < 0.6 else voice.babble(seconds, rng), band, rng)
    return band


def _excerpt(score: Path, seconds: float, rng: np.random.Generator, piano: bool) -> Piece:
    whole = read_midi(score)
    start = float(rng.uniform(0, max(0.0, whole.duration - seconds)))
    piece = transpose(whole.excerpt(start, seconds * 1.4), int(rng.integers(-5, 6)))
    if piano:
        return Piece(piece.notes, tuple(0 for _ in piece.programs))
    if rng.random() < 0.2:
        piece = solo(piece, rng)
    return orchestrate(piece, rng)


def _downsample(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    import soxr

    return np.ascontiguousarray(soxr.resample(np.ascontiguousarray(sound.T), RENDER_RATE, RATE, quality="HQ").T)


def _over(front: NDArray[np.float32], back: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A voice over an accompaniment, 0 to 12 dB above it."""
    frames = min(front.shape[1], back.shape[1])
    front, back = front[:, :frames], back[:, :frames]
    gain = 10 ** (rng.uniform(0, 12) / 20) * np.sqrt((back**2).mean() / ((front**2).mean() + 1e-12))
    return np.asarray(back + gain * front, np.float32)
