"""What the linter cannot hold: who may name the window, and what importing the package loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import aidd_studio

PACKAGE = Path(aidd_studio.__file__).parent
NEURAL = ("diffusion", "tokenizer", "training/tasks", "training")
"""Rooms that may import torch when they are imported; all others import it when they need it."""

IMPORT_ALL = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
    assert "torch" not in sys.modules, name
print(len(sys.argv) - 1)
"""


def modules(*rooms: str) -> list[str]:
    found = [path for room in rooms for path in sorted((PACKAGE / room).rglob("*.py")) if path.name != "__init__.py"]
    return [".".join(("aidd_studio", *path.relative_to(PACKAGE).with_suffix("").parts)) for path in found]


def test_only_the_window_names_the_window() -> None:
    outside = [path for path in PACKAGE.rglob("*.py") if (PACKAGE / "studio" / "window") not in path.parents]
    names = [str(path) for path in outside if "main_window" in path.read_text(encoding="utf-8")]
    assert not names


@pytest.mark.parametrize("room", ["audio", "damage", "files", "restoration", "studio", "cli"])
def test_a_room_without_networks_does_not_load_torch(room: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, *modules(room)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 1


def test_importing_the_package_loads_next_to_nothing() -> None:
    code = "import sys, aidd_studio; print(sorted({'numpy', 'torch', 'scipy', 'PySide6'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
