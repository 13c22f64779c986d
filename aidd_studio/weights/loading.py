"""Models ready to run: from a safetensors file on this machine to a module on a device.

Torch is imported when the first model is loaded. A loaded model is kept for the process, so that the second window
costs nothing; callers share it and must not change it.
"""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aidd_studio.errors import DeviceError, ModelError, ModelNotInstalled, UsageError
from aidd_studio.weights.building import build, fill
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
_DEVICE = re.compile(r"cpu|cuda(:\d{1,3})?")
_lock = threading.RLock()
_loaded: dict[tuple[str, str, str, str], nn.Module] = {}


@dataclass(frozen=True, eq=False)
class LoadedTokenizer:
    """A tokenizer in evaluation mode; sha256 is that of its weights' file."""

    model: WavTokenizer
    name: str
    sha256: str
    meta: ModelRecord


@dataclass(frozen=True, eq=False)
class LoadedScoreModel:
    """A score model in evaluation mode; `meta.tokenizer` names the tokenizer it belongs to."""

    model: ScoreModel
    name: str
    sha256: str
    meta: ModelRecord


@dataclass(frozen=True, eq=False)
class LoadedRefiner:
    """A context decoder in evaluation mode."""

    model: Refiner
    name: str
    sha256: str
    meta: ModelRecord


@dataclass(frozen=True, eq=False)
class LoadedEmbedding:
    """An embedding network in evaluation mode."""

    model: VGGish
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


def load_tokenizer(name: str, device: str | torch.device = "cpu", dtype: torch.dtype | None = None) -> LoadedTokenizer:
    """Load a tokenizer in float32; `dtype` is another precision for its decoder (see set_decoder_precision).

    Raises ModelNotInstalled, ModelError when the file is damaged, DeviceError when the device is not there.
    """
    found = _find(name, "tokenizer")
    model: Any = _load(found, device, dtype)
    return LoadedTokenizer(model, name, found.record.sha256, found.record)


def load_score_model(
    name: str, device: str | torch.device = "cpu", dtype: torch.dtype | None = None
) -> LoadedScoreModel:
    """Load a score model in float32; `dtype` is another precision for its matrix products (see set_precision).

    Raises ModelNotInstalled, ModelError when the file is damaged, DeviceError when the device is not there.
    """
    found = _find(name, "score")
    model: Any = _load(found, device, dtype)
    return LoadedScoreModel(model, name, found.record.sha256, found.record)


def load_refiner(name: str, device: str | torch.device = "cpu", dtype: torch.dtype | None = None) -> LoadedRefiner:
    """Load a context decoder with weights in `dtype` (float32 where not said otherwise).

    Raises ModelNotInstalled, ModelError when the file is damaged, DeviceError when the device is not there.
    """
    found = _find(name, "refiner")
    model: Any = _load(found, device, dtype)
    return LoadedRefiner(model, name, found.record.sha256, found.record)


def load_embedding(name: str, device: str | torch.device = "cpu") -> LoadedEmbedding:
    """Load a network that describes sounds by vectors, for measuring only.

    Raises ModelNotInstalled, ModelError when the file is damaged, DeviceError when the device is not there.
    """
    found = _find(name, "embedding")
    model: Any = _load(found, device, None)
    return LoadedEmbedding(model, name, found.record.sha256, found.record)


def forget_loaded() -> None:
    """Let go of all loaded models, so that their memory is free once nobody uses them."""
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


def _load(
    found: InstalledModel,
    device: str | torch.device,
    dtype: torch.dtype | None,
) -> nn.Module:
    key = (found.name, found.record.sha256, str(device), str(dtype))
    with _lock:
        if key not in _loaded:
            _loaded[key] = _placed(_filled(found), device, dtype)
        return _loaded[key]


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


def find_device(wanted: str | torch.device) -> torch.device:
    """The device of that name: cpu, cuda or cuda:N. Raises DeviceError when this machine has none such."""
    import torch

    if not _DEVICE.fullmatch(str(wanted)):
        raise DeviceError(f"There is no device “{wanted}”; use cpu, cuda or cuda:N.")
    device = torch.device(wanted)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise DeviceError(f"There is no device “{wanted}” on this machine; use --device cpu.")
    return device


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
