"""Parallel reveal as far as the network is sure: the entropy-bounded sampler (Ben-Hamu et al. 2025)."""

from __future__ import annotations

import torch
from torch import Tensor

from aidd_studio.diffusion.graph import Graph
from aidd_studio.diffusion.noise import Noise
from aidd_studio.diffusion.randomness import Randomness
from aidd_studio.diffusion.sampling.canvas import (
    Callback,
    Conditioning,
    ScoreFunction,
    at,
    hidden_share_at_start,
    masked_canvas,
    most_hidden,
    rows,
    shaped,
    sigma_for,
    token_log_probabilities,
)


@torch.no_grad()
def entropy(
    model: ScoreFunction,
    tokens: Tensor,
    fill: Tensor,
    graph: Graph,
    noise: Noise,
    *,
    steps: int | None = None,
    randomness: Randomness,
    temperature: float = 1.0,
    top_p: float = 1.0,
    callback: Callback | None = None,
    conditioning: Conditioning = "share",
    bound: float = 1.0,
) -> Tensor:
    """Reveal at once as many positions as depend little on each other; see the package for the signature.

    In the order of their entropy, positions are taken while the sum of the entropies less the largest, which bounds
    what treating them as independent costs, stays below `bound` nats. At least one a call, and as many as needed to
    be done within `steps` calls.
    """
    most = most_hidden(tokens, fill)
    steps = most if steps is None else min(steps, most)
    canvas = masked_canvas(tokens, fill, graph, callback, steps)
    wanted = rows(tokens, fill).sum(-1)
    start = hidden_share_at_start(noise, tokens)
    for left in range(steps, 0, -1):
        hidden = canvas.hidden.sum(-1)
        if not hidden.any():
            break
        sigma = sigma_for(canvas, conditioning, start * hidden / wanted.clamp(min=1))
        log_probability = token_log_probabilities(model(canvas.tokens, sigma, canvas.positions), graph)
        likely = shaped(log_probability, temperature, top_p)
        values = randomness.categorical(likely.exp())
        unsureness = torch.special.entr(likely.exp()).sum(-1).masked_fill(~canvas.hidden, torch.inf)
        chosen = _affordable(unsureness, bound, -(-hidden // left))
        canvas.reveal(chosen, values, at(log_probability, values))
        canvas.step()
    return canvas.tokens


def _affordable(unsureness: Tensor, bound: float, least: Tensor) -> Tensor:
    """bool [B, M]: the longest run of least unsure positions within the bound, at least `least` [B] of them."""
    ordered, order = unsureness.sort(-1)
    # Sorted upwards, the largest of the first k is the k-th, so the sum less the largest is the sum before it.
    cost = ordered.cumsum(-1) - ordered
    taken = (cost <= bound) & ordered.isfinite()
    taken |= torch.arange(unsureness.shape[1], device=unsureness.device) < least[:, None]
    return torch.zeros_like(taken).scatter(-1, order, taken)
