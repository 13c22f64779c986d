"""Reading other programs' checkpoints without running anything that is written in them.

A checkpoint is a pickle, and a pickle is a program. Torch's restricted reader builds tensors and plain containers
only; a few harmless classes that the published files contain are added to that list here.
"""

from __future__ import annotations

import pickle
import re
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aidd_studio.errors import ModelError


class InertObject:
    """Stands for a framework's object that is not needed: takes what it is given and does nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.ignored = (args, kwargs)

    def __setstate__(self, state: Any) -> None:
        self.ignored = state


INERT_DICTS = (
    "pytorch_lightning.utilities.parsing.AttributeDict",
    "lightning.pytorch.utilities.parsing.AttributeDict",
    "lightning_fabric.utilities.data.AttributeDict",
    "lightning.fabric.utilities.data.AttributeDict",
)
INERT_OBJECTS = (
    "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",
    "lightning.pytorch.callbacks.model_checkpoint.ModelCheckpoint",
    "jsonargparse._namespace.Namespace",
    "jsonargparse.namespace.Namespace",
    "argparse.Namespace",
)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The dictionary in a torch.save file, tensors on the CPU and where possible not read before they are used.

    Raises ModelError when the file is no checkpoint, is damaged, or asks for anything outside the list of harmless
    classes; nothing of it has run then.
    """
    import torch

    if not path.is_file():
        raise ModelError(f"There is no file {path}.")
    try:
        with torch.serialization.safe_globals(_harmless()):
            found = _load(path)
    except pickle.UnpicklingError as error:
        raise ModelError(_refused(path, str(error))) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise ModelError(f"{path.name} is no checkpoint, or is damaged; get it again.") from error
    if not isinstance(found, dict):
        raise ModelError(f"{path.name} holds no dictionary of weights; it is not one of the published checkpoints.")
    return found


def _load(path: Path) -> Any:
    import torch

    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except RuntimeError as error:
        if "mmap can only be used" not in str(error):
            raise
        return torch.load(path, map_location="cpu", weights_only=True)


def _harmless() -> list[Callable[..., Any] | tuple[Callable[..., Any], str]]:
    """numpy's numbers (an optimiser's learning rate is one), and stand-ins for Lightning's classes."""
    import numpy as np

    scalar: Any = np.float64(0).__reduce__()[0]
    number_types = [type(np.dtype(kind)) for kind in (np.float64, np.float32, np.int64, np.int32, np.bool_)]
    named: list[tuple[Callable[..., Any], str]] = [
        (scalar, "numpy.core.multiarray.scalar"),
        (scalar, "numpy._core.multiarray.scalar"),
    ]
    named += [(OrderedDict, name) for name in INERT_DICTS]
    named += [(InertObject, name) for name in INERT_OBJECTS]
    return [np.dtype, *number_types, *named]


def _refused(path: Path, message: str) -> str:
    """A sentence for what torch's restricted reader says, which names the first thing that it did not allow."""
    name = re.search(r"(?:GLOBAL|global|import) [`'\"]?([A-Za-z_][\w.]*)", message)
    if name is None:
        return f"{path.name} is no checkpoint, or is damaged; get it again."
    return f"{path.name} holds more than weights ({name[1]}), so it was not read; get it from its publisher."
