"""Every test has the program's folders for itself and never reaches the network or the person's files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# As the program has them (aidd_studio/__main__.py), and before NumPy and torch are imported: else a test of seconds
# takes minutes beside other programs.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("GOMP_SPINCOUNT", "1000")


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Data, cache and state folders that belong to one test."""
    root = tmp_path_factory.mktemp("aidd-studio")
    for name in ("DATA", "CACHE", "STATE"):
        monkeypatch.setenv(f"AIDD_STUDIO_{name}", str(root / name.lower()))
    return root


@pytest.fixture(scope="session")
def demo() -> Path:
    """The folder of the bundled demo recording."""
    return Path(__file__).resolve().parents[1] / "resources" / "demo"
