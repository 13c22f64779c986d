"""Extending signals at their ends by reflection, whatever their length."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def reflect(signal: Tensor, left: int, right: int) -> Tensor:
    """Signal [..., T] extended to [..., left + T + right] by reflection.

    A signal too short to be reflected is first continued with zeros, as the published encoder does.
    """
    lacking = max(0, max(left, right) - signal.shape[-1] + 1)
    padded = F.pad(F.pad(signal, (0, lacking)), (left, right), mode="reflect")
    return padded[..., : padded.shape[-1] - lacking]
