"""Telling dropouts from silence that belongs there: rests, gates and pauses are as abrupt, but form a pattern."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.clip import Clip, Samples
from aidd_studio.audio.signal import hann
from aidd_studio.damage.damage import Damage
from aidd_studio.damage.detection.settings import DetectionSettings
from aidd_studio.damage.detection.spans import true_runs

STEP = 0.005
"""Seconds of one step of the recording's levels."""

FINE, SHORT = 0.001, 0.040
"""Seconds of one step around stretches of up to 40 ms, which the coarse levels do not resolve."""

AS_QUIET = 4.0
"""Ratio of power to that of the stretch up to which its surroundings count as quiet too."""

FAINTEST = 1e-10
"""Power (-100 dBFS) below which everything is quiet."""

LOUDEST = 100.0
"""Magnitude (+40 dBFS) at which broken numbers are clipped, so that squares stay finite."""

FAR = 10.0
"""Seconds on each side searched for rests."""

NEAR = 5.0
"""Lengths of the stretch on each side in which its closest neighbours are counted."""

SIDE, EDGE, SPECTRUM = 0.200, 0.010, 0.040
"""Seconds compared on each side: the sound, its last moment, and what its spectrum is taken of."""

BANDS = 15

# Evidence for and against a dropout, in natural log odds.
PRIOR = 3.0  # abrupt edges alone: about twenty to one
PAUSES = 20.0, 0.15  # for the share of quiet within 10 s, above that of a badly damaged recording
NEIGHBOURS = 8.0, 0.30  # for the share of quiet close by
SHORT_NEIGHBOURS = 20.0, 0.10  # the same beside short stretches: pulses
NOT_DIGITAL = 0.20  # more of both, where the quiet is not digital: every recording has natural pauses
REGULAR = 12.0, 0.05, 0.20  # for the share of rests of the same length, where there is quiet enough to be rests
FADED = 0.25, 6.0  # for each dB that the edge lies below the sound before, or above the sound behind
DIFFERENT = 0.20, 15.0  # for each dB between the spectra before and behind
ALIKE, ALIKE_BELOW = 1.0, 7.0  # where they differ by no more dB than that
ZERO_CROSSING, AT_ZERO = 1.5, 0.03  # for each edge that close to zero, relative to the level there
MOST_BY_EDGES = 2.5  # for all that the edges say together, unless there are rests: speech is not alike on both sides
FEW_RESTS = 0.035  # share of digital silence within 10 s up to which there are none
TWO_LEVELS = 0.10, 0.10  # share of steps between quiet and a tenth of the loud ones, up to which sound is on or off
STEPPED = 8.0, 0.30  # for the share of equal neighbouring samples: square waves and coarse sound
IN_A_ROW, ROW_REACH = 6.0, 0.050  # for a cut of up to 40 ms with another within 50 ms: pulses of a low voice
LOOPED = 4.0  # for the same sound around at least three silences: a loop that rests
LONG = 8.0, 0.30  # for the length, as a share of the longest


class Levels:
    """Mean power of the differences in each 5 ms of each channel, gathered block by block: float32 [channels, steps].

    Differences, because a converter's offset is silence, too.
    """

    def __init__(self, rate: int) -> None:
        self.step = max(1, round(STEP * rate))
        self._blocks: list[NDArray[np.float32]] = []

    def add(self, samples: Sequence[Samples]) -> None:
        """The next frames of every channel ([n] each); a whole number of steps except at the end."""
        whole = len(samples[0]) // self.step * self.step
        changes = [np.diff(channel[:whole], prepend=channel[:1]) for channel in samples]
        stacked = np.stack([channel.reshape(-1, self.step) for channel in changes])
        self._blocks.append(np.einsum("cij,cij->ci", stacked, stacked) / np.float32(self.step))

    def all(self) -> NDArray[np.float32]:
        return np.concatenate(self._blocks, axis=1) if self._blocks else np.zeros((0, 0), dtype=np.float32)


