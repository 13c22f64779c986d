"""Published files in, slim safetensors out: converted once, so that nothing but data is read from then on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aidd_studio.errors import ModelError, UsageError
from aidd_studio.progress import Progress
from aidd_studio.weights import published
from aidd_studio.weights.building import differences
from aidd_studio.weights.checkpoint import read_checkpoint
from aidd_studio.weights.registry import Format, Kind, ModelEntry, check_name, read_registry
from aidd_studio.weights.store import InstalledModel, ModelRecord, Origin, install, record_from_json, sha256_of

if TYPE_CHECKING:
    from torch import Tensor

AIDD_TOKENIZER = "wavtokenizer-medium-music-audio-v1"
VGGISH_MARK = "embeddings.4.weight"
KINDS: dict[Format, Kind] = {"aidd": "score", "vggish": "embedding", "wavtokenizer": "tokenizer"}
_CONFIG = (".yaml", ".yml")
_LARGEST_CONFIG = 1 << 20


def import_model(
    files: Sequence[Path], name: str | None = None, tokenizer: str | None = None, progress: Progress | None = None
) -> InstalledModel:
    """Install a model from files as they were published.

    files: a WavTokenizer .ckpt, an AIDD checkpoint.pth (with its config.yaml, which is also found beside it), or a
    safetensors file of this program. name: a name of the registry or a new one; may be left out when the registry
    knows the file. tokenizer: the tokenizer of a score model, where it is not the usual one.
    Raises ModelError when the files are not what they should be, UsageError for names that cannot be used.
    """
    progress = progress or Progress()
    weights, config = _sort(files)
    progress.report(0.0, f"checking {weights.name}")
    origins = [_origin(weights, progress.part(0.0, 0.2)), *(_origin(file, Progress()) for file in config)]
    entry = _entry(name, origins[0])
    if entry is not None:
        origins = [_check_origin(entry, origin) for origin in origins]
    record, tensors = _read(weights, config, name, entry, progress)
    if record.kind == "score":
        record = replace(record, tokenizer=tokenizer or record.tokenizer or AIDD_TOKENIZER)
    elif tokenizer is not None:
        raise UsageError(f"{weights.name} is no score model; only those are paired with a tokenizer.")
    record = replace(record, origins=record.origins or tuple(origins))
    progress.report(0.6, f"installing {record.name}")
    return install(record, tensors, progress.part(0.8, 1.0))


def import_entry(entry: ModelEntry, files: Mapping[str, Path], progress: Progress | None = None) -> InstalledModel:
    """Install a model of the registry from its files, by their names; they were checked when they were fetched."""
    return import_model([files[file.name] for file in entry.files], entry.name, progress=progress)


def _read(
    weights: Path, config: list[Path], name: str | None, entry: ModelEntry | None, progress: Progress
) -> tuple[ModelRecord, dict[str, Tensor]]:
    if weights.suffix == ".safetensors":
        record, tensors = _read_own(weights)
        return replace(record, name=check_name(name or record.name)), tensors
    progress.report(0.2, f"reading {weights.name}")
    checkpoint = read_checkpoint(weights)
    written_as: Format = "aidd" if "ema" in checkpoint else "vggish" if VGGISH_MARK in checkpoint else "wavtokenizer"
    if entry is not None and entry.format != written_as:
        raise ModelError(f"{weights.name} is not the model {entry.name}: it is written as {written_as}.")
    progress.report(0.4, f"converting {weights.name}")
    details: Mapping[str, Any] = {}
    if written_as == "aidd":
        details = _read_config(weights, config)
        tensors, sizes = published.aidd(checkpoint, details, weights.name)
    elif written_as == "vggish":
        tensors, sizes = published.vggish(checkpoint, weights.name)
    else:
        tensors, sizes = published.wavtokenizer(checkpoint, weights.name)
    record = replace(_describe(name, entry, written_as, weights), config=sizes, details=details)
    return record, {key: tensor.contiguous() for key, tensor in tensors.items()}


def _describe(name: str | None, entry: ModelEntry | None, written_as: Format, weights: Path) -> ModelRecord:
    if entry is not None:
        return ModelRecord(
            name=entry.name,
            kind=entry.kind,
            title=entry.title,
            version=entry.version,
            licence=entry.licence,
            source=entry.source,
            tokenizer=entry.tokenizer,
            defaults=entry.defaults,
            note=entry.note,
        )
    if name is None:
        raise UsageError(f"The registry does not know {weights.name}; say what to call the model with --name.")
    return ModelRecord(
        name=check_name(name),
        kind=KINDS[written_as],
        title=f"{weights.name}, imported",
        version="1",
        licence="unknown",
        source=str(weights.name),
    )


def _read_own(path: Path) -> tuple[ModelRecord, dict[str, Tensor]]:
    """A safetensors file of this program: its header says what it is."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            record = record_from_json(json.loads((file.metadata() or {})["aidd_studio"]))
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - no mapping
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path.name} is no safetensors file, or is damaged; get it again.") from error
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path.name} does not say which model it is; only this program's own files do.") from error
    try:
        wrong = differences(record.kind, record.config, tensors)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path.name} describes a model that this program cannot build ({error}).") from error
    if wrong:
        raise ModelError(f"{path.name} does not fit its own description: {wrong[0]}.")
    return record, tensors


