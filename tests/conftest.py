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


SLOW = (
    "window/",
    "cli/test_batch_command.py",
    "diffusion/test_samplers.py",
    "engines/test_aidd_engine.py",
    "evaluation/test_evaluate_command.py",
    "evaluation/test_listening.py",
    "evaluation/test_settings_sweep.py",
    "packaging/test_deb.py",
    "packaging/test_wheel.py",
    "restoration/test_batch.py",
    "restoration/test_batch_faults.py",
    "restoration/test_fill_process.py",
    "studio/test_accessibility.py",
    "studio/test_batch_window.py",
    "studio/test_event_loop.py",
    "studio/test_kill.py",
    "studio/test_neural_fill.py",
    "evaluation/test_evaluation_run.py",
    "evaluation/test_protocols.py",
    "restoration/test_policy.py",
    "studio/test_blind_comparison.py",
    "studio/test_journaling.py",
    "test_examples.py",
    "training/",
    "weights/test_obtaining.py",
)
"""Folders and files whose tests start programs, train, or run the neural engine: seconds each."""


LONG = (
    "restoration/test_batch_neural.py",
    "restoration/test_batch.py::test_after_kill_9_at_20_random_moments",
    "training/test_training_runs.py::test_two_processes_train_one_model",
    "weights/test_importing.py::test_files_of_the_official_layout_and_size",
    "window/test_opening_on_screen.py::test_an_hour_is_seen",
)
"""Files and tests that take half a minute or more each: `make test-long` runs them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what `make test-fast` leaves out, and as long what `make test` leaves out."""
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).as_posix().startswith(SLOW):
            item.add_marker(pytest.mark.slow)
        if f"{item.path.relative_to(here).as_posix()}::{item.name}".startswith(LONG):
            item.add_marker(pytest.mark.long)
