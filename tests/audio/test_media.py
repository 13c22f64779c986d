"""M4A, ALAC, WMA, DSF and the sound of video files are read through PyAV, and named as what they are without it."""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from aidd_studio.audio.files.reading import blocks, probe, read
from aidd_studio.audio.files.writing import write
from aidd_studio.errors import FileReadError, FileWriteError
from tests.audio.files_by_hand import encoded, music

NEEDS_AV = "PyAV (the media extra) is not installed"
RATE = 48000
SOUND = music(RATE, 2.0, 2)
SAMPLES_OF_16_BITS = {"wavpack": "s16p", "tta": "s16"}
"""What encoders that would take 8 bits by default are to take."""


def media(path: Path, codec: str, *, picture: bool = False, late: float = 0.0) -> Path:
    """SOUND as a media file, with a video stream if asked for; late: seconds by which its second half comes late."""
    av = pytest.importorskip("av", reason=NEEDS_AV)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE, layout="stereo")
        stream.bit_rate = 192_000
        stream.codec_context.options = {"strict": "experimental"}  # FFmpeg's own Vorbis encoder
        if codec in SAMPLES_OF_16_BITS:
            stream.codec_context.format = SAMPLES_OF_16_BITS[codec]
        if picture:
            pictures = container.add_stream("libvpx" if path.suffix == ".webm" else "mpeg4", rate=25)
            pictures.width = pictures.height = 64
            for _ in range(50):
                frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
                container.mux(pictures.encode(frame))
            container.mux(pictures.encode(None))
        whole = np.rint(SOUND.T * 32767).astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(whole, format="s16", layout="stereo")
        frame.sample_rate, frame.pts = RATE, 0
        context = stream.codec_context
        context.open(strict=False)
        resampler = av.AudioResampler(context.format, "stereo", RATE, frame_size=context.frame_size or 1024)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            if piece.pts >= RATE:
                piece.pts += round(late * RATE)
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path


def likeness(one: NDArray[Any], other: NDArray[Any], lag: int = 0) -> float:
    """The correlation of two sounds in the middle second."""
    return float(np.corrcoef(one[20_000 + lag : 60_000 + lag], other[20_000:60_000])[0, 1])


@pytest.mark.parametrize(
    ("name", "codec", "container", "subtype", "is_lossless"),
    [
        ("a.m4a", "aac", "MP4", "AAC", False),
        ("a.m4a", "alac", "MP4", "ALAC_24", True),
        ("a.mov", "pcm_s16le", "MP4", "PCM_16", True),
        ("a.mka", "flac", "MATROSKA", "PCM_16", True),
        ("a.wma", "wmav2", "ASF", "WMAV2", False),
        ("a.avi", "pcm_s16le", "AVI", "PCM_16", True),
        ("a.webm", "libopus", "MATROSKA", "OPUS", False),
        ("a.webm", "vorbis", "MATROSKA", "VORBIS", False),
        ("a.mka", "ac3", "MATROSKA", "AC3", False),
        ("a.mpg", "mp2", "MPEG", "MP2", False),
        ("a.ts", "aac", "MPEGTS", "AAC", False),
    ],
)
@pytest.mark.parametrize("picture", [False, True])
def test_the_sound_of_a_media_file_is_read_in_its_place(
    tmp_path: Path, name: str, codec: str, container: str, subtype: str, is_lossless: bool, picture: bool
) -> None:
    if picture:
        name = {"a.m4a": "a.mp4", "a.mka": "a.mkv", "a.wma": "a.wmv"}.get(name, name)
    path = media(tmp_path / name, codec, picture=picture)
    assert_it_is_the_sound(path, container, subtype, is_lossless)


@pytest.mark.parametrize(
    ("name", "codec", "container", "subtype", "is_lossless"),
    [
        ("a.aac", "aac", "AAC", "AAC", False),
        ("a.ac3", "ac3", "AC3", "AC3", False),
        ("a.eac3", "eac3", "AC3", "EAC3", False),
        ("a.wv", "wavpack", "WAVPACK", "PCM_16", True),
        ("a.tta", "tta", "TTA", "PCM_16", True),
    ],
)
def test_a_file_of_nothing_but_a_sound_stream_is_read(
    tmp_path: Path, name: str, codec: str, container: str, subtype: str, is_lossless: bool
) -> None:
    assert_it_is_the_sound(media(tmp_path / name, codec), container, subtype, is_lossless)


