"""Recipes: one TOML file says everything about a training run."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from aidd_studio.errors import UsageError
from aidd_studio.training.loop import LoopSettings

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A recipe's tables, and where it and its run lie."""

    path: Path
    tables: Mapping[str, Any]

    @property
    def loop(self) -> LoopSettings:
        return self.table("loop", LoopSettings)

    def table(self, name: str, kind: type[T]) -> T:
        """A table as a dataclass; names that it does not have, and values of a wrong type, are errors."""
        return build(kind, self.tables.get(name, {}), f"[{name}] of {self.path.name}")

    def text(self, name: str, default: str = "") -> str:
        """A top-level string."""
        return str(self.tables.get(name, default))

    def folder(self, name: str) -> Path:
        """A top-level path, relative to the recipe's folder; ~ is the home folder."""
        value = self.text(name)
        if not value:
            raise UsageError(f'The recipe {self.path.name} must name a folder: {name} = "…".')
        return (self.path.parent / Path(value).expanduser()).resolve()


def read_recipe(path: Path) -> Recipe:
    """Read a recipe; raises UsageError when it cannot be."""
    try:
        return Recipe(path, tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"The recipe {path} cannot be read; check the path.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"The recipe {path.name} is no valid TOML: {error}.") from error


def build(kind: type[T], values: Mapping[str, Any], where: str) -> T:
    """A dataclass from plain values, lists as tuples; raises UsageError naming the setting that is wrong."""
    known = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for name in values:
        if name not in known:
            raise UsageError(f"{where} has no setting {name!r}; it may have {', '.join(sorted(known))}.")
    cleaned = {name: _fit(value, known[name].default, f"{name} in {where}") for name, value in values.items()}
    return kind(**cleaned)


def _fit(value: Any, default: Any, where: str) -> Any:
    if isinstance(value, list):
        return tuple(value)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    plain = isinstance(default, (int, float, str, bool))
    if plain and type(value) is not type(default):
        raise UsageError(f"{where} must be like {default!r}, not {value!r}.")
    return value
