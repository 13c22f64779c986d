"""The program as a whole: quick, quiet, and clear about mistakes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import aidd_studio
from aidd_studio import paths

HEAVY = ("torch", "scipy", "PySide6", "matplotlib", "soundfile", "httpx")


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_help_and_import_load_nothing_heavy() -> None:
    loaded = python(
        "import sys\nsys.argv = ['aidd-studio', '--help']\nimport aidd_studio.__main__ as program\n"
        "try:\n    program.main()\nexcept SystemExit:\n    pass\n"
        "print('LOADED', *sorted({name.split('.')[0] for name in sys.modules}))"
    )
    modules = loaded.rsplit("LOADED", 1)[1].split()
    assert "typer" in modules
    assert not set(HEAVY) & set(modules)


def test_filling_a_gap_with_the_networks_loads_no_more_than_that_takes(tmp_path: Path) -> None:
    source = paths.resources() / "demo" / "damaged.flac"
    words = [
        "aidd-studio",
        "restore",
        str(source),
        "-o",
        str(tmp_path / "out.flac"),
        "--engine",
        "aidd",
        "--gap",
        "1:1.1",
    ]
    loaded = python(
        f"import sys\nsys.argv = {words!r}\nimport aidd_studio.__main__ as program\n"
        "try:\n    program.main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "print('LOADED', *sys.modules)"
    )
    modules = set(loaded.rsplit("LOADED", 1)[1].split())
    assert "torch" in modules
    assert not {"scipy.signal", "scipy.stats", "scipy.fft", "matplotlib", "PySide6", "torch._dynamo", "sympy"} & modules


def test_linear_algebra_takes_one_thread_unless_a_person_says_otherwise() -> None:
    code = (
        "import sys\nsys.argv = ['aidd-studio', 'engines']\nimport aidd_studio.__main__ as program\n"
        "try:\n    program.main()\nexcept SystemExit:\n    pass\n"
        "import scipy.linalg, threadpoolctl\n"
        "pools = [pool['num_threads'] for pool in threadpoolctl.threadpool_info() if pool['prefix'] != 'libgomp']\n"
        "print('POOLS', *pools)"
    )
    for given, expected in (({}, "1"), ({"OPENBLAS_NUM_THREADS": "2"}, "2")):
        environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"} | given
        environment["OMP_NUM_THREADS"] = "2"
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=120
        )
        pools = done.stdout.rsplit("POOLS", 1)[1].split()
        assert pools and set(pools) == {expected}, done.stderr


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no folder here that nobody may write to")
def test_a_folder_that_cannot_be_made_gives_one_sentence() -> None:
    words = ["train", "corpus", "/proc/corpus", "--recordings", str(paths.resources() / "demo")]
    done = subprocess.run([sys.executable, "-m", "aidd_studio", *words], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.startswith("/proc/corpus cannot be used") and done.stderr.count("\n") == 1


def test_version_is_the_packages() -> None:
    done = subprocess.run([sys.executable, "-m", "aidd_studio", "--version"], capture_output=True, text=True)
    assert done.stdout.strip() == f"aidd-studio {aidd_studio.__version__}"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display")
@pytest.mark.parametrize("words", [[], ["recording.wav"]])
def test_without_a_display_the_window_says_so(words: list[str]) -> None:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    command = [sys.executable, "-m", "aidd_studio", *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 1 and done.stderr.startswith("There is no display") and done.stderr.count("\n") == 1


def test_a_mistyped_command_is_a_usage_error() -> None:
    done = subprocess.run([sys.executable, "-m", "aidd_studio", "restoer"], capture_output=True, text=True)
    assert done.returncode == 2 and "restoer" in done.stderr and "Traceback" not in done.stderr


def test_importing_the_package_is_silent_and_loads_nothing() -> None:
    assert python("import sys, aidd_studio\nassert 'numpy' not in sys.modules and 'typer' not in sys.modules") == ""


def test_the_public_names_are_there() -> None:
    for name in aidd_studio.__all__:
        assert getattr(aidd_studio, name) is not None
    assert not hasattr(aidd_studio, "nothing_of_that_name")
