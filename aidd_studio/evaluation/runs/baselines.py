"""What every engine is measured beside, and how an engine is named on the command line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict

import numpy as np

from aidd_studio.engines.auto.calibration import CALIBRATION
from aidd_studio.engines.auto.routing import TABLE
from aidd_studio.engines.engine import Engine, EngineInfo, Fill, Window
from aidd_studio.errors import ModelError, ModelNotInstalled, UsageError
from aidd_studio.progress import Progress

BASELINES = ("masked", "extrapolation", "autoregressive", "sparse", "similar")
"""Silence, LPC extrapolation (Kauppinen & Roth), gap-wise Janssen, A-SPAIN-L, the most similar passage."""


class Masked:
    """Leaves the gap silent: the worst case that every metric is read against."""

    info = EngineInfo("masked", "Masked", "Leaves the gap silent.", False, None, 0.0, float("inf"), 0.1)

    def unavailable(self) -> str | None:
        return None

    def fill(self, window: Window, candidates: int, seed: int, progress: Progress) -> Iterator[Fill]:
        """One fill of zeros."""
        progress.check()
        yield Fill(np.where(window.missing, np.float32(0.0), window.samples), "masked", 0, 0.0)


def engine(spec: str) -> Engine:
    """The engine of a specification NAME or NAME:KEY=VALUE,KEY=VALUE, baselines included.

    Raises UsageError for an unknown name or setting, ModelNotInstalled when the engine cannot work here.
    """
    name, settings = parse(spec)
    made: Engine
    if name == "masked":
        if settings:
            raise UsageError("The baseline masked has no settings.")
        made = Masked()
    else:
        from aidd_studio.engines.registry import create_engine

        made = create_engine(name, settings or None)
    reason = made.unavailable()
    if reason:
        raise ModelNotInstalled(reason)
    return made


def basis_of(spec: str) -> str:
    """What the fills of an engine rest on besides its specification, so that new models are measured again.

    The hashes of its models and what the model's card recommends; for `auto` the routing table too. Empty for engines
    that rest on nothing but code.
    """
    name, settings = parse(spec)
    if name not in ("aidd", "auto"):
        return ""
    from aidd_studio.engines.registry import engine_settings
    from aidd_studio.weights.loading import default_refiner, pair_of
    from aidd_studio.weights.store import find_installed

    try:
        tokenizer, score = pair_of(settings.get("model"))
    except ModelError:
        return ""
    models = [tokenizer, score, *filter(None, [default_refiner()])]
    basis: list[object] = [find_installed(model).record.sha256 for model in models]
    basis += [dict(find_installed(score).record.defaults), engine_settings("aidd")]
    if name == "auto":
        basis += [[asdict(row) for row in TABLE], CALIBRATION]
    return hashlib.sha256(json.dumps(basis, default=str, sort_keys=True).encode()).hexdigest()[:16]


def parse(spec: str) -> tuple[str, dict[str, str]]:
    """Name and settings of a specification, values as text. Raises UsageError when it cannot be understood."""
    name, _, rest = spec.partition(":")
    settings: dict[str, str] = {}
    for part in filter(None, rest.split(",")):
        key, equals, value = part.partition("=")
        if not equals or not key:
            raise UsageError(f"{spec} cannot be understood; write an engine as NAME or NAME:KEY=VALUE,KEY=VALUE.")
        settings[key.strip()] = value.strip()
    return name.strip(), settings
