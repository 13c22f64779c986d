"""Playback: several aligned versions of one recording, switched seamlessly while playing.

The mixer renders blocks on the audio thread. It allocates no sample buffers, takes no lock and emits no signal; the
window polls its position. Every jump (start, stop, seek, loop, another version) is the same operation: one voice fades
out while another fades in.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.clip import Clip, Patch, Samples
from aidd_studio.audio.signal import rise
from aidd_studio.errors import DeviceError

FADE = 0.008
"""Seconds of cross-fade at every jump: short enough to feel immediate, long enough not to click."""

LARGEST_BLOCK = 4096
"""Frames rendered at once; larger requests are rendered in parts."""

Block = NDArray[np.float32]
"""float32 [frames, output channels]."""


@dataclass(frozen=True, eq=False)
class Version:
    """One version of the recording: the shared samples with patches over them, sorted by start."""

    base: Samples  # float32 [channels, frames]
    patches: tuple[Patch, ...] = ()

    @classmethod
    def of(cls, clip: Clip) -> Version:
        """The version that a clip holds."""
        return cls(clip.base, tuple(sorted(clip.patches, key=lambda patch: patch.start)))

    def read_into(self, out: Samples, start: int, count: int) -> None:
        """Write `count` frames from `start` on into out[:, :count]; frames outside the recording are silent."""
        frames = self.base.shape[1]
        first, last = max(0, start), min(frames, start + count)
        if first >= last:
            out[:, :count] = 0.0
            return
        out[:, : first - start] = 0.0
        out[:, last - start : count] = 0.0
        out[:, first - start : last - start] = self.base[:, first:last]
        for patch in self.patches:
            if patch.start >= last:
                break
            if patch.end <= first:
                continue
            begin, stop = max(first, patch.start), min(last, patch.end)
            for row, channel in enumerate(patch.channels):
                out[channel, begin - start : stop - start] = patch.samples[
                    row, begin - patch.start : stop - patch.start
                ]


@dataclass(frozen=True)
class _Voice:
    """What is playing: a version (-1 for silence) from a frame up to `end`, where it continues at `loop`."""

    version: int
    position: int
    end: int
    loop: int | None


_SILENCE = _Voice(-1, 0, 0, None)


class Mixer:
    """Renders the chosen version block by block. One thread renders; another sends commands by replacing a tuple."""

    def __init__(self, channels: int, rate: int, output_channels: int = 2) -> None:
        self.rate = rate
        self.output_channels = output_channels
        self.fade = max(16, round(FADE * rate))
        self._versions: tuple[Version, ...] = ()
        self._gain = 1.0
        self._voice = _SILENCE
        self._command: tuple[int, _Voice | None] = (0, None)  # a number, and the voice to change to
        self._done = 0  # number of the last command carried out
        self._old = _SILENCE
        self._faded = self.fade  # frames of the running cross-fade already rendered
        self._rising = rise(self.fade).astype(np.float32)
        self._one = np.zeros((channels, LARGEST_BLOCK), np.float32)
        self._two = np.zeros((channels, LARGEST_BLOCK), np.float32)
        self._scratch = np.zeros(LARGEST_BLOCK, np.float32)
        self.peaks = np.zeros(output_channels, np.float32)  # since the last reading, which resets them
        self._matrix = _downmix(channels, output_channels)

    # Commands, from the window's thread

    def set_versions(self, versions: tuple[Version, ...]) -> None:
        """Set the aligned versions; the one that is playing continues by its index."""
        self._versions = versions

    def start(self, version: int, position: int, end: int, loop: int | None = None) -> None:
        """Play a version from a frame until `end`; with `loop`, continue at that frame instead of stopping."""
        self._give(_Voice(version, position, end, loop))

    def switch(self, version: int) -> None:
        """Switch to another version at the current frame."""
        number, wanted = self._command
        if number != self._done and wanted is not None:
            self._give(_Voice(version, wanted.position, wanted.end, wanted.loop))
        elif self._voice.version >= 0:
            # Position -1: where playback is when the command is carried out.
            self._give(_Voice(version, -1, self._voice.end, self._voice.loop))

    def stop(self) -> None:
        """Fade out."""
        self._give(_SILENCE)

    def set_gain(self, gain: float) -> None:
        self._gain = gain

    def _give(self, voice: _Voice) -> None:
        self._command = (self._command[0] + 1, voice)

    @property
    def is_playing(self) -> bool:
        """True while something plays or is about to."""
        number, wanted = self._command
        if number != self._done and wanted is not None:
            return wanted.version >= 0
        return self._voice.version >= 0

    @property
    def position(self) -> int:
        """The frame that is rendered next."""
        return self._voice.position

    @property
    def loop(self) -> tuple[int, int] | None:
        """The looped frames, if any."""
        voice = self._voice
        return None if voice.loop is None else (voice.loop, voice.end)

    # Rendering, on the sound card's thread

    def render(self, out: Block) -> None:
        """Fill a block. Runs in the audio callback."""
        done, total = 0, out.shape[0]
        while done < total:
            self._apply_command()
            count = min(total - done, LARGEST_BLOCK)
            if self._voice.version >= 0 and self._voice.position < self._voice.end:
                count = min(count, self._voice.end - self._voice.position)
            if self._faded < self.fade:
                count = min(count, self.fade - self._faded)
            self._render_part(out, done, count)
            done += count

    def _apply_command(self) -> None:
        if self._faded < self.fade:  # a jump within a jump would click; it waits for these few milliseconds
            return
        number, wanted = self._command
        if number != self._done and wanted is not None:
            self._done = number
            position = self._voice.position if wanted.position < 0 else wanted.position
            if wanted.version < 0:
                position = self._voice.position
            self._change(_Voice(wanted.version, position, wanted.end, wanted.loop))
        elif self._voice.version >= 0 and self._voice.position >= self._voice.end:
            voice = self._voice
            if voice.loop is None or voice.loop >= voice.end:
                # A cross-fade that began just before the end has carried the voice a little past it.
                self._change(_Voice(-1, voice.end, 0, None))
            else:
                self._change(_Voice(voice.version, voice.loop, voice.end, voice.loop))

    def _change(self, voice: _Voice) -> None:
        self._old, self._voice, self._faded = self._voice, voice, 0

    def _render_part(self, out: Block, done: int, count: int) -> None:
        self._read(self._voice, self._one, count)
        if self._faded < self.fade:
            self._read(self._old, self._two, count)
            rising = self._rising[self._faded : self._faded + count]
            for one, two in zip(self._one, self._two, strict=True):
                new, old = one[:count], two[:count]
                np.subtract(new, old, out=new)
                np.multiply(new, rising, out=new)
                np.add(new, old, out=new)
            self._faded += count
            self._old = self._advanced(self._old, count)
        self._voice = self._advanced(self._voice, count)
        self._mix(out, done, count)

    def _read(self, voice: _Voice, into: Samples, count: int) -> None:
        if 0 <= voice.version < len(self._versions):
            self._versions[voice.version].read_into(into, voice.position, count)
        else:
            into[:, :count] = 0.0

    def _advanced(self, voice: _Voice, count: int) -> _Voice:
        return voice if voice.version < 0 else _Voice(voice.version, voice.position + count, voice.end, voice.loop)

    def _mix(self, out: Block, done: int, count: int) -> None:
        scratch = self._scratch[:count]
        for index in range(self.output_channels):
            column = out[done : done + count, index]
            column[:] = 0.0
            for channel, weight in self._matrix[index]:
                np.multiply(self._one[channel, :count], weight * self._gain, out=scratch)
                np.add(column, scratch, out=column)
            np.nan_to_num(column, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
            np.clip(column, -1.0, 1.0, out=column)
            peak = max(float(column.max()), -float(column.min()))
            if peak > self.peaks[index]:
                self.peaks[index] = peak


def _downmix(channels: int, outputs: int) -> tuple[tuple[tuple[int, float], ...], ...]:
    """For each output its source channels with weights: mono to all, stereo unchanged, more distributed."""
    if channels == 1:
        return tuple(((0, 1.0),) for _ in range(outputs))
    if channels <= outputs:
        return tuple(((index, 1.0),) if index < channels else () for index in range(outputs))
    shares = [tuple(range(index, channels, outputs)) for index in range(outputs)]
    return tuple(tuple((channel, 1.0 / len(share)) for channel in share) for share in shares)


class Output(Protocol):
    """Something that pulls blocks from a mixer."""

    silent_because: str | None

    def open(self, mixer: Mixer) -> None: ...
    def now(self) -> int: ...
    def close(self) -> None: ...


class ClockOutput:
    """A silent output: a clock pulls the blocks, so that the playhead still moves.

    `clock` gives seconds; tests pass their own. With `keep`, everything that would have been played is in `heard`.
    """

    def __init__(
        self, reason: str | None = None, clock: Callable[[], float] = time.monotonic, *, keep: bool = False
    ) -> None:
        self.silent_because = reason
        self.heard: list[Block] = []
        self._clock = clock
        self._keep = keep
        self._mixer: Mixer | None = None
        self._since = 0.0
        self._pulled = 0

    def open(self, mixer: Mixer) -> None:
        self._mixer, self._since, self._pulled = mixer, self._clock(), 0

    def now(self) -> int:
        """Pull blocks up to the clock's time; returns the frame that would be audible now."""
        mixer = self._mixer
        if mixer is None:
            return 0
        due = round((self._clock() - self._since) * mixer.rate)
        most = 2 * mixer.rate  # after a long sleep of the machine there is nothing to catch up with
        if due - self._pulled > most:
            self._pulled = due - most
        while self._pulled < due:
            count = min(512, due - self._pulled)
            block = np.zeros((count, mixer.output_channels), np.float32)
            mixer.render(block)
            if self._keep:
                self.heard.append(block)
            self._pulled += count
        return mixer.position

    def close(self) -> None:
        self._mixer = None


