"""The program as a whole: quick, quiet, and clear about mistakes."""

from __future__ import annotations

import subprocess
import sys

import aidd_studio

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


def test_version_is_the_packages() -> None:
    done = subprocess.run([sys.executable, "-m", "aidd_studio", "--version"], capture_output=True, text=True)
    assert done.stdout.strip() == f"aidd-studio {aidd_studio.__version__}"


def test_a_mistyped_command_is_a_usage_error() -> None:
    done = subprocess.run([sys.executable, "-m", "aidd_studio", "restoer"], capture_output=True, text=True)
    assert done.returncode == 2 and "restoer" in done.stderr and "Traceback" not in done.stderr


def test_the_public_names_are_there() -> None:
    for name in aidd_studio.__all__:
        assert getattr(aidd_studio, name) is not None
    assert not hasattr(aidd_studio, "nothing_of_that_name")
