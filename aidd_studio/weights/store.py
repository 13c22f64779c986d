"""Models on this machine: bundled ones in the program's resources, installed ones in the person's data folder.

A model is two files: NAME.safetensors (weights, with its description in the header) and NAME.json (the record: what it
is, where it came from, size and sha256 of the weights). Only these are ever read at run time, and they are data only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from aidd_studio import paths
from aidd_studio.errors import FileWriteError, ModelError, ModelNotInstalled, UsageError
from aidd_studio.files.atomic import atomic_path
from aidd_studio.progress import Progress
from aidd_studio.weights.registry import Kind, check_name, read_registry

if TYPE_CHECKING:
    from torch import Tensor

RECORD_SCHEMA = 1
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Origin:
    """A published file that a model was made from."""

    name: str
    sha256: str
    size: int
    url: str = ""


@dataclass(frozen=True)
class ModelRecord:
    """What is known of a model on this machine; the fields are those of the registry's entry (see ModelEntry).

    details: what else its makers say of it (the published configuration, figures), as plain values.
    size and sha256 are those of the safetensors file; 0 and empty until it is written.
    """

    name: str
    kind: Kind
    title: str
    version: str
    licence: str
    source: str
    tokenizer: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    origins: tuple[Origin, ...] = ()
    size: int = 0
    sha256: str = ""


@dataclass(frozen=True)
class InstalledModel:
    """A model on this machine: its record and its weights' file."""

    record: ModelRecord
    path: Path
    bundled: bool

    @property
    def name(self) -> str:
        return self.record.name


def models_folder() -> Path:
    """Where installed models live."""
    return paths.user_data() / "models"


def bundled_folder() -> Path:
    """Where the models live that came with the program."""
    return paths.resources() / "models"


def installed_models() -> list[InstalledModel]:
    """All models on this machine, bundled ones first; an installed one hides a bundled one of the same name.

    Records that cannot be read are left out here; `find_installed` and `verify` name what is wrong with them.
    """
    found: dict[str, InstalledModel] = {}
    for folder, bundled in ((bundled_folder(), True), (models_folder(), False)):
        for file in sorted(folder.glob("[!.]*.json")):
            with suppress(ModelError, UsageError):
                found[file.stem] = _read_model(folder, file.stem, bundled)
    return list(found.values())


def known_names() -> list[str]:
    """The names of all models that have a record on this machine, damaged ones too."""
    folders = (bundled_folder(), models_folder())
    return sorted({file.stem for folder in folders for file in folder.glob("[!.]*.json")})


def find_installed(name: str) -> InstalledModel:
    """The model of that name.

    Raises ModelNotInstalled with what to do, ModelError when its record is damaged.
    """
    check_name(name)
    for folder, bundled in ((models_folder(), False), (bundled_folder(), True)):
        if (folder / f"{name}.json").exists():
            return _read_model(folder, name, bundled)
    entry = read_registry().find(name)
    if entry is None:
        raise ModelNotInstalled(
            f"There is no model {name!r} on this machine; `aidd-studio models list` shows what there is."
        )
    if entry.bundled:
        raise ModelNotInstalled(f"The model {name} belongs to the program but is not here; reinstall the program.")
    raise ModelNotInstalled(f"The model {name} is not installed; get it with `aidd-studio models download {name}`.")


def is_installed(name: str) -> bool:
    """True when the model can be loaded from this machine."""
    try:
        find_installed(name)
    except ModelError:
        return False
    return True


def write_model(
    folder: Path, record: ModelRecord, tensors: Mapping[str, Tensor], progress: Progress | None = None
) -> InstalledModel:
    """Write weights and record into a folder, atomically, and return the record with size and sha256 filled in.

    tensors: name -> tensor on the CPU, contiguous. Raises ModelError when the disk refuses them.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    check_name(record.name)
    described = json.loads(json.dumps(_as_json(replace(record, size=0, sha256=""))))
    target = folder / f"{record.name}.safetensors"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_path(target, overwrite=True) as temporary:
            save_file(dict(tensors), temporary, metadata={"aidd_studio": json.dumps(described, ensure_ascii=False)})
            size = temporary.stat().st_size
            complete = replace(record_from_json(described), size=size, sha256=sha256_of(temporary, progress))
        _write_record(folder, complete)
    except (OSError, FileWriteError, SafetensorError) as error:
        raise ModelError(f"The model {record.name} cannot be installed in {folder}: {error}") from error
    return InstalledModel(complete, target, bundled=folder == bundled_folder())


def install(record: ModelRecord, tensors: Mapping[str, Tensor], progress: Progress | None = None) -> InstalledModel:
    """Put a model into the person's folder; one of the same name is replaced."""
    return write_model(models_folder(), record, tensors, progress)