class SoundCardOutput:
    """The sound card, through PortAudio."""

    silent_because: str | None = None

    def __init__(self, device: str | int | None = None) -> None:
        self._device = device
        self._stream: Any = None
        self._mixer: Mixer | None = None
        self._stamp: tuple[int, float] = (0, 0.0)  # frame of a block, and when the card plays its first frame
        self._failed = False

    def open(self, mixer: Mixer) -> None:
        """Start the stream. Raises DeviceError when there is no usable device."""
        try:
            import sounddevice
        except OSError as error:
            raise DeviceError(f"PortAudio is missing, so nothing can be heard ({error}).") from error
        self._mixer = mixer
        try:
            self._stream = sounddevice.OutputStream(
                samplerate=mixer.rate,
                device=self._device,
                channels=mixer.output_channels,
                dtype="float32",
                latency="low",
                callback=self._callback,
                finished_callback=self._finished,
                extra_settings=_converting(sounddevice, self._device),
            )
            self._stream.start()
        except (sounddevice.PortAudioError, ValueError) as error:
            self.close()
            raise DeviceError(f"The audio output cannot play {mixer.rate} Hz ({error}).") from error

    def now(self) -> int:
        """The frame that is audible now. Raises DeviceError when the stream has died."""
        mixer, stream = self._mixer, self._stream
        if mixer is None or stream is None:
            return 0
        if self._failed:
            raise DeviceError("The audio output was lost.")
        frame, at = self._stamp
        if not mixer.is_playing or at == 0.0:
            return mixer.position
        ahead = round((stream.time - at) * mixer.rate)
        heard = int(frame + max(-mixer.rate, min(ahead, mixer.rate)))
        loop = mixer.loop
        if loop is not None and heard < loop[0]:
            return loop[1] - (loop[0] - heard) if loop[1] - loop[0] > loop[0] - heard else loop[0]
        return max(0, min(heard, mixer.position))

    def close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close(ignore_errors=True)

    def _callback(self, out: Block, frames: int, when: Any, _status: Any) -> None:
        mixer = self._mixer
        if mixer is None:
            out[:] = 0.0
            return
        self._stamp = (mixer.position, when.outputBufferDacTime)
        mixer.render(out)

    def _finished(self) -> None:
        self._failed = self._stream is not None


