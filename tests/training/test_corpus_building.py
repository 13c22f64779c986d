"""A corpus holds each sound once, says where it is from, and can be made again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from aidd_studio.errors import UsageError
from aidd_studio.training.corpora.corpus import RenderPlan, build_recorded, build_rendered, read_manifest
from aidd_studio.training.corpora.rendering import RATE, Sources, render
from aidd_studio.training.corpora.segments import Segments, levelled
from aidd_studio.training.corpora.splits import official_splits, split_of


def _record(path: Path, seed: int, rate: int = 44_100, seconds: float = 2.0) -> None:
    rng = np.random.default_rng(seed)
    soundfile.write(path, 0.1 * rng.standard_normal((int(rate * seconds), 2)), rate)


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    folder.mkdir()
    _record(folder / "one.wav", 1)
    _record(folder / "two.flac", 2, 48_000)
    _record(folder / "one again.wav", 1)
    return folder


def test_recordings_of_any_format_become_mono_at_24_khz_each_sound_once(tmp_path: Path, recordings: Path) -> None:
    items = build_recorded(tmp_path / "corpus", [recordings], "CC0-1.0", 1)
    assert len(items) == 2
    assert {item.licence for item in items} == {"CC0-1.0"}
    for item in items:
        sound, rate = soundfile.read(tmp_path / "corpus" / item.file)
        assert rate == RATE
        assert sound.ndim == 1
        assert abs(len(sound) / rate - 2.0) < 0.01
        assert item.split == split_of(Path(item.source).name)


def test_a_second_build_converts_nothing_again(tmp_path: Path, recordings: Path) -> None:
    folder = tmp_path / "corpus"
    first = build_recorded(folder, [recordings], "CC0-1.0", 1)
    before = {item.file: (folder / item.file).stat().st_mtime_ns for item in first}
    assert build_recorded(folder, [recordings], "CC0-1.0", 1) == first
    assert {file: (folder / file).stat().st_mtime_ns for file in before} == before


def test_the_same_seed_renders_the_same_corpus(tmp_path: Path) -> None:
    plan = RenderPlan(2, 2.0, 7, Sources())
    one = build_rendered(tmp_path / "a", plan, 1)
    two = build_rendered(tmp_path / "b", plan, 2)
    assert [item.digest for item in one] == [item.digest for item in two]
    assert [item.digest for item in one] != [
        item.digest for item in build_rendered(tmp_path / "c", RenderPlan(2, 2.0, 8, Sources()), 1)
    ]


@pytest.mark.parametrize("kind", ["babble", "sing", "glides"])
def test_rendered_voices_sound_and_stay_in_range(kind: str) -> None:
    sound = render(kind, None, 3.0, Sources(), 5)
    assert sound.dtype == np.float32
    assert 0.9 * 3 * RATE < len(sound) <= 3 * RATE
    assert 0.01 < np.abs(sound).max() <= 1.0
    assert np.isfinite(sound).all()


def test_a_folder_without_a_manifest_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="train corpus"):
        read_manifest(tmp_path)


def test_stretches_depend_on_nothing_but_their_key(tmp_path: Path, recordings: Path) -> None:
    build_recorded(tmp_path / "corpus", [recordings], "CC0-1.0", 1)
    splits = {item.split for item in read_manifest(tmp_path / "corpus")}
    segments = Segments(tmp_path / "corpus", splits.pop())
    one, two = segments.batch([1, 2], 3, 4800), segments.batch([1, 2], 3, 4800)
    assert np.array_equal(one, two)
    assert not np.array_equal(one, segments.batch([1, 3], 3, 4800))


def test_levelled_sound_has_one_level_and_silence_stays_finite() -> None:
    rng = np.random.default_rng(0)
    sound = rng.standard_normal((3, 1000)).astype(np.float32) * np.array([[0.01], [0.5], [0.0]], np.float32)
    level = np.sqrt(np.mean(levelled(sound) ** 2, axis=1))
    assert level[:2] == pytest.approx([0.1, 0.1], rel=1e-3)
    assert level[2] == 0


def test_published_splits_are_taken_as_published(tmp_path: Path) -> None:
    musicnet = [tmp_path / "musicnet/train_data/1.wav", tmp_path / "musicnet/test_data/2.wav"]
    assert list(official_splits(musicnet, "musicnet").values()) == ["train", "held"]
    (tmp_path / "2004").mkdir()
    (tmp_path / "maestro-v3.0.0.csv").write_text(
        "split,audio_filename\ntrain,2004/a.wav\nvalidation,2004/b.wav\ntest,2004/c.wav\n"
    )
    maestro = [tmp_path / f"2004/{name}.wav" for name in "abc"]
    assert list(official_splits(maestro, "maestro").values()) == ["train", "held", "held"]
    with pytest.raises(UsageError, match="does not name"):
        official_splits([tmp_path / "2004/d.wav"], "maestro")
    with pytest.raises(UsageError, match="test_data"):
        official_splits([tmp_path / "2004/d.wav"], "musicnet")
