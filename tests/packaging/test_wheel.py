"""The wheel alone, in an environment of its own and outside the checkout, is the whole program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build(folder, "wheel")
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`aidd-studio` as pip installs it; the libraries are those of this environment, found by a path file."""
    home = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(home, with_pip=False, symlinks=os.name == "posix")
    scripts = home / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    call(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", "--quiet", wheel)
    packages = sysconfig.get_path("purelib", vars={"base": str(home), "platbase": str(home)})
    (Path(packages) / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return scripts / "aidd-studio"


def build(folder: Path, what: str) -> None:
    call(sys.executable, "-m", "hatchling", "build", "-t", what, "-d", folder, cwd=ROOT)


def call(*command: object, cwd: Path | None = None) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def test_the_wheel_holds_what_the_program_needs_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for needed in (
        "aidd_studio/py.typed",
        "aidd_studio/_data/models.toml",
        "aidd_studio/_data/resources/theme.qss",
        "aidd_studio/_data/resources/demo/damaged.flac",
        "aidd_studio/_data/resources/icons/aidd-studio.svg",
        "aidd_studio/restoration/batch/report.html",
        "aidd_studio/evaluation/reports/listening.html",
    ):
        assert needed in names
    bundled = {path.name for path in (ROOT / "resources" / "models").glob("*") if path.is_file()}
    assert {Path(name).name for name in names if "_data/resources/models/" in name} == bundled
    assert {name.split("/")[0] for name in names} == {"aidd_studio", "aidd_studio-0.1.0.dist-info"}
    assert not [name for name in names if "/tests/" in name or name.endswith((".pyc", ".part"))]


def test_the_installed_program_runs_outside_the_checkout(program: Path, tmp_path: Path) -> None:
    assert call(program, "--version", cwd=tmp_path) == "aidd-studio 0.1.0\n"
    demo = next(program.parents[1].rglob("_data/resources/demo/damaged.flac"))
    assert not demo.is_relative_to(ROOT)
    found = json.loads(call(program, "detect", demo, "--json", cwd=tmp_path))
    assert len(found["gaps"]) >= 10
    told = call(
        program, "restore", demo, "-o", "restored.flac", "--gap", "5.42:5.432", "--engine", "autoregressive", "--json",
        cwd=tmp_path,
    )  # fmt: skip
    assert "autoregressive" in told
    before, rate = soundfile.read(demo, dtype="int32")
    after, _ = soundfile.read(tmp_path / "restored.flac", dtype="int32")
    changed = np.flatnonzero((before != after).any(axis=1)) / rate
    assert len(changed) > 100 and changed.min() > 5.41 and changed.max() < 5.44


def test_the_installed_program_finds_its_models(program: Path, tmp_path: Path) -> None:
    rows = json.loads(call(program, "models", "list", "--json", cwd=tmp_path))["models"]
    states = {row["name"]: row["state"] for row in rows}
    assert "not installed" in states.values(), "models.toml was not read"
    for record in (ROOT / "resources" / "models").glob("*.json"):
        assert states[record.stem] == "bundled"


def test_a_wheel_can_be_made_from_the_source_distribution(tmp_path: Path) -> None:
    build(tmp_path, "sdist")
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        names = {name.split("/", 1)[-1] for name in archive.getnames()}
    for needed in (
        "pyproject.toml",
        "models.toml",
        "LICENSE",
        "README.md",
        "aidd_studio/py.typed",
        "packaging/start.py",
    ):
        assert needed in names
    assert "resources/demo/damaged.flac" in names and "tools/setup.sh" in names
    assert not [name for name in names if name.startswith((".venv", "dist", "build", "out", "runs"))]
