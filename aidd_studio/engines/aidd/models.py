"""The models of the engine `aidd`: loading them onto a device, precision, interruption."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aidd_studio.engines.aidd.settings import AiddSettings
from aidd_studio.progress import Progress, patiently

if TYPE_CHECKING:
    import torch
    from torch import nn

    from aidd_studio.diffusion.score_model import ScoreModel
    from aidd_studio.tokenizer.model import WavTokenizer
    from aidd_studio.tokenizer.refiner import Refiner


@dataclass(frozen=True, eq=False)
class Models:
    """Tokenizer, score model and perhaps a refiner, ready to run.

    device: of input and output tensors. For proxies of networks in another process, `remote_device` is the device
    there, and `remote_size` the size of the score network.
    """

    tokenizer: WavTokenizer
    score: ScoreModel
    refiner: Refiner | None
    device: torch.device
    precision: str
    weights: dict[str, str]  # name -> sha256
    remote_device: str = ""
    remote_size: int = 0

    @property
    def runs_on(self) -> str:
        """The device that the networks run on."""
        return self.remote_device or str(self.device)

    @property
    def size(self) -> int:
        """Parameters of the score network."""
        return self.remote_size or sum(weights.numel() for weights in self.score.parameters())


def load_here(tokenizer: str, score: str, settings: AiddSettings, progress: Progress, on_cpu: bool = False) -> Models:
    """Load a pair of models into this process, as the settings say; with `on_cpu`, always onto the CPU.

    Loading cannot be interrupted; when cancelled, it finishes in its own thread and the result is kept for later.
    """
    return patiently(lambda: _load(tokenizer, score, settings, on_cpu), progress)


def _load(tokenizer: str, score: str, settings: AiddSettings, on_cpu: bool) -> Models:
    from aidd_studio.weights import loading
    from aidd_studio.weights.devices import find_device
    from aidd_studio.weights.registry import DEFAULT_TOKENIZER

    device = find_device("cpu" if on_cpu else settings.device)
    precision, dtype = _precision(settings.precision, device)
    name = loading.default_refiner() if settings.refine and tokenizer == DEFAULT_TOKENIZER else None
    # Where the refiner renders, the tokenizer's decoder is not used and stays in float32.
    codec = loading.load_tokenizer(tokenizer, device, dtype if name is None else None)
    network = loading.load_score_model(score, device, dtype)
    weights = {codec.name: codec.sha256, network.name: network.sha256}
    refiner = None
    if name is not None:
        loaded = loading.load_refiner(name, device)
        refiner = loaded.model
        weights[loaded.name] = loaded.sha256
    models = Models(codec.model, network.model, refiner, device, precision, weights)
    for module in (models.tokenizer, models.score, models.refiner):
        if module is not None:
            make_interruptible(module)
    return models


def _precision(wanted: str, device: torch.device) -> tuple[str, torch.dtype | None]:
    import torch

    if wanted == "auto":
        if device.type == "cuda":
            wanted = "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
        else:
            wanted = "bf16" if _cpu_multiplies_bf16() else "fp32"
    kinds: dict[str, torch.dtype | None] = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}
    return wanted, kinds[wanted]


def _cpu_multiplies_bf16() -> bool:
    """Whether the processor multiplies bfloat16 natively; without that it is slower than float32."""
    import torch

    checks = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(check() for check in (getattr(torch.cpu, name, None) for name in checks) if check is not None)


_current = threading.local()
"""The progress that interrupts the models, per thread."""


def make_interruptible(model: nn.Module) -> None:
    """Let every layer of a model check the progress of `interrupted_by` before it runs."""
    for module in model.modules():
        if not any(hook is _check_before for hook in module._forward_pre_hooks.values()):
            module.register_forward_pre_hook(_check_before)


def _check_before(_module: nn.Module, _arguments: Any) -> None:
    check_interrupted()


def check_interrupted() -> None:
    """Raise Cancelled when the progress of `interrupted_by` was cancelled."""
    progress = getattr(_current, "progress", None)
    if progress is not None:
        progress.check()


@contextmanager
def interrupted_by(progress: Progress) -> Iterator[None]:
    """Inside the block, models run by this thread stop within one layer when the progress is cancelled."""
    before = getattr(_current, "progress", None)
    _current.progress = progress
    try:
        yield
    finally:
        _current.progress = before