def _sort(files: Sequence[Path]) -> tuple[Path, list[Path]]:
    """The weights' file and, where it is among them, the configuration's."""
    config = [file for file in files if file.suffix in _CONFIG]
    weights = [file for file in files if file.suffix not in _CONFIG]
    if len(weights) != 1 or len(config) > 1:
        raise UsageError("Give one file of weights (.ckpt, .pth or .safetensors) and, for AIDD, its config.yaml.")
    for file in files:
        if not file.is_file():
            raise ModelError(f"There is no file {file}.")
    if not config and weights[0].suffix == ".pth" and weights[0].with_name("config.yaml").is_file():
        config = [weights[0].with_name("config.yaml")]
    return weights[0], config


def _read_config(weights: Path, config: list[Path]) -> Mapping[str, Any]:
    import yaml

    if not config:
        raise ModelError(f"{weights.name} needs its config.yaml; put it beside the checkpoint or name it too.")
    path = config[0]
    try:
        if path.stat().st_size > _LARGEST_CONFIG:
            raise ModelError(f"{path.name} is far too large for a configuration; get it again.")
        found = yaml.safe_load(path.read_text(encoding="utf-8"))  # type: ignore[no-untyped-call]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise ModelError(f"{path.name} is no YAML file, or is damaged; get it again.") from error
    if not isinstance(found, dict):
        raise ModelError(f"{path.name} holds no settings; get it again.")
    plain: dict[str, Any] = json.loads(json.dumps(found, default=str))
    return plain


def _origin(file: Path, progress: Progress) -> Origin:
    return Origin(file.name, sha256_of(file, progress), file.stat().st_size)


def _entry(name: str | None, weights: Origin) -> ModelEntry | None:
    """The registry's entry for a name, or for a file whose hash it knows."""
    registry = read_registry()
    if name is not None:
        return registry.find(name)
    for entry in registry.models:
        if any(file.sha256 == weights.sha256 for file in entry.files):
            return entry
    by_file_name = [entry for entry in registry.models if any(file.name == weights.name for file in entry.files)]
    return by_file_name[0] if len(by_file_name) == 1 else None


def _check_origin(entry: ModelEntry, origin: Origin) -> Origin:
    """The origin with its address; raises ModelError when the registry knows another hash for it."""
    file = next((file for file in entry.files if file.name == origin.name), None)
    if file is None:
        return origin
    if file.sha256 and file.sha256 != origin.sha256:
        raise ModelError(
            f"{origin.name} is not the published file of {entry.name} (its sha256 is {origin.sha256}); get it again, "
            "or give it a name of its own with --name."
        )
    return replace(origin, url=file.url)
