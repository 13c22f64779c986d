"""Make the demo recording: notate, perform, render, record to tape, and damage a copy.

    .venv/bin/python tools/make_demo.py [FOLDER]

Needs FluidSynth and Debian's fluid-soundfont-gm (MIT). The music is in the public domain: the opening of Erik Satie's
first Gymnopédie (1888) for piano and flute, and the opening of J. S. Bach's Prelude in C, BWV 846, on a harpsichord.
Everything is seeded, so that the same versions of the tools give the same files.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import mido
import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy import signal

from aidd_studio.damage.damage import Damage
from aidd_studio.damage.labels import write_labels

RATE = 44100
SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
PIANO, HARPSICHORD, FLUTE = 0, 6, 73
Stereo = NDArray[np.float64]


@dataclass(frozen=True)
class Note:
    """A written note: beats from the piece's start, pitch as a MIDI number, loudness 0 to 1."""

    beat: float
    length: float
    pitch: int
    loudness: float
    voice: int = 0


def pitch(name: str) -> int:
    """MIDI number of a name such as F#4."""
    return 12 * (int(name[-1]) + 1) + ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"].index(name[:-1])


def gymnopedie() -> list[Note]:
    """Satie, Gymnopédie No. 1, bars 1 to 12: bass and chords for the piano, the melody for the flute."""
    notes = []
    for bar in range(12):
        bass, chord = ("G2", ("B3", "D4", "F#4")) if bar % 2 == 0 else ("D2", ("A3", "C#4", "F#4"))
        notes.append(Note(3 * bar, 3.0, pitch(bass), 0.55))
        notes += [Note(3 * bar + 1, 2.0, pitch(name), 0.47) for name in chord]
    melody = [(13, "F#5"), (14, "A5"), (15, "G5"), (16, "F#5"), (17, "C#5"), (18, "B4"), (19, "C#5"), (20, "D5")]
    notes += [Note(beat, 1.0, pitch(name), 0.62, voice=1) for beat, name in melody]
    notes += [Note(21, 3.0, pitch("A4"), 0.6, voice=1), Note(24, 9.0, pitch("F#4"), 0.5, voice=1)]
    return notes


def prelude() -> list[Note]:
    """Bach, Prelude in C, BWV 846, bars 1 to 7 and a closing chord: broken chords, each figure played twice."""
    bars = ["C4 E4 G4 C5 E5", "C4 D4 A4 D5 F5", "B3 D4 G4 D5 F5", "C4 E4 G4 C5 E5"]
    bars += ["C4 E4 A4 E5 A5", "C4 D4 F#4 A4 D5", "B3 D4 G4 D5 G5"]
    notes = []
    for bar, names in enumerate(bars):
        chord = [pitch(name) for name in names.split()]
        for half in (0.0, 2.0):
            for place, voice in enumerate((0, 1, 2, 3, 4, 2, 3, 4)):
                lengths = (2.0, 1.75)
                length = lengths[place] if place < 2 else 0.25
                notes.append(Note(4 * bar + half + place / 4, length, chord[voice], 0.6 + 0.05 * (place == 0)))
    notes += [Note(4.0 * len(bars), 4.0, pitch(name), 0.6) for name in ("G2", "G3", "B3", "D4", "G4")]
    return notes


def perform(notes: list[Note], beats_a_minute: float, rng: np.random.Generator) -> list[tuple[float, float, Note, int]]:
    """Play the notes as a person would: (onset, end in seconds, note, velocity)."""
    last = max(note.beat for note in notes)
    grid = np.arange(0, last + 8, 0.25)
    breath = 1 + 0.035 * np.sin(2 * np.pi * grid / 12 - 0.7) + 0.012 * rng.standard_normal(len(grid))
    slowing = 1 + 0.35 * np.clip((grid - last + 2.5) / 2.5, 0, 1) ** 2
    seconds = np.concatenate([[0], np.cumsum(0.25 * 60 / beats_a_minute * breath * slowing)])
    beats = np.append(grid, grid[-1] + 0.25)
    played = []
    for note in notes:
        onset = float(np.interp(note.beat, beats, seconds)) + abs(rng.normal(0, 0.008)) + 0.006 * rng.random()
        end = float(np.interp(note.beat + note.length, beats, seconds)) - 0.01
        velocity = int(np.clip(127 * note.loudness * (1 + 0.07 * rng.standard_normal()), 20, 120))
        played.append((onset, max(end, onset + 0.05), note, velocity))
    return played


def render(notes: list[Note], programs: list[int], beats_a_minute: float, rng: np.random.Generator) -> Stereo:
    """The performance as sound, float [2, frames]."""
    track = mido.MidiTrack()
    events: list[tuple[float, mido.Message]] = []
    for voice, program in enumerate(programs):
        pan = 52 if voice == 0 else 84
        events.append((0.0, mido.Message("program_change", channel=voice, program=program)))
        events.append((0.0, mido.Message("control_change", channel=voice, control=7, value=127 if voice == 0 else 46)))
        events.append((0.0, mido.Message("control_change", channel=voice, control=10, value=pan)))
        events.append((0.0, mido.Message("control_change", channel=voice, control=91, value=70)))
    for onset, end, note, velocity in perform(notes, beats_a_minute, rng):
        on = mido.Message("note_on", channel=note.voice, note=note.pitch, velocity=velocity)
        off = mido.Message("note_off", channel=note.voice, note=note.pitch)
        events += [(0.3 + onset, on), (0.3 + end, off)]
    clock = 0.0
    for moment, message in sorted(events, key=lambda event: event[0]):
        track.append(message.copy(time=round(1000 * (moment - clock))))
        clock += track[-1].time / 1000
    score = mido.MidiFile(ticks_per_beat=500)  # 1000 ticks a second at the default 120 beats a minute
    score.tracks.append(track)
    with tempfile.TemporaryDirectory() as folder:
        midi, wave = Path(folder) / "score.mid", Path(folder) / "score.wav"
        score.save(midi)
        command = ["fluidsynth", "-ni", "-q", "-O", "float", "-T", "wav", "-r", str(RATE), "-g", "0.5"]
        subprocess.run([*command, "-F", str(wave), str(SOUNDFONT), str(midi)], check=True, timeout=120)
        sound, _ = soundfile.read(wave, always_2d=True)
    return np.asarray(sound.T)


