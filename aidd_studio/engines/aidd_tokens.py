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
from aidd_studio.engines.aidd_settings import AiddSettings

if TYPE_CHECKING:
    from torch import Tensor

    from aidd_studio.diffusion.score_model import ScoreModel

LOOK_AHEAD = 0.25
"""Share of a context whose tokens are drawn again in the next piece, where a gap goes on beyond the context."""


@dataclass(frozen=True, eq=False)
class DrawnTokens:
    """codes int64 [B, L]; log_likelihood float64 [B]: nats per drawn token; calls of the network."""

    codes: Tensor
    log_likelihood: NDArray[np.float64]
    calls: int


def touched_tokens(missing: NDArray[np.bool_], hop: int, widen: int) -> NDArray[np.bool_]:
    """Tokens whose own samples touch what is missing, and `widen` more at each side: bool [ceil(T / hop)]."""
    length = -(-len(missing) // hop)
    padded = np.zeros(length * hop, dtype=np.bool_)
    padded[: len(missing)] = missing
    touched: NDArray[np.bool_] = np.asarray(padded.reshape(length, hop).any(axis=1))
    return np.convolve(touched, np.ones(2 * widen + 1), mode="same") > 0 if widen else touched


def draw_tokens(
    model: ScoreModel,
    codes: Tensor,
    fill: NDArray[np.bool_],
    seeds: Sequence[int],
    settings: AiddSettings,
    report: Callable[[float], None],
) -> DrawnTokens:
    """Fill positions `fill` [L] of codes int64 [L], once for each seed.

    A context longer than `settings.tokens` is gone through from left to right in pieces of that length; what was
    drawn becomes known. `report` is told the share that is done, and may raise.
    """
    import torch

    drawn = codes.expand(len(seeds), -1).clone()
    pieces = plan_pieces(fill, settings.tokens or len(fill))
    randomness = SeededRandomness(seeds, codes.device)
    likelihood = np.zeros(len(seeds))
    counted = calls = 0
    for number, (start, end, kept) in enumerate(pieces):
        part = torch.from_numpy(fill[start:end] & (np.arange(start, end) >= _first_open(pieces, number)))
        last: list[Progress] = []

        def follow(progress: Progress, number: int = number, last: list[Progress] = last) -> None:
            last[:] = [progress]
            report((number + progress.calls / progress.expected_calls) / len(pieces))

        piece = SAMPLERS[_sampler(settings)](
            model,
            drawn[:, start:end],
            part.to(codes.device),
            model.config.build_graph(),
            LogLinear(),
            steps=settings.steps,
            randomness=randomness,
            temperature=1.0 if settings.temperature is None else settings.temperature,
            top_p=1.0 if settings.top_p is None else settings.top_p,
            callback=follow,
        )
        drawn[:, start:kept] = piece[:, : kept - start]
        likelihood += last[0].log_likelihood.cpu().numpy()
        counted += int(part.sum())
        calls += last[0].calls
    return DrawnTokens(drawn, likelihood / max(1, counted), calls)


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
