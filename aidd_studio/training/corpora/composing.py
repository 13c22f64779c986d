"""Made-up pieces in popular styles: what the scores lack (drums, basses, riffs, lead lines, loops)."""

from __future__ import annotations

import numpy as np

from aidd_studio.training.corpora.notes import Note, Piece

_SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 9, 10), (0, 2, 4, 5, 7, 9, 10))
_PROGRESSIONS = (
    (0, 4, 5, 3), (0, 5, 3, 4), (1, 4, 0, 0), (0, 3, 0, 4), (5, 3, 0, 4), (0, 0, 3, 4), (0, 6, 5, 4), (0, 3, 1, 4),
)  # fmt: skip
_KICK, _SNARE, _RIM, _CLOSED, _OPEN, _RIDE, _CRASH, _SHAKER, _TAMBOURINE = 36, 38, 37, 42, 46, 51, 49, 70, 54
_LEADS = (0, 4, 11, 16, 22, 24, 26, 27, 29, 30, 40, 56, 59, 60, 64, 65, 66, 68, 71, 73, 78, 80, 81, 52, 53)
_CHORDS = (0, 0, 1, 4, 5, 16, 17, 24, 25, 26, 27, 28, 48, 49, 50, 89, 90, 52)
_BASSES = (32, 32, 33, 34, 35, 36, 38, 39)


def compose(seconds: float, rng: np.random.Generator) -> Piece:
    """A piece of drums, bass, chords and a lead (some of them silent now and then), about `seconds` long."""
    beat = 60.0 / rng.uniform(66, 168)
    swing = float(rng.choice([0.0, 0.0, 0.16]))
    root, scale = int(rng.integers(36, 48)), _SCALES[rng.integers(len(_SCALES))]
    progression = _PROGRESSIONS[rng.integers(len(_PROGRESSIONS))]
    bars = int(seconds / (4 * beat)) + 1
    playing = [rng.random() < share for share in (0.75, 0.85, 0.8, 0.75)]
    if not any(playing[1:]):
        playing[2] = True
    figures = _figures(rng)
    notes: list[Note] = []
    for bar in range(bars):
        if bar % 8 == 0:
            figures = _figures(rng)
        degree, start = progression[bar % len(progression)], bar * 4 * beat
        makers = (_drums, _bass, _chords, _lead)
        for part, make in enumerate(makers):
            if playing[part]:
                notes += [
                    Note(
                        start + _swung(at, swing) * beat, start + _swung(at, swing) * beat + length * beat, key, v, part
                    )
                    for at, length, key, v in make(figures, root, scale, degree, bar, rng)
                ]
    programs = (-1, int(rng.choice(_BASSES)), int(rng.choice(_CHORDS)), int(rng.choice(_LEADS)))
    notes = [note for note in notes if note.start < seconds]
    return Piece(tuple(sorted(notes, key=lambda note: note.start)), programs)


Figures = dict[str, list[float]]
Event = tuple[float, float, int, int]  # beat in the bar, length in beats, key, velocity


def _figures(rng: np.random.Generator) -> Figures:
    grid = np.arange(16) / 4
    return {
        "kick": [0.0, *(float(g) for g in grid[1:] if rng.random() < 0.14)],
        "snare": [1.0, 3.0, *(float(g) for g in grid if rng.random() < 0.05)],
        "hat": [float(g) for g in grid if rng.random() < (0.95 if g % 0.5 == 0 else rng.choice([0.05, 0.6]))],
        "hat_key": [float(rng.choice([_CLOSED, _CLOSED, _RIDE, _SHAKER, _TAMBOURINE]))],
        "snare_key": [float(rng.choice([_SNARE, _SNARE, 40, _RIM, 39]))],
        "bass": [0.0, *(float(g) for g in grid[1:] if rng.random() < 0.3)],
        "chords": [0.0, *(float(g) for g in grid[2::2] if rng.random() < 0.25)],
        "lead": [float(g) for g in grid if rng.random() < 0.35],
        "lead_steps": [float(s) for s in rng.integers(-3, 8, 16)],
        "strummed": [float(rng.random() < 0.3)],
    }


def _swung(at: float, swing: float) -> float:
    return at + swing if round(at * 4) % 4 == 2 else at


def _key(root: int, scale: tuple[int, ...], degree: int) -> int:
    return root + 12 * (degree // len(scale)) + scale[degree % len(scale)]


def _drums(
    f: Figures, root: int, scale: tuple[int, ...], degree: int, bar: int, rng: np.random.Generator
) -> list[Event]:
    events = [(at, 0.2, _KICK, 105) for at in f["kick"]]
    events += [(at, 0.2, int(f["snare_key"][0]), 100) for at in f["snare"]]
    events += [(at, 0.2, int(f["hat_key"][0]), 75 if at % 1 == 0 else 58) for at in f["hat"]]
    if bar % 8 == 0:
        events.append((0.0, 2.0, _CRASH, 95))
    if bar % 8 == 7:
        events += [(3 + step / 4, 0.2, int(rng.choice([_SNARE, 41, 43, 45, 47, _OPEN])), 95) for step in range(4)]
    return events


def _bass(
    f: Figures, root: int, scale: tuple[int, ...], degree: int, bar: int, rng: np.random.Generator
) -> list[Event]:
    ends = [*f["bass"][1:], 4.0]
    steps = [0, *(int(rng.choice([0, 0, 4, 2, 7])) for _ in f["bass"][1:])]
    return [
        (at, min(end - at, 2.0) * 0.9, _key(root - 12, scale, degree + step), 95)
        for at, end, step in zip(f["bass"], ends, steps, strict=True)
    ]


def _chords(
    f: Figures, root: int, scale: tuple[int, ...], degree: int, bar: int, rng: np.random.Generator
) -> list[Event]:
    tones = [0, 2, 4, *([6] if rng.random() < 0.3 else [])]
    delay = 0.03 if f["strummed"][0] else 0.0
    ends = [*f["chords"][1:], 4.0]
    return [
        (at + index * delay, (end - at) * 0.92, _key(root + 12, scale, degree + tone), 72)
        for at, end in zip(f["chords"], ends, strict=True)
        for index, tone in enumerate(tones)
    ]


def _lead(
    f: Figures, root: int, scale: tuple[int, ...], degree: int, bar: int, rng: np.random.Generator
) -> list[Event]:
    if bar % 4 == 3 and rng.random() < 0.5:
        return []
    ends = [*f["lead"][1:], 4.0]
    return [
        (at, (end - at) * 0.95, _key(root + 24, scale, degree + int(f["lead_steps"][index % 16])), 88)
        for index, (at, end) in enumerate(zip(f["lead"], ends, strict=False))
    ]
