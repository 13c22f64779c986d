"""All the sound of a file comes out, in its place; what is missing is said in one sentence, with its place."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from aidd_studio.audio.clip import Clip
from aidd_studio.audio.files.reading import blocks, probe, read
from aidd_studio.errors import FileReadError
from tests.audio import files_by_hand as by_hand
from tests.audio.files_by_hand import RATE

SOUND = by_hand.music()
PCM = by_hand.pcm(SOUND)
STORED = np.frombuffer(PCM, "<i2").astype(np.float32) / 32768


def put(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def read_in_every_way(path: Path) -> Clip:
    """Whole; and in pieces it is the same, as long as its header says."""
    clip = read(path)
    assert probe(path).frames == clip.frames
    assert np.array_equal(np.concatenate(list(blocks(path, 3001)), axis=1), clip.samples)
    return clip


def place_of(part: NDArray[np.float32], whole: NDArray[np.float32]) -> int:
    """Where in `whole` the passage sounds that resembles `part` most."""
    size = 1 << (len(whole) + len(part)).bit_length()
    products = np.fft.irfft(np.fft.rfft(whole, size) * np.conj(np.fft.rfft(part, size)), size)
    sums = np.concatenate([[0.0], np.cumsum(whole.astype(np.float64) ** 2)])
    power = sums[len(part) :] - sums[: len(sums) - len(part)]
    return int(np.argmax(products[: len(power)] / np.sqrt(power + 1e-6)))


@pytest.mark.parametrize(
    ("rate", "frames", "channels"),
    [(8000, 4000, 1), (8000, 8000, 1), (8000, 70_000, 1), (44100, 100_001, 2), (48000, 4096, 2), (96000, 50_000, 6)],
)
def test_flac_of_unknown_length_is_read_to_its_end(tmp_path: Path, rate: int, frames: int, channels: int) -> None:
    path = put(tmp_path, "a.flac", by_hand.flac_of_unknown_length(rate, frames, channels))
    soundfile.write(tmp_path / "b.flac", by_hand.music(rate, frames / rate, channels).T, rate)
    assert np.array_equal(read_in_every_way(path).samples, read(tmp_path / "b.flac").samples)


@pytest.mark.parametrize("behind", [by_hand.id3v1(), bytes(1000), b"junk of another program", by_hand.id3v1() * 2])
@pytest.mark.parametrize("is_length_known", [True, False])
def test_flac_with_something_behind_its_last_frame_is_read(
    tmp_path: Path, behind: bytes, is_length_known: bool
) -> None:
    content = by_hand.encoded("FLAC", "PCM_16", RATE, 1.0)
    whole = read(put(tmp_path, "whole.flac", content))
    if not is_length_known:
        content = by_hand.flac_of_unknown_length(RATE, 8000)
    assert np.array_equal(read_in_every_way(put(tmp_path, "a.flac", content + behind)).samples, whole.samples)


@pytest.mark.parametrize(
    ("second_rate", "second_channels", "rate", "channels"),
    [(16000, 1, 16000, 1), (16000, 2, 16000, 2), (32000, 1, 32000, 1), (24000, 2, 24000, 2)],
)
def test_joined_mp3s_are_read_one_after_the_other(
    tmp_path: Path, second_rate: int, second_channels: int, rate: int, channels: int
) -> None:
    first, second = by_hand.mp3(16000, 2.0, 1), by_hand.mp3(second_rate, 2.0, 2, second_channels)
    one, two = read(put(tmp_path, "1.mp3", first)), read(put(tmp_path, "2.mp3", second))
    clip = read_in_every_way(put(tmp_path, "joined.mp3", first + second))
    assert (clip.rate, clip.channels, clip.duration) == (rate, channels, one.duration + two.duration)
    if rate == 16000:
        assert np.array_equal(clip.samples[:, : one.frames], np.repeat(one.samples, channels, axis=0))
    assert np.array_equal(clip.samples[:, -two.frames :], two.samples)
    is_same_kind = (second_rate, second_channels) == (16000, 1)
    assert [f"From {one.duration:.2f} s on" in note for note in clip.notes] == ([] if is_same_kind else [True])


@pytest.mark.parametrize("between", [b"", by_hand.id3v1(), b"ID3\4\0\0\0\0\0\x0a" + bytes(10)])
def test_joined_mp3s_without_headers_lose_nothing_and_gain_nothing(tmp_path: Path, between: bytes) -> None:
    parts = [by_hand.without_info_frame(by_hand.mp3(16000, 2.0, seed)) for seed in (1, 2)]
    lengths = [read(put(tmp_path, "a.mp3", part)).frames for part in parts]
    assert read_in_every_way(put(tmp_path, "joined.mp3", between.join(parts))).frames == sum(lengths)


@pytest.mark.parametrize(
    ("subtype", "rates"), [("VORBIS", (16000, 16000)), ("OPUS", (16000, 16000)), ("VORBIS", (16000, 44100))]
)
@pytest.mark.parametrize("links", [2, 3])
def test_chained_ogg_streams_are_read_one_after_the_other(
    tmp_path: Path, subtype: str, rates: tuple[int, int], links: int
) -> None:
    parts = [by_hand.encoded("OGG", subtype, rates[link % 2], 2.0, link) for link in range(links)]
    each = [read(put(tmp_path, f"{link}.ogg", part)) for link, part in enumerate(parts)]
    clip = read_in_every_way(put(tmp_path, "chain.ogg", b"".join(parts)))
    assert clip.rate == max(rates)
    assert clip.duration == pytest.approx(sum(part.duration for part in each))
    at = round(each[0].duration * clip.rate)
    if rates[0] == rates[1]:
        assert np.array_equal(clip.samples[:, at : at + each[1].frames], each[1].samples)


@pytest.mark.parametrize(("subtype", "rate"), [("OPUS", 48000), ("VORBIS", 44100), ("VORBIS", 16000)])
@pytest.mark.parametrize("lost", [(6,), (4, 5), (3, 8)])
def test_sound_behind_a_lost_ogg_page_stays_in_its_place(
    tmp_path: Path, subtype: str, rate: int, lost: tuple[int, ...]
) -> None:
    content = by_hand.encoded("OGG", subtype, rate, 12.0)
    whole = read(put(tmp_path, "whole.ogg", content)).samples[0]
    pages = by_hand.ogg_pages(content)
    clip = read_in_every_way(put(tmp_path, "lost.ogg", b"".join(page for k, page in enumerate(pages) if k not in lost)))
    assert clip.frames == len(whole)
    differs = np.abs(clip.samples[0] - whole) > 1e-3
    edges = np.flatnonzero(differs)
    silent = clip.samples[0] == 0
    assert np.count_nonzero(silent) > 0.1 * rate
    assert np.count_nonzero(differs & ~silent) < 0.2 * rate * len(lost)  # the decoder finds its way back
    assert len(clip.notes) == (2 if lost == (3, 8) else 1)
    assert float(clip.notes[0].split()[4]) == pytest.approx(edges[0] / rate, abs=0.05)


def test_damage_inside_an_ogg_page_is_a_lost_page(tmp_path: Path) -> None:
    content = bytearray(by_hand.encoded("OGG", "VORBIS", 44100, 6.0))
    whole = read(put(tmp_path, "whole.ogg", bytes(content)))
    content[len(content) // 2] ^= 0xFF
    clip = read_in_every_way(put(tmp_path, "damaged.ogg", bytes(content)))
    assert clip.frames == whole.frames
    assert place_of(clip.samples[0][-20_000:], whole.samples[0]) == whole.frames - 20_000
    assert "missing" in clip.notes[0]


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("quality", [0.1, 0.5])
def test_mp3_of_variable_bit_rate_without_a_header_is_read_to_its_end(
    tmp_path: Path, seed: int, quality: float
) -> None:
    noise = 0.3 * np.random.default_rng(seed).standard_normal(4 * 16000)
    sound = np.clip(np.concatenate([noise, 0.001 * np.sin(np.arange(8 * 16000) * 0.05)]), -1, 1)
    soundfile.write(
        tmp_path / "a.mp3", sound, 16000, "MPEG_LAYER_III", bitrate_mode="VARIABLE", compression_level=quality
    )
    with_header = read(tmp_path / "a.mp3")
    clip = read_in_every_way(put(tmp_path, "b.mp3", by_hand.without_info_frame((tmp_path / "a.mp3").read_bytes())))
    assert 12.0 <= clip.duration < 12.2
    place = place_of(with_header.samples[0][20_000:60_000], clip.samples[0]) - 20_000
    assert np.allclose(
        clip.samples[0][place + 2000 : 150_000], with_header.samples[0][2000 : 150_000 - place], atol=1e-6
    )
    assert not clip.notes


MP3 = by_hand.mp3(16000, 6.0)
PLAIN = by_hand.without_info_frame(MP3)
MIDDLE = len(PLAIN) // 2
ID3 = b"ID3\4\0\0\0\0\0\x0a" + bytes(10)


@pytest.mark.parametrize(
    "content",
    [
        bytes(417) + PLAIN,
        b"\0" + PLAIN,
        b"#EXTM3U junk" + PLAIN,
        ID3 + bytes(417) + PLAIN,
        PLAIN + bytes(4096),
        PLAIN + b"\xff\xfb" * 700,
        ID3 + bytes(417) + MP3 + bytes(4096),
    ],
)
def test_junk_before_or_behind_an_mp3_changes_nothing(tmp_path: Path, content: bytes) -> None:
    whole = read(put(tmp_path, "whole.mp3", MP3 if MP3 in content else PLAIN))
    clip = read_in_every_way(put(tmp_path, "a.mp3", content))
    assert np.array_equal(clip.samples, whole.samples)
    assert not clip.notes


@pytest.mark.parametrize("has_header", [True, False])
@pytest.mark.parametrize("size", [500, 4096, 9000])
def test_sound_behind_a_damaged_place_of_an_mp3_stays_in_its_place(tmp_path: Path, has_header: bool, size: int) -> None:
    content = MP3 if has_header else PLAIN
    whole = read(put(tmp_path, "whole.mp3", content))
    damaged = content[:MIDDLE] + bytes(size) + content[MIDDLE + size :]
    clip = read_in_every_way(put(tmp_path, "a.mp3", damaged))
    found = place_of(clip.samples[0][-16_000:], whole.samples[0])
    assert abs(found - (whole.frames - 16_000)) <= (0 if has_header else 2 * 576)  # lost frames are estimated
    assert abs(clip.frames - whole.frames) <= (0 if has_header else 2 * 576)
    assert "missing" in clip.notes[0]
    assert f"from {clip.samples[0].nonzero()[0][0] / 16000:.0f}" not in clip.notes[0]


def test_an_mp3_that_begins_inside_a_frame_is_read(tmp_path: Path) -> None:
    whole = read(put(tmp_path, "whole.mp3", PLAIN))
    clip = read_in_every_way(put(tmp_path, "a.mp3", PLAIN[100:]))
    assert whole.frames - clip.frames == 576


@pytest.mark.parametrize("behind", [b"", by_hand.id3v1()])
def test_an_mp3_that_was_cut_says_where_it_breaks_off(tmp_path: Path, behind: bytes) -> None:
    clip = read_in_every_way(put(tmp_path, "a.mp3", MP3[: MIDDLE + 37] + behind))
    assert 2.5 < clip.duration < 3.2
    assert float(clip.notes[0].split()[5]) == pytest.approx(clip.duration, abs=0.1)
    assert "promises 6." in clip.notes[0]


def test_an_intact_mp3_is_read_as_it_stands(tmp_path: Path) -> None:
    clip = read_in_every_way(put(tmp_path, "a.mp3", MP3))
    direct, _ = soundfile.read(tmp_path / "a.mp3", dtype="float32")
    assert np.allclose(clip.samples[0], direct, atol=1e-6)
    assert not clip.notes


FORMAT = by_hand.wave_format()
BEXT = by_hand.chunk(b"bext", b"Reel 12".ljust(602, b"\0"))
LIST = by_hand.chunk(b"LIST", b"INFOINAM\5\0\0\0Lied\0\0")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("size 0", by_hand.riff(FORMAT, by_hand.chunk(b"data", PCM, size=0), size=0)),
        ("size 0, bext", by_hand.riff(BEXT, FORMAT, by_hand.chunk(b"data", PCM, size=0), size=4088)),
        ("size 0, odd end", by_hand.riff(FORMAT, by_hand.chunk(b"data", PCM, size=0), size=0) + b"\x01"),
        ("modulo", by_hand.riff(FORMAT, by_hand.chunk(b"data", PCM, size=8000))),
        ("modulo, riff size 0", by_hand.riff(FORMAT, by_hand.chunk(b"data", PCM, size=8000), size=0)),
        ("unknown", by_hand.riff(FORMAT, by_hand.chunk(b"data", PCM, size=0xFFFFFFFF), size=0xFFFFFFFF)),
        ("chunk behind", by_hand.riff(FORMAT, by_hand.chunk(b"data", PCM), LIST)),
        ("chunk and junk behind", by_hand.riff(FORMAT, by_hand.chunk(b"data", PCM), LIST) + b"12345"),
        ("tag behind", by_hand.riff(FORMAT, by_hand.chunk(b"data", PCM)) + by_hand.id3v1()),
        ("padding behind", by_hand.riff(FORMAT, by_hand.chunk(b"data", PCM)) + bytes(5000)),
        ("BW64", by_hand.rf64(PCM, form=b"BW64")),
        ("RF64", by_hand.rf64(PCM, LIST)),
        ("BW64, chunk behind", by_hand.rf64(PCM, LIST, form=b"BW64")),
        ("AU, size 0", b".snd" + struct.pack(">IIIII", 24, 0, 3, RATE, 1) + by_hand.pcm(SOUND, order=">")),
        ("AU, unknown", b".snd" + struct.pack(">IiIII", 24, -1, 3, RATE, 1) + by_hand.pcm(SOUND, order=">")),
        ("AU, too small", b".snd" + struct.pack(">IIIII", 24, 99, 3, RATE, 1) + by_hand.pcm(SOUND, order=">")),
        ("AIFF, size 0", by_hand.aiff(by_hand.pcm(SOUND, order=">"), 0, size=0)),
        ("AIFF, size 8", by_hand.aiff(by_hand.pcm(SOUND, order=">"), 0, size=8)),
        ("AIFF, half", by_hand.aiff(by_hand.pcm(SOUND, order=">"), 4000, size=8008)),
        ("CAF, unknown", by_hand.caf(PCM, size=-1)),
        ("CAF, size 0", by_hand.caf(PCM, size=0)),
        ("CAF, layout before", by_hand.caf(PCM, by_hand.caf_chunk(b"chan", bytes(12)), size=-1)),
    ],
)
def test_a_header_with_a_wrong_length_hides_no_sound(tmp_path: Path, name: str, content: bytes) -> None:
    clip = read_in_every_way(put(tmp_path, "a.wav", content))
    assert np.array_equal(clip.samples[0], STORED), name
    assert not clip.notes


@pytest.mark.parametrize("form", [b"RIFF", b"RF64"])
def test_a_wav_that_was_cut_says_where_it_breaks_off(tmp_path: Path, form: bytes) -> None:
    whole = by_hand.rf64(PCM) if form == b"RF64" else by_hand.riff(FORMAT, by_hand.chunk(b"data", PCM))
    clip = read_in_every_way(put(tmp_path, "a.wav", whole[:-8000]))
    assert np.array_equal(clip.samples[0], STORED[:4000])
    assert clip.notes == ("The sound breaks off at 0.50 s; the header promises 1.00 s.",)


@pytest.mark.parametrize("gib", [4, 5, 9])
def test_a_plain_wav_above_4_gib_has_all_its_sound(tmp_path: Path, gib: int) -> None:
    frames = (gib << 30) // 4 + 1000
    path = tmp_path / "long.wav"
    header = by_hand.riff(by_hand.wave_format(2, 48000), by_hand.chunk(b"data", b"", size=4 * frames % (1 << 32)))
    with path.open("wb") as file:  # sparse: it takes no room
        file.write(header[:4] + struct.pack("<I", (4 * frames + 36) % (1 << 32)) + header[8:])
        file.truncate(len(header) + 4 * frames)
    info = probe(path)
    assert (info.frames, info.container, info.notes) == (frames, "WAV", ())


@pytest.mark.parametrize("bits", [12, 20, 32])
def test_flac_of_unusual_bits_is_read_exactly_through_pyav(tmp_path: Path, bits: int) -> None:
    pytest.importorskip("av", reason="PyAV (the media extra) is not installed")
    clip = read(put(tmp_path, "a.flac", by_hand.flac_of_bits(bits)))
    assert clip.samples.tolist() == [[5 / 128] * 192]
    assert clip.source is not None
    assert (clip.source.container, clip.source.subtype) == ("FLAC", f"PCM_{bits}")


@pytest.mark.parametrize("bits", [12, 20, 32])
def test_flac_of_unusual_bits_names_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bits: int) -> None:
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(FileReadError, match=r'pip install "aidd-studio\[media\]"'):
        read(put(tmp_path, "a.flac", by_hand.flac_of_bits(bits)))


def test_mp3_inside_wav_is_restored_into_a_wav(tmp_path: Path) -> None:
    from aidd_studio.audio.files.writing import write

    content = by_hand.mp3(16000, 1.0)
    head = struct.pack("<HHIIHHH", 0x55, 1, 16000, 4000, 1, 0, 12) + struct.pack("<HIHHH", 1, 2, 144, 1, 1393)
    fact = by_hand.chunk(b"fact", struct.pack("<I", 16000))
    path = put(tmp_path, "a.wav", by_hand.riff(by_hand.chunk(b"fmt ", head), fact, by_hand.chunk(b"data", content)))
    clip = read(path)
    report = write(clip, tmp_path / "b.wav")
    assert (report.container, report.subtype) == ("WAV", "FLOAT")
    assert any("MPEG_LAYER_III cannot be written in WAV" in note for note in report.notes)
    assert np.array_equal(read(tmp_path / "b.wav").samples, clip.samples)
