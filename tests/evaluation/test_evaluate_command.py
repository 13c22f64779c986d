"""The command line measures engines and says in one sentence what is wrong with a wish."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import typer
from typer.testing import CliRunner, Result

from aidd_studio.cli.console import KEPT
from aidd_studio.cli.evaluate import evaluate
from aidd_studio.evaluation.reports.plots import TITLES
from tests.waiting import until

RATE = 8_000
Command = Callable[..., Result]


@pytest.fixture
def command() -> Command:
    app = typer.Typer()
    app.command()(evaluate)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "recordings"
    place.mkdir()
    clock = np.arange(5 * RATE) / RATE
    soundfile.write(place / "tone.wav", 0.3 * np.sin(2 * np.pi * 300 * clock), RATE)
    return place


def test_engines_on_one_recording_give_numbers_as_json_and_a_report(
    command: Command, folder: Path, tmp_path: Path
) -> None:
    engines = "masked,extrapolation,extrapolation:order=2048"  # the last two are one
    words = ("--no-baselines", "--engines", engines, "--gaps-ms", "20", "--rate", 0, "--json")
    result = command(folder, "-o", tmp_path / "out", *words)
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert data["cases"] == 3
    cells = {cell["engine"]: cell for cell in data["summary"]["cells"]}
    assert cells["extrapolation"]["measures"]["snr"]["mean"] > 10
    report = Path(data["report"]).read_text(encoding="utf-8")
    assert "1 segment of 4.17 s from 1 recording " in report
    mel = report.split(f"## {TITLES['mel']}\n", 1)[1].split("## ", 1)[0].splitlines()
    assert "**" not in next(line for line in mel if line.startswith("| masked"))
    assert ["**" in line for line in mel if line.startswith("| extrapolation")] == [True, True]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--protocol", "mine"), "There is no protocol mine"),
        (("--gaps-ms", "many"), "takes milliseconds by comma"),
        (("--gaps-ms", "900"), "more than half"),
        (("--engines", "wizard"), "There is no engine"),
        (("--engines", "masked:depth=3"), "has no settings"),
        (("--no-baselines",), "Name at least one engine"),
    ],
)
def test_senseless_options_are_refused_in_a_sentence(
    command: Command, folder: Path, tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    plain = () if "--engines" in words or "--no-baselines" in words else ("--engines", "masked")
    extra = () if "--no-baselines" in words else ("--no-baselines",)
    result = command(folder, "-o", tmp_path / "out", *extra, *plain, *words)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl+C is sent as a signal")
def test_ctrl_c_ends_all_processes_at_once_with_one_sentence_and_keeps_what_is_finished(
    folder: Path, tmp_path: Path
) -> None:
    for number in range(12):
        shutil.copy(folder / "tone.wav", folder / f"tone{number}.wav")
    words = ["evaluate", folder, "-o", tmp_path / "out", "--protocol", "short", "--jobs", 2, "--rate", 0]
    command = [sys.executable, "-m", "aidd_studio", *map(str, words), "--engines", "sparse", "--no-baselines"]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    journal = tmp_path / "out" / "journal.jsonl"
    until(lambda: (journal.exists() and journal.stat().st_size > 0) or running.poll() is not None)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: to all of them
    _, said = running.communicate(timeout=120)
    assert running.returncode == 130
    assert said.strip().splitlines() == [KEPT]
    assert 0 < len(journal.read_text().splitlines()) < 13 * 5


def test_a_listening_test_of_nothing_is_refused(command: Command, tmp_path: Path) -> None:
    result = command(tmp_path, "--listening", tmp_path / "page")
    assert result.exit_code == 2
    assert "make one first" in result.stderr
