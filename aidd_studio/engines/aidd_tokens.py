"""Drawing the tokens of gaps: several candidates at once, and piece by piece where a gap is long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from aidd_studio.diffusion.noise import LogLinear
from aidd_studio.diffusion.randomness import SeededRandomness
from aidd_studio.diffusion.samplers import SAMPLERS, Progress, SamplerName
from aidd_studio.engines.aidd_recall import Recall, recall_for
from aidd_studio.engines.aidd_settings import AiddSettings

if TYPE_CHECKING:
    from torch import Tensor

    from aidd_studio.diffusion.score_model import ScoreModel

LOOK_AHEAD = 0.25
"""Share of a context whose tokens are drawn again in the next piece, where a gap goes on beyond the context."""


@dataclass(frozen=True, eq=False)
class DrawnTokens:
    """What a network drew.

    codes int64 [B, L]. vectors float32 [B, L, D]: the codes' vectors, at drawn positions the mean of all codes'
    vectors as probable as the network held them when it drew. log_likelihood float64 [B]: nats per drawn token.
    Where nothing was drawn (the likeliest), the codes are the most probable ones given the surroundings alone.
    """

    codes: Tensor
    vectors: Tensor
    log_likelihood: NDArray[np.float64]


def touched_tokens(missing: NDArray[np.bool_], hop: int, widen: int) -> NDArray[np.bool_]:
    """Tokens whose own samples touch what is missing, and `widen` more at each side: bool [ceil(T / hop)]."""
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
    likeliest: Sequence[bool] = (),
) -> DrawnTokens:
    """Fill positions `fill` [L] of codes int64 [L], once for each seed. `table` [codes, D]: the codes' vectors.

    likeliest: for each seed whether nothing is drawn; that takes a single call. A context longer than `settings.tokens`
    is gone through from left to right in pieces of that length; what was drawn becomes known. `report` is told the
    share that is done, and may raise.
    """
    import torch

    drawn = codes.expand(len(seeds), -1).clone()
    vectors = torch.nn.functional.embedding(drawn, table)
    pieces = plan_pieces(fill, settings.tokens or len(fill))
    randomness = SeededRandomness(seeds, codes.device)
    likelihood = np.zeros(len(seeds))
    plain = torch.tensor(list(likeliest) or [False] * len(seeds), device=codes.device)
    steps = 1 if bool(plain.all()) else settings.steps
    counted = 0
    for number, (start, end, kept) in enumerate(pieces):
        part = torch.from_numpy(fill[start:end] & (np.arange(start, end) >= _first_open(pieces, number)))
        known = codes[start:end][~torch.from_numpy(fill[start:end]).to(codes.device)]
        recall = recall_for(model, table, known, settings.recall)
        hidden = part.to(codes.device).expand(len(seeds), -1)
        expectation = _Expectation(model, recall, table, hidden, plain)

        def follow(progress: Progress, number: int = number, expectation: _Expectation = expectation) -> None:
            expectation.follow(progress)
            report((number + progress.calls / progress.expected_calls) / len(pieces))

        piece = SAMPLERS[_sampler(settings)](
            expectation,
            drawn[:, start:end],
            part.to(codes.device),
            model.config.build_graph(),
            LogLinear(),
            steps=steps,
            randomness=randomness,
            temperature=1.0 if settings.temperature is None else settings.temperature,
            top_p=1.0 if settings.top_p is None else settings.top_p,
            callback=follow,
        )
        piece = expectation.settled(piece)
        drawn[:, start:kept] = piece[:, : kept - start]
        expectation.write(vectors[:, start:kept], part[: kept - start].to(codes.device))
        likelihood += expectation.log_likelihood
        counted += int(part.sum())
    return DrawnTokens(drawn, vectors, likelihood / max(1, counted))


class _Expectation:
    """Stands before a network and keeps what it held of each position when that was drawn.

    The mean of the codes' vectors is a steadier guide for a refiner than one drawn code, while what was drawn before
    still leads the way. `likeliest` rows [B] keep what the network held at first, when nothing was drawn yet.
    """

    def __init__(self, model: ScoreModel, recall: Recall, table: Tensor, hidden: Tensor, likeliest: Tensor) -> None:
        self._model, self._recall, self._table, self._hidden, self._likeliest = model, recall, table, hidden, likeliest
        self._vectors = table.new_zeros(*hidden.shape, table.shape[1])
        self._positions, self._log_score = hidden[0].nonzero().flatten(), table.new_zeros(0)
        self._everywhere = self._positions  # all that is hidden at first
        self._first: Tensor | None = None
        self.log_likelihood = np.zeros(len(hidden))

    def __call__(self, tokens: Tensor, sigma: Tensor, positions: Tensor) -> Tensor:
        self._positions, self._log_score = positions, self._recall(self._model(tokens, sigma, positions))
        if self._first is None:
            self._first = self._log_score[..., : self._model.config.tokens].log_softmax(-1)
        return self._log_score

    def follow(self, progress: Progress) -> None:
        """Take note of the positions that this step has settled."""
        settled = (self._hidden & ~progress.hidden)[:, self._positions]
        if settled.any():
            real = self._model.config.tokens  # without the mask
            mean = self._log_score[settled][:, :real].softmax(-1) @ self._table[:real]
            part = self._vectors[:, self._positions]
            part[settled] = mean
            self._vectors[:, self._positions] = part
        self._hidden = progress.hidden
        self.log_likelihood = progress.log_likelihood.cpu().numpy().copy()

    def settled(self, tokens: Tensor) -> Tensor:
        """The sampler's tokens [B, n], in likeliest rows the most probable ones."""
        if self._first is None or not self._likeliest.any():
            return tokens
        rows, where = self._likeliest, self._everywhere
        sure, codes = self._first[rows].max(-1)
        tokens = tokens.clone()
        tokens[rows.nonzero(), where] = codes
        self._vectors[rows.nonzero(), where] = self._first[rows].exp() @ self._table[: self._first.shape[-1]]
        self.log_likelihood[rows.cpu().numpy()] = sure.double().sum(-1).cpu().numpy()
        return tokens

    def write(self, vectors: Tensor, where: Tensor) -> None:
        """Put the means into vectors [B, n, D] where bool [n]."""
        vectors[:, where] = self._vectors[:, : len(where)][:, where]


