"""The refiner changes nothing but the gap, invents nothing in an empty band, and learns from extrapolated gaps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from aidd_studio.diffusion.score_model import ScoreModel, ScoreModelConfig
from aidd_studio.tokenizer.config import SpectralEncoderConfig, TokenizerConfig
from aidd_studio.tokenizer.model import WavTokenizer
from aidd_studio.tokenizer.refiner import CONTEXT, Refiner, RefinerConfig
from aidd_studio.training.corpora import gap_examples
from aidd_studio.training.corpora.corpus import build_recorded
from aidd_studio.training.corpora.segments import Segments
from aidd_studio.training.corpora.tokens import load_tokens, tokenize_corpus
from aidd_studio.training.devices import Devices
from aidd_studio.training.tasks.refiner_task import ContextSettings, RefinerTask, guess, middle_frames
from aidd_studio.training.tasks.spectral_losses import level_loss, magnitudes, multi_resolution_loss, power_loss
from aidd_studio.training.tasks.tokenizer_task import TokenizerSettings, TokenizerTask

CPU = Devices(torch.device("cpu"), half=False)
SMALL = RefinerConfig(width=16, hidden=32, layers=2, code_width=4)
CODEC = TokenizerConfig(
    encoder=SpectralEncoderConfig(dim=16, intermediate_dim=32, layers=1, phase_bins=4, normalise=False),
    latent_dim=4,
    codebook_dim=4,
    codebook_size=16,
    backbone_dim=16,
    backbone_intermediate_dim=32,
    backbone_layers=1,
    position_net=False,
    adanorm_embeddings=0,
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Chords in noise: three files to train on, two held back."""
    folder = tmp_path_factory.mktemp("recordings")
    rng = np.random.default_rng(0)
    time = np.arange(3 * 24_000) / 24_000
    for number, name in enumerate(("train_data", "train_data", "train_data", "test_data", "test_data")):
        (folder / name).mkdir(exist_ok=True)
        hertz = rng.uniform(150, 1500, 4)
        chord = np.sin(2 * np.pi * hertz[:, None] * time).sum(0) * np.exp(-2 * (time % 0.7))
        soundfile.write(folder / name / f"{number}.wav", 0.1 * chord + 0.01 * rng.standard_normal(len(time)), 24_000)
    made = folder / "corpus"
    build_recorded(made, [folder / "train_data", folder / "test_data"], "CC0-1.0", 1, split="musicnet")
    return made


def test_samples_outside_the_gap_come_back_as_they_were() -> None:
    torch.manual_seed(0)
    model = Refiner(SMALL)
    wave = 0.1 * torch.randn(2, 320 * 40)
    made = model(wave, 5000, 7000, None)
    assert torch.equal(made[:, :5000], wave[:, :5000])
    assert torch.equal(made[:, 7000:], wave[:, 7000:])
    assert not torch.equal(made[:, 5000:7000], wave[:, 5000:7000])


def test_what_a_model_is_extended_by_changes_nothing_until_it_is_trained() -> None:
    torch.manual_seed(0)
    plain, extended = Refiner(SMALL), Refiner(replace(SMALL, layers=2, heads=2, sides=True))
    extended.load_state_dict({**extended.state_dict(), **plain.state_dict()})
    wave, sides = 0.1 * torch.randn(2, 320 * 40), 0.1 * torch.randn(2, 2, 2000)
    assert torch.equal(plain(wave, 5000, 7000, None), extended(wave, 5000, 7000, None, sides))


def test_a_model_may_take_one_side_alone() -> None:
    torch.manual_seed(0)
    model = Refiner(replace(SMALL, layers=3, heads=2, sides=True))
    wave, sides = 0.1 * torch.randn(2, 320 * 40), 0.1 * torch.randn(2, 2, 2000)
    before = model(wave, 5000, 7000, None, sides)
    with torch.no_grad():
        model.head.bias[: 2 * model.bins] = -40.0  # neither the cross-faded prediction nor anything new
        model.side_head.bias[: model.bins] = 0.5493  # 2 tanh of it is 1
    late = model(wave, 5000, 7000, None, sides)
    middle = slice(5800, 6200)
    assert not torch.allclose(before[:, middle], sides[:, 0, 800:1200], atol=1e-3)
    torch.testing.assert_close(late[:, middle], sides[:, 0, 800:1200], atol=1e-3, rtol=0)


