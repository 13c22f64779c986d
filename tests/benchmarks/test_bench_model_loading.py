"""How long models take to be ready, at the sizes that ship with the program (half precision) and at official size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from aidd_studio import paths
from aidd_studio.diffusion import score_model
from aidd_studio.diffusion.score_model import ScoreModel, ScoreModelConfig
from aidd_studio.tokenizer import config as sizes
from aidd_studio.tokenizer.model import WavTokenizer
from aidd_studio.weights import loading, store
from aidd_studio.weights.store import ModelRecord

SHIPPED = ScoreModelConfig(tokens=4096, hidden_size=384, blocks=8, heads=6, embedding_dim=16, tied_output=True)


def put(folder: Path, name: str, kind: Any, config: Any, model: Any, half: bool) -> None:
    tensors = {key: tensor.half() if half else tensor for key, tensor in model.state_dict().items()}
    tokenizer = "aidd-studio-tokenizer" if kind == "score" else None
    record = ModelRecord(name, kind, "", "1", "MIT", "", tokenizer=tokenizer, config=config.to_dict())
    store.write_model(folder, record, tensors)


@pytest.mark.benchmark(group="model loading", min_rounds=3, max_time=2)
def test_the_bundled_pair_is_ready_in_half_a_second(
    benchmark: BenchmarkFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "resources", lambda: tmp_path)
    put(tmp_path / "models", "aidd-studio-tokenizer", "tokenizer", sizes.BUNDLED, WavTokenizer(sizes.BUNDLED), True)
    put(tmp_path / "models", "aidd-studio-score", "score", SHIPPED, ScoreModel(SHIPPED), True)

    def load() -> None:
        loading.forget_loaded()
        tokenizer, score = loading.default_pair()
        loading.load_tokenizer(tokenizer)
        loading.load_score_model(score)

    benchmark(load)
    assert benchmark.stats is not None
    assert benchmark.stats.stats.min < 0.5


@pytest.mark.benchmark(group="model loading", min_rounds=3, max_time=2)
def test_the_official_sizes_load_in_seconds(benchmark: BenchmarkFixture) -> None:
    folder = store.models_folder()
    put(folder, "codec", "tokenizer", sizes.OFFICIAL_75, WavTokenizer(sizes.OFFICIAL_75), False)
    put(folder, "net", "score", score_model.OFFICIAL, ScoreModel(score_model.OFFICIAL), False)

    def load() -> None:
        loading.forget_loaded()
        loading.load_tokenizer("codec")
        loading.load_score_model("net")

    benchmark(load)
    assert benchmark.stats is not None
    assert benchmark.stats.stats.min < 5.0
