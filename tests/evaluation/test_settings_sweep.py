"""The sweep of the engine aidd's settings."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import soundfile

from aidd_studio.engines.aidd.settings import AiddSettings
from aidd_studio.evaluation.reports.settings import Row, render_report
from aidd_studio.evaluation.runs.models import RATE, draw_cases, measure_settings
from aidd_studio.evaluation.runs.settings import GAPS, VARIANTS


def test_a_setting_changes_the_fill_and_the_same_setting_does_not(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    at = np.arange(5 * RATE) / RATE
    sound = 0.2 * np.sin(2 * np.pi * (220 + 20 * np.sin(at)) * at) + 0.02 * rng.standard_normal(len(at))
    soundfile.write(tmp_path / "tone.wav", sound, RATE)
    (case,) = draw_cases("tones", [tmp_path / "tone.wav"], [0.3], 1, 0)
    settings = (AiddSettings(), AiddSettings(), AiddSettings(temperature=2.0))
    found = [measure_settings(case, asdict(one)) for one in settings]
    same = [{name: value for name, value in one.items() if name != "seconds"} for one in found]
    assert same[0] == same[1] != same[2]
    assert found[0]["gap"] == 0.3 and found[0]["seconds"] > 0


def test_every_variant_is_a_setting_of_the_engine_and_has_its_line() -> None:
    for changes in VARIANTS.values():
        AiddSettings(**changes)
    rows = [Row(variant, gap, 0.1, 0.2, 0.3, 0.4, 0.5) for variant in VARIANTS for gap in GAPS]
    report = render_report(rows, 7)
    assert all(report.count(f"| {variant} |") == len(GAPS) for variant in VARIANTS)
    assert "7 gaps" in report and "confidence, 8 steps" in report
