"""The engine aidd from a window to fills, with tiny random models."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import pytest
import torch

from aidd_studio.damage.damage import Damage
from aidd_studio.engines.aidd import filling
from aidd_studio.engines.aidd.client import load_models
from aidd_studio.engines.aidd.engine import AiddEngine, candidate_seed
from aidd_studio.engines.aidd.filling import ON_CPU, PREDICTED
from aidd_studio.engines.aidd.memory import forget_full
from aidd_studio.engines.aidd.models import Models
from aidd_studio.engines.aidd.settings import AiddSettings
from aidd_studio.engines.engine import Fill, Window
from aidd_studio.engines.registry import create_engine
from aidd_studio.errors import Cancelled, DeviceError, UsageError
from aidd_studio.progress import Progress
from aidd_studio.tokenizer.config import TokenizerConfig
from aidd_studio.weights.registry import DEFAULT_REFINER, DEFAULT_TOKENIZER
from tests.engines.aidd_tiny import SEANET, SPECTRAL, install, install_refiner


@pytest.fixture(autouse=True)
def one_thread_and_free_memory() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    forget_full()
    yield
    forget_full()
    torch.set_num_threads(before)


def recording(rate: int, channels: int, seconds: float = 1.2, seed: int = 0) -> np.ndarray:
    """Tones that lie differently in the channels, and a noise floor: float32 [channels, frames]."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    tones = np.stack([np.sin(2 * np.pi * f * time + p) for f, p in zip((220, 331, 887), (0, 1, 2), strict=True)])
    return (rng.uniform(0.05, 0.2, (channels, 3)) @ tones + 0.01 * rng.standard_normal((channels, len(time)))).astype(
        np.float32
    )


def damaged(sound: np.ndarray, rate: int, *gaps: Damage) -> Window:
    missing = np.zeros(sound.shape, dtype=np.bool_)
    for gap in gaps:
        missing[list(gap.channel_indices(len(sound))), gap.start : gap.end] = True
    return Window(np.where(missing, 0, sound).astype(np.float32), missing, rate, 0, gaps)


def engine(config: TokenizerConfig = SPECTRAL, card: dict[str, Any] | None = None, **settings: Any) -> AiddEngine:
    name = install(config, **(card or {}))
    return AiddEngine(AiddSettings(model=name, **{"steps": 4, "precision": "fp32", **settings}))


