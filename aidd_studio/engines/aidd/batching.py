"""Joint calls of the score network for several gaps, with results that do not depend on the batch.

Every call has the same number of rows, and sequences and positions are padded to round lengths. So neither the
contents nor the number of the other rows, nor the padding, changes the order of a row's own sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from aidd_studio.diffusion.score_model import ScoreModel

ROWS = 8
"""Rows of every joint call."""

LENGTH_STEP, POSITION_STEP = 64, 32
"""Sequences and positions are padded to multiples of these."""


@dataclass(frozen=True, eq=False)
class ScoreCall:
    """What a sampler asks the network: tokens int64 [B, L], sigma float32 [B], positions int64 [M]."""

    tokens: Tensor
    sigma: Tensor
    positions: Tensor


@dataclass(frozen=True, eq=False)
class _Row:
    """One padded row of a call: tokens int64 [length], positions int64 [places], sigma a scalar."""

    call: int
    tokens: Tensor
    sigma: Tensor
    positions: Tensor
    length: int

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.tokens), len(self.positions)


def joint_scores(model: ScoreModel, calls: Sequence[ScoreCall]) -> list[Tensor]:
    """The log scores [B, M, states] of each call, in as few network calls as possible."""
    rows = [row for number, call in enumerate(calls) for row in _rows(number, call)]
    found: dict[int, list[Tensor]] = {}
    for shape in dict.fromkeys(row.shape for row in rows):
        alike = [row for row in rows if row.shape == shape]
        for start in range(0, len(alike), ROWS):
            part = alike[start : start + ROWS]
            for row, scores in zip(part, _scores(model, part), strict=False):
                found.setdefault(row.call, []).append(scores)
    return [torch.stack(found[number])[:, : len(call.positions)] for number, call in enumerate(calls)]


def _rows(number: int, call: ScoreCall) -> list[_Row]:
    length = call.tokens.shape[1]
    positions = _filled(call.positions, POSITION_STEP)
    return [
        _Row(number, _filled(tokens, LENGTH_STEP), sigma, positions, length)
        for tokens, sigma in zip(call.tokens, call.sigma, strict=True)
    ]


def _filled(values: Tensor, step: int) -> Tensor:
    """Values [n] zero-padded to a multiple of `step`."""
    return functional.pad(values, (0, -len(values) % step))


def _scores(model: ScoreModel, rows: Sequence[_Row]) -> Tensor:
    """[ROWS, M, states]; the last row is repeated where there are fewer."""
    whole = [*rows, *[rows[-1]] * (ROWS - len(rows))]
    tokens, positions = (torch.stack([getattr(row, name) for row in whole]) for name in ("tokens", "positions"))
    lengths = torch.tensor([row.length for row in whole], device=tokens.device)
    return model(tokens, torch.stack([row.sigma for row in whole]), positions, lengths)  # type: ignore[no-any-return]
