"""Playback switches, loops and stops without a break, on a fake clock and on a real PortAudio callback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from aidd_studio.audio.clip import Patch
from aidd_studio.audio.playback import ClockOutput, Mixer, Output, Player, Version
from tests.waiting import until

RATE = 8000


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def sine(frequency: float, seconds: float = 2.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE))[None].astype(np.float32)


def test_what_is_heard_is_the_version_sample_for_sample() -> None:
    base = sine(100)
    patch = Patch(4000, (0,), np.full((1, 400), 0.25, np.float32))
    mixer = Mixer(1, RATE)
    mixer.set_versions((Version(base), Version(base, (patch,))))
    mixer.start(1, 0, base.shape[1])
    out = np.zeros((9000, 2), np.float32)
    mixer.render(out)
    expected = base[0].copy()
    expected[4000:4400] = 0.25
    faded = mixer.fade
    assert np.array_equal(out[faded:, 0], expected[faded:9000])
    assert np.array_equal(out[:, 0], out[:, 1])


def test_switching_stays_aligned_and_never_jumps() -> None:
    base = sine(50)
    mixer = Mixer(1, RATE)
    mixer.set_versions((Version(base), Version(-base)))
    mixer.start(0, 0, base.shape[1])
    out = np.zeros((8000, 2), np.float32)
    for index in range(80):
        mixer.switch(index % 2)
        mixer.render(out[index * 100 : index * 100 + 100])
    assert np.abs(np.diff(out[:, 0])).max() < 0.06
    assert mixer.position == 8000
    mixer.switch(1)
    tail = np.zeros((500, 2), np.float32)
    mixer.render(tail)
    assert np.array_equal(tail[200:, 0], -base[0, 8200:8500])


def test_a_loop_returns_to_its_start_and_the_end_stops() -> None:
    base = sine(100)
    mixer = Mixer(1, RATE)
    mixer.set_versions((Version(base),))
    mixer.start(0, 1000, 2000, 1000)
    out = np.zeros((3500, 2), np.float32)
    mixer.render(out)
    assert mixer.position == 1500
    mixer.start(0, 0, 300)
    mixer.render(out)
    assert not mixer.is_playing
    assert np.all(out[1000:] == 0.0)


def test_more_channels_than_outputs_are_shared_out_and_invalid_samples_are_silent() -> None:
    base = np.full((4, 4000), 0.5, np.float32)
    base[0, 2000] = np.nan
    mixer = Mixer(4, RATE)
    mixer.set_versions((Version(base),))
    mixer.start(0, 0, 4000)
    out = np.zeros((3000, 2), np.float32)
    mixer.render(out)
    assert out[1500, 0] == pytest.approx(0.5)
    assert np.isfinite(out).all()


class LostOutput(ClockOutput):
    def open(self, mixer: Mixer) -> None:
        from aidd_studio.errors import DeviceError

        raise DeviceError("There is no audio output.")


def test_without_a_device_a_silent_clock_moves_the_playhead_and_says_so() -> None:
    output: Output = LostOutput()
    player = Player(1, RATE, output)
    player.set_versions((Version(sine(100)),))
    player.play(0, 16000)
    assert player.silent_because == "There is no audio output."
    until(lambda: player.position() > 0)
    player.close()


SCRIPT = """
import itertools, sys
import numpy as np
import sounddevice
if not sounddevice.query_devices():
    sys.exit(77)
from aidd_studio.audio.playback import Player, Version
from tests.waiting import until
base = np.random.default_rng(0).uniform(-0.1, 0.1, (2, 441000)).astype(np.float32)
player = Player(2, 44100)
player.set_versions((Version(base), Version(-base)))
player.play(0, 441000)
versions = itertools.cycle((1, 0))

def ended():
    player.switch(next(versions))
    player.position()
    return not player.is_playing

until(ended, 30)
assert player.silent_because is None, player.silent_because
assert player.position() == 441000, player.position()
assert player.mixer.peaks.max() > 0.09
player.close()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ALSA is Linux's")
def test_a_real_portaudio_callback_plays_to_the_end_on_the_alsa_null_device(tmp_path: Path) -> None:
    config = tmp_path / "asound.conf"
    config.write_text('pcm.!default { type null hint { show on description "Nothing" } }\n')
    environment = os.environ | {"ALSA_CONFIG_PATH": str(config), "PYTHONPATH": str(Path(__file__).parents[2])}
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    if run.returncode == 77 or "PortAudio library not found" in run.stderr:
        pytest.skip("PortAudio has no ALSA here")
    assert run.returncode == 0, run.stderr
