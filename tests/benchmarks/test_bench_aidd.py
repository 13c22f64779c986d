"""Speed, memory and cancelling of the engine aidd at the published full sizes, with random weights.

The time does not depend on the values of the weights. Run with `pytest tests/benchmarks/test_bench_aidd.py -s`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from aidd_studio.damage.damage import Damage
from aidd_studio.diffusion.noise import LogLinear
from aidd_studio.diffusion.randomness import SeededRandomness
from aidd_studio.diffusion.sampling.stepping import analytic
from aidd_studio.diffusion.score_model import OFFICIAL, ScoreModel
from aidd_studio.engines.aidd.client import load_models
from aidd_studio.engines.aidd.engine import AiddEngine
from aidd_studio.engines.aidd.models import Models
from aidd_studio.engines.aidd.settings import AiddSettings
from aidd_studio.engines.engine import Fill, Window
from aidd_studio.errors import Cancelled
from aidd_studio.progress import Progress
from aidd_studio.tokenizer.config import OFFICIAL_75
from aidd_studio.tokenizer.model import WavTokenizer
from aidd_studio.weights.store import ModelRecord, models_folder, write_model

RATE, FRAMES = 24_000, 100_080  # 4.17 s
GAP = Damage(46_440, 53_640)  # 300 ms
PUBLISHED_STEPS = 1024
ROUNDS = 3

requires_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder where models of the published sizes are installed."""
    folder = tmp_path_factory.mktemp("official")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIDD_STUDIO_DATA", str(folder))
        install_official()
    return folder


def install_official() -> None:
    torch.manual_seed(0)
    common: dict[str, Any] = {"version": "1", "licence": "MIT", "source": "benchmark"}
    tokenizer = WavTokenizer(OFFICIAL_75)
    record = ModelRecord("official-tokenizer", "tokenizer", "tokenizer", config=OFFICIAL_75.to_dict(), **common)
    write_model(models_folder(), record, tokenizer.state_dict())
    score = ScoreModel(OFFICIAL)
    for name, parameter in score.named_parameters():
        if "adaLN" in name or "output_layer.linear" in name:  # zero at the start of training
            torch.nn.init.normal_(parameter, std=0.02)
    record = ModelRecord(
        "official-score", "score", "score", config=OFFICIAL.to_dict(), tokenizer="official-tokenizer", **common
    )
    write_model(models_folder(), record, score.state_dict())


