"""Rendering pieces with FluidSynth and a SoundFont."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aidd_studio.errors import UsageError
from aidd_studio.training.corpora.notes import Piece, write_midi

RENDER_RATE = 48_000
"""SoundFont samples are rendered above the corpus rate, because FluidSynth does not filter before it pitches up."""


def find_soundfonts() -> list[Path]:
    """SoundFonts that Linux packages install, in a fixed order."""
    folders = (Path("/usr/share/sounds/sf2"), Path("/usr/share/sounds/sf3"), Path("/usr/share/soundfonts"))
    found = [path for folder in folders if folder.is_dir() for path in folder.glob("*.sf[23]")]
    return sorted({path.resolve() for path in found})


def render_soundfont(piece: Piece, soundfont: Path, seed: int) -> NDArray[np.float32]:
    """Render a piece: float32 [2, frames] at 48 kHz. `seed` draws gain, reverberation and chorus.

    Raises UsageError when FluidSynth is missing or fails; a render that does not end is stopped.
    """
    program = shutil.which("fluidsynth")
    if program is None:
        raise UsageError("FluidSynth is needed to render MIDI; install the package fluidsynth.")
    import soundfile

    rng = np.random.default_rng(seed)
    effects = ["-R", str(int(rng.random() < 0.4)), "-C", str(int(rng.random() < 0.2))]
    with tempfile.TemporaryDirectory() as folder:
        midi, wave = Path(folder) / "piece.mid", Path(folder) / "piece.wav"
        write_midi(piece, midi)
        options = ["-ni", "-q", "-O", "float", "-T", "wav", "-r", str(RENDER_RATE), "-g", "0.3", *effects]
        command = [program, *options, "-F", str(wave), str(soundfont), str(midi)]
        try:
            done = subprocess.run(command, capture_output=True, timeout=60 + piece.duration, check=False)
        except subprocess.TimeoutExpired as error:
            raise UsageError(f"FluidSynth did not finish with {soundfont.name}; try another SoundFont.") from error
        if done.returncode != 0 or not wave.is_file():
            raise UsageError(f"FluidSynth failed with {soundfont.name}; check that the file is a SoundFont.")
        samples, _ = soundfile.read(wave, dtype="float32", always_2d=True)
    return np.ascontiguousarray(samples.T)
