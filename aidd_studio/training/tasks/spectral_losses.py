"""Distances between spectra of waveforms, with a gradient that is cheap on a CPU."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

from aidd_studio.audio.signal import mel_bank
from aidd_studio.tokenizer.spectrum import magnitude


@lru_cache(maxsize=16)
def _window(size: int, device: torch.device) -> Tensor:
    return torch.hann_window(size, device=device)


@lru_cache(maxsize=16)
def _bank(rate: int, size: int, bands: int, device: torch.device) -> Tensor:
    return torch.tensor(mel_bank(rate, size, bands), dtype=torch.float32, device=device)


def magnitudes(wave: Tensor, size: int, hop: int, center: bool = True) -> Tensor:
    """STFT magnitudes with a Hann window: [B, T] to [B, frames, size // 2 + 1]."""
    spectrum = torch.stft(
        wave, size, hop, window=_window(size, wave.device), center=center, pad_mode="constant", return_complex=True
    )
    return magnitude(spectrum.transpose(1, 2))


def log_mel_loss(a: Tensor, b: Tensor, size: int, bands: int, rate: int, floor: float = 1e-5) -> Tensor:
    """Mean absolute difference of log mel magnitudes. a, b: magnitudes [B, frames, bins] of window `size`."""
    bank = _bank(rate, size, bands, a.device)
    return ((a @ bank).clamp_min(floor).log() - (b @ bank).clamp_min(floor).log()).abs().mean()


def level_loss(a: Tensor, b: Tensor, size: int, bands: int, rate: int, frames: int = 4) -> Tensor:
    """Mean absolute difference, in nepers, of the levels of mel bands over stretches of `frames` frames.

    a, b: magnitudes [B, frames, bins] of window `size`. The powers are averaged before the logarithm, so that sound
    which is weaker than it should be is not made up for by being even, as it is where single bins are compared.
    """
    bank = _bank(rate, size, bands, a.device)
    frames = min(frames, a.shape[1])
    levels = [
        functional.avg_pool1d((side.square() @ bank).transpose(1, 2), frames, max(1, frames // 2)) for side in (a, b)
    ]
    return 0.5 * ((levels[0] + 1e-6).log() - (levels[1] + 1e-6).log()).abs().mean()


def power_loss(a: Tensor, b: Tensor, size: int, bands: int, rate: int) -> Tensor:
    """Mean absolute difference, in nepers, of the mean power of mel bands over all frames.

    a, b: magnitudes [B, frames, bins] of window `size`. Sound is as loud as its bursts are: over a long stretch the
    mean of the power lies above that of its logarithm, and whoever only matches short stretches stays below it.
    """
    bank = _bank(rate, size, bands, a.device)
    levels = [(side.square().mean(1) @ bank + 1e-6).log() for side in (a, b)]
    return 0.5 * (levels[0] - levels[1]).abs().mean()


def multi_resolution_loss(restored: Tensor, original: Tensor, rate: int) -> tuple[Tensor, Tensor]:
    """Log-mel and linear log-magnitude L1 over five resolutions (windows 256 to 4096): two scalars.

    restored, original: [B, T].
    """
    mel, linear = restored.new_zeros(()), restored.new_zeros(())
    sizes = ((256, 32), (512, 64), (1024, 80), (2048, 128), (4096, 160))
    for size, bands in sizes:
        with torch.no_grad():
            b = magnitudes(original, size, size // 4)
        a = magnitudes(restored, size, size // 4)
        mel = mel + log_mel_loss(a, b, size, bands, rate) / len(sizes)
        linear = linear + ((a + 1e-4).log() - (b + 1e-4).log()).abs().mean() / len(sizes)
    return mel, linear
