"""A training run can be stopped and taken up again, and what it made can be loaded by the program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from safetensors.numpy import save_file
from torch import Tensor

from aidd_studio import paths
from aidd_studio.diffusion.score_model import ScoreModel, ScoreModelConfig
from aidd_studio.errors import UsageError
from aidd_studio.tokenizer.model import WavTokenizer
from aidd_studio.tokenizer.refiner import RefinerConfig
from aidd_studio.training.cards import draw_curves, join_runs
from aidd_studio.training.corpora.corpus import build_recorded
from aidd_studio.training.devices import Devices
from aidd_studio.training.export import export_model
from aidd_studio.training.loop import Loop, LoopSettings, learning_rate
from aidd_studio.training.metrics_log import read_metrics
from aidd_studio.training.recipe import read_recipe
from aidd_studio.training.runs import averaged_weights, open_run, tokenizer_config, train
from aidd_studio.training.tasks.refiner_task import ContextSettings
from aidd_studio.training.tasks.score_task import ScoreSettings, ScoreTask, masked_gap_nll
from aidd_studio.training.tasks.tokenizer_task import TokenizerSettings
from aidd_studio.weights import store

TINY = ScoreModelConfig(tokens=12, hidden_size=16, blocks=1, heads=2, cond_dim=8, dropout=0.1)
CPU = Devices(torch.device("cpu"), half=True)
SETTINGS = LoopSettings(steps=8, warmup=2, seed=3, report_steps=1, validate_steps=4, accumulate=2)


def _rows(count: int = 20) -> np.ndarray:
    """Rows that count upwards from a random start: easy to learn."""
    starts = np.random.default_rng(0).integers(0, 12, count)
    return (starts[:, None] + np.arange(40)) % 12


def _task(settings: ScoreSettings | None = None, config: ScoreModelConfig = TINY) -> ScoreTask:
    torch.manual_seed(1)
    settings = settings or ScoreSettings(batch=4, tokens=32, spans=0.3, gaps=0.4, smoothness=0.5)
    return ScoreTask(ScoreModel(config), settings, _rows(), _rows(4), CPU)


class _Stopping(ScoreTask):
    """Sends its own process Ctrl+C in the middle of a step."""

    stop_at = 3

    def loss(self, step: int, part: int) -> tuple[Tensor, Mapping[str, float]]:
        if step == self.stop_at and part == 0:
            os.kill(os.getpid(), signal.SIGINT)
        return super().loss(step, part)


def _curve(folder: Path) -> list[tuple[int, float]]:
    return read_metrics(folder)["loss"]


def _weights(loop: Loop) -> list[torch.Tensor]:
    assert loop.average is not None
    return [*loop.parameters, *loop.average.shadow_params]


def test_a_stopped_run_goes_on_with_the_same_losses_to_the_last_digit(tmp_path: Path) -> None:
    whole = Loop(_task(), SETTINGS, tmp_path / "whole", CPU)
    assert whole.run(lambda _: None)
    first = _task()
    first.__class__ = _Stopping
    assert not Loop(first, SETTINGS, tmp_path / "parts", CPU).run(lambda _: None)
    second = Loop(_task(), SETTINGS, tmp_path / "parts", CPU)
    assert second.run(lambda _: None)
    assert second.step == 8
    assert _curve(tmp_path / "parts") == _curve(tmp_path / "whole")
    for one, other in zip(_weights(whole), _weights(second), strict=True):
        assert torch.equal(one, other)


def test_training_lowers_the_loss_and_the_nll_of_masked_gaps(tmp_path: Path) -> None:
    task = _task(ScoreSettings(batch=8, tokens=32, spans=0.3, gaps=0.4, objective="cross-entropy"))
    clean = torch.from_numpy(_rows(4)[:, :32])
    before = masked_gap_nll(task.model, clean, 5, CPU)
    settings = LoopSettings(steps=150, rate=1e-2, warmup=10, average=0.9, validate_steps=1000)
    loop = Loop(task, settings, tmp_path, CPU)
    assert loop.run(lambda _: None)
    task.model.eval()
    assert masked_gap_nll(task.model, clean, 5, CPU) < 0.6 * before


def test_the_learning_rate_warms_up_and_falls() -> None:
    settings = LoopSettings(steps=100, warmup=10, rate=1.0, final_share=0.1)
    rates = [learning_rate(settings, step, step / 100) for step in range(101)]
    assert rates[0] == pytest.approx(0.1, rel=0.01)
    assert max(rates) == rates[9] or max(rates) == rates[10]
    assert rates[100] == pytest.approx(0.1)


def test_both_objectives_agree_where_the_scores_sum_to_what_they_should() -> None:
    entropy = _task(ScoreSettings(batch=4, tokens=32, spans=0.3, gaps=0.4))
    cross = _task(ScoreSettings(batch=4, tokens=32, spans=0.3, gaps=0.4, objective="cross-entropy"))
    for task in (entropy, cross):
        task.model.eval()
        with torch.no_grad():  # a fresh model says that all tokens are alike: 12 states over 12 tokens and the mask
            task.model.output_layer.linear.bias.fill_(0.0)
    one, figures = entropy.loss(0, 0)
    two, others = cross.loss(0, 0)
    assert figures["nll"] == pytest.approx(others["nll"], rel=1e-4)
    assert float(one.detach()) == pytest.approx(float(two.detach()), rel=1e-2)


def test_uniform_graphs_train_too() -> None:
    task = _task(ScoreSettings(batch=4, tokens=32), replace(TINY, graph="uniform"))
    loss, _ = task.loss(0, 0)
    loss.backward()
    assert torch.isfinite(loss)
    assert any(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in task.model.parameters())


def _recipe(folder: Path, extra: str = "") -> Path:
    tokens = folder / "tokens"
    tokens.mkdir(exist_ok=True)
    for split in ("train", "held"):
        save_file({"codes": _rows(8).astype(np.int32)}, tokens / f"{split}-0-00000.safetensors")
    (tokens / "tokens.json").write_text('{"tokenizer": "none", "codes": 12, "tokens": 40, "hop": 320}')
    path = folder / "recipe.toml"
    path.write_text(
        'kind = "score"\nrun = "run"\ntokens = "tokens"\ndevice = "cpu"\n' + extra + "\n"
        "[model]\nhidden_size = 16\nblocks = 1\nheads = 2\ncond_dim = 8\n"
        "[task]\nbatch = 2\ntokens = 32\n[loop]\nsteps = 3\nvalidate_steps = 100\n"
    )
    return path


def test_a_recipe_trains_and_its_model_loads_from_the_persons_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIDD_STUDIO_DATA", str(tmp_path / "data"))
    recipe = read_recipe(_recipe(tmp_path))
    assert train(recipe, "score", lambda _: None)
    run = open_run(recipe, "score")
    run.task.module.load_state_dict(averaged_weights(run.folder, run.task.module))
    export_model(run.task.module, store.models_folder(), "my-model", "Mine", tokenizer="aidd-studio-tokenizer")
    from aidd_studio.weights.loading import load_score_model

    loaded = load_score_model("my-model").model
    tokens, sigma = torch.full((1, 20), 12), torch.tensor([2.0])
    run.task.module.eval()
    with torch.no_grad():
        assert torch.allclose(loaded(tokens, sigma), run.task.module(tokens, sigma), atol=2e-2)


def test_a_new_run_can_start_from_another_runs_weights(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = read_recipe(_recipe(tmp_path / "a"))
    train(first, "score", lambda _: None)
    second = open_run(read_recipe(_recipe(tmp_path / "b", 'init_from = "../a/run"')), "score")
    wanted = averaged_weights(tmp_path / "a" / "run", second.task.module)
    for name, value in second.task.module.state_dict().items():
        assert torch.equal(value, wanted[name])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('kind = "score"\n[loop]\nstep = 3\n', "has no setting 'step'"),
        ('kind = "score"\n[loop]\nsteps = "many"\n', "steps .* must be like"),
        ("kind = ", "no valid TOML"),
    ],
)
def test_a_slip_in_a_recipe_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        _ = read_recipe(path).loop


def test_a_recipe_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no recipe for a tokenizer"):
        open_run(read_recipe(_recipe(tmp_path)), "tokenizer")


def test_curves_of_runs_that_follow_one_another_are_drawn_as_one(tmp_path: Path) -> None:
    for name in ("a", "b"):
        Loop(_task(), SETTINGS, tmp_path / name, CPU).run(lambda _: None)
    runs = [tmp_path / "a", tmp_path / "b"]
    joined = join_runs([read_metrics(run) for run in runs])
    assert [step for step, _ in joined["nll"]] == list(range(1, 17))
    draw_curves(runs, ["nll", "held_nll_300"], "two runs", tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 5000


@pytest.mark.parametrize("path", sorted((paths.resources() / "recipes").glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_recipe_is_understood(path: Path) -> None:
    recipe = read_recipe(path)
    assert recipe.loop.steps > 0
    kind, model = recipe.text("kind"), recipe.tables.get("model", {})
    if kind == "tokenizer":
        tokenizer_config(model, path.name)
        recipe.table("task", TokenizerSettings)
    elif kind == "score":
        recipe.table("model", ScoreModelConfig)
        recipe.table("task", ScoreSettings)
    else:
        assert kind == "refiner"
        recipe.table("model", RefinerConfig)
        recipe.table("task", ContextSettings)


def test_two_processes_train_one_model(tmp_path: Path) -> None:
    path = _recipe(tmp_path)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [*command, "-m", "aidd_studio", "train", "score", str(path)],
        env=environment, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    state = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)
    assert state["step"] == 3
    assert len(read_metrics(tmp_path / "run")["held_nll_300"]) == 1


def test_training_goes_on_from_an_installed_tokenizer_with_its_codes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIDD_STUDIO_DATA", str(tmp_path / "data"))
    text = (
        'kind = "tokenizer"\ncorpus = "corpus"\nrun = "run"\ndevice = "cpu"\ninit_from = "mine"\n[model]\n'
        "codebook_size = 8\nlatent_dim = 4\ncodebook_dim = 4\nbackbone_dim = 16\nbackbone_intermediate_dim = 32\n"
        "backbone_layers = 1\nposition_net = false\nadanorm_embeddings = 0\n"
        '[model.encoder]\nkind = "spectral"\ndim = 16\nintermediate_dim = 32\nlayers = 1\nphase_bins = 2\n'
    )
    (tmp_path / "tokenizer.toml").write_text(text)
    recipe = read_recipe(tmp_path / "tokenizer.toml")
    torch.manual_seed(5)
    model = WavTokenizer(tokenizer_config(recipe.tables["model"], "tokenizer.toml"))
    export_model(model, store.models_folder(), "mine", "Mine")
    for folder in ("train_data", "test_data"):
        (tmp_path / folder).mkdir()
        sound = 0.1 * np.random.default_rng(len(folder)).standard_normal(48_000)
        soundfile.write(tmp_path / folder / f"{folder}.wav", sound, 24_000)
    build_recorded(tmp_path / "corpus", [tmp_path / "train_data", tmp_path / "test_data"], "CC0", 1, split="musicnet")
    started = open_run(recipe, "tokenizer").task.module
    assert isinstance(started, WavTokenizer)
    assert torch.equal(started.quantizer.embed, model.quantizer.embed)
