"""`aidd-studio restore`, as a person types it."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner, Result

from aidd_studio.cli.main import app

RATE = 16000


def aidd(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def sentence(result: Result) -> str:
    """What went wrong, in the person's words; exactly one line."""
    assert "Traceback" not in result.output
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, result.stderr
    return lines[0]


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """Two seconds of stereo tones with two silent holes."""
    rng = np.random.default_rng(1)
    time_axis = np.arange(2 * RATE) / RATE
    sound = np.stack([0.3 * np.sin(2 * np.pi * f * time_axis) for f in (440.0, 660.0)], axis=1)
    sound += 0.01 * rng.standard_normal(sound.shape)
    sound[8000:8160] = 0
    sound[20000:20320] = 0
    path = tmp_path / "take.wav"
    soundfile.write(path, sound, RATE, subtype="PCM_16")
    return path


def test_dropouts_are_found_and_filled_and_everything_else_stays(damaged: Path, tmp_path: Path) -> None:
    output = tmp_path / "restored.wav"
    result = aidd("restore", damaged, "-o", output, "--engine", "autoregressive", "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert [(gap["start_frame"], gap["end_frame"]) for gap in report["gaps"]] == [(8000, 8160), (20000, 20320)]
    assert {gap["engine"] for gap in report["gaps"]} == {"autoregressive"}
    assert report["output"] == str(output)
    before, _ = soundfile.read(damaged, dtype="int16")
    after, _ = soundfile.read(output, dtype="int16")
    changed = np.flatnonzero((before != after).any(axis=1))
    assert changed.min() >= 8000 - 96 and changed.max() < 20320 + 96
    assert not ((changed > 8160 + 96) & (changed < 20000 - 96)).any()
    assert np.abs(after[8000:8160].astype(int)).max() > 5000


def test_gaps_can_be_given_in_every_notation(damaged: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("1.25\t1.27\tdropout\n")
    output = tmp_path / "restored.wav"
    result = aidd(
        "restore", damaged, "-o", output, "--gap", "0.5:0.51", "--gap", "16500s:16600s", "--gaps", labels, "--json"
    )
    assert result.exit_code == 0, result.output
    found = [(gap["start_frame"], gap["end_frame"]) for gap in json.loads(result.stdout)["gaps"]]
    assert found == [(8000, 8160), (16500, 16600), (20000, 20320)]


def test_the_same_seed_gives_the_same_file(damaged: Path, tmp_path: Path) -> None:
    for name in ("one.wav", "two.wav"):
        assert aidd("restore", damaged, "-o", tmp_path / name, "--seed", "7").exit_code == 0
    assert (tmp_path / "one.wav").read_bytes() == (tmp_path / "two.wav").read_bytes()


def test_nothing_to_restore_is_said_with_its_own_exit_code(tmp_path: Path) -> None:
    path = tmp_path / "whole.wav"
    soundfile.write(path, 0.2 * np.sin(np.arange(RATE) * 0.1), RATE)
    result = aidd("restore", path, "-o", tmp_path / "out.wav")
    assert result.exit_code == 3 and "No dropout" in sentence(result)
    assert not (tmp_path / "out.wav").exists()


def test_a_label_file_without_gaps_is_named_as_the_reason(damaged: Path, tmp_path: Path) -> None:
    labels = tmp_path / "none.csv"
    labels.write_text("start,end\n")
    result = aidd("restore", damaged, "-o", tmp_path / "out.wav", "--gaps", labels)
    assert result.exit_code == 3 and "no gap in" in sentence(result) and str(labels) in sentence(result)
    both = aidd("restore", damaged, "-o", tmp_path / "out.wav", "--gaps", labels, "--detect", "--json")
    assert both.exit_code == 0 and len(json.loads(both.stdout)["gaps"]) == 2


def test_what_the_written_file_could_not_keep_is_said(damaged: Path, tmp_path: Path) -> None:
    given = ("restore", damaged, "--gap", "0.5:0.51")
    assert "lossy" in aidd(*given, "-o", tmp_path / "out.ogg").stderr
    report = json.loads(aidd(*given, "-o", tmp_path / "out.mp3", "--json").stdout)
    assert "lossy" in report["notes"][0]
    same = aidd(*given, "-o", tmp_path / "out.wav", "--json")
    assert json.loads(same.stdout)["notes"] == []


def test_a_report_of_what_was_filled_can_be_read_as_labels(tmp_path: Path) -> None:
    sound = np.stack([np.sin(np.arange(RATE) / 9), np.sin(np.arange(RATE) / 7)], axis=1)
    sound[8000:8160, 1] = 0
    path, report, again = tmp_path / "one-sided.wav", tmp_path / "report.json", tmp_path / "again.wav"
    soundfile.write(path, sound / 2, RATE)
    first = aidd("restore", path, "-o", tmp_path / "out.wav", "--engine", "autoregressive", "--json")
    report.write_text(first.stdout)
    second = aidd("restore", path, "-o", again, "--engine", "autoregressive", "--gaps", report, "--json")
    assert json.loads(second.stdout)["gaps"][0]["channels"] == [2]
    assert again.read_bytes() == (tmp_path / "out.wav").read_bytes()


def test_an_existing_file_is_kept_unless_overwrite_is_given(damaged: Path, tmp_path: Path) -> None:
    output = tmp_path / "restored.wav"
    output.write_bytes(b"dear to somebody")
    result = aidd("restore", damaged, "-o", output)
    assert result.exit_code == 1 and "--overwrite" in sentence(result)
    assert output.read_bytes() == b"dear to somebody"
    assert aidd("restore", damaged, "-o", output, "--overwrite").exit_code == 0
    assert soundfile.info(output).frames == 2 * RATE


def test_a_link_in_the_results_place_is_kept_and_with_overwrite_written_through(damaged: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "link.wav"
    link.symlink_to(tmp_path / "elsewhere" / "real.wav")
    result = aidd("restore", damaged, "-o", link)
    assert result.exit_code == 1 and "--overwrite" in sentence(result)
    assert aidd("restore", damaged, "-o", link, "--overwrite").exit_code == 0
    assert link.is_symlink() and soundfile.info(tmp_path / "elsewhere" / "real.wav").frames == 2 * RATE


def test_the_source_is_never_written_to(damaged: Path, tmp_path: Path) -> None:
    before = damaged.read_bytes()
    link = tmp_path / "link.wav"
    link.symlink_to(damaged)
    for target in (damaged, link):
        result = aidd("restore", damaged, "-o", target, "--overwrite")
        assert result.exit_code == 1 and "source" in sentence(result)
    assert damaged.read_bytes() == before


@pytest.mark.parametrize(
    ("spans", "code", "words"),
    [
        (["1.5:2.5"], 1, "outside"),
        (["0:2"], 1, "whole"),
        (["1.2:1.1"], 1, "end"),
        (["soon:later"], 2, "soon"),
    ],
)
def test_an_impossible_gap_is_refused(damaged: Path, tmp_path: Path, spans: list[str], code: int, words: str) -> None:
    options = [word for span in spans for word in ("--gap", span)]
    result = aidd("restore", damaged, "-o", tmp_path / "out.wav", *options)
    assert result.exit_code == code and words in sentence(result).lower()
    assert not (tmp_path / "out.wav").exists()


def test_overlapping_gaps_are_filled_as_one(damaged: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.wav"
    result = aidd("restore", damaged, "-o", output, "--gap", "0.5:0.51", "--gap", "0.505:0.52", "--json")
    assert result.exit_code == 0, result.output
    assert [(gap["start_frame"], gap["end_frame"]) for gap in json.loads(result.stdout)["gaps"]] == [(8000, 8320)]


def test_an_unknown_engine_and_a_foreign_setting_are_usage_errors(damaged: Path, tmp_path: Path) -> None:
    result = aidd("restore", damaged, "-o", tmp_path / "out.wav", "--engine", "magic")
    assert result.exit_code == 2 and "autoregressive" in sentence(result)
    result = aidd("restore", damaged, "-o", tmp_path / "out.wav", "--engine", "sparse", "--steps", "4")
    assert result.exit_code == 2 and "aidd engine" in sentence(result)


def test_auto_takes_a_device_and_says_when_there_is_none_such(damaged: Path, tmp_path: Path) -> None:
    given = ("restore", damaged, "--gap", "0.5:0.7", "--device")
    assert aidd(*given, "cpu", "-o", tmp_path / "out.wav").exit_code == 0
    result = aidd(*given, "tpu", "-o", tmp_path / "other.wav")
    assert result.exit_code == 1 and "tpu" in sentence(result)
    assert not (tmp_path / "other.wav").exists()


@pytest.mark.parametrize("content", [b"", b"RIFF\x04\0\0\0WAVEnothing follows", b"\x7fELF" * 500])
def test_a_file_that_is_no_recording_gives_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.wav"
    path.write_bytes(content)
    result = aidd("restore", path, "-o", tmp_path / "out.wav")
    assert result.exit_code == 1 and "broken.wav" in sentence(result)
    assert not (tmp_path / "out.wav").exists()


def test_a_missing_file_and_a_folder_give_one_sentence(tmp_path: Path) -> None:
    assert "does not exist" in sentence(aidd("restore", tmp_path / "no.wav", "-o", tmp_path / "out.wav"))
    assert "folder" in sentence(aidd("restore", tmp_path, "-o", tmp_path / "out.wav"))


def test_one_sample_is_nothing_to_restore(tmp_path: Path) -> None:
    path = tmp_path / "one.wav"
    soundfile.write(path, np.array([0.5]), RATE)
    assert aidd("restore", path, "-o", tmp_path / "out.wav").exit_code == 3


@pytest.mark.parametrize(
    ("rate", "channels", "subtype"), [(192000, 2, "PCM_24"), (8000, 8, "PCM_U8"), (44100, 1, "FLOAT")]
)
def test_unusual_formats_are_restored_in_kind(tmp_path: Path, rate: int, channels: int, subtype: str) -> None:
    path, output = tmp_path / "in.wav", tmp_path / "out.wav"
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)
    sound = np.repeat(tone[:, None], channels, axis=1)
    sound[rate // 2 : rate // 2 + rate // 100] = 0
    soundfile.write(path, sound, rate, subtype=subtype)
    result = aidd("restore", path, "-o", output, "--gap", "0.5:0.51")
    assert result.exit_code == 0, result.output
    info = soundfile.info(output)
    assert (info.samplerate, info.channels, info.subtype) == (rate, channels, subtype)
    restored, _ = soundfile.read(output, always_2d=True)
    error = (
        restored[rate // 2 : rate // 2 + rate // 100]
        - np.repeat(tone[:, None], channels, axis=1)[rate // 2 : rate // 2 + rate // 100]
    )
    assert np.sqrt(np.mean(error**2)) < 0.03


def run_program(*arguments: str | Path, limit: int | None = None) -> subprocess.CompletedProcess[str]:
    def prepare() -> None:
        if limit is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, "-m", "aidd_studio", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, preexec_fn=prepare)


def test_a_full_disk_leaves_nothing_half_written(damaged: Path, tmp_path: Path) -> None:
    output = tmp_path / "restored.wav"
    done = run_program("restore", damaged, "-o", output, "--gap", "0.5:0.51", limit=20_000)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1 and "Traceback" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["take.wav"]


def test_a_folder_without_write_permission_gives_one_sentence(damaged: Path, tmp_path: Path) -> None:
    result = aidd("restore", damaged, "-o", tmp_path / "nowhere" / "out.wav", "--gap", "0.5:0.51")
    assert result.exit_code == 1 and "nowhere" in sentence(result)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_stop_with_130_and_leave_nothing(number: signal.Signals, tmp_path: Path) -> None:
    path, output = tmp_path / "long.wav", tmp_path / "out.wav"
    rng = np.random.default_rng(0)
    sound = rng.uniform(-0.3, 0.3, 44100 * 30)
    soundfile.write(path, sound, 44100)
    gaps = [word for second in range(1, 29) for word in ("--gap", f"{second}:{second + 0.08}")]
    command = [
        sys.executable,
        "-m",
        "aidd_studio",
        "restore",
        str(path),
        "-o",
        str(output),
        "--engine",
        "sparse",
        *gaps,
    ]
    terminal, side = pty.openpty()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=side)
    os.close(side)
    shown = b""
    while b"Restoring" not in shown:
        shown += os.read(terminal, 1024)
    process.send_signal(number)
    with contextlib.suppress(OSError):  # a terminal without a program ends in an error
        while more := os.read(terminal, 1024):
            shown += more
    os.close(terminal)
    assert process.wait(30) == 130
    assert b"Traceback" not in shown and b"Stopped" in shown
    assert [path.name for path in tmp_path.iterdir()] == ["long.wav"]


def test_a_gap_amid_nothing_but_nan_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nan.wav"
    soundfile.write(path, np.full(44100, np.nan), 44100, subtype="FLOAT")
    result = aidd("restore", path, "-o", tmp_path / "out.wav", "--gap", "0.4:0.5")
    assert result.exit_code == 1 and "no valid sample around the gap" in result.stderr
    assert not (tmp_path / "out.wav").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("how", [["engines"], ["models", "list", "--json"]])
def test_results_that_cannot_be_written_give_one_sentence(how: list[str]) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        command = [sys.executable, "-m", "aidd_studio", *how]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1 and done.stderr.startswith("The results cannot be written (No space left")
    assert "Traceback" not in done.stderr


def test_an_error_is_json_when_json_was_asked_for(tmp_path: Path) -> None:
    result = aidd("restore", tmp_path / "no.wav", "-o", tmp_path / "out.wav", "--json")
    assert result.exit_code == 1 and "no.wav" in json.loads(result.stdout)["error"]


def test_results_go_to_stdout_and_nothing_else_does(damaged: Path, tmp_path: Path) -> None:
    done = run_program("restore", damaged, "-o", tmp_path / "out.wav", "--gap", "0.5:0.51", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["gaps"] and "\x1b" not in done.stdout + done.stderr


def test_a_recording_without_a_valid_sample_is_named_for_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "broken.wav"
    soundfile.write(path, np.full((RATE, 2), np.nan), RATE, subtype="FLOAT")
    result = aidd("restore", path, "-o", tmp_path / "out.wav")
    assert result.exit_code == 1
    assert "holds no valid sample, only NaN" in sentence(result)
    assert not (tmp_path / "out.wav").exists()


def test_a_recording_with_a_channel_of_nan_names_the_channel(tmp_path: Path) -> None:
    path = tmp_path / "half.wav"
    soundfile.write(path, np.stack([np.sin(np.arange(RATE) / 9), np.full(RATE, np.nan)], axis=1), RATE, subtype="FLOAT")
    result = aidd("restore", path, "-o", tmp_path / "out.wav")
    assert "Channel 2 of the recording holds no valid sample" in sentence(result)


def test_found_dropouts_replace_a_label_file_only_when_allowed(damaged: Path, tmp_path: Path) -> None:
    labels = tmp_path / "gaps.txt"
    labels.write_text("mine", encoding="utf-8")
    refused = aidd("detect", damaged, "--labels", labels)
    assert sentence(refused) == f"{labels} exists already; use --overwrite to replace it."
    assert labels.read_text(encoding="utf-8") == "mine"
    assert aidd("detect", damaged, "--labels", labels, "--overwrite").exit_code == 0
    assert len(labels.read_text(encoding="utf-8").splitlines()) >= 2


def test_labels_that_cannot_be_written_are_refused_before_the_recording_is_read(tmp_path: Path) -> None:
    missing = tmp_path / "nothing.wav"
    assert "says no label format" in sentence(aidd("detect", missing, "--labels", tmp_path / "gaps.doc"))
    assert "does not exist" in sentence(aidd("detect", missing, "--labels", tmp_path / "nowhere" / "gaps.txt"))