def _converting(sounddevice: Any, device: str | int | None) -> Any:
    """Let Windows convert the sample rate, as other systems do by themselves."""
    try:
        info = sounddevice.query_devices(device, "output")
        api = sounddevice.query_hostapis(info["hostapi"])["name"]
    except (sounddevice.PortAudioError, ValueError) as error:
        raise DeviceError("There is no audio output; plug one in or choose one in the preferences.") from error
    return sounddevice.WasapiSettings(auto_convert=True) if api == "Windows WASAPI" else None


def output_names() -> list[str]:
    """The names of the audio outputs of this machine; empty without any."""
    try:
        import sounddevice

        return [device["name"] for device in sounddevice.query_devices() if device["max_output_channels"] > 0]
    except Exception:  # a missing PortAudio raises OSError, a broken one its own error: either way there is none
        return []


class Player:
    """The transport: a mixer on the sound card, or on a silent clock where there is none."""

    def __init__(self, channels: int, rate: int, output: Output | None = None) -> None:
        self.mixer = Mixer(channels, rate)
        self.version = 0
        self._at = 0
        self._output: Output = output or SoundCardOutput()
        self._open = False

    @property
    def silent_because(self) -> str | None:
        """Why there is no sound; None when all is well."""
        return self._output.silent_because

    @property
    def is_playing(self) -> bool:
        return self.mixer.is_playing

    def set_versions(self, versions: tuple[Version, ...]) -> None:
        self.mixer.set_versions(versions)

    def play(self, start: int, end: int, loop: int | None = None) -> None:
        """Play the chosen version from `start` to `end`; with `loop`, go on there instead of ending."""
        self._ready()
        self._at = start
        self.mixer.start(self.version, start, end, loop)

    def stop(self) -> None:
        self.mixer.stop()

    def switch(self, version: int) -> None:
        """Choose another version; during playback it takes over seamlessly."""
        self.version = version
        if self.mixer.is_playing:
            self.mixer.switch(version)

    def position(self) -> int:
        """The frame that is audible now."""
        if self._open:
            try:
                self._at = self._output.now()
            except DeviceError as error:
                self._go_silent(str(error))
        return self._at

    def close(self) -> None:
        if self._open:
            self._output.close()
            self._open = False

    def _ready(self) -> None:
        if self._open:
            return
        try:
            self._output.open(self.mixer)
        except DeviceError as error:
            self._go_silent(str(error))
        self._open = True

    def _go_silent(self, reason: str) -> None:
        self._output.close()
        self._output = ClockOutput(reason)
        self._output.open(self.mixer)
