"""What a tokenizer promises, whatever its sizes."""

from __future__ import annotations

import dataclasses
import json

import pytest
import torch
from torch import Tensor

from aidd_studio.tokenizer import config as sizes
from aidd_studio.tokenizer.config import SEANetConfig, SpectralEncoderConfig, TokenizerConfig
from aidd_studio.tokenizer.convnext import ConvNeXtBlock, DepthwiseConv
from aidd_studio.tokenizer.model import WavTokenizer
from aidd_studio.tokenizer.quantizer import Quantizer, k_means
from aidd_studio.tokenizer.spectral_encoder import SpectralEncoder
from aidd_studio.tokenizer.spectrum import aligned_istft, aligned_stft, magnitude

SPECTRAL = dataclasses.replace(
    sizes.BUNDLED,
    encoder=SpectralEncoderConfig(dim=32, intermediate_dim=48, layers=1),
    codebook_size=64,
    backbone_dim=32,
    backbone_intermediate_dim=48,
    backbone_layers=2,
)
SEANET_40 = TokenizerConfig(
    hop=600,
    encoder=SEANetConfig(filters=4, strides=(4, 5, 5, 6)),
    latent_dim=32,
    codebook_size=64,
    codebook_dim=8,
    backbone_dim=64,
    backbone_intermediate_dim=80,
    backbone_layers=1,
    head_n_fft=2400,
)


def music(batch: int, samples: int, seed: int = 0) -> Tensor:
    """A few gliding tones and noise [batch, samples]."""
    generator = torch.Generator().manual_seed(seed)
    time = torch.arange(samples) / 24_000
    pitch = 100 * 2 ** (4 * torch.rand(batch, 5, 1, generator=generator))
    glide = torch.rand(batch, 5, 1, generator=generator) * 200
    tones = torch.sin(2 * torch.pi * (pitch * time + glide * time**2)).sum(1) * 0.1
    return tones + 0.01 * torch.randn(batch, samples, generator=generator)


