"""`aidd-studio train` from the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from aidd_studio.cli.main import app

RUNNER = CliRunner()


def test_a_corpus_is_built_from_a_folder_of_recordings(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "in").mkdir()
    for number in range(2):
        soundfile.write(tmp_path / "in" / f"{number}.wav", 0.1 * rng.standard_normal(48_000), 24_000)
    arguments = ["train", "corpus", str(tmp_path / "out"), "--recordings", str(tmp_path / "in"), "--licence", "mine"]
    done = RUNNER.invoke(app, [*arguments, "--processes", "1"])
    assert done.exit_code == 0, done.output
    assert "2 files" in done.output
    assert '"licence": "mine"' in (tmp_path / "out" / "manifest.jsonl").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["train", "corpus", "OUT"], 2, "--recordings"),
        (["train", "corpus", "OUT", "--recordings", "EMPTY"], 2, "No recordings were found"),
        (["train", "corpus", "OUT", "--items", "1", "--scores", "EMPTY"], 2, "no MIDI files"),
        (["train", "score", "EMPTY/none.toml"], 2, "cannot be read"),
        (["train", "score", "EMPTY.bin"], 2, "no valid TOML"),
        (["train", "tokenize", "EMPTY", "OUT", "--tokenizer", "nobody"], 1, "nobody"),
        (["train", "tokenize", "EMPTY", "OUT"], 2, "is no corpus"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    tmp_path: Path, arguments: list[str], code: int, sentence: str
) -> None:
    (tmp_path / "EMPTY").mkdir()
    (tmp_path / "EMPTY.bin").write_bytes(b"\xff\x00\x80")
    words = [str(tmp_path / word) if word.startswith(("OUT", "EMPTY")) else word for word in arguments]
    done = RUNNER.invoke(app, words)
    assert done.exit_code == code
    assert sentence in done.stderr and done.stderr.count("\n") == 1 and not done.stdout
    assert not (tmp_path / "OUT").exists()  # what cannot be done leaves nothing behind
