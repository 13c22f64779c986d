"""models.toml: which models there are, where they come from, and how each of them is to be used.

The registry is data only. It is read strictly, so that a slip (or a hand with other plans) is named instead of obeyed:
file names cannot leave their folder, and addresses are https.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import SplitResult, urlsplit

from aidd_studio import paths
from aidd_studio.errors import ModelError, UsageError

Kind = Literal["tokenizer", "score", "refiner", "embedding"]
Format = Literal["safetensors", "wavtokenizer", "aidd", "vggish"]

DEFAULT_TOKENIZER = "aidd-studio-tokenizer"
DEFAULT_SCORE = "aidd-studio-score"
DEFAULT_REFINER = "aidd-studio-refiner"

SCHEMA = 1
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class RemoteFile:
    """A published file. size in bytes, None where unknown; sha256 is empty where it is not published.

    choose: patterns for its path in a repository on Hugging Face, where its address is not certain (see `hub`).
    """

    name: str
    url: str
    size: int | None = None
    sha256: str = ""
    choose: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelEntry:
    """What the registry says of one model.

    format: how the published files are written (the installed form is always slim safetensors).
    tokenizer: for a score model, the tokenizer whose codes it was trained on.
    config: the architecture, as the tokenizer's or the score model's configuration takes it.
    defaults: recommended settings of the aidd engine, by the model's card (sampler, steps, temperature, top_p).
    bundled: shipped in resources/models, hence without files to download.
    """

    name: str
    kind: Kind
    title: str
    version: str
    licence: str
    source: str
    format: Format
    bundled: bool = False
    files: tuple[RemoteFile, ...] = ()
    tokenizer: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""

    @property
    def size(self) -> int | None:
        """Bytes to download; None when the size of a file is unknown."""
        sizes = [file.size for file in self.files]
        return sum(size for size in sizes if size is not None) if None not in sizes else None


@dataclass(frozen=True)
class Registry:
    """All entries, in the order in which they are shown."""

    models: tuple[ModelEntry, ...]

    def find(self, name: str) -> ModelEntry | None:
        """The entry of that name, if there is one."""
        return next((model for model in self.models if model.name == name), None)

    def get(self, name: str) -> ModelEntry:
        """The entry of that name; raises UsageError naming those that exist."""
        entry = self.find(name)
        if entry is None:
            known = ", ".join(model.name for model in self.models)
            raise UsageError(f"There is no model {name!r} in the registry; it knows {known}.")
        return entry


def read_registry(path: Path | None = None) -> Registry:
    """Read and check the registry; raises ModelError naming the first thing that is wrong."""
    path = path or paths.registry_file()
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ModelError(f"The model registry {path} cannot be read ({error}); reinstall the program.") from error
    return parse_registry(data)


def parse_registry(data: Mapping[str, Any]) -> Registry:
    """Check a registry that was read from TOML; raises ModelError naming the first thing that is wrong."""
    top = _Table(data, "the registry")
    if top.take("schema", int) != SCHEMA:
        raise ModelError(f"The model registry is not of version {SCHEMA}; update the program.")
    models = tuple(_entry(table) for table in top.tables("model"))
    top.close()
    names = [model.name for model in models]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ModelError(f"The model registry names {min(twice)} twice; keep one of the two.")
    kinds = {model.name: model.kind for model in models}
    for model in models:
        if model.tokenizer is not None and kinds.get(model.tokenizer, "tokenizer") != "tokenizer":
            raise ModelError(f"The model registry gives {model.name} the tokenizer {model.tokenizer}, which is none.")
    return Registry(models)


def check_name(name: str) -> str:
    """The name itself, if a model may be called so; raises UsageError."""
    if not _NAME.fullmatch(name) or ".." in name:
        raise UsageError(f"{name!r} is no model name; use small letters, digits, '-' and '.', for instance my-model-1.")
    return name


def is_loopback(host: str | None) -> bool:
    """True for this machine's own address."""
    return host in {"localhost", "127.0.0.1", "::1"}


def split_address(url: str) -> SplitResult | None:
    """The parts of an address; None for what is none, such as one with a stray bracket or an endless port."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _entry(table: _Table) -> ModelEntry:
    name = table.take("name", str)
    table.where = f"the registry's entry {name}"
    if not _NAME.fullmatch(name) or ".." in name:
        raise table.wrong("name", "use small letters, digits, '-' and '.'")
    kind = table.one_of("kind", get_args(Kind))
    bundled = table.take("bundled", bool, False)
    files = tuple(_remote_file(file) for file in table.tables("file"))
    if bool(files) == bundled:
        raise table.wrong("file", "a bundled model has no files to download, any other model has")
    if len({file.name for file in files}) != len(files):
        raise table.wrong("file", "two files have the same name")
    tokenizer = table.take("tokenizer", str, "") or None
    if (kind == "score") != (tokenizer is not None):
        raise table.wrong("tokenizer", "score models, and only those, name their tokenizer")
    entry = ModelEntry(
        name=name,
        kind=kind,
        title=table.take("title", str),
        version=table.take("version", str),
        licence=table.take("licence", str),
        source=table.take("source", str),
        format=table.one_of("format", get_args(Format)),
        bundled=bundled,
        files=files,
        tokenizer=tokenizer,
        config=table.take("config", dict, {}),
        defaults=table.take("defaults", dict, {}),
        note=table.take("note", str, ""),
    )
    table.close()
    return entry


def _remote_file(table: _Table) -> RemoteFile:
    name = table.take("name", str)
    if not _FILE.fullmatch(name):
        raise table.wrong("name", f"{name!r} is no plain file name")
    url = table.take("url", str)
    parts = split_address(url)
    if parts is None or parts.scheme != "https" or not parts.hostname or parts.username or parts.password:
        raise table.wrong("url", f"{url!r} is no plain https address")
    size = table.take("size", int, 0)
    if size < 0:
        raise table.wrong("size", "it is negative")
    sha256 = table.take("sha256", str, "")
    if sha256 and not _SHA256.fullmatch(sha256):
        raise table.wrong("sha256", "it is not 64 hexadecimal digits")
    choose = table.take("choose", list, [])
    if not all(isinstance(pattern, str) and pattern for pattern in choose):
        raise table.wrong("choose", "it must be a list of patterns")
    table.close()
    return RemoteFile(name, url, size or None, sha256, tuple(choose))


class _Table:
    """A TOML table that is emptied field by field, so that unknown fields are noticed."""

    def __init__(self, data: Mapping[str, Any], where: str) -> None:
        self._left = dict(data)
        self.where = where

    def take(self, key: str, kind: type, default: Any = None) -> Any:
        if key not in self._left and default is not None:
            return default
        value = self._left.pop(key, None)
        if type(value) is not kind:
            raise self.wrong(key, f"it must be {kind.__name__}")
        return value

    def one_of(self, key: str, values: tuple[str, ...]) -> Any:
        value = self.take(key, str)
        if value not in values:
            raise self.wrong(key, f"{value!r} is none of {', '.join(values)}")
        return value

    def tables(self, key: str) -> list[_Table]:
        rows = self.take(key, list, [])
        if not all(isinstance(row, dict) for row in rows):
            raise self.wrong(key, "it must be a list of tables")
        return [_Table(row, f"{self.where}, {key} {number}") for number, row in enumerate(rows, 1)]

    def close(self) -> None:
        if self._left:
            raise self.wrong(next(iter(self._left)), "nothing of that name is known")

    def wrong(self, key: str, why: str) -> ModelError:
        return ModelError(f"In {self.where}, {key!r} cannot be used: {why}; correct models.toml.")
