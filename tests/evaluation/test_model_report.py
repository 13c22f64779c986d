"""The report on the bundled models says what was found, met or not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from aidd_studio.evaluation.metrics.space import coherence, top_distance
from aidd_studio.evaluation.reports.models import ROWS, render_report
from aidd_studio.evaluation.runs.models import RATE, draw_cases

FILLS = ("extrapolation", "extrapolation 2048", *ROWS)


def _case(gap: float, first: float) -> dict[str, object]:
    measures = {name: {"lsd": 1.0, "mel": 1.0, "convergence": 1.0, "click": 0.0, "level": -2.0} for name in FILLS}
    measures["first"] = {"lsd": first, "mel": first, "convergence": first, "click": -1.0, "level": -3.0}
    return {"group": "real recordings", "file": "a.wav", "gap": gap, "measures": measures, "diversity": 0.3}


def test_a_target_that_is_missed_is_called_missed() -> None:
    extras = {"likelihood": {"real recordings": {"music": [3.0, 3.9, 4.5]}}, "space": []}
    record = {"version": "1", "size": 1_000_000, "sha256": "ab" * 32}
    text = render_report([_case(0.3, 0.5), _case(0.3, 0.52)], extras, {"aidd-studio-score": record})
    row = next(line for line in text.splitlines() if line.startswith("| 300 ms | 2 |"))
    assert "0.51 (≤ 0.45: missed)" in row
    assert "0.51 (≤ 0.55: met)" in row
    assert "| -3.0 dB [-2.0] | 3.0 dB [2.0] |" in text
    assert "| real recordings: music | 3.00 | 3.90 | 4.50 |" in text


def test_gaps_are_drawn_where_there_is_sound_and_again_from_the_seed(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    sound = 0.1 * rng.standard_normal(10 * RATE)
    sound[: 5 * RATE] = 0
    soundfile.write(tmp_path / "half.wav", sound, RATE, subtype="FLOAT")
    cases = draw_cases("g", [tmp_path / "half.wav"], [0.1], 10, 3)
    assert all(case.start + 2.085 > 4.9 for case in cases)
    assert draw_cases("g", [tmp_path / "half.wav"], [0.1], 10, 3) == cases


def test_coherence_tells_one_signal_from_two() -> None:
    rng = np.random.default_rng(0)
    left, right = rng.standard_normal((2, 48_000))
    assert coherence(np.stack([left, 0.5 * left])) == pytest.approx(1.0, abs=1e-3)
    assert coherence(np.stack([left, right])) < 0.1


def test_a_dulled_top_octave_shows() -> None:
    rng = np.random.default_rng(0)
    sound = rng.standard_normal((2, 44_100))
    spectrum = np.fft.rfft(sound)
    spectrum[:, spectrum.shape[1] // 2 :] = 0
    dulled = np.fft.irfft(spectrum)
    assert top_distance(sound, sound, 20_000, 30_000, 44_100) == 0
    assert top_distance(sound, dulled, 20_000, 30_000, 44_100) > 2
