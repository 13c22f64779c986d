"""First-hitting sampling: exact for the absorbing graph, with one network call a hidden token (Zheng et al. 2025)."""

from __future__ import annotations

import torch
from torch import Tensor

from aidd_studio.diffusion.graph import Graph
from aidd_studio.diffusion.noise import Noise
from aidd_studio.diffusion.randomness import Randomness
from aidd_studio.diffusion.sampling.canvas import (
    Callback,
    Canvas,
    Conditioning,
    ScoreFunction,
    at,
    hidden_share_at_start,
    masked_canvas,
    most_hidden,
    shaped,
    sigma_for,
    token_log_probabilities,
)


@torch.no_grad()
def first_hitting(
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
) -> Tensor:
    """Draw the times at which tokens appear and call the network only then; see the package for the signature.

    A hidden token changes once, so between two appearances nothing happens and the infinitely fine reverse process
    can jump. With n tokens hidden, the share s that is hidden at the next event is s * u^(1/n). Without `steps`
    the result is exact; fewer steps than tokens reveal several at once, in random order, as if they were independent.
    The conditioning "time" tells the network the process's own noise level; true scores do not depend on it.
    """
    most = most_hidden(tokens, fill)
    calls = most if steps is None else min(steps, most)
    canvas = masked_canvas(tokens, fill, graph, callback, calls)
    share = hidden_share_at_start(noise, tokens)
    for left in range(calls, 0, -1):
        count = canvas.hidden.sum(-1)
        share = share * randomness.uniform() ** (1 / count.clamp(min=1))
        sigma = sigma_for(canvas, conditioning, share)
        log_probability = token_log_probabilities(model(canvas.tokens, sigma, canvas.positions), graph)
        values = randomness.categorical(shaped(log_probability, temperature, top_p).exp())
        chosen = _any_of(canvas, -(-count // left), randomness.uniform(canvas.hidden.shape[1]))
        canvas.reveal(chosen, values, at(log_probability, values))
        canvas.step()
    return canvas.tokens


def _any_of(canvas: Canvas, count: Tensor, keys: Tensor) -> Tensor:
    """bool [B, M]: `count` [B] hidden positions of each row, those with the smallest keys [B, M]."""
    rank = keys.masked_fill(~canvas.hidden, 2.0).argsort(-1).argsort(-1)
    return rank < count[:, None]