def pair_with(name: str, tokenizer: str) -> InstalledModel:
    """Let an installed score model use another tokenizer; raises UsageError for models that use none."""
    model = find_installed(name)
    if model.record.kind != "score":
        raise UsageError(f"The model {name} is no score model; only those are paired with a tokenizer.")
    if model.bundled:
        raise UsageError(f"The model {name} came with the program, together with its tokenizer; it stays as it is.")
    if find_installed(tokenizer).record.kind != "tokenizer":
        raise UsageError(f"The model {tokenizer} is no tokenizer.")
    changed = replace(model.record, tokenizer=tokenizer)
    try:
        _write_record(model.path.parent, changed)
    except FileWriteError as error:
        raise ModelError(str(error)) from error
    return replace(model, record=changed)


def remove(name: str) -> None:
    """Delete an installed model; raises UsageError for bundled ones, ModelNotInstalled when there is none."""
    check_name(name)
    folder = models_folder()
    files = [folder / f"{name}.json", folder / f"{name}.safetensors"]
    if not any(file.exists() for file in files):
        if find_installed(name).bundled:
            raise UsageError(f"The model {name} came with the program; it cannot be removed alone.")
        raise ModelNotInstalled(f"The model {name} is not installed.")
    try:
        for file in files:
            file.unlink(missing_ok=True)
    except OSError as error:
        raise ModelError(f"The model {name} cannot be removed ({error.strerror or error}).") from error


def verify(name: str, progress: Progress | None = None) -> InstalledModel:
    """Read all bytes of a model and compare them with its record; raises ModelError when they differ."""
    model = find_installed(name)
    if sha256_of(model.path, progress) != model.record.sha256:
        raise damaged(model)
    return model


def damaged(model: InstalledModel, why: str = "its bytes are not those that were installed") -> ModelError:
    """The error for a model whose file cannot be trusted."""
    if model.bundled:
        return ModelError(f"The bundled model {model.name} is damaged ({why}); reinstall the program.")
    again = f"aidd-studio models download {model.name}"
    if read_registry().find(model.name) is None:
        again = f"aidd-studio models import FILE --name {model.name}"
    return ModelError(
        f"The model {model.name} is damaged ({why}); remove it with `aidd-studio models remove {model.name}` and "
        f"get it again with `{again}`."
    )


def sha256_of(path: Path, progress: Progress | None = None) -> str:
    """The SHA-256 of a file, as 64 hexadecimal digits; raises ModelError when it cannot be read."""
    progress = progress or Progress()
    digest = hashlib.sha256()
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                progress.report(file.tell() / max(1, size), "checking")
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror or error}).") from error
    return digest.hexdigest()


def _read_model(folder: Path, name: str, bundled: bool) -> InstalledModel:
    path = folder / f"{name}.safetensors"
    try:
        record = record_from_json(json.loads((folder / f"{name}.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(
            f"The record of the model {name} in {folder} is damaged; remove the model and install it again."
        ) from error
    model = InstalledModel(record, path, bundled)
    if record.name != name:
        raise damaged(model, f"its record is that of {record.name}")
    size = path.stat().st_size if path.is_file() else None
    if size != record.size:
        missing = "its weights are missing" if size is None else f"its weights have {size} bytes, not {record.size}"
        raise damaged(model, missing)
    return model


def _as_json(record: ModelRecord) -> dict[str, Any]:
    return {"schema": RECORD_SCHEMA, **asdict(record)}


def record_from_json(values: Mapping[str, Any]) -> ModelRecord:
    """The record that was written as JSON; raises KeyError, TypeError or ValueError when it is none."""
    data = dict(values)
    if data.pop("schema") != RECORD_SCHEMA or data["kind"] not in get_args(Kind):
        raise ValueError("a record of another version")
    origins = tuple(Origin(**origin) for origin in data.pop("origins"))
    return ModelRecord(**data, origins=origins)


def _write_record(folder: Path, record: ModelRecord) -> None:
    with atomic_path(folder / f"{record.name}.json", overwrite=True) as temporary:
        temporary.write_text(json.dumps(_as_json(record), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
