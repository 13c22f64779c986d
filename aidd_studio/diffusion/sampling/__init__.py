"""Ways to draw the hidden tokens, all with one signature. This page knows their names and imports no torch.

`sampler(model, tokens, fill, graph, noise, *, steps, randomness, temperature, top_p, callback, ...) -> tokens`

model: (tokens [B, L], sigma [B], positions [M]) -> log scores [B, M, states]. tokens int64 [B, L]; fill bool [L] or
[B, L], True where a token is to be drawn (never inferred from the mask id). The others come back as they went in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from aidd_studio.diffusion.sampling.canvas import Sampler

SamplerName = Literal["first-hitting", "confidence", "entropy", "analytic", "euler"]

SAMPLER_NAMES: tuple[SamplerName, ...] = get_args(SamplerName)


def find_sampler(name: SamplerName) -> Sampler:
    """The sampler of that name; imports torch."""
    from aidd_studio.diffusion.sampling import revealing, stepping

    samplers: dict[SamplerName, Sampler] = {
        "first-hitting": revealing.first_hitting,
        "confidence": revealing.confidence,
        "entropy": revealing.entropy,
        "analytic": stepping.analytic,
        "euler": stepping.euler,
    }
    return samplers[name]
