"""The published samplers: the reverse process in small steps of time (Lou et al. 2024, section 4)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from aidd_studio.diffusion.graph import AbsorbingGraph, Graph
from aidd_studio.diffusion.noise import Noise
from aidd_studio.diffusion.randomness import Randomness
from aidd_studio.diffusion.sampling.canvas import (
    Callback,
    Canvas,
    Sampler,
    ScoreFunction,
    at,
    rows,
    shape,
    token_log_probabilities,
)

Step = Callable[[Graph, Noise, Tensor, Tensor, Tensor, float], Tensor]
"""(graph, noise, states [B, M], score [B, M, states], t [B, 1], step size) -> weights of the next states."""

LAST_TIME = 1e-5


def analytic_weights(graph: Graph, noise: Noise, x: Tensor, score: Tensor, t: Tensor, size: float) -> Tensor:
    """Weights [B, M, states] of the states one step earlier (Lou et al. 2024, eq. 19)."""
    sigma = (noise.total(t) - noise.total(t - size)).expand_as(x)
    return graph.staggered_score(score, sigma) * graph.transposed_transition(x, sigma)


def euler_weights(graph: Graph, noise: Noise, x: Tensor, score: Tensor, t: Tensor, size: float) -> Tensor:
    """Weights [B, M, states] of the states one step earlier (Lou et al. 2024, eq. 17)."""
    speed = size * noise.rate(t)[..., None]
    return graph.one_hot(x) + speed * graph.reverse_rate(x, score)


def denoising_weights(graph: Graph, noise: Noise, x: Tensor, score: Tensor, t: Tensor) -> Tensor:
    """Weights [B, M, tokens] of the tokens without any noise."""
    sigma = noise.total(t).expand_as(x)
    weights = graph.staggered_score(score, sigma) * graph.transposed_transition(x, sigma)
    return weights[..., : graph.tokens]


def _walking(weights: Step) -> Sampler:
    """The sampler that goes through time in even steps of that kind, `steps` + 1 network calls (1024 + 1 if None)."""

    @torch.no_grad()
    def walk(
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
    ) -> Tensor:
        steps = 1024 if steps is None else steps
        fill = rows(tokens, fill)
        positions = int(fill.any(0).sum())
        start = graph.sample_limit(randomness.uniform(positions).to(tokens.device))
        canvas = Canvas(tokens, fill, start, callback, steps + 1)
        if not positions:
            return canvas.tokens
        times = torch.linspace(1, LAST_TIME, steps + 1, device=tokens.device)
        size = (1 - LAST_TIME) / steps
        for time in times[:-1]:
            t = time.expand(len(tokens), 1)
            log_score = model(canvas.tokens, noise.total(t)[:, 0], canvas.positions)
            score = _shape_score(log_score, canvas.drawn, temperature, top_p)
            next_states = randomness.categorical(
                weights(graph, noise, canvas.drawn, score, t, size).double().clamp(min=0)
            )
            _accept(canvas, next_states, log_score, graph)
            canvas.step()
        t = times[-1].expand(len(tokens), 1)
        log_score = model(canvas.tokens, noise.total(t)[:, 0], canvas.positions)
        score = _shape_score(log_score, canvas.drawn, temperature, top_p)
        last = randomness.categorical(denoising_weights(graph, noise, canvas.drawn, score, t).double().clamp(min=0))
        _finish(canvas, last, log_score, graph)
        canvas.step()
        return canvas.tokens

    return walk


analytic = _walking(analytic_weights)
"""Tweedie steps, then one that removes what noise is left; see the package for the signature. As published."""

euler = _walking(euler_weights)
"""Euler steps of the reverse rates, then one that removes what noise is left; see the package for the signature."""


def _accept(canvas: Canvas, states: Tensor, log_score: Tensor, graph: Graph) -> None:
    if isinstance(graph, AbsorbingGraph):
        tokens = states.clamp(max=graph.tokens - 1)
        likelihood = at(token_log_probabilities(log_score, graph), tokens)
        canvas.reveal(states != graph.mask, tokens, likelihood)
    else:
        canvas.overwrite(states)


def _finish(canvas: Canvas, tokens: Tensor, log_score: Tensor, graph: Graph) -> None:
    likelihood = at(token_log_probabilities(log_score, graph), tokens)
    canvas.reveal(torch.ones_like(canvas.hidden), tokens, likelihood)


def _shape_score(log_score: Tensor, x: Tensor, temperature: float, top_p: float) -> Tensor:
    """exp(log_score) with the way out of a state redistributed among the other states, and no faster."""
    if temperature == 1 and top_p >= 1:
        return log_score.exp()
    others = log_score.double().scatter(-1, x[..., None], -torch.inf)
    total = others.logsumexp(-1, keepdim=True)
    kept = shape(others - total, temperature, top_p) + total
    return kept.scatter(-1, x[..., None], 0.0).exp().to(log_score.dtype)
