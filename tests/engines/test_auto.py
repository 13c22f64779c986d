"""Choosing engines, and making them by name."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from aidd_studio.damage.damage import Damage
from aidd_studio.engines.aidd.engine import AiddEngine
from aidd_studio.engines.auto.calibration import CALIBRATION
from aidd_studio.engines.auto.engine import AutoEngine, AutoSettings, engines_to_choose_from
from aidd_studio.engines.auto.routing import TABLE, route
from aidd_studio.engines.engine import Engine, Window
from aidd_studio.engines.registry import create_engine, engine_infos, engine_names, engine_settings
from aidd_studio.engines.windows import narrow, overlay, settle
from aidd_studio.errors import UsageError
from aidd_studio.progress import Progress

RATE = 16000


def window_of(frames: int, *gaps: Damage) -> Window:
    times = np.arange(frames) / RATE
    sound = np.stack([np.sin(2 * np.pi * f * times) * 0.3 for f in (220.0, 331.0)]).astype(np.float32)
    missing = np.zeros(sound.shape, dtype=bool)
    for gap in gaps:
        missing[:, gap.start : gap.end] = True
    return Window(np.where(missing, np.float32(0), sound), missing, RATE, 0, gaps)


def test_the_table_covers_every_length_and_names_real_engines() -> None:
    assert [row.below for row in TABLE] == sorted(row.below for row in TABLE)
    assert route(1e9) is TABLE[-1]
    assert {name for row in TABLE for name in row.engines + row.without_weights} <= set(engine_names())
    assert route(0.0199).engines == ("autoregressive",)
    assert route(0.05).engines == ("autoregressive", "aidd")
    assert route(0.08).engines[:2] == ("aidd", "extrapolation")
    assert route(0.5).engines[:2] == ("aidd", "similar")
    assert route(0.5).without_weights[0] == "similar"


@pytest.mark.parametrize("row", TABLE)
@pytest.mark.parametrize("with_weights", [True, False])
def test_asking_for_more_candidates_keeps_the_first_ones(row, with_weights: bool) -> None:  # type: ignore[no-untyped-def]
    assert row.slots(9, with_weights)[:4] == row.slots(4, with_weights)
    assert with_weights or "aidd" not in row.slots(9, with_weights)


def test_a_short_gap_is_filled_by_linear_prediction_with_the_reason() -> None:
    fills = list(AutoEngine().fill(window_of(8000, Damage(4000, 4160)), 3, 0, Progress()))
    assert [fill.engine for fill in fills] == ["autoregressive"]
    assert "10 ms" in fills[0].note
    assert "linear prediction" in fills[0].note


def test_scores_come_back_on_the_scale_that_all_engines_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CALIBRATION, "autoregressive", (0.5, ((5.0, 3.0), (20.0, 1.0))))
    window = window_of(8000, Damage(4000, 4160))
    (own,) = create_engine("autoregressive").fill(narrow(window, window.gaps, 0.1), 1, 0, Progress())
    (fill,) = AutoEngine().fill(window, 1, 0, Progress())
    assert fill.score == pytest.approx(0.5 * own.score + 2.0)  # 10 ms lie in the middle of 5 and 20 on a log scale


def test_a_long_gap_is_filled_by_what_can_work_and_the_note_says_why() -> None:
    weights_missing = create_engine("aidd").unavailable()
    (fill,) = AutoEngine().fill(window_of(40000, Damage(18000, 22000)), 1, 0, Progress())
    assert fill.engine == ("extrapolation" if weights_missing else "aidd")
    assert "250 ms" in fill.note
    assert np.all(np.isfinite(fill.samples))
    assert fill.samples.shape == (2, 40000)


def test_short_gaps_beside_a_long_one_are_settled_first() -> None:
    window = window_of(40000, Damage(6000, 6100), Damage(18000, 22000))
    (fill,) = AutoEngine().fill(window, 1, 0, Progress())
    times = np.arange(6000, 6100) / RATE
    assert np.allclose(fill.samples[0, 6000:6100], 0.3 * np.sin(2 * np.pi * 220 * times), atol=0.01)
    assert np.array_equal(fill.samples[:, :5000], window.samples[:, :5000])


def test_a_part_of_a_window_shows_its_gaps_and_their_context_only() -> None:
    window = window_of(40000, Damage(6000, 6100), Damage(18000, 22000))
    part = narrow(window, [window.gaps[1]], 0.5)
    assert (part.offset, part.frames) == (10000, 20000)
    assert part.local(part.gaps[0]) == (8000, 12000)
    assert narrow(window, window.gaps, float("inf")).frames == 40000


def test_a_settled_gap_is_known_sound_and_survives_another_rendition() -> None:
    window = window_of(20000, Damage(6000, 6100), Damage(12000, 15000))
    done = settle(window, [window.gaps[0]], np.full(window.samples.shape, 0.25, np.float32))
    assert done.gaps == (window.gaps[1],)
    assert not done.missing[:, 6000:6100].any()
    whole = overlay(done, done, np.full(window.samples.shape, 0.5, np.float32), [window.gaps[0]], 100)
    assert np.all(whole[:, 6000:6100] == 0.25)
    assert np.array_equal(whole[:, 5900:6000], window.samples[:, 5900:6000])
    assert np.all(whole[:, 12000:15000] == 0.5)


@pytest.mark.parametrize("name", ["auto", "autoregressive", "sparse", "similar", "extrapolation"])
def test_engines_are_made_by_name(name: str) -> None:
    engine = create_engine(name)
    assert isinstance(engine, Engine)
    assert engine.info in engine_infos()
    assert engine.info.name == name
    assert engine.unavailable() is None


def test_the_device_goes_on_to_the_neural_engine() -> None:
    engines = engines_to_choose_from(AutoSettings(device="cpu", likeliest_first=False))
    neural = engines["aidd"]
    assert isinstance(neural, AiddEngine)
    assert (neural.settings.device, neural.settings.likeliest_first) == ("cpu", False)
    assert all(engine.info.name == name for name, engine in engines.items())


def test_settings_are_read_from_text() -> None:
    assert create_engine("autoregressive", {"order": "512", "context": "0.2"}).settings.order == 512  # type: ignore[attr-defined]
    assert engine_settings("sparse")["variant"] == "aspain"


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [
        ("magic", {}, "autoregressive"),
        ("autoregressive", {"colour": 1}, "order"),
        ("auto", {"order": 1}, "device"),
        ("autoregressive", {"order": "many"}, "whole number"),
        ("autoregressive", {"order": 1.5}, "whole number"),
        ("sparse", {"variant": "x"}, "aspain-l"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(name: str, settings: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        create_engine(name, settings)


def test_listing_the_engines_loads_neither_torch_nor_scipy() -> None:
    code = (
        "import sys; from aidd_studio.engines.registry import engine_infos; engine_infos(); "
        "print([name for name in ('torch', 'scipy') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
