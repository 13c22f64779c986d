"""One setting of the engine aidd varied at a time: every variant fills the same gaps of development material."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aidd_studio.engines.aidd.settings import AiddSettings
from aidd_studio.evaluation.runs.models import ModelCase, measure_settings
from aidd_studio.evaluation.runs.running import Outcome
from aidd_studio.progress import Progress

GAPS = (0.1, 0.3, 1.0)
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "as on the card": {},
    "recall 0": {"recall": 0.0},
    "recall 0.4": {"recall": 0.4},
    "all drawn": {"likeliest_first": False},
    "temperature 0.6": {"temperature": 0.6},
    "temperature 1.0": {"temperature": 1.0},
    "top-p 0.9": {"top_p": 0.9},
    "4 steps": {"steps": 4},
    "sampler first-hitting": {"sampler": "first-hitting"},
    "sampler entropy": {"sampler": "entropy"},
    "128 tokens of context": {"tokens": 128},
    "192 tokens of context": {"tokens": 192},
    "1 token more masked at each side": {"widen": 1},
    "decoder and edges of prediction, no refiner": {"refine": False},
}


@dataclass(frozen=True)
class SettingsCase:
    """One gap and one variant of the settings."""

    gap: ModelCase
    variant: str

    @property
    def settings(self) -> dict[str, Any]:
        return asdict(AiddSettings(**VARIANTS[self.variant]))

    @property
    def key(self) -> str:
        return f"{self.gap.key}|{json.dumps(self.settings, sort_keys=True)}"


def settings_cases(gaps: Sequence[ModelCase]) -> list[SettingsCase]:
    """Every variant over all gaps, variant by variant."""
    return [SettingsCase(gap, variant) for variant in VARIANTS for gap in gaps]


def run_settings_case(case: SettingsCase, output: Path, progress: Progress | None = None) -> Outcome:
    """Measures of the candidate that comes first with these settings, and the CPU seconds that the candidates took."""
    (progress or Progress()).check()
    return {"variant": case.variant, **measure_settings(case.gap, case.settings)}
