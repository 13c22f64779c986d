"""Published checkpoints are read as they are, run nothing, and give the published numbers."""

from __future__ import annotations

import json
import os
import pickle
import sys
import types
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from aidd_studio.errors import ModelError, UsageError
from aidd_studio.tokenizer.config import OFFICIAL_75, TokenizerConfig
from aidd_studio.weights import loading
from aidd_studio.weights.checkpoint import read_checkpoint
from aidd_studio.weights.importing import import_model
from aidd_studio.weights.loading import load_score_model, load_tokenizer
from aidd_studio.weights.store import find_installed, models_folder

PARITY = Path(__file__).parents[1] / "data" / "parity"
SMALL_YAML = """
tokens: 63
training: {ema: 0.9999, p_base: 0.8, alpha: 0.5}
graph: {type: absorb, file: data, report_all: false}
noise: {type: loglinear, sigma_min: 0.0001, sigma_max: 20}
model: {hidden_size: 64, cond_dim: 32, n_blocks: 2, n_heads: 4, scale_by_sigma: true, dropout: 0.1}
"""


@pytest.fixture(autouse=True)
def nothing_kept_in_memory() -> Iterator[None]:
    yield
    loading.forget_loaded()


@pytest.fixture
def lightning_dictionary() -> Iterator[type[dict[str, Any]]]:
    """Lightning's own kind of dictionary, of a Lightning that is gone when the file is read."""
    names = ["pytorch_lightning", "pytorch_lightning.utilities", "pytorch_lightning.utilities.parsing"]
    kind = type("AttributeDict", (dict,), {"__module__": names[-1]})
    for name in names:
        sys.modules[name] = types.ModuleType(name)
    sys.modules[names[-1]].AttributeDict = kind  # type: ignore[attr-defined]
    yield kind
    for name in names:
        sys.modules.pop(name, None)


def lightning(state: dict[str, Tensor], **more: Any) -> dict[str, Any]:
    others = {"multiperioddisc.a.weight": torch.ones(3), "melspec_loss.mel.fb": torch.ones(2)}
    return {
        "epoch": 3,
        "global_step": 7,
        "pytorch-lightning_version": "1.8.6",
        "state_dict": OrderedDict(state | others),
        "loops": {"fit_loop": {"state_dict": {}}},
        "callbacks": {"ModelCheckpoint{'monitor': 'val_loss'}": {"best_model_score": torch.tensor(1.0)}},
        "optimizer_states": [{"state": {0: {"exp_avg": torch.ones(3)}}, "param_groups": [{"lr": 2e-4}]}],
        "lr_schedulers": [{"last_epoch": 2}],
        **more,
    }


def aidd(model: dict[str, Tensor], shadow: list[Tensor]) -> dict[str, Any]:
    rate = np.float64(1e-6) * np.minimum(3 / 2500, 1.0)  # the published warm-up multiplies by a numpy number
    return {
        "optimizer": {"state": {0: {"step": torch.tensor(3.0)}}, "param_groups": [{"lr": rate, "params": [0, 1]}]},
        "model": OrderedDict(model),
        "ema": {"decay": 0.9999, "num_updates": 3, "shadow_params": shadow},
        "step": 3,
    }


@pytest.fixture
def small_ckpt(tmp_path: Path) -> Path:
    path = tmp_path / "some_tokenizer.ckpt"
    decoder = {"feature_extractor.encodec.decoder.model.0.conv.conv.bias": torch.ones(5)}
    torch.save(lightning(load_file(PARITY / "wavtokenizer_small.safetensors") | decoder), path)
    return path


@pytest.fixture
def small_pth(tmp_path: Path) -> Path:
    stored = load_file(PARITY / "sedd_small.safetensors")
    order = json.loads((PARITY / "vectors.json").read_text())["sedd_small"]["info"]["ema"]["order"]
    buffer = {"rotary_emb.inv_freq": stored["rotary_emb.inv_freq"]}
    weights = {name: stored[name] for name in order}
    names = list(weights)
    model = {name: weights[name] for name in names[:5]} | buffer | {name: weights[name] for name in names[5:]}
    shadow = [value for name, value in sorted(stored.items()) if name.startswith("ema.")]
    path = tmp_path / "checkpoint.pth"
    torch.save(aidd(model, shadow), path)
    path.with_name("config.yaml").write_text(SMALL_YAML)
    return path


def test_an_imported_tokenizer_gives_the_published_codes_and_sound(small_ckpt: Path) -> None:
    import_model([small_ckpt], "my-tokenizer")
    model = load_tokenizer("my-tokenizer").model
    vectors = load_file(PARITY / "wavtokenizer_small_io.safetensors")
    with torch.no_grad():
        assert torch.equal(model.encode(vectors["a.wav"]), vectors["a.codes"][0])
        torch.testing.assert_close(model.decode(vectors["a.codes"][0]), vectors["a.audio_bw0"], rtol=0, atol=1e-5)