def test_a_band_that_is_empty_around_the_gap_stays_empty_in_it() -> None:
    torch.manual_seed(0)
    model = Refiner(SMALL)
    with torch.no_grad():
        model.head.bias[model.bins : 2 * model.bins] = 4.0  # a model that would add a lot everywhere
    spectrum = torch.fft.rfft(0.1 * torch.randn(1, 320 * 80))
    spectrum[:, spectrum.shape[1] // 2 :] = 0  # nothing above 6 kHz
    wave = torch.fft.irfft(spectrum)
    with torch.no_grad():
        made = model(wave, 12_000, 14_400, None)
    inside = magnitudes(made[:, 12_200:14_200], 512, 128, center=False)
    assert inside[..., 160:].max() < 1e-2 * inside[..., :120].mean()


def test_examples_are_extrapolated_and_made_once(corpus: Path, tmp_path: Path) -> None:
    path = gap_examples.make_shard(corpus, "train", tmp_path, 960, 3, 5)
    before = path.stat().st_mtime_ns
    assert gap_examples.make_shard(corpus, "train", tmp_path, 960, 3, 5).stat().st_mtime_ns == before
    examples = gap_examples.load_examples(tmp_path, "train")[960]
    true, filled, sides = examples.take(np.array([0, 2]))
    inside = slice(gap_examples.CONTEXT, gap_examples.CONTEXT + 960)
    assert np.array_equal(true[:, : inside.start], filled[:, : inside.start])
    assert np.abs(true[:, inside] - filled[:, inside]).max() > 1e-3
    assert np.abs(filled[:, inside]).max() > 1e-4
    assert sides.shape == (2, 2, 960)


def test_the_refiner_gets_better_at_filling(corpus: Path, tmp_path: Path) -> None:
    for split in ("train", "held"):
        gap_examples.make_shard(corpus, split, tmp_path, 2400, 3, 5)
    torch.manual_seed(0)
    settings = ContextSettings(tokens=4 * (2 * CONTEXT + 2400) // 320, no_codes=0.3, damaged=0.3)
    task = RefinerTask(Refiner(SMALL), WavTokenizer(CODEC), settings, tmp_path, CPU)
    optimizer = torch.optim.AdamW(task.module.parameters(), 3e-3)
    before = task.validate()["mel_100_none"]
    for step in range(8):
        optimizer.zero_grad()
        loss, _ = task.loss(step, 0)
        loss.backward()
        optimizer.step()
    assert task.validate()["mel_100_none"] < before


def test_a_guess_is_the_mean_of_the_codes_that_the_score_model_holds_possible() -> None:
    torch.manual_seed(0)
    score = ScoreModel(ScoreModelConfig(tokens=16, hidden_size=16, blocks=1, heads=2, cond_dim=8)).eval()
    table, codes = torch.randn(16, 4), torch.randint(16, (3, 30))
    unsure = guess(score, table, codes, slice(10, 20), np.random.default_rng(0))
    torch.testing.assert_close(unsure, table.mean(0).expand(3, 10, 4))  # an untrained network holds all alike
    with torch.no_grad():
        score.output_layer.linear.bias[5] = 40.0
    sure = guess(score, table, codes, slice(10, 20), np.random.default_rng(0))
    torch.testing.assert_close(sure, table[5].expand(3, 10, 4))


def test_a_tokenizer_learns_with_a_frozen_encoder_and_its_codes_stay(corpus: Path) -> None:
    torch.manual_seed(0)
    settings = TokenizerSettings(batch=2, frames=16, freeze_encoder=True, start_seconds=12, validate_batches=1)
    task = TokenizerTask(WavTokenizer(CODEC), settings, Segments(corpus, "train"), Segments(corpus, "held"), CPU)
    task.start()
    wave = torch.from_numpy(Segments(corpus, "train").batch([9], 1, 9600))
    codes, before = task.model.encode(wave), task.validate()["mel"]
    trained = [parameter for parameter in task.module.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, 3e-3)
    for step in range(15):
        optimizer.zero_grad()
        loss, _ = task.loss(step, 0)
        loss.backward()
        optimizer.step()
    assert torch.equal(task.model.encode(wave), codes)
    assert task.validate()["mel"] < before


def test_an_encoder_that_learns_moves_its_codebook(corpus: Path) -> None:
    torch.manual_seed(0)
    settings = TokenizerSettings(batch=2, frames=16, hold_encoder=0, start_seconds=12)
    task = TokenizerTask(WavTokenizer(CODEC), settings, Segments(corpus, "train"), Segments(corpus, "held"), CPU)
    task.start()
    before = task.model.quantizer.embed.clone()
    loss, figures = task.loss(0, 0)
    loss.backward()
    assert figures["commitment"] > 0
    assert all(weights.grad is not None for weights in task.model.encoder.parameters())
    assert not torch.equal(task.model.quantizer.embed, before)


def test_a_corpus_becomes_shards_of_tokens_and_a_stopped_run_goes_on(corpus: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    tokenizer = WavTokenizer(CODEC).eval()
    tokenize_corpus(corpus, tmp_path, tokenizer, "tiny", seconds=1.0, passes=2, files_per_shard=2)
    rows, codes = load_tokens(tmp_path, "train")
    assert codes == 16
    assert rows.shape[1] == 75
    shards = sorted(tmp_path.glob("train-*.safetensors"))
    untouched = shards[1].stat().st_mtime_ns
    shards[0].unlink()
    tokenize_corpus(corpus, tmp_path, tokenizer, "tiny", seconds=1.0, passes=2, files_per_shard=2)
    assert np.array_equal(load_tokens(tmp_path, "train")[0], rows)
    assert shards[1].stat().st_mtime_ns == untouched


def test_equal_sounds_have_no_spectral_distance_and_the_gradient_is_the_slope() -> None:
    torch.manual_seed(0)
    wave = 0.1 * torch.randn(1, 9600)
    mel, linear = multi_resolution_loss(wave, wave, 24_000)
    assert float(mel) == 0
    assert float(linear) == 0
    parts = torch.randn(1, 1200, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda x: magnitudes(x.float(), 256, 64).double().sum(),
        parts,
        eps=1e-3,
        atol=5e-2,
        nondet_tol=1e-3,
        fast_mode=True,
    )


def test_levels_are_compared_as_power_whatever_the_single_bins_are() -> None:
    torch.manual_seed(0)
    noise, other = (magnitudes(0.1 * torch.randn(2, 24_000), 2048, 512) for _ in range(2))
    assert float(level_loss(noise, noise, 2048, 24, 24_000)) == 0
    assert float(level_loss(noise / 2, noise, 2048, 24, 24_000)) == pytest.approx(np.log(2), rel=1e-3)
    assert float(level_loss(other, noise, 2048, 24, 24_000)) < 0.2, "another draw of the same noise is as loud"
    brief = noise[:, :2]
    assert float(level_loss(brief / 2, brief, 2048, 24, 24_000)) == pytest.approx(np.log(2), rel=1e-3)


def test_power_is_compared_over_all_frames_at_once() -> None:
    torch.manual_seed(0)
    noise = magnitudes(0.1 * torch.randn(2, 24_000), 2048, 512)
    assert float(power_loss(noise, noise, 2048, 40, 24_000)) == 0
    assert float(power_loss(noise / 2, noise, 2048, 40, 24_000)) == pytest.approx(np.log(2), rel=1e-3)
    bursts = noise * torch.tensor([0.0, 2**0.5]).repeat(noise.shape[1])[: noise.shape[1], None]
    assert float(power_loss(bursts, noise, 2048, 40, 24_000)) < 0.15, "bursts are as loud as what is even"
    assert float(level_loss(bursts, noise, 2048, 40, 24_000, frames=1)) > 1.0


@pytest.mark.parametrize("length", [960, 2400, 7200, 36_000])
def test_the_middle_half_of_a_gap_has_frames(length: int) -> None:
    reach = 1536
    frames = 1 + (length + 2 * reach - 2048) // 512
    inner = middle_frames(reach, reach + length, 2048, frames)
    centres = (np.arange(frames) * 512 + 1024)[inner] - reach
    assert centres.size
    assert (np.abs(centres - length / 2) <= length / 4 + 256).all()


def test_long_gaps_are_weighed_for_themselves(corpus: Path, tmp_path: Path) -> None:
    for length in (2400, 9600, 12_000):
        for split in ("train", "held"):
            gap_examples.make_shard(corpus, split, tmp_path, length, 2, 5)
    torch.manual_seed(0)
    found = []
    for level_long in (0.5, 2.5):
        settings = ContextSettings(tokens=100, no_codes=1.0, convergence=0.0, distance=0.0, level=0.5)
        settings = replace(settings, level_long=level_long)
        task = RefinerTask(Refiner(SMALL), None, settings, tmp_path, CPU)
        true = torch.from_numpy(task.held[2400].take(np.arange(2))[0])
        quiet = true.clone()
        lengths = {}
        for length in (2400, 9600, 12_000):
            quiet = true.clone()
            quiet[:, 6000 : 6000 + length] /= 2
            loss, figures = task.distance(quiet, true, 6000, 6000 + length)
            lengths[length] = (float(loss) - figures["mel"]) / figures["level"]
        found.append(lengths)
    assert list(found[0].values()) == pytest.approx([0.5, 0.5, 0.5], rel=1e-3)
    assert list(found[1].values()) == pytest.approx([0.5, 1.5, 2.5], rel=1e-3)
