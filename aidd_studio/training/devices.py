"""Where training runs: one CPU, one GPU, or many processes under `torchrun`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import nn

from aidd_studio.weights.devices import find_device


@dataclass(frozen=True)
class Devices:
    """This process's device and its place among `count` processes."""

    device: torch.device
    rank: int = 0
    count: int = 1
    half: bool = True  # compute in bfloat16 where the processor is fast at it

    @property
    def is_main(self) -> bool:
        return self.rank == 0

    def autocast(self) -> AbstractContextManager[object]:
        """bfloat16 for matrix products, float32 for the rest; nothing when `half` is off."""
        return torch.autocast(self.device.type, torch.bfloat16) if self.half else nullcontext()

    def compiled(self, module: nn.Module) -> nn.Module:
        """The module compiled on CUDA, where it pays; as it is elsewhere."""
        if self.device.type == "cuda":
            module.compile()
        return module

    def average_gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        """Give every process the mean of all processes' gradients, in one flat exchange."""
        if self.count == 1:
            return
        gradients = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        torch.distributed.all_reduce(flat)
        flat /= self.count
        at = 0
        for parameter in parameters:
            parameter.grad = flat[at : at + parameter.numel()].view_as(parameter).clone()
            at += parameter.numel()

    def sum(self, values: Sequence[float]) -> list[float]:
        """The sums of some numbers over all processes."""
        if self.count == 1:
            return list(values)
        summed = torch.tensor(values, dtype=torch.float64, device=self.device)
        torch.distributed.all_reduce(summed)
        return [float(value) for value in summed]


def find_devices(wanted: str = "auto", half: bool = True) -> Devices:
    """The device for this process; joins the others when started by `torchrun`.

    `wanted` is "auto", "cpu" or "cuda". Raises DeviceError when CUDA is wanted and missing.
    """
    on_cuda = find_device(wanted).type == "cuda"
    count, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if on_cuda else torch.device("cpu")
    if on_cuda:
        torch.cuda.set_device(device)
    if count > 1 and not torch.distributed.is_initialized():
        torch.distributed.init_process_group("nccl" if on_cuda else "gloo")
    fast = on_cuda or torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return Devices(device, rank, count, half and fast)