@pytest.mark.parametrize("config", [SPECTRAL, SEANET_40], ids=["spectral", "seanet-40"])
@pytest.mark.parametrize("samples", [1, 319, 320, 700, 12_345])
@torch.no_grad()
def test_any_length_gives_one_token_a_hop_rounded_up(config: TokenizerConfig, samples: int) -> None:
    model = WavTokenizer(config).eval()
    codes = model.encode(music(2, samples))
    assert codes.shape == (2, -(-samples // config.hop)) == (2, config.frames(samples))
    wave = model.decode(codes)
    assert wave.shape == (2, codes.shape[1] * config.hop)
    assert wave.isfinite().all()


@pytest.mark.parametrize("config", [sizes.OFFICIAL_75, sizes.OFFICIAL_40, sizes.BUNDLED, SPECTRAL, SEANET_40])
def test_sizes_survive_json(config: TokenizerConfig) -> None:
    assert TokenizerConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_the_bundled_tokenizer_has_about_ten_million_parameters() -> None:
    with torch.device("meta"):
        model = WavTokenizer(sizes.BUNDLED)
    assert 8e6 < sum(parameter.numel() for parameter in model.parameters()) < 13e6


def test_all_parts_but_the_codebook_learn_from_the_training_step() -> None:
    torch.manual_seed(0)
    model = WavTokenizer(SPECTRAL)
    wave = music(4, 9600)
    reconstruction, commitment, codes = model.forward_train(wave)
    assert reconstruction.shape == wave.shape and codes.shape == (4, 30)
    ((reconstruction - wave).square().mean() + commitment).backward()
    without = [name for name, parameter in model.named_parameters() if parameter.grad is None]
    assert not without


def test_the_encoder_gets_the_reconstruction_error_through_the_quantizer() -> None:
    torch.manual_seed(0)
    quantizer = Quantizer(8, 16, 8)
    latents = torch.randn(2, 50, 8, requires_grad=True)
    quantized, _, _ = quantizer(latents)
    weights = torch.randn_like(quantized)
    (quantized * weights).sum().backward()
    torch.testing.assert_close(latents.grad, weights)


def test_training_moves_the_codebook_onto_the_latents_and_keeps_all_entries_in_use() -> None:
    torch.manual_seed(0)
    quantizer = Quantizer(4, 64, 4)
    centres = 5 * torch.randn(16, 4)
    for _ in range(300):
        batch = centres[torch.randint(16, (4, 64))] + 0.05 * torch.randn(4, 64, 4)
        _, commitment, _ = quantizer(batch)
    assert commitment < 0.05
    everything = quantizer.eval().encode(centres + 0.05 * torch.randn(100, 16, 4))
    assert everything.unique().numel() > 56


def test_unused_entries_are_seeded_again_from_the_batch() -> None:
    torch.manual_seed(0)
    quantizer = Quantizer(4, 16, 4)
    quantizer(torch.randn(4, 64, 4))
    quantizer.embed[3] = quantizer.embed_avg[3] = 1e4
    quantizer.cluster_size[3] = 0.0
    quantizer(torch.randn(4, 64, 4))
    assert quantizer.embed[3].abs().max() < 10


def test_in_evaluation_the_codebook_stands_still() -> None:
    quantizer = Quantizer(4, 16, 4).eval()
    before = {name: tensor.clone() for name, tensor in quantizer.state_dict().items()}
    quantizer(torch.randn(4, 64, 4))
    for name, tensor in quantizer.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_k_means_finds_the_clusters() -> None:
    generator = torch.Generator().manual_seed(1)
    centres = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    vectors = centres.repeat(100, 1) + 0.1 * torch.randn(300, 2, generator=generator)
    spread = {
        round(float(torch.cdist(vectors, k_means(vectors, 8, 20, generator)[0]).min(1).values.mean()), 1)
        for _ in range(3)
    }
    assert spread == {0.1}


def test_starting_from_sound_gives_distinct_latents_and_a_codebook_in_use() -> None:
    torch.manual_seed(0)
    model = WavTokenizer(SPECTRAL).eval()
    wave = torch.cat([music(8, 24_000, seed) for seed in range(2)])
    model.start_from(wave)
    codes = model.encode(wave)
    assert codes.unique().numel() > 48
    latents = model.latents(wave).flatten(0, 1)
    torch.testing.assert_close(latents.norm(dim=1), torch.ones(len(latents)))
    variances = torch.linalg.eigvalsh(torch.cov(latents.T))
    assert variances[-1] < 8 * variances.median()


def test_frame_n_of_the_spectrum_is_centred_on_token_n() -> None:
    wave = torch.zeros(1, 3200)
    wave[0, 5 * 320 + 160] = 1.0
    energy = aligned_stft(wave, 1280, 320).abs().square().sum(-1)[0]
    assert energy.argmax() == 5
    torch.testing.assert_close(energy[4], energy[6])


def test_the_inverse_transform_undoes_the_aligned_one() -> None:
    wave = music(2, 6400)
    again = aligned_istft(aligned_stft(wave, 1280, 320), torch.hann_window(1280), 320)
    torch.testing.assert_close(again, wave, atol=1e-5, rtol=0)


def test_a_token_of_the_spectral_encoder_sees_only_what_is_near() -> None:
    torch.manual_seed(0)
    encoder = SpectralEncoder(SpectralEncoderConfig(layers=1), 16, 320, 24_000).eval()
    wave = music(1, 320 * 60)
    changed = wave.clone()
    changed[:, 320 * 30 : 320 * 31] = 0
    different = (encoder(wave) - encoder(changed)).abs().amax(-1)[0] > 1e-6
    # One block of kernel 7 sees 3 frames; a frame's window reaches 480 samples, its phase advance one frame back.
    assert different.nonzero().flatten().tolist() == list(range(25, 37))


def test_phase_advance_of_a_steady_sine_is_constant() -> None:
    encoder = SpectralEncoder(SpectralEncoderConfig(), 16, 320, 24_000)
    frequency = 24_000 / 1280 * 20.25
    wave = torch.sin(2 * torch.pi * frequency * torch.arange(9600) / 24_000)[None]
    _, advance = encoder.features(wave)
    cosine, sine = advance[0, 5:25, 20], advance[0, 5:25, 256 + 20]
    expected = torch.tensor(2 * torch.pi * 0.25 / 4)
    torch.testing.assert_close(cosine, expected.cos().expand(20), atol=1e-3, rtol=0)
    torch.testing.assert_close(sine, expected.sin().expand(20), atol=1e-3, rtol=0)


def test_depthwise_convolution_is_the_ordinary_one() -> None:
    layer = DepthwiseConv(24, 7)
    x = torch.randn(2, 50, 24)
    expected = torch.nn.functional.conv1d(x.transpose(1, 2), layer.weight, layer.bias, padding=3, groups=24)
    torch.testing.assert_close(layer(x), expected.transpose(1, 2))


def test_a_convnext_block_in_half_precision_stays_near_the_full_one() -> None:
    torch.manual_seed(0)
    block = ConvNeXtBlock(64, 192, 0.5)
    x = torch.randn(2, 50, 64)
    full = block(x)
    half = block.bfloat16()(x.bfloat16()).float()
    assert (full - half).norm() < 0.01 * full.norm()


def test_the_magnitude_has_the_right_gradient_and_a_finite_one_at_zero() -> None:
    spectrum = torch.randn(3, 4, dtype=torch.complex128, requires_grad=True)
    assert torch.autograd.gradcheck(magnitude, (spectrum,))
    zero = torch.zeros(2, dtype=torch.complex64, requires_grad=True)
    magnitude(zero).sum().backward()
    assert zero.grad is not None and torch.equal(zero.grad, torch.zeros(2, dtype=torch.complex64))
