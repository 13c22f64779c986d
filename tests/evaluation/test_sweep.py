"""The sweep draws the conclusions that the numbers hold, and no others."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aidd_studio.engines.auto import routing
from aidd_studio.evaluation.reports.calibration import agreement, by_lines_of_others, lines, rated, write_calibration
from aidd_studio.evaluation.reports.routing_report import write_routing
from aidd_studio.evaluation.reports.sweep import judges_at, rows
from aidd_studio.evaluation.runs.fill_cases import FillOutcome, MeasuredFill

MEASURES = ("lsd", "lsd_common", "odg", "mel", "convergence", "snr", "click", "click_original")


def outcome(
    engine: str, gap_ms: float, index: int, badness: float, scores: tuple[float, ...] = (0.0,), material: str = "tonal"
) -> FillOutcome:
    """An outcome whose every measure is as bad as told; its samples get better with their score."""
    samples = []
    for score in scores:
        bad = badness - 0.1 * score
        measures = dict.fromkeys(MEASURES, bad) | {"odg": -bad, "snr": -bad}
        samples.append(MeasuredFill(measures, float(score), engine))
    return FillOutcome(
        f"{engine}{gap_ms}{index}", f"r{index}", 0.0, 6.0, 8000, gap_ms, engine, material, tuple(samples), 0.1
    )


def with_measure(one: FillOutcome, name: str, value: float) -> FillOutcome:
    return replace(one, samples=tuple(replace(s, measures=s.measures | {name: value}) for s in one.samples))


def study(noise: float = 0.05, count: int = 12) -> list[FillOutcome]:
    """Linear wins at 10 ms, neural at 1000 ms, both are alike at 100 ms; masked is worst."""
    rng = np.random.default_rng(0)
    means = {"linear": {10: 1.0, 100: 2.0, 1000: 4.0}, "neural": {10: 2.0, 100: 2.0, 1000: 2.5}}
    found = [outcome("masked", gap, i, 0.0) for gap in (10, 100, 1000) for i in range(count)]
    for engine, by_gap in means.items():
        for gap, mean in by_gap.items():
            found += [outcome(engine, gap, i, mean + noise * rng.standard_normal()) for i in range(count)]
    return found


def test_the_better_engine_is_first_at_each_length_and_silence_is_never_routed() -> None:
    found = {row.gap_ms: row for row in rows(study())}
    assert found[10].standings[0].engine == "linear"
    assert found[1000].standings[0].engine == "neural"
    assert all(standing.engine != "masked" for row in found.values() for standing in row.standings)
    assert found[10].cases == 12


def test_engines_that_differ_by_chance_alone_are_called_close_and_others_are_not() -> None:
    found = {row.gap_ms: row for row in rows(study())}
    assert all(standing.close for standing in found[100].standings)
    assert [standing.close for standing in found[10].standings] == [True, False]


def test_material_is_judged_apart() -> None:
    tonal = [outcome("linear", 100, i, 1.0) for i in range(4)] + [outcome("neural", 100, i, 2.0) for i in range(4)]
    noisy = [outcome("linear", 100, i, 2.0, material="noisy") for i in range(4, 8)]
    noisy += [outcome("neural", 100, i, 1.0, material="noisy") for i in range(4, 8)]
    assert rows(tonal + noisy, "tonal")[0].standings[0].engine == "linear"
    assert rows(tonal + noisy, "noisy")[0].standings[0].engine == "neural"
    assert rows(tonal + noisy, "transient") == []


def test_a_measure_that_prefers_silence_to_most_fills_does_not_judge() -> None:
    outcomes = [outcome("linear", 1000, i, 2.0) for i in range(4)] + [outcome("neural", 1000, i, 1.0) for i in range(4)]
    outcomes += [with_measure(outcome("masked", 1000, i, 9.0), "odg", 5.0) for i in range(4)]
    assert judges_at(outcomes, 1000) == ("lsd", "mel", "convergence")
    assert rows(outcomes)[0].judges == ("lsd", "mel", "convergence")
    fair = [one for one in outcomes if one.engine != "masked"]
    assert "odg" in judges_at(fair, 1000)


def candidates(count: int = 6, gap_ms: float = 100.0) -> list[FillOutcome]:
    """In every gap the neural engine's fills get better with their score; linear's one fill lies in between."""
    found = [outcome("neural", gap_ms, i, 2.0, scores=(1, 2, 3)) for i in range(count)]
    return found + [outcome("linear", gap_ms, i, 11.75, scores=(100.0,)) for i in range(count)]


def test_calibration_puts_the_fills_of_two_engines_into_one_order() -> None:
    fills = rated(candidates())
    assert agreement(fills, lambda fill: fill.score).quality < 0.9
    by_line = agreement(fills, by_lines_of_others(fills))
    assert by_line.quality == pytest.approx(1.0)
    assert by_line.by_measure["mel"] == pytest.approx(1.0)
    assert by_line.first == max(fill.quality for fill in fills)
    assert lines(fills)["neural"].correlation == pytest.approx(1.0)


def test_a_score_that_never_varies_is_worth_its_engines_mean() -> None:
    fills = rated([outcome("linear", 10, i, 1.0) for i in range(3)] + [outcome("neural", 10, i, 2.0) for i in range(3)])
    found = lines(fills)
    assert found["linear"].slope == 0.0
    assert found["linear"].quality(0.0, 10) > 0 > found["neural"].quality(0.0, 10)


def test_calibration_never_reverses_an_engines_own_order() -> None:
    outcomes = [outcome("similar", 10, i, 1.0 + 0.3 * i, scores=(float(i),)) for i in range(4)]
    line = lines(rated(outcomes + [outcome("linear", 10, i, 1.0) for i in range(4)]))["similar"]
    assert line.correlation == pytest.approx(-1.0)
    assert line.slope == 0.0


def test_calibration_does_not_take_long_gaps_for_bad_engines() -> None:
    both = [outcome(engine, gap, i, gap) for engine in ("linear", "neural") for gap in (10, 1000) for i in range(3)]
    line = lines(rated(both))["neural"]
    assert line.quality(0.0, 10) == pytest.approx(line.quality(0.0, 1000))


def test_the_written_calibration_is_what_auto_ranks_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = candidates(gap_ms=20.0) + candidates(gap_ms=200.0)
    found = lines(rated(outcomes))
    write_calibration(found, tmp_path / "calibration.py", "a command")
    formatted = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--check", "--line-length", "120", tmp_path / "calibration.py"],
        check=False,
    )
    assert formatted.returncode == 0
    written: dict[str, Any] = {}
    exec((tmp_path / "calibration.py").read_text(), written)
    monkeypatch.setattr(routing, "CALIBRATION", written["CALIBRATION"])
    for gap_ms in (5.0, 20.0, 63.0, 200.0, 900.0):
        assert routing.calibrate("neural", 2.0, gap_ms / 1000) == pytest.approx(
            found["neural"].quality(2.0, gap_ms), abs=2e-3
        )
    assert routing.calibrate("unheard", 2.0, 0.1) == 2.0


def test_the_document_says_what_follows(tmp_path: Path) -> None:
    write_routing(study(), tmp_path / "ROUTING.md")
    text = (tmp_path / "ROUTING.md").read_text()
    assert "go by length alone" in text.replace("goes", "go")
    for line in text.splitlines():
        if line.startswith("!["):
            assert (tmp_path / line.split("](")[1].rstrip(")")).read_bytes().startswith(b"\x89PNG")
    assert "- 10 ms: linear\n" in text
    assert "- 1000 ms: neural\n" in text
    assert "close:" in text