def test_what_inference_never_uses_is_left_out_and_the_origin_is_kept(small_ckpt: Path) -> None:
    installed = import_model([small_ckpt], "my-tokenizer")
    names = set(load_file(installed.path))
    assert not any("decoder" in name or "disc" in name or "loss" in name for name in names)
    assert installed.record.origins[0].name == "some_tokenizer.ckpt"
    assert installed.record.origins[0].size == small_ckpt.stat().st_size
    assert len(installed.record.origins[0].sha256) == 64
    assert installed.record.config["backbone_intermediate_dim"] == 80  # read off the shapes


def test_the_moving_averages_are_what_is_imported(small_pth: Path) -> None:
    import_model([small_pth], "my-score", tokenizer="my-tokenizer")
    loaded = load_score_model("my-score")
    vectors = load_file(PARITY / "sedd_small_io.safetensors")
    with torch.no_grad():
        scores = loaded.model(vectors["in.indices"], vectors["in.sigma"])
    torch.testing.assert_close(scores, vectors["model.log_score_ema"], rtol=0, atol=2e-5)
    assert not torch.allclose(scores, vectors["model.log_score"], atol=1e-2)
    assert loaded.meta.tokenizer == "my-tokenizer"
    assert loaded.meta.details["noise"]["type"] == "loglinear"
    assert [origin.name for origin in loaded.meta.origins] == ["checkpoint.pth", "config.yaml"]


def test_lightnings_own_classes_are_read_without_lightning(
    tmp_path: Path, lightning_dictionary: type[dict[str, Any]]
) -> None:
    path = tmp_path / "a.ckpt"
    torch.save({"state_dict": {}, "hyper_parameters": lightning_dictionary(rate=1, sizes=[2])}, path)
    for name in [name for name in sys.modules if name.startswith("pytorch_lightning")]:
        del sys.modules[name]
    assert read_checkpoint(path)["hyper_parameters"] == {"rate": 1, "sizes": [2]}


class Malice:
    """Writes a file when it is unpickled."""

    def __init__(self, how: Callable[[str], object], argument: str) -> None:
        self.how, self.argument = how, argument

    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return self.how, (self.argument,)


@pytest.mark.parametrize("where", ["state_dict", "optimizer", "ema"])
@pytest.mark.parametrize("how", [os.system, exec, eval])
@pytest.mark.parametrize("zipped", [True, False])
def test_nothing_in_a_checkpoint_is_ever_run(
    tmp_path: Path, where: str, how: Callable[[str], object], zipped: bool
) -> None:
    proof = tmp_path / "it-ran"
    code = f"touch {proof}" if how is os.system else f"open({str(proof)!r}, 'w')"
    path = tmp_path / "evil.ckpt"
    torch.save({"state_dict": {}, where: Malice(how, code)}, path, _use_new_zipfile_serialization=zipped)
    torch.load(path, weights_only=False)
    assert proof.exists(), "the file does harm where it is trusted"
    proof.unlink()
    with pytest.raises(ModelError, match="holds more than weights"):
        import_model([path], "evil")
    assert not proof.exists()
    assert not models_folder().exists()


def test_a_configuration_cannot_run_anything_either(small_pth: Path, tmp_path: Path) -> None:
    proof = tmp_path / "it-ran"
    small_pth.with_name("config.yaml").write_text(f"!!python/object/apply:os.system ['touch {proof}']")
    with pytest.raises(ModelError, match="YAML"):
        import_model([small_pth], "my-score")
    assert not proof.exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"no checkpoint at all", os.urandom(2000), pickle.dumps({"state_dict": {}}, 2), b"PK\x03\x04" + bytes(500)],
)
def test_what_is_no_checkpoint_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.ckpt"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"no checkpoint|damaged|not one of the published"):
        import_model([path], "x")


def test_a_truncated_checkpoint_is_damaged(small_ckpt: Path) -> None:
    small_ckpt.write_bytes(small_ckpt.read_bytes()[:-5000])
    with pytest.raises(ModelError, match="damaged"):
        import_model([small_ckpt], "x")


def changed(path: Path, change: Any) -> Path:
    checkpoint = torch.load(path, weights_only=False)
    change(checkpoint)
    torch.save(checkpoint, path)
    return path


def test_a_missing_tensor_is_named(small_ckpt: Path) -> None:
    changed(small_ckpt, lambda file: file["state_dict"].pop("backbone.final_layer_norm.bias"))
    with pytest.raises(ModelError, match=r"backbone\.final_layer_norm\.bias is missing"):
        import_model([small_ckpt], "x")


def test_half_a_weight_norm_pair_is_named(small_ckpt: Path) -> None:
    key = "feature_extractor.encodec.encoder.model.0.conv.conv.weight_v"
    changed(small_ckpt, lambda file: file["state_dict"].pop(key))
    with pytest.raises(ModelError, match=r"model\.0\.conv\.conv\.weight_v"):
        import_model([small_ckpt], "x")


def test_a_wrong_shape_is_named_with_both_shapes(small_ckpt: Path) -> None:
    changed(small_ckpt, lambda file: file["state_dict"].update({"head.out.bias": torch.ones(7)}))
    with pytest.raises(ModelError, match=r"head\.out\.bias has the shape \[7\], not \[1282\]"):
        import_model([small_ckpt], "x")


