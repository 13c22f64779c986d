"""Drawing the tokens of gaps: several candidates at once, and piece by piece where a gap is long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from aidd_studio.diffusion.noise import LogLinear
from aidd_studio.diffusion.randomness import SeededRandomness
from aidd_studio.diffusion.sampling import SamplerName, find_sampler
from aidd_studio.diffusion.sampling.canvas import SamplerProgress
from aidd_studio.engines.aidd.recall import CacheModel, recall_for
from aidd_studio.engines.aidd.settings import AiddSettings

if TYPE_CHECKING:
    from torch import Tensor

    from aidd_studio.diffusion.score_model import ScoreModel

LOOK_AHEAD = 0.25
"""Share of a context whose tokens are drawn again in the next piece, where a gap goes on beyond the context."""


@dataclass(frozen=True, eq=False)
class DrawnTokens:
    """What a network drew.

    codes int64 [B, L]. vectors float32 [B, L, D]: the codes' vectors. log_likelihood float64 [B]: nats per drawn token.
    Where nothing was drawn (the likeliest), the codes are the most probable ones given the surroundings alone, and the
    vectors the mean of all codes' vectors, as probable as the network holds them; expected float32 [L, D] are those of
    a likeliest row, whether there is one or not, or None where a gap is longer than the context.
    """

    codes: Tensor
    vectors: Tensor
    log_likelihood: NDArray[np.float64]
    expected: Tensor | None = None


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
        part = part.to(codes.device)
        known = codes[start:end][~torch.from_numpy(fill[start:end]).to(codes.device)]
        listener = _Listener(model, recall_for(model, table, known, settings.recall))

        def follow(progress: SamplerProgress, number: int = number, listener: _Listener = listener) -> None:
            listener.follow(progress)
            report((number + progress.calls / progress.expected_calls) / len(pieces))

        piece = find_sampler(_sampler(settings))(
            listener,
            drawn[:, start:end],
            part,
            model.config.build_graph(),
            LogLinear(),
            steps=steps,
            randomness=randomness,
            temperature=1.0 if settings.temperature is None else settings.temperature,
            top_p=1.0 if settings.top_p is None else settings.top_p,
            callback=follow,
        )
        rendition = torch.nn.functional.embedding(piece, table)
        if bool(plain.any()):
            where = part.nonzero().flatten()
            piece[plain.nonzero(), where] = listener.most_probable(plain)
            rendition[plain.nonzero(), where] = listener.mean(table)[plain]
        drawn[:, start:kept] = piece[:, : kept - start]
        vectors[:, start:kept] = rendition[:, : kept - start]
        likelihood += listener.log_likelihood
        counted += int(part.sum())
    expected = None
    if len(pieces) == 1 and model.config.graph == "absorbing":
        expected = torch.nn.functional.embedding(codes, table)
        expected[torch.from_numpy(fill).to(codes.device)] = listener.mean(table)[0]
    return DrawnTokens(drawn, vectors, likelihood / max(1, counted), expected)


class _Listener:
    """Stands before a network and keeps what it held of the hidden positions at first, when nothing was drawn yet."""

    def __init__(self, model: ScoreModel, recall: CacheModel) -> None:
        self._model, self._recall = model, recall
        self._first: Tensor | None = None
        self.log_likelihood: NDArray[np.float64] = np.zeros(0)

    def __call__(self, tokens: Tensor, sigma: Tensor, positions: Tensor) -> Tensor:
        log_score = self._recall(self._model(tokens, sigma, positions))
        if self._first is None:
            self._first = log_score[..., : self._model.config.tokens].log_softmax(-1)
        return log_score

    def follow(self, progress: SamplerProgress) -> None:
        """Take note of how likely what was drawn is."""
        self.log_likelihood = progress.log_likelihood.cpu().numpy().copy()

    def most_probable(self, rows: Tensor) -> Tensor:
        """The most probable codes of rows bool [B]: int64 [n, hidden]. The rows' likelihood becomes theirs."""
        assert self._first is not None
        sure, codes = self._first[rows].max(-1)
        self.log_likelihood[rows.cpu().numpy()] = sure.double().sum(-1).cpu().numpy()
        return codes

    def mean(self, table: Tensor) -> Tensor:
        """The mean of all codes' vectors, as probable as the network held them: [B, hidden, D]."""
        assert self._first is not None
        mean: Tensor = self._first.exp() @ table[: self._first.shape[-1]]
        return mean


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
