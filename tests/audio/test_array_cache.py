"""The cache gives back what it got, stays small, and is never in the way."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from aidd_studio import paths
from aidd_studio.errors import FileReadError
from aidd_studio.files.cache import ArrayCache, content_key


def arrays(seed: int, count: int = 1000) -> dict[str, np.ndarray]:
    return {"low": np.random.default_rng(seed).standard_normal((2, count)).astype(np.float32), "n": np.array([seed])}


def test_arrays_come_back_as_they_were(tmp_path: Path) -> None:
    cache = ArrayCache(tmp_path / "cache")
    assert cache.load("a") is None
    assert cache.keep("a", arrays(1))
    again = cache.load("a")
    assert again is not None
    assert all(np.array_equal(again[name], array) for name, array in arrays(1).items())


def test_it_lives_in_the_persons_cache_folder() -> None:
    ArrayCache().keep("a", arrays(1))
    assert any(paths.user_cache().rglob("a.npz"))


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    cache = ArrayCache(tmp_path, limit=30_000)
    for age, key in enumerate(["oldest", "older", "new"]):
        cache.keep(key, arrays(age))
        os.utime(tmp_path / f"{key}.npz", ns=(age * 10**9, age * 10**9))
    assert cache.load("oldest") is not None  # used now
    cache.keep("newest", arrays(9))
    assert cache.load("older") is None
    assert cache.load("oldest") is not None
    assert cache.load("newest") is not None
    assert cache.size() <= 30_000
    cache.clear()
    assert cache.size() == 0


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_entry_is_gone(tmp_path: Path, damage: bytes | None) -> None:
    cache = ArrayCache(tmp_path)
    cache.keep("a", arrays(1))
    file = tmp_path / "a.npz"
    file.write_bytes(file.read_bytes()[:4000] if damage is None else damage)
    assert cache.load("a") is None
    assert not file.exists()
    assert cache.keep("a", arrays(1))


def test_where_nothing_can_be_kept_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert not ArrayCache(tmp_path / "file" / "cache").keep("a", arrays(1))
    assert ArrayCache(tmp_path / "file" / "cache").load("a") is None
    assert not ArrayCache(tmp_path, limit=100).keep("a", arrays(1))


def test_keys_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="key"):
        ArrayCache(tmp_path).keep("../a", arrays(1))


def test_the_key_of_a_file_follows_its_content(tmp_path: Path) -> None:
    path, large = tmp_path / "a", bytes(5 << 20)
    keys = set()
    for place in (0, len(large) // 2, len(large) - 1):
        content = bytearray(large)
        content[place] = 1
        path.write_bytes(content)
        os.utime(path, ns=(1, 1))
        keys.add(content_key(path))
        assert content_key(path) in keys
    os.utime(path, ns=(2, 2))
    keys.add(content_key(path))
    assert len(keys) == 4
    with pytest.raises(FileReadError, match="cannot be read"):
        content_key(tmp_path / "missing")