def plan_pieces(fill: NDArray[np.bool_], longest: int) -> list[tuple[int, int, int]]:
    """Pieces (start, end, kept): the tokens start to end are looked at, those to be filled before `kept` are settled.

    Every position to fill is settled exactly once, from left to right, with up to half of a piece known before it.
    """
    length = len(fill)
    pieces: list[tuple[int, int, int]] = []
    settled = 0
    while fill[settled:].any():
        first = settled + int(np.argmax(fill[settled:]))
        start = max(0, min(first - longest // 2, length - longest))
        if not pieces and _extent(fill) <= longest:
            start = max(0, min(first - (longest - _extent(fill)) // 2, length - longest))
        end = min(length, start + longest)
        open_end = end < length and bool(fill[end - 1] and fill[end])
        kept = max(first + 1, end - round(LOOK_AHEAD * longest)) if open_end else end
        pieces.append((start, end, kept))
        settled = kept
    return pieces


def _extent(fill: NDArray[np.bool_]) -> int:
    found = np.flatnonzero(fill)
    return int(found[-1] - found[0] + 1) if len(found) else 0


def _first_open(pieces: Sequence[tuple[int, int, int]], number: int) -> int:
    """The first position that earlier pieces have not settled."""
    return pieces[number - 1][2] if number else 0


def _sampler(settings: AiddSettings) -> SamplerName:
    return cast(SamplerName, settings.sampler or "confidence")
