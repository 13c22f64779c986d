"""Sampling the tokens of gaps: several candidates at once, and piece by piece where a gap is long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aidd_studio.diffusion.graph import AbsorbingGraph
from aidd_studio.diffusion.noise import LogLinear
from aidd_studio.diffusion.randomness import SeededRandomness
from aidd_studio.diffusion.sampling import SamplerName, find_sampler
from aidd_studio.diffusion.sampling.canvas import SamplerProgress
from aidd_studio.diffusion.score_model import ScoreModel
from aidd_studio.engines.aidd.settings import AiddSettings

LOOK_AHEAD = 0.25
"""Share of a context whose tokens are sampled again with the next piece, where a gap is longer than the context."""

WIDTH = 0.25
"""Width of the cache's kernel: squared distance, relative to that of a code's nearest neighbour."""

UNSEEN = 0.1
"""Share of the cache that is spread evenly over all codes."""


@dataclass(frozen=True, eq=False)
class DrawnTokens:
    """The tokens of a batch of candidates.

    codes int64 [B, L]. vectors float32 [B, L, D]: the codes' vectors. log_likelihood float64 [B]: nats per new token.
    The most likely row is not sampled: its codes are the most probable ones given the surroundings alone, its vectors
    the expectation over all codes. expected float32 [L, D]: these vectors, with or without such a row; None where a gap
    is longer than the context.
    """

    codes: Tensor
    vectors: Tensor
    log_likelihood: NDArray[np.float64]
    expected: Tensor | None = None


def touched_tokens(missing: NDArray[np.bool_], hop: int, widen: int) -> NDArray[np.bool_]:
    """Tokens whose samples overlap missing ones, and `widen` more on each side: bool [ceil(T / hop)]."""
    length = -(-len(missing) // hop)
    padded = np.zeros(length * hop, dtype=np.bool_)
    padded[: len(missing)] = missing
    touched: NDArray[np.bool_] = np.asarray(padded.reshape(length, hop).any(axis=1))
    return np.convolve(touched, np.ones(2 * widen + 1), mode="same") > 0 if widen else touched


def draw_tokens(
    model: ScoreModel,
    table: Tensor,
    codes: Tensor,
    fill: NDArray[np.bool_],
    seeds: Sequence[int],
    settings: AiddSettings,
    report: Callable[[float], None],
    most_likely: Sequence[bool] = (),
) -> DrawnTokens:
    """Fill positions `fill` [L] of codes int64 [L], once for each seed. `table` [codes, D]: the codes' vectors.

    most_likely: for each seed whether it is the most likely row, which takes a single call. A context longer than
    `settings.tokens` is filled from left to right in pieces of that length, each known to the next. `report` gets the
    fraction done, and may raise.
    """
    drawn = codes.expand(len(seeds), -1).clone()
    vectors = torch.nn.functional.embedding(drawn, table)
    pieces = plan_pieces(fill, settings.tokens or len(fill))
    randomness = SeededRandomness(seeds, codes.device)
    likelihood = np.zeros(len(seeds))
    undrawn = torch.tensor(list(most_likely) or [False] * len(seeds), device=codes.device)
    steps = 1 if bool(undrawn.all()) else settings.steps
    counted = 0
    for number, (start, end, kept) in enumerate(pieces):
        hidden = torch.from_numpy(fill[start:end] & (np.arange(start, end) >= _first_open(pieces, number)))
        hidden = hidden.to(codes.device)
        known = codes[start:end][~torch.from_numpy(fill[start:end]).to(codes.device)]
        listener = _Listener(model, cache_model(model, table, known, settings.recall))

        def follow(progress: SamplerProgress, number: int = number, listener: _Listener = listener) -> None:
            listener.follow(progress)
            report((number + progress.calls / progress.expected_calls) / len(pieces))

        piece = find_sampler(_sampler(settings))(
            listener,
            drawn[:, start:end],
            hidden,
            model.config.build_graph(),
            LogLinear(),
            steps=steps,
            randomness=randomness,
            temperature=1.0 if settings.temperature is None else settings.temperature,
            top_p=1.0 if settings.top_p is None else settings.top_p,
            callback=follow,
        )
        rendition = torch.nn.functional.embedding(piece, table)
        if bool(undrawn.any()):
            where = hidden.nonzero().flatten()
            piece[undrawn.nonzero(), where] = listener.most_probable(undrawn)
            rendition[undrawn.nonzero(), where] = listener.mean(table)[undrawn]
        drawn[:, start:kept] = piece[:, : kept - start]
        vectors[:, start:kept] = rendition[:, : kept - start]
        likelihood += listener.log_likelihood
        counted += int(hidden.sum())
    expected = None
    if len(pieces) == 1 and model.config.graph == "absorbing":
        expected = torch.nn.functional.embedding(codes, table)
        expected[torch.from_numpy(fill).to(codes.device)] = listener.mean(table)[0]
    return DrawnTokens(drawn, vectors, likelihood / max(1, counted), expected)


class _Listener:
    """Wraps a network and keeps its first answer, from before anything is sampled."""

    def __init__(self, model: ScoreModel, cache: CacheModel) -> None:
        self._model, self._cache = model, cache
        self._first: Tensor | None = None
        self.log_likelihood: NDArray[np.float64] = np.zeros(0)

    def __call__(self, tokens: Tensor, sigma: Tensor, positions: Tensor) -> Tensor:
        log_score = self._cache(self._model(tokens, sigma, positions))
        if self._first is None:
            self._first = log_score[..., : self._model.config.tokens].log_softmax(-1)
        return log_score

    def follow(self, progress: SamplerProgress) -> None:
        """Record the likelihood of the new tokens."""
        self.log_likelihood = progress.log_likelihood.cpu().numpy().copy()

    def most_probable(self, rows: Tensor) -> Tensor:
        """The most probable codes for rows bool [B]: int64 [n, hidden]. Sets these rows' likelihood."""
        assert self._first is not None
        log_probability, codes = self._first[rows].max(-1)
        self.log_likelihood[rows.cpu().numpy()] = log_probability.double().sum(-1).cpu().numpy()
        return codes

    def mean(self, table: Tensor) -> Tensor:
        """The mean of all codes' vectors, weighted by their probabilities: [B, hidden, D]."""
        assert self._first is not None
        mean: Tensor = self._first.exp() @ table[: self._first.shape[-1]]
        return mean


