"""From a name to an installed model: over the network, from a mirror, and by the command line."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from aidd_studio import paths
from aidd_studio.cli.models import models_app
from aidd_studio.diffusion.score_model import ScoreModel, ScoreModelConfig
from aidd_studio.errors import DownloadError, UsageError
from aidd_studio.weights import loading, pins, store
from aidd_studio.weights.check_pair import check_pair, hidden_nats
from aidd_studio.weights.download import Patience
from aidd_studio.weights.loading import Loaded
from aidd_studio.weights.obtaining import downloads_folder, obtain
from aidd_studio.weights.store import ModelRecord
from tests.weights.conftest import Server

PARITY = Path(__file__).parents[1] / "data" / "parity"
NAME = "wavtokenizer-medium-music-audio-v2"
FILE = "wavtokenizer_medium_music_audio_320_24k_v2.ckpt"
QUICK = Patience(attempts=2, pause=0.01, timeout=5.0)


@pytest.fixture(autouse=True)
def nothing_bundled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "resources").mkdir()
    (tmp_path / "resources" / "demo").symlink_to(paths.resources() / "demo")
    monkeypatch.setattr(paths, "resources", lambda: tmp_path / "resources")
    yield
    loading.forget_loaded()


def checkpoint(path: Path, seed: int = 0) -> Path:
    state = load_file(PARITY / "wavtokenizer_small.safetensors")
    state["head.out.bias"] = state["head.out.bias"] + seed
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"state_dict": OrderedDict(state)}, path)
    return path


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(models_app, list(arguments))
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.parametrize("folder", ["", NAME])
def test_a_mirror_on_a_stick_works_offline(tmp_path: Path, folder: str) -> None:
    checkpoint(tmp_path / "stick" / folder / FILE)
    obtained = obtain(NAME, str(tmp_path / "stick"))
    assert store.verify(NAME).record == obtained.model.record
    assert obtained.model.record.licence == "MIT"
    assert not (downloads_folder() / NAME).exists()


@pytest.mark.parametrize("path", [f"/mirror/{NAME}/{FILE}", f"/mirror/{FILE}"])
def test_a_mirror_on_a_server_works(server: Server, tmp_path: Path, path: str) -> None:
    server.behaviour.files[path] = checkpoint(tmp_path / FILE).read_bytes()
    obtain(NAME, f"{server.url}/mirror/", patience=QUICK)
    assert store.is_installed(NAME)


def test_an_unpublished_hash_is_pinned_and_then_demanded(tmp_path: Path) -> None:
    checkpoint(tmp_path / "one" / FILE)
    first = obtain(NAME, str(tmp_path / "one"))
    assert [file.path.name for file in first.pinned] == [FILE]
    assert obtain(NAME, str(tmp_path / "one")).pinned == ()
    checkpoint(tmp_path / "two" / FILE, seed=1)
    with pytest.raises(DownloadError, match="not the file that was expected"):
        obtain(NAME, str(tmp_path / "two"))
    assert store.verify(NAME).record == first.model.record
    pins.unpin(NAME)
    assert len(obtain(NAME, str(tmp_path / "two")).pinned) == 1


def test_a_published_hash_is_demanded_from_the_start(tmp_path: Path) -> None:
    checkpoint(tmp_path / "wavtokenizer_medium_speech_320_24k.ckpt")
    with pytest.raises(DownloadError, match="not the file that was expected"):
        obtain("wavtokenizer-medium-speech-v1", str(tmp_path))
    assert not store.is_installed("wavtokenizer-medium-speech-v1")


def test_what_to_do_when_a_place_is_not_certain_is_reported_with_the_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(DownloadError, match=r"models import FILE --name aidd-maestro"):
        obtain("aidd-maestro", patience=QUICK)
    with pytest.raises(DownloadError, match=r"no checkpoint\.pth in .*maestro\.$"):
        obtain("aidd-maestro", str(tmp_path))
    with pytest.raises(UsageError, match="comes with the program"):
        obtain("aidd-studio-score", str(tmp_path))


def test_the_command_line_downloads_shows_verifies_and_removes(tmp_path: Path) -> None:
    checkpoint(tmp_path / FILE)
    code, out, err = run("download", NAME, "--from", str(tmp_path))
    assert code == 0 and "is installed" in out and "The registry has no hash of" in err
    rows = {row["name"]: row for row in json.loads(run("list", "--json")[1])["models"]}
    assert rows[NAME]["state"] == "installed" and rows["aidd-musicnet"]["state"] == "not installed"
    assert rows["aidd-studio-score"]["state"] == "missing"
    shown = json.loads(run("show", NAME, "--json")[1])
    assert shown["origins"][0]["name"] == FILE and shown["config"]["codebook_size"] == 64
    assert NAME in run("list")[1] and "MIT" in run("show", NAME)[1] and "note" in run("show", "aidd-maestro")[1]
    path = Path(json.loads(run("path", NAME, "--json")[1])["path"])
    assert path.is_file() and str(path.parent) == run("path")[1].strip()
    assert run("verify")[0] == 0
    path.write_bytes(path.read_bytes()[:-1] + bytes([path.read_bytes()[-1] ^ 0xFF]))
    code, out, _ = run("verify", "--json")
    assert code == 1 and json.loads(out)["models"][0]["fine"] is False
    assert run("remove", NAME)[0] == 0
    assert run("remove", NAME)[0] == 1
    assert not path.exists()


def test_the_command_line_imports_and_says_what_is_wrong(tmp_path: Path) -> None:
    code, out, _ = run("import", str(checkpoint(tmp_path / "x.ckpt")), "--name", "mine", "--json")
    assert code == 0 and json.loads(out)["name"] == "mine"
    code, _, err = run("import", str(tmp_path / "nowhere.ckpt"), "--name", "mine")
    assert code == 1 and err.strip() == f"There is no file {tmp_path / 'nowhere.ckpt'}."
    code, _, err = run("show", "never-heard-of")
    assert code == 1 and "models list" in err
    code, _, err = run("download", "never-heard-of")
    assert code == 2 and "aidd-musicnet" in err


class Knowing(ScoreModel):
    """A network that has learnt one thing: each code of `likely` is `ratio` times as likely as any other."""

    def __init__(self, tokens: int, likely: torch.Tensor, ratio: float) -> None:
        super().__init__(ScoreModelConfig(tokens=tokens, hidden_size=8, blocks=1, heads=1, cond_dim=4))
        with torch.no_grad():
            self.output_layer.linear.bias[likely] = torch.tensor(ratio).log()


def test_the_likelihood_is_that_of_the_hidden_tokens_alone() -> None:
    model: ScoreModel = Knowing(8, torch.tensor([2]), 3.0).eval()
    loaded = Loaded(model, "x", "", ModelRecord("x", "score", "", "", "", ""))
    with torch.no_grad():
        nats = hidden_nats(loaded, torch.tensor([2, 5] * 200), torch.Generator().manual_seed(0))
    likely, other = torch.tensor(10 / 3).log(), torch.tensor(10.0).log()
    assert torch.allclose(nats.unique(), torch.stack([likely, other]))
    assert 60 < len(nats) < 180


def test_the_tokenizer_a_score_model_was_trained_on_is_ranked_first(tmp_path: Path, demo: Path) -> None:
    from aidd_studio.weights.importing import import_model

    for seed, name in enumerate(["right", "wrong"]):
        state = load_file(PARITY / "wavtokenizer_small.safetensors")
        key = "feature_extractor.encodec.quantizer.vq.layers.0._codebook.embed"
        state[key] = state[key].roll(17 * seed, 0)  # the same codebook in another order
        torch.save({"state_dict": state}, tmp_path / "x.ckpt")
        import_model([tmp_path / "x.ckpt"], name)
    clip = paths.resources() / "demo" / "original.flac"
    from aidd_studio.audio.files.reading import read
    from aidd_studio.audio.resampling import resample

    recording = read(clip)
    mono = resample(recording.base.mean(0, keepdims=True), recording.rate, 24_000)
    with torch.no_grad():
        codes = loading.load_tokenizer("right").model.encode(torch.from_numpy(mono[:, : 24_000 * 5]))
    common = codes.flatten().bincount(minlength=64).topk(8).indices
    network = Knowing(64, common, 20.0)
    record = ModelRecord("net", "score", "", "1", "MIT", "", tokenizer="wrong", config=network.config.to_dict())
    store.install(record, network.state_dict())
    fits = check_pair("net")
    assert [fit.tokenizer for fit in fits] == ["right", "wrong"]
    assert fits[0].nats + 3 * fits[0].error < fits[1].nats
    code, out, _ = run("check-pair", "net", str(clip), "--use", "--json")
    assert code == 0 and json.loads(out)["paired_with"] == "right"
    assert loading.pair_of("net") == ("right", "net")
