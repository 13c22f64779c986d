"""The engines and how to create them by name. Their heavy modules are loaded with the first fill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from aidd_studio.engines.aidd.engine import AIDD, AiddEngine
from aidd_studio.engines.aidd.settings import AiddSettings
from aidd_studio.engines.auto.engine import AUTO, AutoEngine, AutoSettings
from aidd_studio.engines.engine import Engine, EngineInfo
from aidd_studio.engines.linear.engine import (
    AUTOREGRESSIVE,
    EXTRAPOLATION,
    AutoregressiveEngine,
    AutoregressiveSettings,
    ExtrapolationEngine,
    ExtrapolationSettings,
)
from aidd_studio.engines.similar.engine import SIMILAR, SimilarEngine, SimilarSettings
from aidd_studio.engines.sparse.engine import SPARSE, SparseEngine, SparseSettings
from aidd_studio.errors import UsageError


@dataclass(frozen=True)
class _Entry:
    info: EngineInfo
    engine: Callable[[Any], Engine]
    settings: Callable[..., Any]


_ENTRIES = (
    _Entry(AUTO, AutoEngine, AutoSettings),
    _Entry(AUTOREGRESSIVE, AutoregressiveEngine, AutoregressiveSettings),
    _Entry(AIDD, AiddEngine, AiddSettings),
    _Entry(SIMILAR, SimilarEngine, SimilarSettings),
    _Entry(SPARSE, SparseEngine, SparseSettings),
    _Entry(EXTRAPOLATION, ExtrapolationEngine, ExtrapolationSettings),
)


def engine_names() -> list[str]:
    """The names that `create_engine` knows."""
    return [entry.info.name for entry in _ENTRIES]


def engine_infos() -> list[EngineInfo]:
    """The description of every engine."""
    return [entry.info for entry in _ENTRIES]


def engine_info(name: str) -> EngineInfo:
    """The description of one engine. Raises UsageError for an unknown engine."""
    return _entry(name).info


def is_generative(name: str) -> bool:
    """Whether an engine can insert sound that was never recorded; an unknown one counts as generative."""
    return next((entry.info.generative for entry in _ENTRIES if entry.info.name == name), True)


def engine_settings(name: str) -> dict[str, Any]:
    """The settings of an engine with their defaults. Raises UsageError for an unknown engine."""
    defaults = _entry(name).settings()
    return {field.name: getattr(defaults, field.name) for field in fields(defaults)}


def create_engine(name: str, settings: Mapping[str, Any] | None = None) -> Engine:
    """An engine by its name, with some of its settings changed.

    Text ("1024") is converted to the setting's type. Raises UsageError for an unknown engine, setting or value; the
    message lists the valid ones.
    """
    entry = _entry(name)
    defaults = engine_settings(name)
    for key in settings or {}:
        if key not in defaults:
            raise UsageError(f"The engine {name} has no setting “{key}”; it has {_listed(defaults)}.")
    given = {key: _read(name, key, value, defaults[key]) for key, value in (settings or {}).items()}
    return entry.engine(entry.settings(**given))


def _entry(name: str) -> _Entry:
    for entry in _ENTRIES:
        if entry.info.name == name:
            return entry
    raise UsageError(f"There is no engine “{name}”; choose one of {', '.join(engine_names())}.")


def _listed(defaults: Mapping[str, Any]) -> str:
    return ", ".join(sorted(defaults)) if defaults else "none"


def _read(name: str, key: str, value: Any, default: Any) -> Any:
    """A value converted to the default's type; unchanged where either is None."""
    if default is None or value is None or isinstance(value, type(default)):
        return value
    try:
        if isinstance(default, bool):
            return _yes_or_no(value)
        if isinstance(default, int) and float(value) != int(float(value)):
            raise ValueError(value)
        return type(default)(float(value)) if isinstance(default, int | float) else type(default)(value)
    except (TypeError, ValueError):
        kind = {"int": "a whole number", "float": "a number", "bool": "yes or no"}.get(type(default).__name__, "text")
        raise UsageError(f"The setting {key} of the engine {name} must be {kind}, not “{value}”.") from None


def _yes_or_no(value: Any) -> bool:
    words = {"yes": True, "true": True, "1": True, "on": True, "no": False, "false": False, "0": False, "off": False}
    if str(value).lower() not in words:
        raise ValueError(value)
    return words[str(value).lower()]
