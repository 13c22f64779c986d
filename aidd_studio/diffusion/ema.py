"""A slowly moving average of a model's parameters; sampling uses it instead of the last step's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


class ExponentialMovingAverage:
    """Keeps a shadow of each trainable parameter, in their order.

    The decay starts small, min(decay, (1 + n) / (10 + n)) at update n, so that the first values are forgotten.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], decay: float = 0.9999) -> None:
        self.decay = decay
        self.num_updates = 0
        self.shadow_params = [parameter.detach().clone() for parameter in _trainable(parameters)]

    @torch.no_grad()
    def update(self, parameters: Iterable[nn.Parameter]) -> None:
        """Follow the parameters by one step."""
        self.num_updates += 1
        decay = min(self.decay, (1 + self.num_updates) / (10 + self.num_updates))
        for shadow, parameter in zip(self.shadow_params, _trainable(parameters), strict=True):
            shadow.lerp_(parameter.to(shadow), 1 - decay)

    @torch.no_grad()
    def copy_to(self, parameters: Iterable[nn.Parameter]) -> None:
        """Overwrite the parameters with the average."""
        for shadow, parameter in zip(self.shadow_params, _trainable(parameters), strict=True):
            parameter.copy_(shadow)

    @contextmanager
    def in_place_of(self, parameters: Iterable[nn.Parameter]) -> Iterator[None]:
        """The average inside the parameters for a while."""
        kept = list(parameters)
        before: list[Tensor] = [parameter.detach().clone() for parameter in _trainable(kept)]
        self.copy_to(kept)
        try:
            yield
        finally:
            with torch.no_grad():
                for value, parameter in zip(before, _trainable(kept), strict=True):
                    parameter.copy_(value)

    def state_dict(self) -> dict[str, Any]:
        """The published checkpoint's form: decay, num_updates, shadow_params."""
        return {"decay": self.decay, "num_updates": self.num_updates, "shadow_params": self.shadow_params}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """The inverse of `state_dict`."""
        self.decay, self.num_updates = float(state["decay"]), int(state["num_updates"])
        self.resume(state["shadow_params"], self.num_updates)

    def resume(self, shadow_params: Iterable[Tensor], num_updates: int) -> None:
        """Take up averages, in the parameters' order, that had so many updates."""
        self.num_updates = num_updates
        for shadow, loaded in zip(self.shadow_params, shadow_params, strict=True):
            shadow.copy_(loaded)


def _trainable(parameters: Iterable[nn.Parameter]) -> list[nn.Parameter]:
    return [parameter for parameter in parameters if parameter.requires_grad]