def weighed(gaps: Sequence[Damage], clip: Clip, levels: Levels, settings: DetectionSettings) -> list[Damage]:
    """The gaps with their confidence adjusted by their surroundings; those below the threshold are dropped."""
    steps = levels.all()
    kept = []
    heard = [_content(gap, clip) for gap in gaps]
    times = Counter(heard)
    starts = np.array([gap.start for gap in gaps])
    around = Counter(_surroundings(gap, clip) for gap in gaps)
    for gap, content in zip(gaps, heard, strict=True):
        if content is not None and times[content] > 1:
            continue  # a loop: what a player repeats by accident does not come back note for note
        odds = _log_odds(gap, clip, steps, levels.step, settings)
        if odds is not None:
            if gap.kind == "near-silence" and gap.frames < SHORT * clip.rate:
                others = int(np.sum(np.abs(starts - gap.start) < ROW_REACH * clip.rate)) - 1
                odds -= IN_A_ROW if others else 0.0
            odds -= LOOPED if around[_surroundings(gap, clip)] >= 3 else 0.0
            gap = replace(gap, confidence=min(gap.confidence, 1 / (1 + math.exp(-max(-30.0, min(30.0, odds))))))
        if gap.confidence >= settings.confidence:
            kept.append(gap)
    return kept


def _content(gap: Damage, clip: Clip) -> int | None:
    """A number for the sound in a repeated buffer; None for all that is constant, silent or broken."""
    if gap.kind != "held":
        return None
    inside = clip.read(gap.start, gap.end)[gap.channel_indices(clip.channels)[0]]
    return hash(inside.tobytes()) if inside.min() < inside.max() else None


def _surroundings(gap: Damage, clip: Clip) -> int:
    """A number for the last sound before a gap and the first behind it."""
    edge = round(EDGE * clip.rate)
    sides = ((max(0, gap.start - edge), gap.start), (gap.end, min(clip.frames, gap.end + edge)))
    return hash(
        b"".join(clip.read(first, last)[gap.channel_indices(clip.channels)[0]].tobytes() for first, last in sides)
    )


@dataclass(frozen=True)
class _Scene:
    """A gap's damaged channels: the sound before and behind, and what is inside, each [channels, n]."""

    before: NDArray[np.float64]
    inside: NDArray[np.float64]
    behind: NDArray[np.float64]


