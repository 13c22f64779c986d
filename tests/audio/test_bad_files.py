"""Whatever is wrong with a file, one clear sentence says so and nothing half-written stays behind."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from aidd_studio.audio.clip import Clip
from aidd_studio.audio.files.reading import blocks, probe, read
from aidd_studio.audio.files.writing import check_target, write
from aidd_studio.errors import Cancelled, FileReadError, FileWriteError
from aidd_studio.files.atomic import atomic_path
from aidd_studio.progress import Progress

NOBODY = 65534


def noise(frames: int, channels: int = 2) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.5, 0.5, (frames, channels))


def names(folder: Path) -> list[str]:
    """What is in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


def is_one_sentence(error: pytest.ExceptionInfo[Exception]) -> bool:
    text = str(error.value)
    return text.endswith(".") and "\n" not in text and "Traceback" not in text and len(text) < 300


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without the rights of root, which may read and write everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file can become longer, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def corrupt_header(path: Path) -> None:
    soundfile.write(path, noise(1000), 44100)
    path.write_bytes(path.read_bytes()[:12] + bytes(range(200, 256)) * 20)


def truncated_flac(path: Path) -> None:
    soundfile.write(path, noise(200_000), 44100, format="FLAC")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def truncated_header(path: Path) -> None:
    soundfile.write(path, noise(1000), 44100)
    path.write_bytes(path.read_bytes()[:20])


def zero_bytes(path: Path) -> None:
    path.touch()


def zero_frames(path: Path) -> None:
    soundfile.write(path, np.zeros((0, 2)), 44100)


def text(path: Path) -> None:
    path.write_text("This is a letter, not a recording. " * 100)


def a_folder(path: Path) -> None:
    path.mkdir()


def missing(path: Path) -> None:
    pass


def too_many_channels(path: Path) -> None:
    soundfile.write(path, noise(100, 9), 44100)


def rate_too_high(path: Path) -> None:
    soundfile.write(path, noise(100), 384_000)


def rate_too_low(path: Path) -> None:
    soundfile.write(path, noise(100), 4_000)


def pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (corrupt_header, "damaged"),
        (truncated_flac, "breaks off after"),
        (truncated_header, "damaged"),
        (zero_bytes, "is empty"),
        (zero_frames, "no sound"),
        (text, "damaged or unsupported"),
        (a_folder, "is a folder"),
        (missing, "does not exist"),
        (too_many_channels, "9 channels"),
        (rate_too_high, "384000 Hz"),
        (rate_too_low, "4000 Hz"),
        (pipe, "not a file"),
    ],
)
def test_what_cannot_be_read_is_reported_in_one_sentence(
    tmp_path: Path, make: Callable[[Path], None], says: str
) -> None:
    path = tmp_path / "a.wav"
    make(path)
    with pytest.raises(FileReadError, match=says) as error:
        read(path)
    assert is_one_sentence(error)
    assert str(path) in str(error.value)


def test_a_truncated_flac_says_how_much_of_it_is_intact(tmp_path: Path) -> None:
    truncated_flac(tmp_path / "a.flac")
    with pytest.raises(FileReadError, match=r"after 2\.\d\d s of 4\.54 s"):
        read(tmp_path / "a.flac")
    with pytest.raises(FileReadError, match="breaks off"):
        list(blocks(tmp_path / "a.flac", 5000))