def assert_it_is_the_sound(path: Path, container: str, subtype: str, is_lossless: bool) -> None:
    """SOUND, to the bit or at most a lossy encoder's delay away."""
    clip = read(path)
    assert clip.source is not None
    assert (clip.source.container, clip.source.subtype, clip.rate, clip.channels) == (container, subtype, RATE, 2)
    assert np.array_equal(np.concatenate(list(blocks(path, 5000)), axis=1), clip.samples)
    assert abs(probe(path).frames - clip.frames) <= 4096
    if is_lossless:
        assert np.array_equal(np.rint(clip.samples * 32768), np.rint(SOUND * 32767))
    else:
        assert max(likeness(clip.samples[0], SOUND[0], lag) for lag in (0, 256, 481, 1024, 2048, -2048)) > 0.98


@pytest.mark.parametrize("late", [0.5, 1.0, 3.0])
def test_a_gap_in_the_time_stamps_is_silence_of_its_length(tmp_path: Path, late: float) -> None:
    clip = read(media(tmp_path / "a.mka", "pcm_s16le", late=late))
    silent = round(late * RATE)
    assert abs(clip.frames - 2 * RATE - silent) < 2048
    assert np.array_equal(np.rint(clip.samples[:, -40_000:] * 32768), np.rint(SOUND[:, -40_000:] * 32767))


def dsf(frames: int, channels: int = 2) -> bytes:
    """DSD at 2.8224 MHz: one bit a sample, in blocks of 4096 bytes per channel; half of the bits are ones."""
    block = b"\x55" * 4096
    count = frames // 8 // 4096
    data = block * channels * count
    samples = count * 4096 * 8
    head = struct.pack("<IIIIIIQII", 1, 0, channels, channels, 2_822_400, 1, samples, 4096, 0)
    chunks = b"fmt " + struct.pack("<Q", 12 + len(head)) + head + b"data" + struct.pack("<Q", 12 + len(data)) + data
    return b"DSD " + struct.pack("<QQQ", 28, 28 + len(chunks), 0) + chunks


@pytest.mark.parametrize("channels", [1, 2])
def test_dsd_is_read_as_pcm_and_says_so(tmp_path: Path, channels: int) -> None:
    pytest.importorskip("av", reason=NEEDS_AV)
    (tmp_path / "a.dsf").write_bytes(dsf(2_822_400, channels))
    clip = read(tmp_path / "a.dsf")
    assert (clip.rate, clip.channels, clip.notes) == (
        176_400,
        channels,
        ("The DSD stream is read as PCM at 176400 Hz.",),
    )
    assert clip.duration == pytest.approx(1.0, abs=0.02)


def test_a_video_without_sound_says_so(tmp_path: Path) -> None:
    av = pytest.importorskip("av", reason=NEEDS_AV)
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        pictures = container.add_stream("mpeg4", rate=25)
        pictures.width = pictures.height = 64
        container.mux(pictures.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        container.mux(pictures.encode(None))
    with pytest.raises(FileReadError, match="holds no sound"):
        read(tmp_path / "a.mp4")


@pytest.mark.parametrize("name", ["a.m4a", "a.mp4"])
def test_what_cannot_be_written_back_is_said_before_any_work(tmp_path: Path, name: str) -> None:
    clip = read(media(tmp_path / name, "aac"))
    with pytest.raises(FileWriteError, match="choose one of"):
        write(clip, tmp_path / "b.wma")
    report = write(clip, tmp_path / "b.wav")
    assert (report.container, report.subtype) == ("WAV", "FLOAT")
    assert np.array_equal(read(tmp_path / "b.wav").samples, clip.samples)


def test_alac_becomes_a_flac_of_the_same_samples(tmp_path: Path) -> None:
    clip = read(media(tmp_path / "a.m4a", "alac"))
    assert write(clip, tmp_path / "b.flac").subtype == "PCM_24"
    assert np.array_equal(read(tmp_path / "b.flac").samples, clip.samples)


@pytest.mark.parametrize(
    "head",
    [
        b"\0\0\0\x1cftypM4A \0\0\0\0",
        b"\x1a\x45\xdf\xa3" + bytes(20),
        bytes.fromhex("3026b2758e66cf11") + bytes(20),
        b"DSD " + bytes(30),
        b"RIFF\0\0\0\0AVI LIST" + bytes(20),
        b"wvpk" + bytes(30),
    ],
)
def test_without_pyav_a_sentence_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: bytes) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    (tmp_path / "a.bin").write_bytes(head)
    with pytest.raises(FileReadError, match=r'needs the media extra: pip install "aidd-studio\[media\]"\.$'):
        read(tmp_path / "a.bin")
    (tmp_path / "a.wav").write_bytes(encoded("WAV", "PCM_16", 8000, 0.1))
    assert read(tmp_path / "a.wav").frames == 800