def _log_odds(
    gap: Damage, clip: Clip, steps: NDArray[np.float32], step: int, settings: DetectionSettings
) -> float | None:
    """Log odds of a dropout given its surroundings; None where the gap needs no context (invalid samples, sound)."""
    if gap.kind == "invalid" or gap.frames < 2:
        return None
    rate, channels = clip.rate, list(gap.channel_indices(clip.channels))
    side = round(SIDE * rate)
    first = max(0, gap.start - side)
    read = clip.read(first, min(clip.frames, gap.end + side))[channels].astype(np.float64)
    samples = np.clip(np.nan_to_num(read, posinf=0.0, neginf=0.0), -LOUDEST, LOUDEST)
    start, end = gap.start - first, gap.end - first
    scene = _Scene(samples[:, :start], samples[:, start:end], samples[:, end:])
    if gap.kind == "held" and np.any(scene.inside.max(axis=1) > scene.inside.min(axis=1)):
        return None
    loudest = steps[channels].max(axis=0)
    odds = PRIOR - _above(gap.frames / (settings.longest * rate), *LONG)
    changes = np.diff(scene.inside, axis=1)
    quiet = max(FAINTEST, AS_QUIET * float(np.mean(changes**2, axis=1).max()))
    natural = NOT_DIGITAL if float(np.median(np.abs(changes).max(axis=0))) > 0 else 0.0
    nearby = loudest[max(0, (gap.start - round(FAR * rate)) // step) : (gap.end + round(FAR * rate)) // step]
    rests = not natural and float(np.mean(nearby <= quiet)) - gap.frames / step / max(1, len(nearby)) > FEW_RESTS
    against = _close_by(scene, quiet, rate, 2 * natural)
    if not natural or _is_on_or_off(nearby, quiet):
        against += _rests(gap, loudest <= quiet, step, rate, natural)
    edges = _edges(scene, rate)
    around = (scene.before, scene.behind)
    stepped = float(np.mean(np.concatenate([np.diff(side, axis=1) == 0 for side in around], axis=1)))
    against += _above(stepped, *STEPPED)
    return odds - against - (edges if rests else min(MOST_BY_EDGES, edges))


def _rests(gap: Damage, quiet: NDArray[np.bool_], step: int, rate: int, natural: float) -> float:
    """Evidence against the gap from rests around it; `quiet` [steps] is True where nothing sounds."""
    first, last = gap.start // step, -(-gap.end // step)
    far = round(FAR * rate / step)
    sides = [quiet[max(0, first - far) : first], quiet[last : last + far]]
    if not sum(map(len, sides)):
        return 0.0
    share = max(0.0, float(np.concatenate(sides).mean()) - natural)
    against = _above(share, *PAUSES)
    own = gap.frames / step
    if own >= SHORT * rate / step:
        near = round(NEAR * own)
        close = np.concatenate([sides[0][-near:], sides[1][:near]])
        against += _above(float(close.mean()) - natural, *NEIGHBOURS)
    lengths = np.array([end - start for part in sides for start, end in true_runs(part)])
    if own >= 2 and len(lengths) >= 3:
        alike = float(np.mean(np.abs(lengths - own) <= 1.5 + 0.1 * own))
        factor, least, full = REGULAR
        against += factor * alike * min(1.0, max(0.0, share - least) / (full - least))
    return against


def _is_on_or_off(levels: NDArray[np.float32], quiet: float) -> bool:
    """True where sound has two levels only, as beeps over noise have; breath and decays have all between."""
    most, loud = TWO_LEVELS
    return float(np.mean((levels > quiet) & (levels < loud * np.percentile(levels, 90)))) < most


def _close_by(scene: _Scene, quiet: float, rate: int, natural: float) -> float:
    """Evidence against a short gap from quiet right beside it."""
    length = scene.inside.shape[1]
    if length >= SHORT * rate:
        return 0.0
    step, reach = max(1, round(FINE * rate)), round(NEAR * length)
    sides = (scene.before[:, ::-1][:, :reach], scene.behind[:, :reach])
    powers = [_powers(np.diff(part, axis=1), step).max(axis=0) for part in sides]
    return _above(float(np.mean(np.concatenate(powers) <= quiet)) - natural, *SHORT_NEIGHBOURS)


def _edges(scene: _Scene, rate: int) -> float:
    """Evidence against the gap at its edges: the sound fades out, starts with an onset, rests at zero, or changes."""
    edge, size = max(4, round(EDGE * rate)), round(SPECTRUM * rate)
    before, behind = scene.before[:, ::-1], scene.behind  # both from the edge on
    against = 0.0
    if min(before.shape[1], behind.shape[1]) < size:
        return against
    fade, attack = (_decibel(part) - _decibel(part[:, :edge]) for part in (before, behind))
    against += _above(fade, *FADED) + _above(-attack, *FADED)
    level = math.sqrt(float(np.mean(np.concatenate([before[:, :edge], behind[:, :edge]], axis=1) ** 2))) + 1e-12
    against += ZERO_CROSSING * sum(float(np.abs(part[:, 0]).max()) < AT_ZERO * level for part in (before, behind))
    difference = float(np.sqrt(np.mean((_bands(before[:, :size]) - _bands(behind[:, :size])) ** 2)))
    return against + _above(difference, *DIFFERENT) - (ALIKE if difference < ALIKE_BELOW else 0.0)


def _bands(part: NDArray[np.float64]) -> NDArray[np.float64]:
    """The spectrum at an edge in dB, in bands of equal width on a logarithmic axis: [bands]."""
    size = part.shape[1]
    power = (np.abs(np.fft.rfft(part * hann(2 * size, symmetry="symmetric")[size:], axis=1)) ** 2).sum(axis=0) / size
    edges = np.unique(np.round(np.geomspace(2, len(power) - 1, BANDS + 1)).astype(int))
    return np.asarray(10 * np.log10(np.add.reduceat(power, edges[:-1]) / np.diff(edges) + FAINTEST))


def _powers(part: NDArray[np.float64], step: int) -> NDArray[np.float64]:
    whole = part.shape[1] // step * step
    return np.asarray(np.mean(part[:, :whole].reshape(len(part), -1, step) ** 2, axis=2))


def _decibel(part: NDArray[np.float64]) -> float:
    return float(10 * np.log10(np.mean(part**2) + 1e-12))


def _above(value: float, weight: float, threshold: float) -> float:
    return weight * max(0.0, value - threshold)