@pytest.fixture(autouse=True)
def at_official(official: Path, own_folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIDD_STUDIO_DATA", str(official))


def window() -> Window:
    rng = np.random.default_rng(0)
    at = np.arange(FRAMES) / RATE
    sound = sum(0.1 * np.sin(2 * np.pi * f * at) for f in (220, 277, 330)) + 0.01 * rng.standard_normal(FRAMES)
    missing = np.zeros((1, FRAMES), dtype=np.bool_)
    missing[:, GAP.start : GAP.end] = True
    return Window(np.where(missing, 0, sound).astype(np.float32), missing, RATE, 0, (GAP,))


def engine(**settings: Any) -> AiddEngine:
    return AiddEngine(AiddSettings(model="official-score", **settings))


def models(made: AiddEngine) -> Models:
    return load_models("official-tokenizer", "official-score", made.settings, Progress())


def fills(made: AiddEngine, candidates: int = 1) -> list[Fill]:
    return list(made.fill(window(), candidates, 0, Progress()))


def fastest(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Seconds of the fastest of a few rounds, after one to warm up."""
    work()
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return min(times)


@dataclass
class Counter:
    calls: int = 0

    def __call__(self, *_: Any) -> None:
        self.calls += 1


def network_calls(made: AiddEngine) -> int:
    counter = Counter()
    handle = models(made).score.register_forward_hook(counter)
    fills(made)
    handle.remove()
    return counter.calls


def published_seconds(device: str) -> float:
    """The published procedure's time for one candidate: 1024 analytic steps in float32, extrapolated from a few."""
    loaded = models(engine(precision="fp32", device=device))
    wave = torch.from_numpy(window().samples).to(loaded.device)
    fill = torch.zeros(313, dtype=torch.bool, device=loaded.device)
    fill[145:168] = True

    def steps(count: int) -> Callable[[], object]:
        return lambda: analytic(
            loaded.score,
            codes,
            fill,
            OFFICIAL.build_graph(),
            LogLinear(),
            steps=count,
            randomness=SeededRandomness([0], loaded.device),
        )

    with torch.inference_mode():
        codes = loaded.tokenizer.encode(wave)
        around = fastest(lambda: loaded.tokenizer.decode(loaded.tokenizer.encode(wave)))
        a_step = (fastest(steps(5)) - fastest(steps(1))) / 4
    return around + (PUBLISHED_STEPS + 1) * a_step


def tell(title: str, **figures: float | str) -> None:
    shown = (value if isinstance(value, str) else f"{value:.3g}" for value in figures.values())
    print(f"\n{title}: " + "  ".join(f"{name} {value}" for name, value in zip(figures, shown, strict=True)), flush=True)


@pytest.mark.parametrize("sampler", ["confidence", "first-hitting"])
def test_at_least_forty_times_fewer_network_evaluations_than_published(sampler: str) -> None:
    calls = network_calls(engine(sampler=sampler))
    tell("evaluations", sampler=sampler, calls=float(calls), ratio=(PUBLISHED_STEPS + 1) / calls)
    assert (PUBLISHED_STEPS + 1) / calls >= 40


def speed_table(device: str) -> dict[str, float]:
    """Seconds of a whole fill with one and with four candidates, and of the published procedure."""
    published = published_seconds(device)
    table = {"published": published}
    for precision in ("fp32", "bf16"):
        for sampler in ("confidence", "first-hitting"):
            made = engine(sampler=sampler, precision=precision, device=device)
            seconds = fastest(partial(fills, made))
            tell(device, sampler=sampler, precision=precision, seconds=seconds, ratio=published / seconds)
            table[f"{sampler} {precision}"] = seconds
    return table


def test_at_least_forty_times_less_time_than_published_on_the_cpu() -> None:
    table = speed_table("cpu")
    automatic = fastest(lambda: fills(engine(device="cpu")))
    tell("cpu", published=table["published"], automatic=automatic)
    assert table["published"] / automatic >= 40


def test_four_candidates_cost_at_most_four_times_one_on_the_cpu() -> None:
    made = engine(device="cpu")
    one, four = fastest(lambda: fills(made)), fastest(lambda: fills(made, 4))
    together = fastest(lambda: fills(engine(device="cpu", batch=4), 4))
    tell("candidates", one=one, four=four, ratio=four / one, one_batch=together)
    assert four <= 4 * one


@requires_gpu
def test_at_least_forty_times_less_time_than_published_on_the_gpu() -> None:
    table = speed_table("cuda")
    assert table["published"] / table["confidence bf16"] >= 40


@requires_gpu
def test_four_candidates_cost_less_than_one_and_a_half_times_one_on_the_gpu() -> None:
    made = engine(device="cuda")
    one, four = fastest(lambda: fills(made)), fastest(lambda: fills(made, 4))
    tell("candidates", one=one, four=four, ratio=four / one)
    assert four < 1.5 * one


@pytest.mark.parametrize("precision", ["fp32", "auto"])
def test_cancelling_answers_within_a_fifth_of_a_second(precision: str) -> None:
    made = engine(device="cpu", precision=precision)
    whole = fastest(lambda: fills(made), rounds=1)
    delays = np.linspace(0.0, 0.95, 20) * whole
    latencies = []
    for delay in delays:
        progress, ended = Progress(), threading.Event()

        def work(progress: Progress = progress, ended: threading.Event = ended) -> None:
            try:
                list(made.fill(window(), 1, 0, progress))
            except Cancelled:
                ended.set()

        thread = threading.Thread(target=work)
        thread.start()
        ended.wait(delay)
        cancelled = time.perf_counter()
        progress.cancel()
        thread.join()
        if ended.is_set():
            latencies.append(time.perf_counter() - cancelled)
    tell("cancelling", precision=precision, median=float(np.median(latencies)), longest=max(latencies))
    assert len(latencies) >= 10
    assert max(latencies) < 0.2


MEMORY = """
import json, resource, sys
sys.path.insert(0, sys.argv[1])
from tests.benchmarks import test_bench_aidd as bench
made = list(bench.engine(device="cpu", precision=sys.argv[2], batch=4).fill(bench.window(), 4, 0, bench.Progress()))
print(json.dumps({"fills": len(made), "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the resource module is POSIX's")
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_four_candidates_need_less_than_four_gigabytes(precision: str) -> None:
    command = [sys.executable, "-c", MEMORY, str(Path(__file__).parents[2]), precision]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    tell("memory", precision=precision, gigabytes=found["gigabytes"])
    assert found["fills"] == 4 and found["gigabytes"] < 4
