"""Installed models are found, checked, replaced and removed; damage is noticed and told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from aidd_studio import paths
from aidd_studio.diffusion.score_model import ScoreModel, ScoreModelConfig
from aidd_studio.errors import DeviceError, ModelError, ModelNotInstalled, UsageError
from aidd_studio.tokenizer.config import BUNDLED, TokenizerConfig
from aidd_studio.tokenizer.model import WavTokenizer
from aidd_studio.tokenizer.refiner import Refiner, RefinerConfig
from aidd_studio.weights import loading, store
from aidd_studio.weights.loading import load_refiner, load_score_model, load_tokenizer
from aidd_studio.weights.store import ModelRecord

CODEC = TokenizerConfig(
    encoder=BUNDLED.encoder,
    latent_dim=16,
    codebook_size=64,
    codebook_dim=16,
    backbone_dim=32,
    backbone_intermediate_dim=64,
    backbone_layers=1,
    position_net=False,
    adanorm_embeddings=0,
)
NETWORK = ScoreModelConfig(tokens=64, hidden_size=32, blocks=1, heads=2, cond_dim=16)


def tokenizer_record(name: str = "a-tokenizer") -> ModelRecord:
    return ModelRecord(name, "tokenizer", "A tokenizer", "1", "MIT", "here", config=CODEC.to_dict())


def score_record(name: str = "a-score", tokenizer: str = "a-tokenizer") -> ModelRecord:
    return ModelRecord(name, "score", "A score", "1", "MIT", "here", tokenizer=tokenizer, config=NETWORK.to_dict())


@pytest.fixture
def tokenizer() -> WavTokenizer:
    store.install(tokenizer_record(), model := WavTokenizer(CODEC).eval().state_dict())
    made = WavTokenizer(CODEC).eval()
    made.load_state_dict(model)
    return made


@pytest.fixture(autouse=True)
def resources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder of bundled models, and nothing in memory."""
    monkeypatch.setattr(paths, "resources", lambda: tmp_path / "resources")
    yield tmp_path / "resources"
    loading.forget_loaded()


def weights_file(name: str = "a-tokenizer") -> Path:
    return store.models_folder() / f"{name}.safetensors"


def test_a_loaded_model_computes_what_the_saved_one_did(tokenizer: WavTokenizer) -> None:
    loaded = load_tokenizer("a-tokenizer")
    wave = torch.randn(1, 5000)
    with torch.no_grad():
        codes = tokenizer.encode(wave)
        assert torch.equal(loaded.model.encode(wave), codes)
        assert torch.equal(loaded.model.decode(codes), tokenizer.decode(codes))
    assert not loaded.model.training
    assert loaded.sha256 == store.sha256_of(weights_file())


def test_half_precision_files_run_in_single_precision() -> None:
    store.install(tokenizer_record(), {name: t.half() for name, t in WavTokenizer(CODEC).state_dict().items()})
    model = load_tokenizer("a-tokenizer").model
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert model.decode(torch.zeros(1, 3, dtype=torch.int64)).isfinite().all()


def test_training_statistics_may_be_left_out(tokenizer: WavTokenizer) -> None:
    slim = {name: t for name, t in tokenizer.state_dict().items() if name not in ("quantizer.embed_avg", "hann")}
    store.install(tokenizer_record("slim"), slim)
    codes = torch.arange(5)[None]
    with torch.no_grad():
        assert torch.equal(load_tokenizer("slim").model.decode(codes), tokenizer.decode(codes))


def test_a_model_is_loaded_once_for_all_threads(tokenizer: WavTokenizer) -> None:
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(load_tokenizer("a-tokenizer").model)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6 and len({id(model) for model in found}) == 1


def test_a_replaced_model_is_loaded_again(tokenizer: WavTokenizer) -> None:
    before = load_tokenizer("a-tokenizer")
    store.install(tokenizer_record(), WavTokenizer(CODEC).state_dict())
    after = load_tokenizer("a-tokenizer")
    assert after.model is not before.model and after.sha256 != before.sha256


def test_loading_draws_no_random_numbers(tokenizer: WavTokenizer) -> None:
    store.install(score_record(), ScoreModel(NETWORK).state_dict())
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    load_score_model("a-score")
    assert torch.equal(torch.rand(3), expected)


def test_the_other_precision_is_that_of_the_matrix_products() -> None:
    store.install(score_record(), ScoreModel(NETWORK).state_dict())
    model = load_score_model("a-score", dtype=torch.bfloat16).model
    assert {parameter.dtype for parameter in model.blocks.parameters()} == {torch.bfloat16}
    assert model(torch.zeros(1, 4, dtype=torch.int64), torch.ones(1)).dtype == torch.float32
    assert {parameter.dtype for parameter in load_score_model("a-score").model.parameters()} == {torch.float32}


def test_a_refiner_is_loaded_like_the_others() -> None:
    config = RefinerConfig(width=16, hidden=16, layers=1)
    store.install(
        ModelRecord("a-refiner", "refiner", "R", "1", "MIT", "here", config=config.__dict__),
        {name: tensor.contiguous() for name, tensor in Refiner(config).state_dict().items()},
    )
    assert isinstance(load_refiner("a-refiner").model, Refiner)
    assert loading.default_refiner() is None


