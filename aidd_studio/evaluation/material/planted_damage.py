"""Damaging a recording on purpose, to measure how dropouts are found and filled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.clip import Clip, Samples
from aidd_studio.damage.arithmetic import by_place
from aidd_studio.damage.damage import Damage, DamageKind

PlantedKind = Literal["zero", "cut", "dithered", "held", "repeated", "invalid"]
"""Digital zero; level cut by 30 to 60 dB; dither noise alone; last sample held; short buffer repeated; NaN or Inf."""

DAMAGE_KINDS: tuple[PlantedKind, ...] = get_args(PlantedKind)

GAP_KINDS: dict[PlantedKind, DamageKind] = {
    "zero": "silence",
    "cut": "near-silence",
    "dithered": "near-silence",
    "held": "held",
    "repeated": "held",
    "invalid": "invalid",
}

AUDIBLE = 10 ** (-50 / 20)
"""Root mean square below which nobody would miss the sound, so a dropout there is no loss."""

NEIGHBOURHOOD = 0.010
"""Seconds over which a sound must be audible, before, after and throughout a gap."""

TRIES = 200
"""Places to try for each gap before it is left out."""


@dataclass(frozen=True)
class DamageSettings:
    """What `damage` does: which kinds, how long (seconds, log-uniform), how often, how deep."""

    kinds: Sequence[PlantedKind] = DAMAGE_KINDS
    per_minute: float = 20.0
    shortest: float = 0.005
    longest: float = 0.300
    distance: float = 0.060  # seconds between gaps at least
    one_channel: float = 0.25  # share of gaps in one channel only, where there are several
    cut: tuple[float, float] = (30.0, 60.0)  # dB
    dither: tuple[float, float] = (-93.0, -80.0)  # dBFS of the noise, and at least the smallest cut below the sound
    buffer: tuple[float, float] = (0.002, 0.040)  # seconds that are repeated


def damage(clip: Clip, rng: np.random.Generator, settings: DamageSettings | None = None) -> tuple[Clip, list[Damage]]:
    """A damaged copy of a recording, and the gaps that are in it now, sorted.

    Gaps lie only where sound is audible (-50 dBFS over 10 ms) before, after and throughout the gap, in every channel
    that is damaged; a place that cannot be found is left out, so quiet recordings get fewer gaps than asked for.
    A gap reaches from the first to the last sample that was changed.
    """
    settings = settings or DamageSettings()
    original = clip.samples
    samples = original.copy()
    gaps: list[Damage] = []
    for index in range(max(1, round(settings.per_minute * clip.duration / 60))):
        kind = settings.kinds[index % len(settings.kinds)]
        place = _place(original, clip.rate, gaps, rng, settings)
        if place is None:
            continue
        start, end, channels = place
        seed = int(rng.integers(2**32))
        for channel in channels:
            # What happens to one channel happens to the others at the same time; noise alone is each one's own.
            own = np.random.default_rng([seed, channel] if kind == "dithered" else seed)
            samples[channel, start:end] = _DAMAGES[kind](original[channel], start, end, clip.rate, own, settings)
        changed = np.flatnonzero(np.any(samples[:, start:end] != original[:, start:end], axis=0))
        if not len(changed):
            continue
        all_channels = len(channels) == clip.channels
        gaps.append(
            Damage(
                start + int(changed[0]),
                start + int(changed[-1]) + 1,
                None if all_channels else channels,
                GAP_KINDS[kind],
            )
        )
    return Clip(samples, clip.rate, clip.source), sorted(gaps, key=by_place)


def quantised(clip: Clip, bits: int) -> Clip:
    """The recording as a file of that many bits would hold it, without dither; NaN and Inf stay."""
    step = 2.0 ** (1 - bits)
    with np.errstate(invalid="ignore"):
        rounded = np.clip(np.round(clip.samples / step), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1) * step
    return Clip(np.where(np.isfinite(clip.samples), rounded, clip.samples), clip.rate, clip.source)


Place = tuple[int, int, tuple[int, ...]]


def _place(
    original: Samples, rate: int, gaps: Sequence[Damage], rng: np.random.Generator, settings: DamageSettings
) -> Place | None:
    channels, frames = original.shape
    margin = round(2 * max(NEIGHBOURHOOD, settings.buffer[1]) * rate)
    distance = round(settings.distance * rate)
    for _ in range(TRIES):
        length = round(rate * float(np.exp(rng.uniform(np.log(settings.shortest), np.log(settings.longest)))))
        if frames <= length + 2 * margin:
            continue
        start = int(rng.integers(margin, frames - length - margin))
        end = start + length
        damaged = tuple(range(channels))
        if channels > 1 and rng.random() < settings.one_channel:
            damaged = (int(rng.integers(channels)),)
        if any(start < gap.end + distance and gap.start < end + distance for gap in gaps):
            continue
        if all(_is_audible(original[channel], start, end, rate) for channel in damaged):
            return start, end, damaged
    return None


def _is_audible(sound: NDArray[np.float32], start: int, end: int, rate: int) -> bool:
    width = round(NEIGHBOURHOOD * rate)
    stretch = sound[start - width : end + width]
    whole = len(stretch) // width * width
    blocks = np.vstack([stretch[:whole].reshape(-1, width), stretch[-width:]])
    return bool(
        np.all(np.isfinite(blocks)) and np.sqrt(np.mean(blocks.astype(np.float64) ** 2, axis=1)).min() > AUDIBLE
    )


Planter = Callable[
    [NDArray[np.float32], int, int, int, np.random.Generator, DamageSettings], NDArray[np.floating] | float
]


def _zero(
    sound: NDArray[np.float32], start: int, end: int, rate: int, rng: np.random.Generator, settings: DamageSettings
) -> float:
    return 0.0


def _cut(
    sound: NDArray[np.float32], start: int, end: int, rate: int, rng: np.random.Generator, settings: DamageSettings
) -> NDArray[np.floating]:
    return sound[start:end] * 10 ** (-rng.uniform(*settings.cut) / 20)


def _dithered(
    sound: NDArray[np.float32], start: int, end: int, rate: int, rng: np.random.Generator, settings: DamageSettings
) -> NDArray[np.floating]:
    """Triangular noise like a converter's, whose input went silent."""
    width = round(NEIGHBOURHOOD * rate)
    quietest = min(np.sqrt(np.mean(side**2)) for side in (sound[start - width : start], sound[end : end + width]))
    level = min(10 ** (rng.uniform(*settings.dither) / 20), quietest * 10 ** (-settings.cut[0] / 20))
    noise: NDArray[np.float64] = rng.random(end - start) - rng.random(end - start)
    return noise * float(level * np.sqrt(6))


def _held(
    sound: NDArray[np.float32], start: int, end: int, rate: int, rng: np.random.Generator, settings: DamageSettings
) -> float:
    return float(sound[start - 1])


def _repeated(
    sound: NDArray[np.float32], start: int, end: int, rate: int, rng: np.random.Generator, settings: DamageSettings
) -> NDArray[np.floating]:
    length = round(rate * float(np.exp(rng.uniform(np.log(settings.buffer[0]), np.log(settings.buffer[1])))))
    return np.resize(sound[start - length : start], end - start)


def _invalid(
    sound: NDArray[np.float32], start: int, end: int, rate: int, rng: np.random.Generator, settings: DamageSettings
) -> float:
    return float(rng.choice([np.nan, np.inf, -np.inf]))


_DAMAGES: dict[PlantedKind, Planter] = {
    "zero": _zero,
    "cut": _cut,
    "dithered": _dithered,
    "held": _held,
    "repeated": _repeated,
    "invalid": _invalid,
}