def plan_pieces(fill: NDArray[np.bool_], longest: int) -> list[tuple[int, int, int]]:
    """Pieces (start, end, kept): tokens start to end are the context; what is filled before `kept` is final.

    Every position to fill becomes final exactly once, from left to right, with up to half of a piece known before it.
    """
    length = len(fill)
    pieces: list[tuple[int, int, int]] = []
    final = 0
    while fill[final:].any():
        first = final + int(np.argmax(fill[final:]))
        start = max(0, min(first - longest // 2, length - longest))
        if not pieces and _extent(fill) <= longest:
            start = max(0, min(first - (longest - _extent(fill)) // 2, length - longest))
        end = min(length, start + longest)
        open_end = end < length and bool(fill[end - 1] and fill[end])
        kept = max(first + 1, end - round(LOOK_AHEAD * longest)) if open_end else end
        pieces.append((start, end, kept))
        final = kept
    return pieces


def _extent(fill: NDArray[np.bool_]) -> int:
    found = np.flatnonzero(fill)
    return int(found[-1] - found[0] + 1) if len(found) else 0


def _first_open(pieces: Sequence[tuple[int, int, int]], number: int) -> int:
    """The first position that earlier pieces left open."""
    return pieces[number - 1][2] if number else 0


def _sampler(settings: AiddSettings) -> SamplerName:
    return cast(SamplerName, settings.sampler or "confidence")


class CacheModel:
    """Interpolates the log scores of an absorbing graph's network with code frequencies in the surroundings.

    Codes in the surroundings, and codes close to them, become more likely, which helps with recordings unlike the
    training data. After Kuhn & De Mori, "A cache-based natural language model for speech recognition" (PAMI 1990).

    known: int64 [n], the context's codes. table: [codes, D], the codes' vectors. share: of the cache, 0 for none.
    """

    def __init__(self, known: Tensor, table: Tensor, share: float) -> None:
        self.share = share if len(known) else 0.0
        self._cache = table.new_zeros(0)
        if self.share:
            codes, counts = torch.unique(known, return_counts=True)
            distances = torch.cdist(table[codes].float(), table.float()).square()
            nearest = distances.topk(2, largest=False).values[:, 1:].clamp_min(1e-6)
            closeness = torch.softmax(-distances / (WIDTH * nearest), -1)
            seen = (counts / counts.sum()).to(closeness) @ closeness
            self._cache = ((1 - UNSEEN) * seen + UNSEEN / len(table)).log()

    def __call__(self, log_score: Tensor) -> Tensor:
        """[..., states] to the same; the codes' total score and all states that are not codes stay as they are."""
        if not self.share:
            return log_score
        count = len(self._cache)
        real = log_score[..., :count].float()
        total = real.logsumexp(-1, keepdim=True)
        kept = torch.log1p(torch.tensor(-self.share)) + real - total
        mixed = torch.logaddexp(kept, torch.log(torch.tensor(self.share)) + self._cache) + total
        return torch.cat((mixed.to(log_score), log_score[..., count:]), -1)


def cache_model(model: ScoreModel, table: Tensor, known: Tensor, share: float | None) -> CacheModel:
    """The cache model of a context; empty for a uniform graph, whose scores are not probabilities.

    known: int64 [n]; table: [codes, D]. The code that shares the mask's id is left out.
    """
    real = model.config.tokens
    absorbing = isinstance(model.config.build_graph(), AbsorbingGraph)
    return CacheModel(known[known < real], table[:real], (share or 0.0) if absorbing else 0.0)