@pytest.mark.parametrize("suffix", [".wav", ".aiff", ".mp3"])
def test_a_truncated_recording_without_checksums_gives_what_is_there(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    soundfile.write(path, noise(100_000), 44100)
    whole = read(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    part = read(path)
    assert 40_000 < part.frames < 51_000
    assert np.array_equal(part.samples[:, :40_000], whole.samples[:, :40_000])


@pytest.mark.parametrize("size", [500, 4096])
def test_pieces_are_as_long_as_the_whole_when_an_mp3_holds_more_than_its_header_counts(size: int) -> None:
    """Found by fuzzing: after noise in a frame's place the decoder gives 447 frames where the header counts 400."""
    path = Path(__file__).parents[1] / "data" / "longer_than_its_header.mp3"
    assert sum(block.shape[1] for block in blocks(path, size)) == read(path).frames == probe(path).frames == 400


@pytest.mark.parametrize("size", [0, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_wav_with_a_wrong_length_in_its_header_is_read(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, noise(1000), 44100)
    content = path.read_bytes()
    place = content.index(b"data") + 4
    path.write_bytes(content[:place] + size.to_bytes(4, "little") + content[place + 4 :])
    assert read(path).frames == 1000


@pytest.mark.parametrize("content", ["FLAC", "MP3", "OGG", "AIFF", "WAV"])
@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".raw", ".txt", ""])
def test_the_content_decides_the_format_when_the_name_is_wrong(tmp_path: Path, content: str, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    soundfile.write(path, noise(3000), 44100, format=content)
    assert probe(path).container == content
    assert read(path).frames == 3000


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_recording_of_nothing_but_nan_is_read_as_it_is(tmp_path: Path, value: float) -> None:
    soundfile.write(tmp_path / "a.wav", np.full((500, 1), value, np.float32), 44100, subtype="FLOAT")
    clip = read(tmp_path / "a.wav")
    assert not np.isfinite(clip.samples).any()
    report = write(clip, tmp_path / "b.wav", subtype="PCM_16")
    assert report.not_finite == 500
    assert not read(tmp_path / "b.wav").samples.any()


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".aiff", ".ogg", ".mp3", ".caf"])
def test_one_sample_goes_in_and_comes_out(tmp_path: Path, suffix: str) -> None:
    soundfile.write(tmp_path / f"a{suffix}", np.full((1, 1), 0.25), 44100)
    clip = read(tmp_path / f"a{suffix}")
    assert clip.frames == 1
    write(clip, tmp_path / f"b{suffix}")
    assert read(tmp_path / f"b{suffix}").frames == 1


@pytest.mark.parametrize(("rate", "channels"), [(192_000, 2), (8_000, 1), (44_100, 8)])
@pytest.mark.parametrize("suffix", [".wav", ".flac", ".aiff", ".ogg"])
def test_extreme_rates_and_eight_channels_work(tmp_path: Path, rate: int, channels: int, suffix: str) -> None:
    soundfile.write(tmp_path / f"a{suffix}", noise(4000, channels), rate)
    clip = read(tmp_path / f"a{suffix}")
    assert (clip.rate, clip.channels, clip.frames) == (rate, channels, 4000)
    write(clip, tmp_path / f"b{suffix}")
    assert probe(tmp_path / f"b{suffix}").channels == channels


def test_eight_bits_are_read_exactly(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.array([[-1.0], [0.0], [0.5], [127 / 128]]), 8000, subtype="PCM_U8")
    assert read(tmp_path / "a.wav").samples.tolist() == [[-1.0, 0.0, 0.5, 127 / 128]]


def test_no_permission_to_read_is_reported(open_folder: Path) -> None:
    path = open_folder / "a.wav"
    soundfile.write(path, noise(100), 44100)
    path.chmod(0o000)
    with as_nobody(), pytest.raises(FileReadError, match="may not be read") as error:
        read(path)
    assert is_one_sentence(error)


def test_no_permission_to_write_is_reported_and_leaves_nothing(open_folder: Path) -> None:
    if os.geteuid() != 0:
        open_folder.chmod(0o555)
    clip = Clip(noise(100).T, 44100)
    with as_nobody(), pytest.raises(FileWriteError, match="no permission") as error:
        write(clip, open_folder / "b.wav")
    assert is_one_sentence(error)
    assert names(open_folder) == []


FULL_DISK = [
    ("b.wav", "PCM_16"),
    ("b.wav", "DOUBLE"),
    ("b.rf64", "PCM_24"),
    ("b.aiff", "PCM_16"),
    ("b.flac", "PCM_16"),
    ("b.ogg", "VORBIS"),
    ("b.mp3", "MPEG_LAYER_III"),
    ("b.caf", "PCM_16"),
]


@pytest.mark.parametrize(("name", "subtype"), FULL_DISK)
@pytest.mark.parametrize("share", [0.05, 0.999])
def test_a_full_disk_is_reported_and_leaves_nothing(tmp_path: Path, name: str, subtype: str, share: float) -> None:
    clip = Clip(noise(50_000).T, 44100)
    complete = tmp_path / "complete"
    complete.mkdir()
    write(clip, complete / name, subtype=subtype)
    size = (complete / name).stat().st_size
    target = tmp_path / "target"
    target.mkdir()
    with largest_file(int(size * share)), pytest.raises(FileWriteError, match="disk is full") as error:
        write(clip, target / name, subtype=subtype)
    assert is_one_sentence(error)
    assert names(target) == []


@pytest.mark.parametrize("name", ["b.wav", "b.flac", "b.ogg"])
def test_a_full_file_system_is_reported_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(small)], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a small file system is not allowed here")
    try:
        with pytest.raises(FileWriteError, match="disk is full"):
            write(Clip(noise(50_000).T, 44100), small / name)
        with pytest.raises(FileWriteError, match="disk is full"), atomic_path(small / "other") as temporary:
            temporary.write_bytes(bytes(100_000))
        assert names(small) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_full_disk_keeps_the_file_that_was_to_be_replaced(tmp_path: Path) -> None:
    write(Clip(noise(100).T, 44100), tmp_path / "b.wav")
    before = (tmp_path / "b.wav").read_bytes()
    with largest_file(20_000), pytest.raises(FileWriteError, match="disk is full"):
        write(Clip(noise(50_000).T, 44100), tmp_path / "b.wav", overwrite=True)
    assert (tmp_path / "b.wav").read_bytes() == before
    assert names(tmp_path) == ["b.wav"]


