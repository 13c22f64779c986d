"""VGGish has the published layout and hears what it should."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aidd_studio.errors import ModelError
from aidd_studio.evaluation.metrics.frechet import compare, installed_embedding
from aidd_studio.evaluation.metrics.vggish_input import BANDS, FRAMES, RATE, patches
from aidd_studio.weights.building import layout
from aidd_studio.weights.published import vggish
from aidd_studio.weights.registry import read_registry

CONVOLUTIONS = {0: (64, 1), 3: (128, 64), 6: (256, 128), 8: (256, 256), 11: (512, 256), 13: (512, 512)}


def test_the_network_has_the_published_tensors() -> None:
    expected: dict[str, tuple[int, ...]] = {}
    for index, (out, into) in CONVOLUTIONS.items():
        expected |= {f"features.{index}.weight": (out, into, 3, 3), f"features.{index}.bias": (out,)}
    for index, (out, into) in {0: (4096, 12_288), 2: (4096, 4096), 4: (128, 4096)}.items():
        expected |= {f"embeddings.{index}.weight": (out, into), f"embeddings.{index}.bias": (out,)}
    assert layout("embedding", {}) == expected


def test_a_patch_is_made_for_every_half_second_and_for_the_shortest_sound() -> None:
    assert patches(np.zeros(100, np.float32)).shape == (1, FRAMES, BANDS)
    assert patches(np.zeros(4 * RATE, np.float32)).shape == (7, FRAMES, BANDS)


def test_a_higher_tone_lies_in_a_higher_band() -> None:
    clock = np.arange(2 * RATE) / RATE
    loudest = [patches(np.sin(2 * np.pi * f * clock).astype(np.float32))[0].mean(axis=0).argmax() for f in (300, 1200)]
    assert 0 < loudest[0] < loudest[1] < BANDS


def test_the_registry_offers_it_and_other_files_are_refused() -> None:
    entry = read_registry().get("vggish")
    assert (entry.kind, entry.format) == ("embedding", "vggish")
    torch = pytest.importorskip("torch")
    with pytest.raises(ModelError, match="published layout"):
        vggish({"embeddings.4.weight": torch.zeros(3, 3)}, "wrong.pth")


def test_without_its_weights_the_distance_is_measured_on_the_bundled_encoder_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIDD_STUDIO_DATA", str(tmp_path))
    embedding = installed_embedding()
    rng = np.random.default_rng(0)
    sounds = [0.1 * rng.standard_normal((1, 24_000)).astype(np.float32) for _ in range(3)]
    result = compare(sounds, [0.1 * sound for sound in sounds], 24_000, embedding)
    assert result.distance > 0
    assert result.embedding.startswith("encoder of aidd-studio-tokenizer")
    assert "Not VGGish" in result.note
    assert "models download vggish" in result.note