def tape(sound: Stereo, rng: np.random.Generator) -> Stereo:
    """What a good tape machine adds: wow and flutter, a softer top, hiss and a little hum."""
    frames = sound.shape[1]
    time = np.arange(frames) / RATE
    drift = 0.00035 * np.sin(2 * np.pi * 0.9 * time) / (2 * np.pi * 0.9)
    flutter = 0.00012 * np.sin(2 * np.pi * 9.3 * time + 1) / (2 * np.pi * 9.3)
    sound = np.stack([np.interp(time + drift + flutter, time, channel) for channel in sound])
    sound = signal.sosfilt(signal.butter(2, 16000, fs=RATE, output="sos"), sound)
    hiss = signal.sosfilt(signal.butter(1, 900, "highpass", fs=RATE, output="sos"), rng.standard_normal(sound.shape))
    hum = 0.00012 * np.sin(2 * np.pi * 50 * time) + 0.00006 * np.sin(2 * np.pi * 150 * time)
    sound = sound * 0.8 / np.max(np.abs(sound))
    return np.asarray(sound + 0.00045 * hiss + hum)


# (seconds, milliseconds, kind, channels): what happened to the tape
DAMAGE = [
    (3.10, 5, "silence", None),
    (5.42, 12, "held", None),
    (7.95, 30, "silence", (0,)),
    (9.80, 60, "near-silence", None),
    (11.73, 100, "silence", None),
    (14.21, 200, "silence", None),
    (16.90, 20, "held", (1,)),
    (18.35, 300, "silence", None),
    (25.47, 8, "silence", None),
    (27.15, 45, "near-silence", None),
    (29.02, 80, "silence", (1,)),
    (31.30, 150, "silence", None),
    (33.84, 250, "silence", None),
    (36.20, 15, "silence", None),
    (37.75, 120, "near-silence", None),
]


def damage(sound: NDArray[np.int16]) -> tuple[NDArray[np.int16], list[Damage]]:
    """A copy of 16-bit samples [2, frames] with holes, and where they are."""
    broken = sound.copy()
    gaps = []
    for second, milliseconds, kind, channels in DAMAGE:
        start = round(second * RATE)
        end = start + round(milliseconds * RATE / 1000)
        rows = list(channels or (0, 1))
        if kind == "silence":
            broken[rows, start:end] = 0
        elif kind == "held":
            broken[rows, start:end] = broken[rows, start - 1][:, None]
        else:
            broken[rows, start:end] = np.round(broken[rows, start:end] * 10 ** (-45 / 20)).astype(np.int16)
        gaps.append(Damage(start, end, channels, kind))  # type: ignore[arg-type]
    return broken, gaps


def main(folder: Path) -> None:
    """Write original.flac, damaged.flac and damage.txt (an Audacity label track)."""
    rng = np.random.default_rng(1888)
    satie = render(gymnopedie(), [PIANO, FLUTE], 100, rng)
    bach = render(prelude(), [HARPSICHORD], 100, rng)
    pause = np.zeros((2, round(0.6 * RATE)))
    ends = [_faded(0.9 * piece / np.max(np.abs(piece))) for piece in (satie, 0.6 * bach)]
    sound = tape(np.concatenate([ends[0], pause, 0.6 * ends[1]], axis=1), rng)
    samples = np.round(32767 * (sound + rng.triangular(-1, 0, 1, sound.shape) / 32768)).astype(np.int16)
    broken, gaps = damage(samples)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (("original.flac", samples), ("damaged.flac", broken)):
        with soundfile.SoundFile(folder / name, "w", RATE, 2, "PCM_16", format="FLAC", compression_level=1.0) as file:
            file.title = "Gymnopédie No. 1 and Prelude in C (demo)"
            file.artist = "AIDD Studio"
            file.comment = "Erik Satie, J. S. Bach; rendered with FluidSynth and FluidR3_GM (MIT)"
            file.write(content.T)
    (folder / "damage.txt").unlink(missing_ok=True)
    write_labels(folder / "damage.txt", gaps, RATE)


def _faded(sound: Stereo) -> Stereo:
    """The piece with its reverberation dying away over the last second and a half."""
    loud = np.flatnonzero(np.max(np.abs(sound), axis=0) > 0.004)
    sound = sound[:, : min(sound.shape[1], loud[-1] + RATE // 2)].copy()
    fade = round(1.5 * RATE)
    sound[:, -fade:] *= np.cos(np.linspace(0, np.pi / 2, fade)) ** 2
    return sound


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1] / "resources" / "demo")
