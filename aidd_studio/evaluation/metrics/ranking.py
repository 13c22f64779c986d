"""Do two orders agree? Spearman's rank correlation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def rank_correlation(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Spearman's rho with ties at their mean rank; None when one side does not vary."""
    if len(a) != len(b):
        raise ValueError("both sequences must have one length")
    ranks_a, ranks_b = ranks(a), ranks(b)
    deviation = float(np.std(ranks_a) * np.std(ranks_b)) if len(a) > 1 else 0.0
    if deviation == 0.0:
        return None
    return float(np.mean((ranks_a - ranks_a.mean()) * (ranks_b - ranks_b.mean())) / deviation)


def ranks(values: Sequence[float]) -> NDArray[np.float64]:
    """Rank of each value from 0, ties sharing their mean."""
    array = np.asarray(values, dtype=np.float64)
    below = (array[None, :] < array[:, None]).sum(axis=1)
    equal = (array[None, :] == array[:, None]).sum(axis=1)
    shared: NDArray[np.float64] = below + (equal - 1) / 2
    return shared
