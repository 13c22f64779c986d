"""Models ready to run: from a safetensors file on this machine to a module on a device.

Torch is imported when the first model is loaded. A loaded model is kept for the process, so that the second window
costs nothing; callers share it and must not change it.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from aidd_studio.errors import ModelError, ModelNotInstalled, UsageError
from aidd_studio.weights.building import build, fill
from aidd_studio.weights.devices import find_device
from aidd_studio.weights.registry import DEFAULT_REFINER, DEFAULT_SCORE, DEFAULT_TOKENIZER, Kind
from aidd_studio.weights.store import (
    InstalledModel,
    ModelRecord,
    damaged,
    find_installed,
    installed_models,
    is_installed,
    sha256_of,
)

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from aidd_studio.diffusion.score_model import ScoreModel
    from aidd_studio.tokenizer.model import WavTokenizer
    from aidd_studio.tokenizer.refiner import Refiner
    from aidd_studio.weights.vggish import VGGish

_NOUNS: dict[Kind, str] = {
    "tokenizer": "tokenizer",
    "score": "score model",
    "refiner": "refiner",
    "embedding": "network for measuring",
}
_lock = threading.RLock()
_loaded: dict[tuple[str, str, str, str], nn.Module] = {}


M = TypeVar("M")


@dataclass(frozen=True, eq=False)
class Loaded(Generic[M]):
    """A model in evaluation mode on its device; `sha256` is that of its weights' file."""

    model: M
    name: str
    sha256: str
    meta: ModelRecord


def default_pair() -> tuple[str, str]:
    """The names (tokenizer, score model) to use when a person names none: the bundled pair, else an installed one.

    Raises ModelNotInstalled when no score model is here together with its tokenizer.
    """
    if is_installed(DEFAULT_TOKENIZER) and is_installed(DEFAULT_SCORE):
        return DEFAULT_TOKENIZER, DEFAULT_SCORE
    for model in installed_models():
        tokenizer = model.record.tokenizer
        if tokenizer is not None and is_installed(tokenizer):
            return tokenizer, model.name
    raise ModelNotInstalled(
        "No score model is installed together with its tokenizer; `aidd-studio models list` shows what can be had."
    )


def pair_of(score: str | None) -> tuple[str, str]:
    """The names (tokenizer, score model) for a score model, or the default pair for None.

    Raises ModelNotInstalled for what is missing, UsageError when the model is no score model.
    """
    if score is None:
        return default_pair()
    record = _find(score, "score").record
    if record.tokenizer is None:
        raise ModelError(f"The score model {score} names no tokenizer; find it with `aidd-studio models check-pair`.")
    return _find(record.tokenizer, "tokenizer").name, score


def default_refiner() -> str | None:
    """The name of the bundled refiner, None when there is none."""
    return DEFAULT_REFINER if is_installed(DEFAULT_REFINER) else None


# All loaders raise ModelNotInstalled, ModelError when the file is damaged, DeviceError when the device is not there,
# and UsageError for a model of another kind.


def load_tokenizer(
    name: str, device: str | torch.device = "cpu", dtype: torch.dtype | None = None
) -> Loaded[WavTokenizer]:
    """Load a tokenizer in float32; `dtype` is another precision for its decoder (see set_decoder_precision)."""
    return _load(name, "tokenizer", device, dtype)


def load_score_model(
    name: str, device: str | torch.device = "cpu", dtype: torch.dtype | None = None
) -> Loaded[ScoreModel]:
    """Load a score model in float32; `dtype` is another precision for its matrix products (see set_precision)."""
    return _load(name, "score", device, dtype)


def load_refiner(name: str, device: str | torch.device = "cpu", dtype: torch.dtype | None = None) -> Loaded[Refiner]:
    """Load a refiner in float32, or with its weights in `dtype`."""
    return _load(name, "refiner", device, dtype)


def load_embedding(name: str, device: str | torch.device = "cpu") -> Loaded[VGGish]:
    """Load a network that describes sounds by vectors, for measuring only."""
    return _load(name, "embedding", device, None)


def forget_loaded() -> None:
    """Drop all loaded models, so that their memory is freed once unused."""
    with _lock:
        _loaded.clear()


def _find(name: str, kind: Kind) -> InstalledModel:
    found = find_installed(name)
    if found.record.kind != kind:
        raise UsageError(
            f"The model {name} is a {_NOUNS[found.record.kind]}, not a {_NOUNS[kind]}; `aidd-studio models list` "
            "shows all."
        )
    return found


def _load(name: str, kind: Kind, device: str | torch.device, dtype: torch.dtype | None) -> Loaded[Any]:
    found = _find(name, kind)
    sha256 = found.record.sha256
    key = (name, sha256, str(device), str(dtype))
    with _lock:
        if key not in _loaded:
            _loaded[key] = _placed(_filled(found), device, dtype)
        return Loaded(_loaded[key], name, sha256, found.record)


def _filled(found: InstalledModel) -> nn.Module:
    """The module with its weights, on the CPU."""
    tensors = read_tensors(found)
    try:
        return fill(build(found.record.kind, found.record.config), tensors)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise damaged(found, f"its weights do not fit its description: {error}") from error


def read_tensors(found: InstalledModel) -> dict[str, Tensor]:
    """All tensors of a model, after its bytes were compared with its record; raises ModelError when they differ."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    with ThreadPoolExecutor(1) as pool:
        digest = pool.submit(sha256_of, found.path)
        try:
            tensors: dict[str, Tensor] = load_file(found.path)
        except (SafetensorError, OSError, ValueError) as error:
            raise damaged(found) from error
        if digest.result() != found.record.sha256:
            raise damaged(found)
    return tensors


def _placed(model: nn.Module, device: str | torch.device, dtype: torch.dtype | None) -> nn.Module:
    from aidd_studio.diffusion.score_model import ScoreModel
    from aidd_studio.tokenizer.model import WavTokenizer

    place = find_device(device)
    if dtype is None:
        return model.to(place)
    if isinstance(model, WavTokenizer):
        model.set_decoder_precision(dtype)
    elif isinstance(model, ScoreModel):
        model.set_precision(dtype)
    else:
        model.to(dtype)
    return model.to(place)
