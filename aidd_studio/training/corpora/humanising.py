"""Playing a score the way people do: not together, not even, not always on the same instruments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from aidd_studio.training.corpora.notes import PITCH_BEND, Control, Note, Piece

PIANOS = (0, 0, 0, 1, 2, 3, 4, 5, 6, 7)
FAMILIES: tuple[tuple[int, ...], ...] = (
    PIANOS,
    (8, 9, 10, 11, 12, 13, 14),  # chromatic percussion
    (16, 17, 18, 19, 20, 21, 22),  # organs
    (24, 25, 26, 27, 28, 29, 46),  # guitars, harp
    (32, 33, 34, 35, 43),  # basses
    (40, 41, 42, 43, 44, 45, 48, 49),  # strings
    (52, 53, 54),  # voices
    (56, 57, 58, 59, 60, 61, 62),  # brass
    (64, 65, 66, 67, 68, 69, 70, 71),  # reeds
    (72, 73, 74, 75, 76, 77, 79),  # pipes
    (80, 81, 82, 87, 88, 89, 91, 92, 94),  # synthesisers
    (104, 105, 106, 107, 109, 110, 111),  # world
)
_SUSTAINED = set(range(16, 24)) | set(range(40, 45)) | set(range(48, 80)) | {109, 110, 111}
_QUARTET = (40, 40, 41, 42)


def orchestrate(piece: Piece, rng: np.random.Generator) -> Piece:
    """Give the parts new programs: as written, one family, one each, or a quartet; drums stay drums."""
    way = rng.random()
    programs = list(piece.programs)
    if way < 0.30:
        return piece
    if way < 0.42:
        programs = [_QUARTET[min(index, 3)] for index in range(len(programs))]
    elif way < 0.62:
        family = FAMILIES[rng.integers(len(FAMILIES))]
        programs = [int(rng.choice(family)) for _ in programs]
    else:
        programs = [int(rng.choice(FAMILIES[rng.integers(len(FAMILIES))])) for _ in programs]
    programs = [-1 if old < 0 else new for old, new in zip(piece.programs, programs, strict=True)]
    return replace(piece, programs=tuple(programs))


def solo(piece: Piece, rng: np.random.Generator) -> Piece:
    """One part alone."""
    used = sorted({note.part for note in piece.notes})
    chosen = int(rng.choice(used)) if used else 0
    notes = tuple(replace(note, part=0) for note in piece.notes if note.part == chosen)
    program = piece.programs[chosen] if used else 0
    return Piece(notes, (program,))


def transpose(piece: Piece, semitones: int) -> Piece:
    """Move every pitched part by whole semitones, within the MIDI range."""
    pitched = [program >= 0 for program in piece.programs]
    notes = tuple(
        replace(note, key=min(108, max(21, note.key + semitones))) if pitched[note.part] else note
        for note in piece.notes
    )
    return replace(piece, notes=notes)


def play(piece: Piece, rng: np.random.Generator) -> Piece:
    """Humanise: a wandering tempo, jittered onsets, uneven loudness, spread chords, detached or bound notes."""
    if not piece.notes:
        return piece
    curve = _tempo_curve(piece.duration, float(rng.uniform(0.7, 1.4)), rng)
    jitter = float(rng.uniform(0.003, 0.022))
    spread = float(rng.uniform(0.01, 0.05)) if rng.random() < 0.3 else 0.0
    articulation = float(rng.uniform(0.6, 1.15))
    accent = float(rng.uniform(3, 14))
    swell = _swell(piece.duration, rng)
    level = [int(rng.integers(-14, 10)) for _ in piece.programs]
    ranks = _chord_ranks(piece.notes)
    notes: list[Note] = []
    for note, rank in zip(piece.notes, ranks, strict=True):
        start = max(0.0, curve(note.start) + rng.normal(0, jitter) + rank * spread)
        length = max(0.04, (curve(note.end) - curve(note.start)) * articulation)
        velocity = note.velocity + level[note.part] + swell(note.start) + rng.normal(0, accent)
        notes.append(Note(start, start + length, note.key, int(np.clip(velocity, 12, 127)), note.part))
    played = replace(piece, notes=tuple(sorted(notes, key=lambda note: note.start)))
    controls = _pedalling(played, rng) + _expression(played, rng)
    return replace(played, controls=tuple(sorted(controls, key=lambda control: control.time)))


def _tempo_curve(seconds: float, rate: float, rng: np.random.Generator) -> Callable[[float], float]:
    knots = np.arange(0, seconds + 4, 2.0)
    walk = np.cumsum(rng.normal(0, 0.03, knots.size))
    walk -= np.linspace(0, walk[-1], knots.size)
    times = np.concatenate([[0.0], np.cumsum(np.diff(knots) / (rate * np.exp(np.clip(walk[:-1], -0.25, 0.25))))])

    def curve(at: float) -> float:
        return float(np.interp(at, knots, times))

    return curve


def _swell(seconds: float, rng: np.random.Generator) -> Callable[[float], float]:
    depth, period, phase = rng.uniform(0, 18), rng.uniform(6, 25), rng.uniform(0, 2 * np.pi)

    def swell(at: float) -> float:
        return float(depth * np.sin(2 * np.pi * at / period + phase))

    return swell


def _chord_ranks(notes: tuple[Note, ...]) -> list[int]:
    ranks: list[int] = []
    for index, note in enumerate(notes):
        together = index > 0 and abs(note.start - notes[index - 1].start) < 0.005
        ranks.append(ranks[-1] + 1 if together else 0)
    return ranks


def _pedalling(piece: Piece, rng: np.random.Generator) -> list[Control]:
    """A sustain pedal that changes every few notes, for the parts that have one."""
    controls: list[Control] = []
    for part, program in enumerate(piece.programs):
        if program not in (*PIANOS, 11, 46) or rng.random() < 0.35:
            continue
        at, end = 0.0, piece.duration
        while at < end:
            hold = float(rng.uniform(0.5, 2.5))
            controls += [Control(at + 0.06, part, 64, 127), Control(at + hold, part, 64, 0)]
            at += hold
    return controls


def _expression(piece: Piece, rng: np.random.Generator) -> list[Control]:
    """Vibrato, slides into notes, crescendi on held notes, pan and reverberation sends."""
    controls: list[Control] = []
    for part, program in enumerate(piece.programs):
        controls.append(Control(0.0, part, 10, int(rng.integers(20, 108))))
        controls.append(Control(0.0, part, 91, int(rng.choice([0, 0, 20, 40, 70]))))
        if program not in _SUSTAINED:
            continue
        notes = [note for note in piece.notes if note.part == part]
        if rng.random() < 0.6:
            controls += _vibrato(notes, part, rng)
        if rng.random() < 0.6:
            controls += _crescendi(notes, part, rng)
    return controls


def _vibrato(notes: list[Note], part: int, rng: np.random.Generator) -> list[Control]:
    rate, depth = rng.uniform(4.5, 6.8), rng.uniform(80, 900)  # 8192 is two semitones
    slide = rng.uniform(200, 4000) if rng.random() < 0.4 else 0.0
    controls: list[Control] = []
    last = -1.0
    for note in notes:
        if note.start < last:  # the bend is the channel's, so only one of simultaneous notes may lead it
            continue
        last = note.end
        step = np.arange(0, note.end - note.start, 0.015)
        onset = np.clip((step - 0.12) / 0.3, 0, 1)
        bend = onset * depth * np.sin(2 * np.pi * rate * step) - slide * np.exp(-step / 0.04) * rng.choice([-0.3, 0, 1])
        controls += [
            Control(note.start + float(t), part, PITCH_BEND, int(np.clip(b, -8190, 8190)))
            for t, b in zip(step, bend, strict=True)
        ]
    return controls


def _crescendi(notes: list[Note], part: int, rng: np.random.Generator) -> list[Control]:
    controls: list[Control] = []
    last = -1.0
    for note in notes:
        length = note.end - note.start
        if note.start < last or length < 0.25:
            continue
        last = note.end
        first, peak, final = rng.uniform(60, 120), rng.uniform(80, 127), rng.uniform(50, 120)
        for share in np.linspace(0, 1, max(3, int(length / 0.04))):
            value = np.interp(share, [0, 0.4, 1], [first, peak, final])
            controls.append(Control(note.start + float(share) * length, part, 11, int(value)))
    return controls