def fills(made: AiddEngine, window: Window, candidates: int = 1, seed: int = 3) -> list[Fill]:
    return list(made.fill(window, candidates, seed, Progress()))


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (24_000, 3), (44_100, 1), (48_000, 2)])
def test_a_gap_is_filled_and_everything_else_stays(rate: int, channels: int) -> None:
    sound = recording(rate, channels)
    window = damaged(sound, rate, Damage(rate // 2, rate // 2 + rate // 10))
    (fill,) = fills(engine(), window)
    assert fill.samples.shape == sound.shape and fill.samples.dtype == np.float32
    assert np.array_equal(fill.samples[~window.missing], window.samples[~window.missing])
    inside = fill.samples[window.missing].reshape(channels, -1)
    assert np.isfinite(inside).all()
    level = np.sqrt(np.mean(inside**2, axis=1)) / np.sqrt(np.mean(sound**2, axis=1))
    assert (level > 0.3).all() and (level < 3).all()


def test_the_published_kind_of_tokenizer_works_too() -> None:
    sound = recording(24_000, 1)
    window = damaged(sound, 24_000, Damage(12_000, 14_000))
    (fill,) = fills(engine(SEANET), window)
    assert np.isfinite(fill.samples).all() and np.any(fill.samples[window.missing])


@pytest.mark.parametrize(("start", "end"), [(0, 4000), (40_000, 48_000)])
def test_a_gap_at_the_recordings_end_is_filled_from_the_other_side(start: int, end: int) -> None:
    sound = recording(40_000, 2)
    window = damaged(sound, 40_000, Damage(start, end))
    (fill,) = fills(engine(), window)
    assert np.isfinite(fill.samples).all()
    assert np.sqrt(np.mean(fill.samples[:, start:end] ** 2)) > 0.02


def test_there_is_no_step_at_the_edges() -> None:
    sound = recording(44_100, 2)
    start, end = 20_000, 26_000
    (fill,) = fills(engine(), damaged(sound, 44_100, Damage(start, end)))
    steps = np.abs(np.diff(fill.samples, axis=1))
    usual = np.abs(np.diff(sound, axis=1)).max()
    assert steps[:, start - 2 : start + 2].max() < 1.5 * usual
    assert steps[:, end - 3 : end + 2].max() < 1.5 * usual


def test_the_same_seed_gives_the_same_candidates_in_any_company() -> None:
    window = damaged(recording(32_000, 2), 32_000, Damage(16_000, 19_000))
    made = engine(batch=3)
    three = {fill.seed: fill for fill in fills(made, window, 3)}
    assert set(three) == {candidate_seed(3, number) for number in range(3)}
    one_by_one = {fill.seed: fill for fill in fills(engine(batch=1), window, 3)}
    for seed, fill in three.items():
        assert np.allclose(fill.samples, one_by_one[seed].samples, atol=1e-5)
    first, second, _ = three.values()
    (again,) = fills(made, window, 1, second.seed)
    assert again.seed == second.seed and np.allclose(again.samples, second.samples, atol=1e-5)
    assert not np.allclose(first.samples, second.samples, atol=1e-3)


def test_candidates_of_a_batch_come_best_first() -> None:
    window = damaged(recording(24_000, 1), 24_000, Damage(12_000, 16_000))
    scores = [fill.score for fill in fills(engine(batch=5), window, 5)]
    assert scores == sorted(scores, reverse=True) and len(set(scores)) == 5


@pytest.mark.parametrize(("large", "calls"), [(10**9, 4), (0, 16)])
def test_a_small_networks_candidates_are_made_at_once_and_a_large_ones_one_by_one(
    large: int, calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aidd_studio.engines.aidd.filling.LARGE", large)
    made = engine(steps=4)
    counted = []
    assert made.settings.model
    score = load_models("tiny-tokenizer", made.settings.model, made.settings, Progress()).score
    handle = score.register_forward_hook(lambda *_: counted.append(1))
    found = fills(made, damaged(recording(24_000, 1), 24_000, Damage(12_000, 16_000)), 4)
    handle.remove()
    assert len(found) == 4 and len(counted) == calls


def test_several_gaps_of_a_window_are_drawn_together() -> None:
    window = damaged(recording(24_000, 1), 24_000, Damage(6000, 8000), Damage(10_000, 11_000), Damage(20_000, 21_000))
    made = engine(steps=5)
    calls = count_calls(made, window)
    (fill,) = fills(made, window)
    assert calls == [5]
    for gap in window.gaps:
        assert np.any(fill.samples[:, gap.start : gap.end])


def count_calls(made: AiddEngine, window: Window) -> list[int]:
    """Counts network calls of the next fill in the returned list."""
    models = load(made)
    counted = [0]

    def count(*_: Any) -> None:
        counted[0] += 1

    models.score.register_forward_hook(count)
    return counted


def load(made: AiddEngine) -> Models:
    return load_models("tiny-tokenizer", "tiny-score", made.settings, Progress())


def test_damage_far_from_the_gap_is_left_to_its_own_window() -> None:
    far = Damage(1000, 3000, channels=(1,)), Damage(90_000, 91_000)
    window = damaged(recording(24_000, 2, seconds=4.0), 24_000, Damage(60_000, 62_000), *far)
    window = dataclasses.replace(window, gaps=(Damage(60_000, 62_000),))
    made = engine(steps=None, sampler="first-hitting", tokens=100)
    calls = count_calls(made, window)
    (fill,) = fills(made, window)
    assert calls == [7], "one for each token of the gap"
    assert np.isfinite(fill.samples).all()
    assert np.sqrt(np.mean(fill.samples[:, 60_000:62_000] ** 2)) > 0.02


def test_a_gap_longer_than_the_context_is_filled_piece_by_piece() -> None:
    sound = recording(24_000, 1, seconds=4.0)
    window = damaged(sound, 24_000, Damage(24_000, 72_000))  # 150 tokens
    made = engine(tokens=64, steps=3)
    calls = count_calls(made, window)
    (fill,) = fills(made, window)
    assert calls[0] > 6
    for start in range(24_000, 72_000, 4800):
        assert np.sqrt(np.mean(fill.samples[:, start : start + 4800] ** 2)) > 0.01
    (other,) = fills(made, damaged(recording(24_000, 1, seconds=4.0, seed=9), 24_000, Damage(24_000, 72_000)))
    assert not np.allclose(other.samples[:, 40_000:50_000], fill.samples[:, 40_000:50_000], atol=1e-3), (
        "it is looked at"
    )


def test_an_intact_channel_that_differs_is_left_alone() -> None:
    sound = np.concatenate((recording(24_000, 1, seed=1), recording(24_000, 1, seed=2)))
    sound[1] = np.random.default_rng(0).standard_normal(sound.shape[1]) * 0.1
    window = damaged(sound, 24_000, Damage(12_000, 15_000, channels=(0,)))
    (fill,) = fills(engine(), window)
    assert np.array_equal(fill.samples[1], sound[1])
    assert fill.note != PREDICTED and np.any(fill.samples[0, 12_000:15_000])


def test_an_intact_channel_that_knows_the_sound_is_believed() -> None:
    left = recording(24_000, 1)[0] + 0.1 * np.random.default_rng(3).standard_normal(28_800).astype(np.float32)
    sound = np.stack((left, 0.5 * left))
    window = damaged(sound, 24_000, Damage(12_000, 15_000, channels=(1,)))
    (fill,) = fills(engine(), window)
    assert fill.note == PREDICTED
    error = fill.samples[1, 12_000:15_000] - sound[1, 12_000:15_000]
    assert np.sqrt(np.mean(error**2)) < 0.05 * np.sqrt(np.mean(sound[1] ** 2))


def test_channels_with_different_gaps_are_filled_each_where_it_is_damaged() -> None:
    sound = recording(24_000, 2)
    sound[1] = np.random.default_rng(0).standard_normal(sound.shape[1]) * 0.1
    window = damaged(sound, 24_000, Damage(8000, 9000, channels=(0,)), Damage(16_000, 17_500, channels=(1,)))
    (fill,) = fills(engine(), window)
    assert np.array_equal(fill.samples[~window.missing], window.samples[~window.missing])
    assert np.any(fill.samples[0, 8000:9000]) and np.any(fill.samples[1, 16_000:17_500])


@pytest.mark.parametrize("stage", ["extrapolating", "encoding", "generating", "decoding"])
def test_cancelling_ends_the_work_at_every_stage(stage: str) -> None:
    seen = []

    def stop(_fraction: float, reported: str) -> None:
        seen.append(reported)
        if reported == stage:
            progress.cancel()

    progress = Progress(stop)
    window = damaged(recording(24_000, 1), 24_000, Damage(12_000, 14_000))
    with pytest.raises(Cancelled):
        list(engine().fill(window, 1, 0, progress))
    assert seen[-1] == stage


def test_progress_only_rises() -> None:
    fractions: list[float] = []
    window = damaged(recording(24_000, 2), 24_000, Damage(12_000, 14_000))
    list(engine().fill(window, 2, 0, Progress(lambda fraction, _: fractions.append(fraction))))
    assert fractions == sorted(fractions) and fractions[-1] == pytest.approx(1.0)


def test_when_memory_is_short_the_batch_is_halved_and_the_note_says_so() -> None:
    made = engine(batch=4)
    window = damaged(recording(24_000, 1), 24_000, Damage(12_000, 14_000))
    expected = {fill.seed: fill.samples for fill in fills(made, window, 4)}

    def refuse(_module: Any, arguments: tuple[Any, ...]) -> None:
        if len(arguments[0]) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    handle = load(made).score.register_forward_pre_hook(refuse)
    got = fills(made, window, 4)
    handle.remove()
    assert {fill.seed for fill in got} == set(expected)
    assert all(np.allclose(fill.samples, expected[fill.seed], atol=1e-5) for fill in got)
    assert all("1 at a time" in fill.note for fill in got)


class FullCard:
    """Models on a graphics card that is too small for some of what they do; on the CPU they work."""

    def __init__(self, made: AiddEngine, monkeypatch: pytest.MonkeyPatch, holds_models: bool) -> None:
        self.tried, self._made, self._holds_models = 0, made, holds_models
        monkeypatch.setattr(filling, "load_models", self.load_models)

    def load_models(self, *_given: Any, on_cpu: bool = False, **_named: Any) -> Models:
        models = load(self._made)
        if on_cpu or (_given and _given[-1] is True):
            return models
        self.tried += 1
        if not self._holds_models:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return dataclasses.replace(models, score=cast(Any, self), remote_device="cuda", remote_size=1)

    def __call__(self, *_: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    def __getattr__(self, name: str) -> Any:
        return getattr(load(self._made).score, name)


@pytest.mark.parametrize("holds_models", [True, False])
def test_what_is_too_much_for_the_gpu_is_done_by_the_cpu(holds_models: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    made = engine(batch=1)
    window = damaged(recording(24_000, 1), 24_000, Damage(12_000, 14_000))
    expected = fills(made, window)[0].samples
    card = FullCard(made, monkeypatch, holds_models)
    (fill,) = fills(made, window)
    assert card.tried == 1 and np.array_equal(fill.samples, expected)
    assert fill.note == ON_CPU and fill.settings["device"] == "cpu"
    (second,) = fills(made, window)
    assert card.tried == 1, "the full card is remembered"
    assert second.note == ON_CPU


def test_a_full_card_is_tried_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    made = engine()
    window = damaged(recording(24_000, 1), 24_000, Damage(12_000, 14_000))
    card = FullCard(made, monkeypatch, holds_models=False)
    fills(made, window)
    monkeypatch.setattr("aidd_studio.engines.aidd.memory.RETRY", 0.0)
    fills(made, window)
    assert card.tried == 2


def test_too_little_memory_on_the_cpu_is_an_error_of_its_own() -> None:
    made = engine()
    window = damaged(recording(24_000, 1), 24_000, Damage(12_000, 14_000))

    def refuse(*_: Any) -> None:
        torch.empty(10**15)

    handle = load(made).score.register_forward_pre_hook(refuse)
    with pytest.raises(MemoryError, match="does not fit into this machine's memory"):
        fills(made, window)
    handle.remove()


def test_the_models_card_recommends_and_the_person_decides() -> None:
    window = damaged(recording(24_000, 1), 24_000, Damage(12_000, 14_000))
    card = {"sampler": "first-hitting", "steps": 2, "temperature": 0.7, "unknown": 1}
    (fill,) = fills(engine(card=card, steps=None, temperature=0.9), window)
    assert (fill.settings["sampler"], fill.settings["steps"]) == ("first-hitting", 2)
    assert fill.settings["temperature"] == 0.9 and fill.settings["top_p"] == 1.0


def test_a_fill_records_what_made_it() -> None:
    window = damaged(recording(24_000, 1), 24_000, Damage(12_000, 14_000))
    (fill,) = fills(engine(), window)
    assert set(fill.weights) == {"tiny-tokenizer", "tiny-score"}
    assert all(len(sha256) == 64 for sha256 in fill.weights.values())
    assert fill.settings["model"] == "tiny-score" and fill.settings["device"] == "cpu"
    assert fill.engine == "aidd" and fill.seconds > 0


@pytest.mark.parametrize(
    ("sampler", "precision"),
    [("first-hitting", "fp32"), ("confidence", "bf16"), ("entropy", "auto"), ("analytic", "fp32"), ("euler", "bf16")],
)
def test_every_sampler_runs_and_so_does_every_precision(sampler: str, precision: str) -> None:
    window = damaged(recording(24_000, 1), 24_000, Damage(12_000, 14_000))
    (fill,) = fills(engine(sampler=sampler, precision=precision), window)
    assert np.isfinite(fill.samples).all() and np.isfinite(fill.score)


def test_the_bundled_models_refiner_renders_the_gap_and_can_be_left_out() -> None:
    install(tokenizer_name=DEFAULT_TOKENIZER)
    install_refiner()
    window = damaged(recording(44_100, 2), 44_100, Damage(12_000, 14_000), Damage(20_000, 26_000))
    made = {
        refine: fills(AiddEngine(AiddSettings(model="tiny-score", refine=refine)), window, 2)
        for refine in (True, False)
    }
    assert DEFAULT_REFINER in made[True][0].weights and DEFAULT_REFINER not in made[False][0].weights
    for fill in made[True]:
        assert np.isfinite(fill.samples).all()
        assert np.array_equal(fill.samples[~window.missing], window.samples[~window.missing])
    first, second = made[True]
    assert not np.array_equal(first.samples, second.samples)
    assert not np.array_equal(first.samples, made[False][0].samples)


def test_the_first_candidate_is_what_the_model_expects_unless_it_is_said_how_to_draw() -> None:
    install(tokenizer_name=DEFAULT_TOKENIZER)
    install_refiner()
    window = damaged(recording(24_000, 1), 24_000, Damage(12_000, 18_000))
    made = AiddEngine(AiddSettings(model="tiny-score"))
    by_seed = {seed: {fill.seed: fill for fill in fills(made, window, 3, seed)} for seed in (3, 4)}
    expected, other = by_seed[3][3], by_seed[4][4]
    assert np.array_equal(expected.samples, other.samples), "nothing is drawn"
    assert [fill.settings["likeliest_first"] for fill in by_seed[3].values()].count(True) == 1
    for seed, fill in by_seed[3].items():
        again = AiddEngine(AiddSettings(model="tiny-score", likeliest_first=fill.settings["likeliest_first"]))
        (same,) = fills(again, window, 1, seed)
        assert np.allclose(same.samples, fill.samples, atol=1e-5)
        assert same.score == pytest.approx(fill.score, abs=1e-3), "the score does not depend on the company"
    first, *others = fills(made, window, 3)
    assert first.settings["likeliest_first"] and first.score == 0
    assert all(fill.score < 0 for fill in others)
    (drawn,) = fills(AiddEngine(AiddSettings(model="tiny-score", steps=4)), window)
    assert not drawn.settings["likeliest_first"] and not np.array_equal(drawn.samples, expected.samples)
    counted: list[int] = []
    score = load_models(DEFAULT_TOKENIZER, "tiny-score", made.settings, Progress()).score
    score.register_forward_hook(lambda *_: counted.append(1))
    fills(made, window)
    assert counted == [1]


def test_no_candidate_is_the_most_likely_one_where_a_gap_is_longer_than_the_context() -> None:
    install(tokenizer_name=DEFAULT_TOKENIZER)
    install_refiner()
    window = damaged(recording(24_000, 1, seconds=3.0), 24_000, Damage(24_000, 48_000))
    made = AiddEngine(AiddSettings(model="tiny-score", tokens=64))
    assert [fill.settings["likeliest_first"] for fill in fills(made, window, 2)] == [False, False]


def test_masking_more_tokens_is_a_setting() -> None:
    window = damaged(recording(24_000, 1), 24_000, Damage(12_000, 14_000))
    near = fills(engine(sampler="first-hitting", steps=None), window)
    wide_engine = engine(sampler="first-hitting", steps=None, widen=2)
    calls = count_calls(wide_engine, window)
    wide = fills(wide_engine, window)
    assert calls == [7 + 4]
    assert not np.array_equal(near[0].samples, wide[0].samples)


def test_without_its_model_it_says_what_to_do() -> None:
    reason = AiddEngine(AiddSettings(model="aidd-musicnet")).unavailable()
    assert reason is not None and "aidd-studio models" in reason
    reason = AiddEngine(AiddSettings(model="nobody-has-this")).unavailable()
    assert reason is not None and "nobody-has-this" in reason
    assert engine().unavailable() is None


def test_a_device_that_is_not_there_is_named() -> None:
    window = damaged(recording(24_000, 1), 24_000, Damage(12_000, 14_000))
    with pytest.raises(DeviceError, match="no-such"):
        fills(engine(device="no-such"), window)
    if not torch.cuda.is_available():
        with pytest.raises(DeviceError, match="cuda"):
            fills(engine(device="cuda"), window)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("sampler", "magic", "first-hitting"),
        ("precision", "int4", "bf16"),
        ("steps", 0, "steps"),
        ("top_p", 2, "top_p"),
    ],
)
def test_settings_that_make_no_sense_are_refused(name: str, value: Any, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        AiddSettings(**{name: value})


def test_settings_may_come_as_text() -> None:
    made = create_engine("aidd", {"steps": "8", "temperature": "0.5", "edge": "0.02"})
    assert isinstance(made, AiddEngine)
    assert (made.settings.steps, made.settings.temperature, made.settings.edge) == (8, 0.5, 0.02)
