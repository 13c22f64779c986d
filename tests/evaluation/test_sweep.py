"""The sweep draws the conclusions that the numbers hold, and no others."""

import numpy as np
import pytest

from aidd_studio.evaluation.cases import Outcome, Sample
from aidd_studio.evaluation.sweep import agreement, calibrations, rows, write_routing

MEASURES = ("lsd", "lsd_common", "odg", "mel", "convergence", "snr", "click", "click_original")


def outcome(engine: str, gap_ms: float, index: int, badness: float, scores=(0.0,), material="tonal") -> Outcome:
    """An outcome whose every measure is as bad as told; its samples get better with their score."""
    samples = []
    for score in scores:
        bad = badness - 0.1 * score
        measures = dict.fromkeys(MEASURES, bad) | {"odg": -bad, "snr": -bad}
        samples.append(Sample(measures, float(score), engine))
    return Outcome(f"{engine}{gap_ms}{index}", f"r{index}", 0.0, 6.0, 8000, gap_ms, engine, material, tuple(samples))


def study(noise: float = 0.05, count: int = 12) -> list[Outcome]:
    """Linear wins at 10 ms, neural at 1000 ms, both are alike at 100 ms; masked is worst."""
    rng = np.random.default_rng(0)
    means = {"linear": {10: 1.0, 100: 2.0, 1000: 4.0}, "neural": {10: 2.0, 100: 2.0, 1000: 2.5}}
    found = [outcome("masked", gap, i, 0.0) for gap in (10, 100, 1000) for i in range(count)]
    for engine, by_gap in means.items():
        for gap, mean in by_gap.items():
            found += [outcome(engine, gap, i, mean + noise * rng.standard_normal()) for i in range(count)]
    return found


def test_the_better_engine_is_first_at_each_length_and_silence_is_never_routed():
    found = {row.gap_ms: row for row in rows(study())}
    assert found[10].standings[0].engine == "linear"
    assert found[1000].standings[0].engine == "neural"
    assert all(standing.engine != "masked" for row in found.values() for standing in row.standings)
    assert found[10].cases == 12


def test_engines_that_differ_by_chance_alone_are_called_close_and_others_are_not():
    found = {row.gap_ms: row for row in rows(study())}
    assert all(standing.close for standing in found[100].standings)
    assert [standing.close for standing in found[10].standings] == [True, False]


def test_material_is_judged_apart():
    tonal = [outcome("linear", 100, i, 1.0) for i in range(4)] + [outcome("neural", 100, i, 2.0) for i in range(4)]
    noisy = [outcome("linear", 100, i, 2.0, material="noisy") for i in range(4, 8)]
    noisy += [outcome("neural", 100, i, 1.0, material="noisy") for i in range(4, 8)]
    assert rows(tonal + noisy, "tonal")[0].standings[0].engine == "linear"
    assert rows(tonal + noisy, "noisy")[0].standings[0].engine == "neural"
    assert rows(tonal + noisy, "transient") == []


def test_calibration_finds_the_line_from_score_to_quality():
    outcomes = [outcome("neural", 100, i, 2.0, scores=(1, 2, 3)) for i in range(5)]
    line = calibrations(outcomes)["neural"]
    assert (line.slope, line.offset) == (pytest.approx(0.1), pytest.approx(-0.2))
    assert line.correlation == pytest.approx(1.0)
    assert agreement(outcomes, {"neural": line})["mel"] == pytest.approx(1.0)


def test_a_score_that_never_varies_is_worth_its_engines_mean():
    line = calibrations([outcome("linear", 10, i, 1.0 + i) for i in range(3)])["linear"]
    assert (line.slope, line.offset) == (0.0, pytest.approx(0.0))


def test_calibration_never_reverses_an_engines_own_order():
    line = calibrations([outcome("similar", 10, i, 1.0 + 0.3 * i, scores=(float(i),)) for i in range(4)])["similar"]
    assert line.correlation == pytest.approx(-1.0)
    assert line.slope == 0.0


def test_calibration_does_not_take_long_gaps_for_bad_engines():
    short = [outcome(engine, 10, i, 1.0) for engine in ("linear", "neural") for i in range(3)]
    long = [outcome("neural", 1000, i, 9.0) for i in range(3)]
    lines = calibrations(short + long)
    assert lines["neural"].offset == pytest.approx(lines["linear"].offset)


def test_the_document_says_what_follows(tmp_path):
    write_routing(study(), tmp_path / "ROUTING.md")
    text = (tmp_path / "ROUTING.md").read_text()
    assert "- 10 ms: linear\n" in text
    assert "- 1000 ms: neural\n" in text
    assert "close:" in text
