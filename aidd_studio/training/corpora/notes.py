"""Music as notes: what humanising, composing and the renderers pass to each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aidd_studio.errors import FileReadError

DRUMS = 9
"""The MIDI channel that General MIDI gives to percussion."""

_TICKS = 480


@dataclass(frozen=True)
class Note:
    """One note: start and end in seconds, MIDI key and velocity, index of the part that plays it."""

    start: float
    end: float
    key: int
    velocity: int
    part: int = 0


@dataclass(frozen=True)
class Control:
    """A MIDI controller (0-127, value 0-127) or pitch bend (number -1, value ±8191) at a time in seconds."""

    time: float
    part: int
    number: int
    value: int


PITCH_BEND = -1


@dataclass(frozen=True)
class Piece:
    """Notes of several parts, the General MIDI program of each part (-1 for drums), and controller moves."""

    notes: tuple[Note, ...]
    programs: tuple[int, ...]
    controls: tuple[Control, ...] = field(default=())

    @property
    def duration(self) -> float:
        """End of the last note in seconds."""
        return max((note.end for note in self.notes), default=0.0)

    def excerpt(self, start: float, seconds: float) -> Piece:
        """The notes that begin within `seconds` from `start`, moved to begin at 0; controls are dropped."""
        stop = start + seconds
        kept = (note for note in self.notes if start <= note.start < stop)
        moved = tuple(replace(note, start=note.start - start, end=min(note.end, stop + 2) - start) for note in kept)
        return Piece(moved, self.programs)


def read_midi(path: Path) -> Piece:
    """Read a standard MIDI file; every (track, channel) pair with notes becomes a part.

    Raises FileReadError when the file is no MIDI file.
    """
    import mido

    try:
        song = mido.MidiFile(path, clip=True)
    except (OSError, EOFError, ValueError, KeyError, IndexError) as error:
        raise FileReadError(f"{path.name} is no MIDI file that can be read; leave it out of the folder.") from error
    seconds = _tempo_map(song)
    notes: list[Note] = []
    programs: dict[tuple[int, int], int] = {}
    parts: dict[tuple[int, int], int] = {}
    for index, track in enumerate(song.tracks):
        for key, found in _track_notes(track, index, seconds, programs).items():
            part = parts.setdefault(key, len(parts))
            notes += [replace(note, part=part) for note in found]
    order = sorted(parts, key=lambda key: parts[key])
    listed = tuple(-1 if channel == DRUMS else programs.get((track, channel), 0) for track, channel in order)
    return Piece(tuple(sorted(notes, key=lambda note: (note.start, note.key))), listed)


def _tempo_map(song: Any) -> Any:
    changes: list[tuple[int, int]] = []
    for track in song.tracks:
        ticks = 0
        for message in track:
            ticks += message.time
            if message.type == "set_tempo":
                changes.append((ticks, message.tempo))
    changes = sorted(changes)
    points = [(0, 0.0, 500_000)]
    for ticks, tempo in changes:
        last_ticks, last_seconds, last_tempo = points[-1]
        points.append((ticks, last_seconds + (ticks - last_ticks) * last_tempo / 1e6 / song.ticks_per_beat, tempo))
    from bisect import bisect_right

    starts = [point[0] for point in points]

    def seconds(ticks: int) -> float:
        at, base, tempo = points[bisect_right(starts, ticks) - 1]
        return base + (ticks - at) * tempo / 1e6 / float(song.ticks_per_beat)

    return seconds


def _track_notes(
    track: Iterable[Any], index: int, seconds: Any, programs: dict[tuple[int, int], int]
) -> dict[tuple[int, int], list[Note]]:
    ticks = 0
    sounding: dict[tuple[int, int], tuple[float, int]] = {}
    found: dict[tuple[int, int], list[Note]] = {}
    for message in track:
        ticks += message.time
        if message.type == "program_change":
            programs.setdefault((index, message.channel), message.program)
        if message.type not in ("note_on", "note_off"):
            continue
        key = (message.channel, message.note)
        if message.type == "note_on" and message.velocity > 0:
            sounding[key] = (seconds(ticks), message.velocity)
        elif key in sounding:
            start, velocity = sounding.pop(key)
            note = Note(start, max(seconds(ticks), start + 0.02), message.note, velocity)
            found.setdefault((index, message.channel), []).append(note)
    return found


def write_midi(piece: Piece, path: Path, tail: float = 1.5) -> None:
    """Write a piece as a standard MIDI file that ends silent: pedals up, notes and sounds off after `tail` seconds.

    At most 15 melodic parts are distinguished; further ones share channels.
    """
    import mido

    melodic = [channel for channel in range(16) if channel != DRUMS]
    channels: list[int] = []
    taken = 0
    for program in piece.programs:
        if program < 0:
            channels.append(DRUMS)
        else:
            channels.append(melodic[taken % len(melodic)])
            taken += 1
    events: list[tuple[float, int, Any]] = []
    for program, channel in zip(piece.programs, channels, strict=True):
        if program >= 0:
            events.append((0.0, 0, mido.Message("program_change", channel=channel, program=program)))
    events += [(control.time, 1, _message(control, channels[control.part])) for control in piece.controls]
    for note in piece.notes:
        channel, velocity = channels[note.part], min(127, max(1, note.velocity))
        events.append((note.start, 3, mido.Message("note_on", channel=channel, note=note.key, velocity=velocity)))
        events.append((note.end, 2, mido.Message("note_off", channel=channel, note=note.key)))
    end = piece.duration + tail
    for channel in sorted(set(channels)):
        events += [(end, 4, mido.Message("control_change", channel=channel, control=c)) for c in (64, 123, 120)]
    track = mido.MidiTrack()
    at = 0
    for time, _, message in sorted(events, key=lambda event: event[:2]):
        ticks = round(time * 2 * _TICKS)  # 120 beats a minute: two beats a second
        track.append(message.copy(time=max(0, ticks - at)))
        at = max(at, ticks)
    song = mido.MidiFile(type=0, ticks_per_beat=_TICKS)
    song.tracks.append(track)
    song.save(path)


def _message(control: Control, channel: int) -> Any:
    import mido

    if control.number == PITCH_BEND:
        return mido.Message("pitchwheel", channel=channel, pitch=control.value)
    return mido.Message("control_change", channel=channel, control=control.number, value=control.value)
