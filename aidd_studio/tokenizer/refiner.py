"""Decoding tokens into a gap: a decoder that also sees the sound on both sides and its extrapolation into the gap.

A plain decoder must invent every phase, and cannot know what the recording around the gap sounds like. This one reads
the spectrum of the pre-filled sound beside the tokens and puts out, for every bin, how much of the extrapolation to
keep and what to add to it.

It was trained on windows prepared in one way, which its callers must follow: 24 kHz mono, scaled so that the
known samples have a root mean square of `LEVEL`; the gap filled by two-sided Burg extrapolation of order
`EXTRAPOLATION_ORDER` from `EXTRAPOLATION_CONTEXT` samples on each side (`BothSides.hand_overs`); about `CONTEXT`
samples of sound before and after the gap; the tokens those of the pre-filled window, but in the gap (every token whose
own samples touch it) those that the score model chose.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from aidd_studio.tokenizer.convnext import EPSILON, ConvNeXtBlock
from aidd_studio.tokenizer.spectrum import aligned_istft, aligned_stft

LEVEL = 0.1
EXTRAPOLATION_ORDER = 1000
EXTRAPOLATION_CONTEXT = 2400
CONTEXT = 9600
MOST_OF_A_SIDE = 2.0
"""The largest factor by which one side's prediction is taken; it decays, and may be raised again."""


@dataclass(frozen=True)
class RefinerConfig:
    """Sizes of a refiner; hop and window are those of the tokenizer it reads tokens of."""

    hop: int = 320
    window: int = 1280
    phase_bins: int = 256
    code_width: int = 16
    width: int = 320
    hidden: int = 960
    layers: int = 8
    edge: int = 360  # samples over which the extrapolation hands over at each side (15 ms; trained with 5, measured)
    heads: int = 0  # of the attention after every second block, by which all frames see each other; 0 for none
    sides: bool = False  # whether the predictions from either side are seen, and may be taken, one by one


class ContextAttention(nn.Module):
    """Attention among all frames of a window, added to the input; it adds nothing at first."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(dim, eps=EPSILON)
        self.query_key_value = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor) -> Tensor:
        """[B, L, dim] to [B, L, dim]."""
        parts = self.query_key_value(self.norm(x)).unflatten(-1, (3, self.heads, -1))
        query, key, value = (part.transpose(1, 2) for part in parts.unbind(-3))
        attended = functional.scaled_dot_product_attention(query, key, value)
        return x + self.out(attended.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


class Refiner(nn.Module):
    """Fills one gap per window: (pre-filled wave, gap, code vectors) to the wave with a new gap."""

    hann: Tensor

    def __init__(self, config: RefinerConfig) -> None:
        super().__init__()
        self.config = config
        bins = config.window // 2 + 1
        self.bins = bins
        self.spectrum = nn.Linear(bins + 2 * config.phase_bins, config.width)
        self.codes = nn.Linear(config.code_width, config.width)
        self.no_codes = nn.Parameter(torch.zeros(config.width))
        self.place = nn.Linear(6, config.width)
        self.norm = nn.LayerNorm(config.width, eps=EPSILON)
        self.blocks = nn.ModuleList(
            ConvNeXtBlock(config.width, config.hidden, 1 / config.layers) for _ in range(config.layers)
        )
        self.attention = nn.ModuleList(
            ContextAttention(config.width, config.heads) for _ in range((config.layers - 1) // 2 if config.heads else 0)
        )
        self.out_norm = nn.LayerNorm(config.width, eps=EPSILON)
        self.head = nn.Linear(config.width, 3 * bins)
        self.register_buffer("hann", torch.hann_window(config.window), persistent=False)
        nn.init.normal_(self.head.weight, std=0.01)
        with torch.no_grad():
            self.head.bias[:bins] = 2.0  # keep most of the extrapolation at first
            self.head.bias[bins : 2 * bins] = -3.0
            self.head.bias[2 * bins :] = torch.rand(bins) * 6.28
        if config.sides:
            self.sides = nn.Linear(2 * bins, config.width, bias=False)
            self.side_head = nn.Linear(config.width, 2 * bins)
            for weight in (self.sides.weight, self.side_head.weight, self.side_head.bias):
                nn.init.zeros_(weight)

    def forward(self, wave: Tensor, start: int, end: int, codes: Tensor | None, sides: Tensor | None = None) -> Tensor:
        """A new version of the samples `start` to `end`; the others are returned as they came.

        wave: float32 [B, T] with the gap extrapolated, T a multiple of the hop. codes: the tokens' code vectors
        [B, T / hop, code_width] or None where nothing is known of the gap but its surroundings. sides: the gap with
        the change of sides late and early, float32 [B, 2, end - start]; for a model that sees them.
        """
        config = self.config
        spectrum = aligned_stft(wave, config.window, config.hop)
        real, imaginary = spectrum.real, spectrum.imag
        features = _features(real, imaginary, config.phase_bins, config.hop, config.window)
        place = _place(wave.shape[1], start, end, config.hop, wave.device)
        x = self.spectrum(features) + self.place(place)
        x = x + (self.codes(codes) if codes is not None else self.no_codes)
        one_sided = self._one_sided(wave, start, end, sides) if config.sides and sides is not None else []
        if one_sided:
            x = x + self.sides(torch.cat([_logs(part) for part in one_sided], dim=-1))
        x = self.norm(x)
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number % 2 and number // 2 < len(self.attention):
                x = self.attention[number // 2](x)
        x = self.out_norm(x)
        out = self.head(x).float()
        keep, level, phase = out.split(self.bins, dim=-1)
        keep = 1.1 * torch.sigmoid(keep)
        magnitude = torch.minimum(torch.exp(level.clamp(max=6.0)), _ceiling(spectrum, start, end, config))
        new = torch.complex(keep * real + magnitude * torch.cos(phase), keep * imaginary + magnitude * torch.sin(phase))
        if one_sided:
            shares = MOST_OF_A_SIDE * torch.tanh(self.side_head(x).float())
            for part, share in zip(one_sided, shares.chunk(2, dim=-1), strict=True):
                new = new + share * part
        made = aligned_istft(new, self.hann, config.hop)
        blend = _handover(wave.shape[1], start, end, config.edge, wave.device)
        return wave + blend * (made - wave)

    def _one_sided(self, wave: Tensor, start: int, end: int, sides: Tensor) -> list[Tensor]:
        """The spectra of the wave with either side's prediction in the gap: two complex [B, L, bins]."""
        found = []
        for side in sides.unbind(1):
            filled = torch.cat([wave[:, :start], side.to(wave), wave[:, end:]], dim=1)
            found.append(aligned_stft(filled, self.config.window, self.config.hop))
        return found


