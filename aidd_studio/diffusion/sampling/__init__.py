"""Ways to draw the hidden tokens, all with one signature.

`sampler(model, tokens, fill, graph, noise, *, steps, randomness, temperature, top_p, callback, ...) -> tokens`

model: (tokens [B, L], sigma [B], positions [M]) -> log scores [B, M, states]. tokens int64 [B, L]; fill bool [L] or
[B, L], True where a token is to be drawn (never inferred from the mask id). The others come back as they went in.
"""

from __future__ import annotations

from typing import Literal

from aidd_studio.diffusion.sampling.canvas import Sampler, SamplerProgress, ScoreFunction
from aidd_studio.diffusion.sampling.confidence import confidence
from aidd_studio.diffusion.sampling.entropy import entropy
from aidd_studio.diffusion.sampling.first_hitting import first_hitting
from aidd_studio.diffusion.sampling.stepping import analytic, euler

SamplerName = Literal["first-hitting", "confidence", "entropy", "analytic", "euler"]

SAMPLERS: dict[SamplerName, Sampler] = {
    "first-hitting": first_hitting,
    "confidence": confidence,
    "entropy": entropy,
    "analytic": analytic,
    "euler": euler,
}

__all__ = [
    "SAMPLERS",
    "Sampler",
    "SamplerName",
    "SamplerProgress",
    "ScoreFunction",
    "analytic",
    "confidence",
    "entropy",
    "euler",
    "first_hitting",
]