class StopsAt(Progress):
    """Asks to stop once so much is done."""

    def __init__(self, fraction: float) -> None:
        super().__init__(lambda done, _stage: self.cancel() if done >= fraction else None)


def test_cancelling_leaves_nothing(tmp_path: Path) -> None:
    clip = Clip(noise(500_000).T, 44100)
    with pytest.raises(Cancelled):
        write(clip, tmp_path / "b.wav", progress=StopsAt(0.3))
    assert names(tmp_path) == []
    write(clip, tmp_path / "b.wav")
    with pytest.raises(Cancelled):
        read(tmp_path / "b.wav", StopsAt(0.3))


@pytest.mark.parametrize("way", ["itself", "symbolic link", "hard link", "detour"])
def test_the_source_is_never_written_to_whatever_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    source = tmp_path / "a.wav"
    soundfile.write(source, noise(100), 44100)
    before = source.read_bytes()
    target = tmp_path / "other.wav"
    if way == "itself":
        target = source
    elif way == "symbolic link":
        target.symlink_to(source)
    elif way == "hard link":
        os.link(source, target)
    else:
        (tmp_path / "sub").mkdir()
        monkeypatch.chdir(tmp_path / "sub")
        target = Path("../a.wav")
    clip = read(source)
    with pytest.raises(FileWriteError, match="never written to"):
        write(clip, target, overwrite=True)
    with pytest.raises(FileWriteError, match="never written to"):
        write(Clip(clip.base, clip.rate), target, like=source, overwrite=True)
    with pytest.raises(FileWriteError, match="never written to"):
        check_target(target, source, overwrite=True)
    assert source.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "says"),
    [("b.xyz", "choose one of .wav"), ("b", "choose one of .wav"), ("no/b.wav", "does not exist"), ("a.wav", "exists")],
)
def test_targets_that_cannot_be_are_reported_before_any_work(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "a.wav").touch()
    with pytest.raises(FileWriteError, match=says) as error:
        check_target(tmp_path / name)
    assert is_one_sentence(error)
    with pytest.raises(FileWriteError, match=says):
        write(Clip(noise(10).T, 44100), tmp_path / name)
