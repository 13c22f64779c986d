"""Building modules without drawing the random weights that are overwritten a moment later."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode

_DRAWS = frozenset({Tensor.normal_, Tensor.uniform_, Tensor.erfinv_})


class without_initialisation(TorchFunctionMode):  # noqa: N801 - reads as the context it is
    """In this context, and in this thread, tensors are not filled with random numbers; everything else is as ever.

    Building on torch's meta device would be quicker still, but would lose buffers that no checkpoint holds (windows,
    rotary frequencies).
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if func in _DRAWS or getattr(func, "__module__", "") == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)