def test_what_is_not_installed_says_how_to_get_it() -> None:
    with pytest.raises(ModelNotInstalled, match="aidd-studio models download aidd-musicnet"):
        load_score_model("aidd-musicnet")
    with pytest.raises(ModelNotInstalled, match="models list"):
        load_score_model("never-heard-of")
    with pytest.raises(ModelNotInstalled, match="reinstall"):
        load_score_model("aidd-studio-score")


def test_a_model_of_another_kind_is_refused(tokenizer: WavTokenizer) -> None:
    with pytest.raises(UsageError, match="is a tokenizer, not a score"):
        load_score_model("a-tokenizer")


@pytest.mark.parametrize("device", ["cuda:99", "mps", "meta", "toaster", ""])
def test_a_device_that_is_not_there_is_named(tokenizer: WavTokenizer, device: str) -> None:
    with pytest.raises(DeviceError, match=f"no device “{device}”"):
        load_tokenizer("a-tokenizer", device)


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "", "A", "..", "a" * 99])
def test_a_name_cannot_leave_the_folder(name: str) -> None:
    with pytest.raises(UsageError, match="no model name"):
        store.find_installed(name)


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize("at", [3, 50, -1, -5000])
def test_a_single_wrong_byte_is_noticed_before_the_model_is_used(tokenizer: WavTokenizer, at: int) -> None:
    flip(weights_file(), at)
    with pytest.raises(ModelError, match="models remove a-tokenizer"):
        load_tokenizer("a-tokenizer")
    with pytest.raises(ModelError, match="damaged"):
        store.verify("a-tokenizer")


def test_missing_and_shortened_weights_are_reported(tokenizer: WavTokenizer) -> None:
    weights_file().write_bytes(weights_file().read_bytes()[:-1])
    with pytest.raises(ModelError, match="bytes, not"):
        load_tokenizer("a-tokenizer")
    weights_file().unlink()
    with pytest.raises(ModelError, match="missing"):
        load_tokenizer("a-tokenizer")
    assert not store.is_installed("a-tokenizer") and store.installed_models() == []


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"schema": 9}', "\x00"])
def test_a_damaged_record_is_reported_and_does_not_hide_other_models(tokenizer: WavTokenizer, text: str) -> None:
    (store.models_folder() / "other.json").write_text(text)
    with pytest.raises(ModelError, match="record"):
        store.find_installed("other")
    assert [model.name for model in store.installed_models()] == ["a-tokenizer"]
    assert store.known_names() == ["a-tokenizer", "other"]


def test_weights_that_do_not_fit_their_description_are_refused(tokenizer: WavTokenizer) -> None:
    store.install(score_record("odd"), tokenizer.state_dict())
    with pytest.raises(ModelError, match="do not fit"):
        load_score_model("odd")


def test_a_failed_installation_leaves_the_old_model(tokenizer: WavTokenizer, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    before = store.verify("a-tokenizer")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(ModelError, match="cannot be installed"):
            store.install(tokenizer_record(), WavTokenizer(CODEC).state_dict())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert store.verify("a-tokenizer").record == before.record
    assert len(list(store.models_folder().iterdir())) == 2


def test_removing_leaves_nothing_and_bundled_models_stay(tokenizer: WavTokenizer, resources: Path) -> None:
    store.remove("a-tokenizer")
    assert list(store.models_folder().iterdir()) == []
    store.write_model(store.bundled_folder(), tokenizer_record("bundled"), WavTokenizer(CODEC).state_dict())
    with pytest.raises(UsageError, match="came with the program"):
        store.remove("bundled")
    with pytest.raises(ModelNotInstalled):
        store.remove("never-heard-of")


def test_the_bundled_pair_is_the_default_and_an_installed_one_the_next_best(tokenizer: WavTokenizer) -> None:
    with pytest.raises(ModelNotInstalled, match="models list"):
        loading.default_pair()
    store.install(score_record("lonely", "not-here"), ScoreModel(NETWORK).state_dict())
    store.install(score_record(), ScoreModel(NETWORK).state_dict())
    assert loading.default_pair() == loading.pair_of(None) == ("a-tokenizer", "a-score")
    with pytest.raises(ModelNotInstalled, match="not-here"):
        loading.pair_of("lonely")
    folder = store.bundled_folder()
    store.write_model(folder, tokenizer_record("aidd-studio-tokenizer"), WavTokenizer(CODEC).state_dict())
    record = score_record("aidd-studio-score", "aidd-studio-tokenizer")
    store.write_model(folder, record, ScoreModel(NETWORK).state_dict())
    assert loading.default_pair() == ("aidd-studio-tokenizer", "aidd-studio-score")


def test_another_tokenizer_can_be_given_to_an_installed_score_model(tokenizer: WavTokenizer) -> None:
    store.install(score_record(tokenizer="not-here"), ScoreModel(NETWORK).state_dict())
    store.pair_with("a-score", "a-tokenizer")
    assert loading.pair_of("a-score") == ("a-tokenizer", "a-score")
    store.verify("a-score")