def test_moving_averages_that_do_not_match_are_refused(small_pth: Path) -> None:
    changed(small_pth, lambda file: file["ema"]["shadow_params"].pop())
    with pytest.raises(ModelError, match="29 moving averages for 30 parameters"):
        import_model([small_pth], "x")


def test_swapped_moving_averages_are_refused(small_pth: Path) -> None:
    changed(small_pth, lambda file: file["ema"]["shadow_params"].reverse())
    with pytest.raises(ModelError, match="moving average of another shape than"):
        import_model([small_pth], "x")


def test_a_configuration_of_other_sizes_is_refused(small_pth: Path) -> None:
    config = small_pth.with_name("config.yaml")
    config.write_text(SMALL_YAML.replace("n_blocks: 2", "n_blocks: 3"))
    with pytest.raises(ModelError, match=r"blocks\.2\.\S+ is missing"):
        import_model([small_pth], "x")


@pytest.mark.parametrize("text", ["", "[1, 2]", "tokens: 63", "tokens: many\nmodel: {}\ngraph: {type: absorb}", "{"])
def test_a_configuration_that_is_none_is_refused(small_pth: Path, text: str) -> None:
    small_pth.with_name("config.yaml").write_text(text)
    with pytest.raises(ModelError):
        import_model([small_pth], "x")


def test_a_score_model_without_its_configuration_says_what_is_missing(small_pth: Path) -> None:
    small_pth.with_name("config.yaml").unlink()
    with pytest.raises(ModelError, match=r"needs its config\.yaml"):
        import_model([small_pth], "x")


def test_a_file_the_registry_does_not_know_needs_a_name(small_ckpt: Path) -> None:
    with pytest.raises(UsageError, match="--name"):
        import_model([small_ckpt])


def test_a_file_that_is_not_the_published_one_does_not_get_its_name(small_ckpt: Path) -> None:
    other = small_ckpt.rename(small_ckpt.with_name("wavtokenizer_medium_speech_320_24k.ckpt"))
    with pytest.raises(ModelError, match="not the published file of wavtokenizer-medium-speech-v1"):
        import_model([other])


def test_an_own_safetensors_file_describes_itself(small_ckpt: Path) -> None:
    first = import_model([small_ckpt], "first")
    second = import_model([first.path], "second")
    assert second.record.config == first.record.config
    assert second.record.origins == first.record.origins
    assert load_tokenizer("second").name == "second"


def test_a_safetensors_file_of_someone_else_is_refused() -> None:
    with pytest.raises(ModelError, match="does not say which model"):
        import_model([PARITY / "wavtokenizer_small.safetensors"], "x")


def official(layout: dict[str, Any], noise: Tensor) -> Tensor:
    """A tensor of that layout, from the start of a long row of random numbers."""
    shape = layout["shape"]
    fan = int(np.prod(shape[1:])) if len(shape) > 1 else 1
    return noise[: int(np.prod(shape))].view(shape) / fan**0.5


@pytest.mark.slow
def test_files_of_the_official_layout_and_size_import_and_run(tmp_path: Path) -> None:
    layout = json.loads((PARITY / "official_layout.json").read_text())
    noise = torch.randn(4_000_000, generator=torch.Generator().manual_seed(1))
    tokenizer = layout["wavtokenizer"]
    tensors = {row["key"]: official(row, noise) for row in tokenizer["keys"] + tokenizer["ignored_keys"]}
    path = tmp_path / "wavtokenizer_medium_music_audio_320_24k.ckpt"
    torch.save(lightning(tensors), path)
    installed = import_model([path])
    assert installed.name == "wavtokenizer-medium-music-audio-v1"
    assert TokenizerConfig.from_dict(installed.record.config) == OFFICIAL_75
    path.unlink()

    rows = layout["aidd"]["keys"]
    model = {row["key"]: official(row, noise) for row in rows}
    averaged = noise.flip(0)
    shadow = [official(row, averaged) for row in rows if row["ema_index"] is not None]
    path = tmp_path / "aidd" / "checkpoint.pth"
    path.parent.mkdir()
    torch.save(aidd(model, shadow), path)
    path.with_name("config.yaml").write_text(json.dumps(layout["aidd"]["config"]))  # JSON is YAML
    import_model([path], "aidd-musicnet")
    path.unlink()

    pair = loading.pair_of("aidd-musicnet")
    assert pair == ("wavtokenizer-medium-music-audio-v1", "aidd-musicnet")
    codec, score = load_tokenizer(pair[0]).model, load_score_model(pair[1]).model
    assert sum(parameter.numel() for parameter in score.parameters()) == layout["aidd"]["counts"]["parameters"]
    assert torch.equal(score.vocab_embed.embedding, shadow[0])
    with torch.inference_mode():
        codes = codec.encode(noise[None, :24_000])
        assert codes.shape == (1, 75)
        assert codec.decode(codes).shape == (1, 24_000)
        assert score(codes, torch.tensor([0.5])).shape == (1, 75, 4096)
    assert find_installed("aidd-musicnet").record.size < 1.01 * 4 * layout["aidd"]["counts"]["state_dict_total"]
