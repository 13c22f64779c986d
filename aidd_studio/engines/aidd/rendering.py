"""From drawn tokens to sound in the gaps of a segment."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from aidd_studio.audio.signal import Signal
from aidd_studio.engines.aidd.mixing import combine
from aidd_studio.engines.aidd.models import Models
from aidd_studio.engines.aidd.sampling import DrawnTokens
from aidd_studio.engines.aidd.segment import Segment
from aidd_studio.engines.aidd.settings import AiddSettings
from aidd_studio.engines.aidd.tones import Tones
from aidd_studio.engines.linear.extrapolation import both_sides

if TYPE_CHECKING:
    from torch import Tensor


def edge_frames(gap: int, rate: int, settings: AiddSettings) -> int:
    """How many frames at each end of a gap fade over from linear prediction."""
    return max(1, round(min(settings.edge * rate, settings.edge_share * gap)))


def render(models: Models, segment: Segment, drawn: DrawnTokens, settings: AiddSettings) -> Signal:
    """The segment's wave with new sound in its gaps: float64 [B, T].

    By the refiner where there is one, else by the decoder, cross-faded at the edges with linear prediction. Tones that
    linear prediction is sure of are kept.
    """
    if models.refiner is not None:
        made = _refined(models, segment, drawn.vectors)
    else:
        decoded = models.tokenizer.decode(drawn.codes).double().cpu().numpy()[:, : len(segment.wave)]
        made = np.stack([_mixed(segment, row, settings) for row in decoded])
    for start, end in segment.gaps:
        tones = _predicted(segment, start, end).tones
        if tones is not None:
            made[:, start:end] = [tones.kept_in(row[start:end]) for row in made]
    return made


def _mixed(segment: Segment, decoded: Signal, settings: AiddSettings) -> Signal:
    mixed = segment.wave.copy()
    for start, end in segment.gaps:
        edge = edge_frames(end - start, segment.rate, settings)
        part = combine(segment.wave, decoded, start, end, segment.rate, edge)
        mixed[start:end] = part[start:end]
    return mixed


def _refined(models: Models, segment: Segment, vectors: Tensor) -> Signal:
    """Each gap rendered by the refiner, which mixes linear prediction and tokens by itself. vectors: [B, L, D]."""
    import torch

    from aidd_studio.tokenizer.refiner import CONTEXT

    assert models.refiner is not None
    hop = models.refiner.config.hop
    length = vectors.shape[1] * hop
    padded = np.pad(segment.wave, (0, length - len(segment.wave)))
    made = torch.from_numpy(padded).float().to(models.device).expand(len(vectors), -1).clone()
    for start, end in segment.gaps:
        predicted = torch.from_numpy(_predicted(segment, start, end).hand_overs).to(made)
        made[:, start:end] = predicted[0]
        first = max(0, start - CONTEXT) // hop
        last = min(vectors.shape[1], -(-(end + CONTEXT) // hop))
        frames = slice(first * hop, last * hop)
        made[:, frames] = models.refiner(
            made[:, frames],
            start - frames.start,
            end - frames.start,
            vectors[:, first:last].float(),
            predicted[1:].expand(len(vectors), -1, -1),
        )
    waves: Signal = made.double().cpu().numpy()[:, : len(segment.wave)]
    return waves


@dataclass(frozen=True, eq=False)
class _Prediction:
    """A gap extrapolated at the models' rate as in the refiner's training, [3, n], and the tones that are kept."""

    hand_overs: Signal
    tones: Tones | None  # none at the recording's ends


@lru_cache(maxsize=8)
def _predicted(segment: Segment, start: int, end: int) -> _Prediction:
    """Kept for the next candidates."""
    from aidd_studio.tokenizer.refiner import EXTRAPOLATION_ORDER, EXTRAPOLATION_SIGHT

    sides = both_sides(segment.wave, start, end, EXTRAPOLATION_ORDER, EXTRAPOLATION_SIGHT)
    fills = sides.hand_overs()
    tones = Tones.of(sides.forward, sides.backward, fills[0]) if sides.complete else None
    return _Prediction(fills, tones)
