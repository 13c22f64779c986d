"""Intact sound that looks damaged: tones that repeat themselves exactly, and sounds with digital silence between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.clip import Clip

Sound = NDArray[np.float64]

RATES = (8000, 16000, 22050, 44100, 48000, 96000)
BITS = (8, 16, 24)

WAVEFORMS = ("sine", "saw", "triangle", "square", "pulse", "fm", "organ")

MORSE = "-.-. --.- -.. . .- .. -.. -.. ... - ..- -.. .. --- ... --- ... .--. .- .-. .. ..."

KEYPAD = [(low, high) for low in (697, 770, 852, 941) for high in (1209, 1336, 1477)]


@dataclass(frozen=True)
class Scene:
    """What a case is made with: its rate, its seconds and its own random generator."""

    rate: int
    seconds: float
    rng: np.random.Generator

    @property
    def frames(self) -> int:
        return round(self.rate * self.seconds)

    def time(self, seconds: float) -> Sound:
        return np.arange(round(self.rate * seconds)) / self.rate


def cases(seed: int, seconds: float = 10.0) -> Iterator[tuple[str, Clip]]:
    """Every kind of intact sound once, with a name; another seed gives other pitches, lengths, rates and bits."""
    for index, (kind, make) in enumerate(KINDS.items()):
        yield f"{kind}, seed {seed}", case(kind, seed * len(KINDS) + index, seconds, make)


def case(kind: str, seed: int, seconds: float = 10.0, make: Callable[[Scene], Sound] | None = None) -> Clip:
    """One kind of `KINDS`, rounded to the 8, 16 or 24 bits of a file, or left as floating point."""
    rng = np.random.default_rng(seed)
    scene = Scene(int(rng.choice(RATES)), seconds, rng)
    sound = np.atleast_2d((make or KINDS[kind])(scene))[:, : scene.frames]
    sound *= rng.uniform(0.3, 0.9) / max(1e-9, float(np.abs(sound).max()))
    bits = int(rng.choice((*BITS, 16, 16, 0)))
    if bits:
        sound = np.round(sound * 2 ** (bits - 1)) / 2 ** (bits - 1)
    return Clip(sound.astype(np.float32), scene.rate)


def tone(waveform: str, pitch: float, time: Sound) -> Sound:
    """A waveform that starts at the beginning of its period, as oscillators do."""
    turn = pitch * time % 1.0
    match waveform:
        case "sine":
            return np.asarray(np.sin(2 * np.pi * turn))
        case "saw":
            return 2 * turn - 1
        case "triangle":
            return 1 - 4 * np.abs(turn - 0.5)
        case "square":
            return np.where(turn < 0.5, 1.0, -1.0)
        case "pulse":
            return np.where(turn < 0.25, 1.0, -1.0)
        case "fm":
            return np.asarray(np.sin(2 * np.pi * turn + 3 * np.sin(4 * np.pi * turn)))
        case "organ":
            return np.asarray(sum(np.sin(2 * np.pi * part * turn) / part for part in (1, 2, 3, 4, 6, 8)) / 2)
    raise ValueError(waveform)


def _pitch(scene: Scene, whole: bool = True) -> float:
    """A pitch of 60 to 1500 Hz; a whole one divides the rate, or has a short period in common with it."""
    pitch = float(np.exp(scene.rng.uniform(np.log(60), np.log(min(1500, scene.rate / 6)))))
    if not whole:
        return pitch
    return scene.rate / round(scene.rate / pitch) if scene.rng.random() < 0.5 else round(pitch / 10) * 10.0


def melody(scene: Scene) -> Sound:
    """Notes of one waveform without a rest."""
    waveform = str(scene.rng.choice(WAVEFORMS))
    notes, frames = [], 0
    length = scene.rng.uniform(0.08, 0.5)
    while frames < scene.frames:
        notes.append(tone(waveform, _pitch(scene), scene.time(length * scene.rng.choice((1, 1, 2)))))
        frames += len(notes[-1])
    return np.concatenate(notes)


def played(scene: Scene, sounds: Callable[[], Sound], pause: Callable[[], float]) -> Sound:
    """Sounds with digital silence between."""
    pieces: list[Sound] = [np.zeros(round(scene.rate * scene.rng.choice((0.0, 0.4))))]
    while sum(map(len, pieces)) < scene.frames:
        pieces += [sounds(), np.zeros(round(scene.rate * pause()))]
    return np.concatenate(pieces)


def staccato(scene: Scene) -> Sound:
    """Short notes that start and stop from one sample to the next."""
    waveform, beat = str(scene.rng.choice(WAVEFORMS)), scene.rng.uniform(0.12, 0.5)
    share = scene.rng.uniform(0.2, 0.75)
    return played(scene, lambda: tone(waveform, _pitch(scene), scene.time(beat * share)), lambda: beat * (1 - share))


def metronome(scene: Scene) -> Sound:
    beat, length, pitch = scene.rng.uniform(0.25, 1.0), scene.rng.uniform(0.005, 0.05), scene.rng.uniform(400, 2000)
    return played(scene, lambda: tone("sine", pitch, scene.time(length)), lambda: beat - length)


def morse(scene: Scene) -> Sound:
    dot, pitch = 1.2 / scene.rng.uniform(10, 40), scene.rng.uniform(400, 1000)
    keys: list[int] = []
    for sign in MORSE * 9:
        keys += {".": [1, 0], "-": [1, 1, 1, 0], " ": [0, 0]}[sign]
    keyed = np.repeat(np.array(keys, dtype=float), round(dot * scene.rate))[: scene.frames]
    return keyed * np.sin(2 * np.pi * pitch * np.arange(len(keyed)) / scene.rate)


def dtmf(scene: Scene) -> Sound:
    on, off = scene.rng.uniform(0.04, 0.2), scene.rng.uniform(0.04, 0.2)

    def key() -> Sound:
        return sum((tone("sine", part, scene.time(on)) for part in KEYPAD[scene.rng.integers(12)]), np.zeros(1))

    return played(scene, key, lambda: off if scene.rng.random() < 0.9 else 4 * off)


def beeps(scene: Scene) -> Sound:
    """An alarm clock: four beeps, a rest; the last one after a long wait."""
    on, pitch, count = scene.rng.uniform(0.03, 0.2), scene.rng.uniform(500, 3000), [0]

    def rest() -> float:
        count[0] += 1
        return float(on if count[0] % 4 else 5 * on)

    return played(scene, lambda: tone("sine", pitch, scene.time(on)), rest)


def pips_in_noise(scene: Scene) -> Sound:
    """Noise that makes way for short tones."""
    sound = 0.2 * scene.rng.standard_normal(scene.frames)
    waveform, length = str(scene.rng.choice(WAVEFORMS)), scene.rng.uniform(0.03, 0.3)
    for start in np.arange(0.5, scene.seconds - 0.5, scene.rng.uniform(0.5, 1.5)):
        pip = tone(waveform, _pitch(scene), scene.time(length))
        sound[round(start * scene.rate) :][: len(pip)] = pip
    return sound


def bursts(scene: Scene) -> Sound:
    """Noise bursts of a room measurement, the same each time or not."""
    length, same = scene.rng.uniform(0.02, 0.5), scene.rng.random() < 0.5
    one = scene.rng.standard_normal(round(length * scene.rate))
    rest = scene.rng.uniform(0.1, 1.0)
    return played(scene, lambda: one if same else scene.rng.standard_normal(len(one)), lambda: rest)


def sequence(scene: Scene) -> Sound:
    """A pseudo-random sequence repeated without end, as loudspeakers are measured with; silence before it."""
    one = np.sign(scene.rng.standard_normal(int(2 ** scene.rng.integers(8, 15)) - 1))
    return np.concatenate([np.zeros(scene.rate // 2), np.resize(one, scene.frames)])


def _hit(scene: Scene, kind: int) -> Sound:
    time = scene.time(0.3)
    noise = scene.rng.standard_normal(len(time))
    kick = np.sin(2 * np.pi * (50 * time + 8 * (1 - np.exp(-30 * time)))) * np.exp(-8 * time)
    snare = (0.6 * noise + 0.4 * np.sin(2 * np.pi * 190 * time)) * np.exp(-15 * time)
    hat = np.diff(noise, prepend=0.0) * np.exp(-45 * time) * 0.5
    return (kick, snare, hat)[kind]


def _pattern(scene: Scene, longest: float) -> Sound:
    """Sixteen steps of three samples, one voice, each cut off after `longest` seconds or by the next."""
    hits = [_hit(scene, kind)[: round(longest * scene.rate)] for kind in range(3)]
    step = round(scene.rate * scene.rng.uniform(0.09, 0.16))
    bar = np.zeros(16 * step)
    for place in range(16):
        if place % 4 == 0 or scene.rng.random() < 0.5:
            hit = hits[int(scene.rng.integers(3))][: len(bar) - place * step]
            bar[place * step : place * step + len(hit)] = hit
    return bar


def drum_machine(scene: Scene) -> Sound:
    return np.resize(_pattern(scene, scene.rng.uniform(0.05, 0.3)), scene.frames)


def gated_drums(scene: Scene) -> Sound:
    """Hits over their own room that a gate cuts off."""
    bar = _pattern(scene, 0.3)
    room = 0.2 * np.convolve(bar, scene.rng.standard_normal(400) / 20, mode="same")
    hold = round(scene.rng.uniform(0.06, 0.1) * scene.rate)
    loud = np.convolve(np.abs(bar) > 0.2, np.ones(hold), mode="full")[: len(bar)] > 0
    return np.resize((bar + room) * loud, scene.frames)


def roll(scene: Scene) -> Sound:
    """One sample again and again, faster than it dies away."""
    hit = _hit(scene, int(scene.rng.integers(3)))
    step = round(scene.rate * scene.rng.uniform(0.03, 0.12))
    return played(scene, lambda: np.resize(hit[:step], step * 8), lambda: step / scene.rate * 8)


def loop(scene: Scene) -> Sound:
    """A short loop of something that is no tone, again and again, behind an introduction."""
    one = music(Scene(scene.rate, scene.rng.uniform(0.12, 0.9), scene.rng))
    first = music(Scene(scene.rate, 1.0, scene.rng))
    return np.concatenate([first, np.resize(one, scene.frames)])


def chip(scene: Scene) -> Sound:
    """Two square voices that rest now and then, a triangle and shift-register noise, with volumes in 16 steps."""
    step = round(scene.rate * scene.rng.uniform(0.08, 0.15))
    count = scene.frames // step + 1
    total = np.zeros(count * step)
    for waveform in ("square", "pulse", "triangle"):
        pitches = [_pitch(scene, whole=False) for _ in range(4)]
        voice = [tone(waveform, pitches[scene.rng.integers(4)], np.arange(step) / scene.rate) for _ in range(count)]
        fall = np.round(15 * np.linspace(1, scene.rng.uniform(0, 0.8), step)) / 15
        total += np.concatenate([note * fall * (waveform == "triangle" or scene.rng.random() < 0.8) for note in voice])
    total += np.resize(np.repeat(np.sign(scene.rng.standard_normal(93)), 4), len(total)) * np.resize(
        np.repeat([1.0, 0, 0, 0], step), len(total)
    )
    return np.round(total * 16) / 16


def music(scene: Scene) -> Sound:
    """Struck notes over soft noise."""
    sound = scene.rng.normal(0, 0.003, scene.frames)
    place = 0.0
    while place < scene.seconds:
        start = round(place * scene.rate)
        time = np.arange(min(scene.frames - start, round(scene.rng.uniform(0.3, 1.5) * scene.rate))) / scene.rate
        pitch = 55 * 2 ** (scene.rng.integers(0, 48) / 12)
        for part in range(1, 9):
            if part * pitch < 0.45 * scene.rate:
                phase = scene.rng.uniform(0, 6)
                sound[start : start + len(time)] += (
                    0.1 / part * np.sin(2 * np.pi * part * pitch * time + phase) * np.exp(-3 * time)
                )
        place += scene.rng.uniform(0.05, 0.3)
    return np.tanh(sound)


def trance_gate(scene: Scene) -> Sound:
    """Music that is switched on and off in time."""
    step = scene.rng.uniform(0.06, 0.25)
    phase = np.arange(scene.frames) / scene.rate % step / step
    return music(scene) * (phase < scene.rng.uniform(0.3, 0.7))


def speech_gate(scene: Scene) -> Sound:
    """Syllables with pauses that a hard gate has silenced."""
    rate = scene.rate
    sound: list[Sound] = []
    while sum(map(len, sound)) < scene.frames:
        length, pitch = scene.rng.uniform(0.1, 0.35), scene.rng.uniform(90, 220)
        time = scene.time(length)
        voiced = sum(
            (np.sin(2 * np.pi * part * pitch * time) / part * scene.rng.uniform(0.2, 1) for part in range(1, 12)),
            np.zeros(1),
        )
        hiss = 0.3 * scene.rng.standard_normal(len(time)) * (scene.rng.random() < 0.4)
        sound.append((voiced + hiss) * np.sin(np.pi * time / length) ** scene.rng.uniform(0.5, 2))
        if scene.rng.random() < 0.4:
            sound.append(np.zeros(round(scene.rng.uniform(0.05, 0.8) * rate)))
    joined = np.concatenate(sound) + 0.002 * scene.rng.standard_normal(sum(map(len, sound)))
    hop = round(0.01 * rate)
    level = np.sqrt(np.convolve(joined**2, np.ones(hop) / hop, mode="same"))
    return np.asarray(joined * (level > scene.rng.uniform(0.05, 0.25) * level.max()))


def tracks(scene: Scene) -> Sound:
    """Pieces that stop at once, digital silence between."""
    pause = scene.rng.uniform(0.5, 2.9)
    return played(scene, lambda: music(Scene(scene.rate, scene.rng.uniform(1.5, 4), scene.rng)), lambda: pause)


def channel_check(scene: Scene) -> Sound:
    """A tone or noise from each channel in turn."""
    turn, pitch = scene.rng.uniform(0.2, 1.5), scene.rng.uniform(200, 2000)
    time = np.arange(scene.frames) / scene.rate
    source = np.sin(2 * np.pi * pitch * time) if scene.rng.random() < 0.5 else scene.rng.standard_normal(len(time))
    which = (time / turn).astype(int) % 3
    return np.stack([source * (which == channel) for channel in range(2)])


def dithered_beeps(scene: Scene) -> Sound:
    """Beeps that a converter has recorded: noise of its own between them."""
    sound = beeps(scene)
    return sound + scene.rng.normal(0, 10 ** (scene.rng.uniform(-90, -60) / 20), len(sound))


def pulses(scene: Scene) -> Sound:
    """A synthesizer's narrow pulses, each a short ring, silence between; as slow as a creak or as fast as a bass."""
    period = round(scene.rate / scene.rng.uniform(30, 120))
    time = np.arange(period) / scene.rate
    ring = np.sin(2 * np.pi * scene.rng.uniform(500, 1500) * time) * (time < scene.rng.uniform(0.3, 0.6) * time[-1])
    return np.resize(ring, scene.frames)


KINDS: dict[str, Callable[[Scene], Sound]] = {
    "melody": melody,
    "staccato": staccato,
    "metronome": metronome,
    "morse": morse,
    "DTMF": dtmf,
    "beeps": beeps,
    "beeps over noise": dithered_beeps,
    "pips in noise": pips_in_noise,
    "noise bursts": bursts,
    "repeated sequence": sequence,
    "drum machine": drum_machine,
    "gated drums": gated_drums,
    "drum roll": roll,
    "loop": loop,
    "chip music": chip,
    "trance gate": trance_gate,
    "gated speech": speech_gate,
    "tracks": tracks,
    "channel check": channel_check,
    "pulses": pulses,
}
"""Kinds of intact sound by name."""