def _ceiling(spectrum: Tensor, start: int, end: int, config: RefinerConfig) -> Tensor:
    """What may be added to a bin at most, twice its largest magnitude in the known frames: [B, 1, bins].

    A band that is empty around the gap (a 16 kHz recording, an old microphone) is empty in it, too.
    """
    centre = (torch.arange(spectrum.shape[1], device=spectrum.device) + 0.5) * config.hop
    known = (centre < start - config.window / 2) | (centre > end + config.window / 2)
    reach = -(-config.window // config.hop) // 2
    known[:reach] = known[-reach:] = False  # frames that hang over the ends are folded, which smears them
    if not bool(known.any()):
        return spectrum.new_full((), torch.inf, dtype=torch.float32)
    loudest = (spectrum.real.square() + spectrum.imag.square())[:, known].amax(1, keepdim=True).sqrt()
    return 2 * functional.max_pool1d(loudest, 3, 1, 1)


def _features(real: Tensor, imaginary: Tensor, phase_bins: int, hop: int, window: int) -> Tensor:
    """Log magnitudes, and cosine and sine of the phase advance beyond a bin's own: [B, L, bins + 2 * phase_bins]."""
    power = real.square() + imaginary.square()
    low_real, low_imaginary = real[..., :phase_bins], imaginary[..., :phase_bins]
    past_real = functional.pad(low_real, (0, 0, 1, 0))[:, :-1]
    past_imaginary = functional.pad(low_imaginary, (0, 0, 1, 0))[:, :-1]
    turn = 2 * torch.pi * hop / window * torch.arange(phase_bins, device=real.device)
    cosine = low_real * past_real + low_imaginary * past_imaginary
    sine = low_imaginary * past_real - low_real * past_imaginary
    cosine, sine = cosine * turn.cos() + sine * turn.sin(), sine * turn.cos() - cosine * turn.sin()
    norm = (cosine.square() + sine.square() + 1e-8).rsqrt()
    return torch.cat([_scaled_log(power), cosine * norm, sine * norm], dim=-1)


def _logs(spectrum: Tensor) -> Tensor:
    return _scaled_log(spectrum.real.square() + spectrum.imag.square())


def _scaled_log(power: Tensor) -> Tensor:
    """Log magnitudes, brought to about unit size."""
    return 0.25 * (0.5 * torch.log(power + 1e-7) + 1.0)


def _place(frames: int, start: int, end: int, hop: int, device: torch.device) -> Tensor:
    """Where each token frame lies in relation to the gap: [L, 6]."""
    centre = (torch.arange(frames // hop, device=device) + 0.5) * hop
    inside = ((centre > start) & (centre < end)).float()
    left, right = (centre - start) / 2400, (end - centre) / 2400
    length = torch.full_like(centre, (end - start) / 7200)
    near = torch.exp(-left.abs()), torch.exp(-right.abs())
    return torch.stack([inside, left.clamp(-3, 10) / 3, right.clamp(-3, 10) / 3, length, *near], dim=-1)


def _handover(frames: int, start: int, end: int, edge: int, device: torch.device) -> Tensor:
    """0 outside the gap, rising to 1 within `edge` samples (a quarter of the gap at most) at both sides: [T]."""
    edge = max(1, min(edge, (end - start) // 4))
    at = torch.arange(frames, device=device)
    rise = torch.minimum(at - start + 1, end - at).clamp(0, edge) / (edge + 1)
    return 0.5 - 0.5 * torch.cos(torch.pi * rise)
