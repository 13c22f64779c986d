"""The parts of the engine aidd: tokens, segments, mixing, image and upper band, ranking."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from aidd_studio.audio.signal import edge_weight
from aidd_studio.diffusion.score_model import ScoreModel, ScoreModelConfig
from aidd_studio.engines.aidd.ranking import boundary_mismatch, consensus_score
from aidd_studio.engines.aidd.rendering import combine, fade
from aidd_studio.engines.aidd.sampling import draw_tokens, plan_pieces, touched_tokens
from aidd_studio.engines.aidd.segment import Segment, cut_segment, map_back
from aidd_studio.engines.aidd.settings import AiddSettings
from aidd_studio.engines.aidd.stereo import band_edges, complete

RATE = 24_000


def tones(rate: int, seconds: float, *frequencies: float) -> np.ndarray:
    time = np.arange(round(rate * seconds)) / rate
    return np.sum([0.1 * np.sin(2 * np.pi * f * time + f) for f in frequencies], axis=0)


@given(st.integers(1, 2000), st.integers(0, 3000), st.integers(1, 2000))
def test_exactly_the_tokens_whose_samples_touch_the_gap_are_masked(before: int, gap_start: int, length: int) -> None:
    missing = np.zeros(before + gap_start + length + 500, dtype=np.bool_)
    missing[gap_start : gap_start + length] = True
    touched = touched_tokens(missing, 320, 0)
    assert len(touched) == -(-len(missing) // 320)
    for token, hit in enumerate(touched):
        assert hit == missing[320 * token : 320 * (token + 1)].any()


def test_more_tokens_are_masked_on_each_side_when_asked() -> None:
    missing = np.zeros(3200, dtype=np.bool_)
    missing[1600:1700] = True
    assert touched_tokens(missing, 320, 2).nonzero()[0].tolist() == [3, 4, 5, 6, 7]


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 200)), min_size=1, max_size=4), st.integers(16, 120))
def test_pieces_settle_every_masked_token_once_and_see_no_more_than_allowed(
    runs: list[tuple[int, int]], longest: int
) -> None:
    fill = np.concatenate([np.repeat([False, True], run) for run in runs] + [np.zeros(10, dtype=np.bool_)])
    settled = np.zeros(len(fill), dtype=int)
    last = 0
    for start, end, kept in plan_pieces(fill, longest):
        assert 0 <= start <= last or not fill[last:start].any()
        assert end - start <= longest and start < kept <= end
        settled[max(last, start) : kept] += 1
        last = kept
    assert (settled[fill] == 1).all()


def test_a_gap_that_fits_is_one_piece_in_the_middle_of_its_context() -> None:
    fill = np.zeros(1000, dtype=np.bool_)
    fill[500:520] = True
    assert plan_pieces(fill, 100) == [(460, 560, 560)]


@pytest.mark.parametrize("rate", [8000, 24_000, 44_100, 96_000])
def test_a_segment_begins_its_first_gap_with_a_token_and_can_be_laid_back(rate: int) -> None:
    sound = tones(rate, 2.0, 200, 440, 1210)
    missing = np.zeros(len(sound), dtype=np.bool_)
    missing[rate // 2 + 7 : rate // 2 + rate // 5] = True
    segment = cut_segment(sound, missing, rate, RATE, 320, 64)
    assert len(segment.wave) <= 64 * 320
    (start, end), *_ = segment.gaps
    assert start % 320 == 0 and abs((end - start) / RATE - (0.2 - 7 / rate)) < 2 / RATE + 1 / rate
    assert np.sqrt(np.mean(segment.wave[~segment.missing] ** 2)) == pytest.approx(0.1, rel=1e-3)
    first, last = int(missing.nonzero()[0][0]), int(missing.nonzero()[0][-1])
    back = map_back(segment.wave, segment, first, last, rate)
    assert np.sqrt(np.mean((back - sound[first:last]) ** 2)) < 0.02 * np.sqrt(np.mean(sound**2))
    whole = map_back(segment.wave, segment, 0, len(sound), rate)
    assert np.allclose(back, whole[first:last], atol=1e-9), "what lies around is resampled with it as far as it matters"


def test_a_gap_longer_than_the_context_is_not_cut_and_keeps_surroundings() -> None:
    missing = np.zeros(3 * RATE, dtype=np.bool_)
    missing[RATE : 2 * RATE] = True
    segment = cut_segment(np.random.default_rng(0).standard_normal(3 * RATE), missing, RATE, RATE, 320, 16)
    assert segment.missing.sum() == RATE
    ((start, end),) = segment.gaps
    assert start == 8 * 320 and len(segment.wave) - end == 8 * 320


def test_what_is_filled_with_another_window_is_hidden_but_not_rendered() -> None:
    missing, elsewhere = np.zeros((2, 3 * RATE), dtype=np.bool_)
    missing[RATE + 100 : RATE + 2000] = True
    elsewhere[1000:3000] = True
    segment = cut_segment(np.random.default_rng(0).standard_normal(3 * RATE), missing, RATE, RATE, 320, 300, elsewhere)
    ((start, end),) = segment.gaps
    assert start % 320 == 0 and end - start == 1900
    assert segment.missing.sum() == 1900 + 2000
    near = cut_segment(np.random.default_rng(0).standard_normal(3 * RATE), missing, RATE, RATE, 320, 40, elsewhere)
    assert near.missing.sum() == 1900, "it does not lengthen the context"


def test_silence_is_not_blown_up() -> None:
    missing = np.zeros(RATE, dtype=np.bool_)
    missing[5000:6000] = True
    segment = cut_segment(np.full(RATE, 1e-9), missing, RATE, RATE, 320, 64)
    assert np.abs(segment.wave).max() < 1e-6


@torch.inference_mode()
def test_drawn_codes_come_with_their_vectors_and_what_the_network_held_of_them() -> None:
    torch.manual_seed(0)
    model = ScoreModel(ScoreModelConfig(tokens=8, hidden_size=16, blocks=1, heads=2, cond_dim=8)).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    table, codes, fill = torch.randn(8, 4), torch.arange(8), np.arange(8) >= 5
    settings = AiddSettings(sampler="confidence", steps=1)
    drawn = draw_tokens(model, table, codes, fill, [1, 2], settings, lambda _: None)
    hidden = torch.where(torch.from_numpy(fill), 8, codes)[None]
    scores = model(hidden, -torch.log1p(-torch.tensor([3 / 8])))[0, 5:, :8]
    assert torch.equal(drawn.codes[:, :5], codes[:5].expand(2, -1))
    assert torch.equal(drawn.vectors, table[drawn.codes])
    likelihood = scores.log_softmax(-1).gather(-1, drawn.codes[1, 5:, None]).mean()
    assert drawn.log_likelihood[1] == pytest.approx(float(likelihood), rel=1e-4)


@torch.inference_mode()
def test_the_most_likely_codes_are_those_that_the_surroundings_alone_make_most_probable() -> None:
    torch.manual_seed(0)
    model = ScoreModel(ScoreModelConfig(tokens=8, hidden_size=16, blocks=1, heads=2, cond_dim=8)).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    table, codes, fill = torch.randn(8, 4), torch.arange(8), np.arange(8) >= 5
    settings = AiddSettings(sampler="confidence", steps=3)
    alone = draw_tokens(model, table, codes, fill, [1], settings, lambda _: None, [True])
    among = draw_tokens(model, table, codes, fill, [2, 1], settings, lambda _: None, [False, True])
    hidden = torch.where(torch.from_numpy(fill), 8, codes)[None]
    held = model(hidden, -torch.log1p(-torch.tensor([3 / 8])))[0, 5:, :8].log_softmax(-1)
    for drawn in (alone, among):
        assert torch.equal(drawn.codes[-1], torch.cat((codes[:5], held.argmax(-1))))
        torch.testing.assert_close(drawn.vectors[-1, 5:], held.exp() @ table)
        assert drawn.log_likelihood[-1] == pytest.approx(float(held.amax(-1).mean()), rel=1e-4)
        torch.testing.assert_close(drawn.expected, drawn.vectors[-1])
    ordinary = draw_tokens(model, table, codes, fill, [2, 1], settings, lambda _: None)
    torch.testing.assert_close(ordinary.expected, among.expected, msg="it is known although nobody asked for it")
    assert torch.equal(among.codes[0], ordinary.codes[0]), "the others are drawn as ever"
    torch.testing.assert_close(among.vectors[0], ordinary.vectors[0])


def test_the_decoded_sound_takes_the_phase_and_level_of_its_surroundings() -> None:
    known = tones(RATE, 1.0, 300)
    decoded = 0.6 * np.roll(known, 20)
    mixed = combine(known, decoded, 10_000, 14_000, RATE, 480)
    assert np.array_equal(mixed[:10_000], known[:10_000]) and np.array_equal(mixed[14_000:], known[14_000:])
    assert np.sqrt(np.mean((mixed - known) ** 2)) < 0.05 * np.sqrt(np.mean(known**2))


def test_only_the_edges_come_from_the_extrapolation() -> None:
    known, decoded = np.zeros(RATE), tones(RATE, 1.0, 300)
    known[:10_000], known[14_000:] = decoded[:10_000], decoded[14_000:]
    mixed = combine(known, decoded, 10_000, 14_000, RATE, 480)
    assert np.sqrt(np.mean((mixed - decoded)[10_500:13_500] ** 2)) < 1e-6
    assert abs(mixed[10_000]) < 0.01


def test_the_fade_has_no_dip_where_both_sounds_have_nothing_in_common() -> None:
    rng = np.random.default_rng(0)
    outer, inner = rng.standard_normal((2, 400, 2000))
    made = np.stack([fade(a, b, edge_weight(2000, 500), 500) for a, b in zip(outer, inner, strict=True)])
    levels = np.sqrt(np.mean(made**2, axis=0))
    assert levels.min() > 0.85 and levels.max() < 1.15
    same = fade(outer[0], outer[0], edge_weight(2000, 500), 500)
    assert np.allclose(same, outer[0])


def test_bands_cover_every_bin_once_and_end_where_the_model_does() -> None:
    bands = band_edges(513, 44_100, 267)
    assert bands[0][0] == 0 and bands[-1][1] == 513
    assert all(before[1] == after[0] for before, after in itertools.pairwise(bands))
    assert any(low == 267 for low, _ in bands)


def band_level(sound: np.ndarray, rate: int, low: float, high: float) -> float:
    """Power in decibels between two frequencies; sound [..., frames]."""
    power = np.abs(np.fft.rfft(sound * np.hanning(sound.shape[-1]))) ** 2
    frequencies = np.fft.rfftfreq(sound.shape[-1], 1 / rate)
    return float(10 * np.log10(np.mean(power[..., (frequencies >= low) & (frequencies < high)]) + 1e-20))


def low_passed(sound: np.ndarray, rate: int, limit: float) -> np.ndarray:
    spectrum = np.fft.rfft(sound)
    spectrum[..., np.fft.rfftfreq(sound.shape[-1], 1 / rate) > limit] = 0
    return np.fft.irfft(spectrum, sound.shape[-1])


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_band_and_image_beyond_the_models_stay_near_the_contexts(rate: int) -> None:
    """The model is perfect up to 12 kHz and mono; linear prediction contributes nothing."""
    rng = np.random.default_rng(0)
    frames = rate
    mid = rng.standard_normal(frames) * 0.1
    side = np.stack((0.4 * mid + 0.05 * rng.standard_normal(frames),))[0]
    sound = np.stack((mid + side, mid - side))
    start, end = rate // 2, rate // 2 + round(0.25 * rate)
    channels = sound.copy()
    channels[:, start:end] = 0
    common = channels.mean(axis=0)
    common[start:end] = low_passed(mid, rate, 11_500)[start:end]
    made = complete(channels, common, start, end, rate, RATE, np.random.default_rng(1))
    assert np.array_equal(made[:, :start], sound[:, :start]) and np.array_equal(made[:, end:], sound[:, end:])
    inner = slice(start + 1000, end - 1000)
    halves = {"mid": np.array([[0.5, 0.5]]), "side": np.array([[0.5, -0.5]])}
    for name, matrix in halves.items():
        wanted, got = matrix @ sound[:, inner], matrix @ made[:, inner]
        for low, high in ((200, 2000), (2000, 11_000), (12_500, 20_000)):
            difference = band_level(got, rate, low, high) - band_level(wanted, rate, low, high)
            assert abs(difference) < 2.0, (name, low, difference)
    wanted = np.corrcoef(low_passed(sound[:, inner], rate, 11_000))[0, 1]
    got = np.corrcoef(low_passed(made[:, inner], rate, 11_000))[0, 1]
    assert abs(wanted - got) < 0.1


def test_a_panned_source_stays_where_it_was() -> None:
    rate = 44_100
    low, high = tones(rate, 1.0, 330), tones(rate, 1.0, 2500)
    sound = np.stack((low + 0.2 * high, 0.2 * low + high))
    start, end = 20_000, 30_000
    channels = sound.copy()
    channels[:, start:end] = sound[:, start:end].mean(axis=0)  # collapsed, as a mono fill would be
    made = complete(channels, sound.mean(axis=0), start, end, rate, RATE, np.random.default_rng(0))
    inner = slice(start + 1000, end - 1000)
    for band in ((300, 360), (2400, 2600)):
        wanted = band_level(sound[0, inner], rate, *band) - band_level(sound[1, inner], rate, *band)
        got = band_level(made[0, inner], rate, *band) - band_level(made[1, inner], rate, *band)
        assert abs(wanted - got) < 2.0


def test_what_linear_prediction_knows_of_the_image_is_kept() -> None:
    rate = 44_100
    middle, side = tones(rate, 1.0, 330), 0.3 * tones(rate, 1.0, 1870)
    sound = np.stack((middle + side, middle - side))
    common = sound.mean(axis=0)
    common[20_000:30_000] += 0.1 * tones(rate, 1.0, 523)[20_000:30_000]
    made = complete(sound, common, 20_000, 30_000, rate, RATE, np.random.default_rng(0))
    found = 0.5 * (made[0] - made[1])
    assert np.sqrt(np.mean((found - side) ** 2)) < 0.3 * np.sqrt(np.mean(side**2))


def test_mono_at_the_models_rate_is_the_models_sound() -> None:
    sound = tones(RATE, 1.0, 330)
    common = sound.copy()
    common[9000:12_000] = 0.5
    made = complete(sound[None], common, 9000, 12_000, RATE, RATE, np.random.default_rng(0))
    assert np.allclose(made[0], common)


def test_the_truth_meets_its_surroundings_better_than_noise_or_silence() -> None:
    rng = np.random.default_rng(0)
    truth = tones(RATE, 1.0, 220, 440, 660, 1320) + 0.001 * rng.standard_normal(RATE)
    missing = np.zeros(RATE, dtype=np.bool_)
    missing[10_000:15_000] = True
    segment = Segment(truth, missing, 1.0, 0, RATE)
    noise, silence = truth.copy(), truth.copy()
    noise[missing] = 0.1 * rng.standard_normal(5000)
    silence[missing] = 0
    right = boundary_mismatch(segment, truth)
    assert right < 0.5 * boundary_mismatch(segment, noise) and right < 0.5 * boundary_mismatch(segment, silence)


def test_nearness_to_what_is_expected_counts_in_the_gap_alone_and_falls_with_distance() -> None:
    rng = np.random.default_rng(0)
    expected = tones(RATE, 1.0, 220, 440, 660, 1320) + 0.001 * rng.standard_normal(RATE)
    missing = np.zeros(RATE, dtype=np.bool_)
    missing[10_000:15_000] = True
    segment = Segment(expected, missing, 1.0, 0, RATE)
    softer, silent, elsewhere = expected.copy(), expected.copy(), expected.copy()
    softer[missing] *= 0.7
    silent[missing] = 0
    elsewhere[:5000] = 0
    assert consensus_score(segment, expected, expected) == 0
    assert consensus_score(segment, elsewhere, expected) == 0
    assert 0 > consensus_score(segment, softer, expected) > consensus_score(segment, silent, expected)
