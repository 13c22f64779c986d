"""Which processor or graphics card a model runs on, by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aidd_studio.errors import DeviceError

if TYPE_CHECKING:
    import torch

_NAME = re.compile(r"cpu|cuda(:\d{1,3})?")


def find_device(wanted: str | torch.device = "auto") -> torch.device:
    """The device of that name: cpu, cuda or cuda:N; auto for the graphics card where there is one, else the CPU.

    Raises DeviceError for another name, and for a device that this machine does not have.
    """
    import torch

    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if not _NAME.fullmatch(str(wanted)):
        raise DeviceError(f"There is no device “{wanted}”; use auto, cpu, cuda or cuda:N.")
    device = torch.device(wanted)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise DeviceError(f"There is no device “{wanted}” on this machine; use auto or cpu.")
    return device
