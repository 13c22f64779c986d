"""Files appear whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from aidd_studio.errors import FileWriteError
from aidd_studio.files.atomic import atomic_path


def names(folder: Path) -> list[str]:
    """What is in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


def test_the_file_appears_with_its_content_and_nothing_else(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "a.flac") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".flac"
        assert not (tmp_path / "a.flac").exists()
        temporary.write_bytes(b"sound")
    assert (tmp_path / "a.flac").read_bytes() == b"sound"
    assert names(tmp_path) == ["a.flac"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_any_failure_leaves_the_folder_as_it_was(tmp_path: Path, error: type[BaseException]) -> None:
    (tmp_path / "a.wav").write_bytes(b"old")
    with pytest.raises(error), atomic_path(tmp_path / "a.wav", overwrite=True) as temporary:
        temporary.write_bytes(b"half")
        raise error
    assert names(tmp_path) == ["a.wav"]
    assert (tmp_path / "a.wav").read_bytes() == b"old"


def test_an_existing_file_is_kept_unless_overwriting_is_allowed(tmp_path: Path) -> None:
    target = tmp_path / "a.wav"
    target.write_bytes(b"old")
    with pytest.raises(FileWriteError, match="exists already"), atomic_path(target):
        pass
    assert target.read_bytes() == b"old"
    with atomic_path(target, overwrite=True) as temporary:
        temporary.write_bytes(b"new")
    assert target.read_bytes() == b"new"


def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "a.wav"
    with pytest.raises(FileWriteError, match="exists already"), atomic_path(target) as temporary:
        temporary.write_bytes(b"ours")
        target.write_bytes(b"theirs")
    assert target.read_bytes() == b"theirs"
    assert names(tmp_path) == ["a.wav"]


def test_a_missing_folder_and_a_folder_as_target_are_reported(tmp_path: Path) -> None:
    with pytest.raises(FileWriteError, match="does not exist"), atomic_path(tmp_path / "no" / "a.wav"):
        pass
    with pytest.raises(FileWriteError, match="is a folder"), atomic_path(tmp_path, overwrite=True):
        pass
    with pytest.raises(FileWriteError, match="too long"), atomic_path(tmp_path / ("x" * 300 + ".wav")):
        pass


def test_permissions_follow_the_umask_or_the_replaced_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with atomic_path(tmp_path / "new"):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    (tmp_path / "new").chmod(0o604)
    with atomic_path(tmp_path / "new", overwrite=True):
        pass
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o604


@pytest.mark.parametrize("there", [True, False])
def test_overwriting_a_link_keeps_it_and_writes_what_it_leads_to(tmp_path: Path, there: bool) -> None:
    (tmp_path / "far").mkdir()
    if there:
        (tmp_path / "far" / "real.wav").write_bytes(b"old")
    (tmp_path / "link").symlink_to("far/real.wav")
    (tmp_path / "link.wav").symlink_to("link")
    with atomic_path(tmp_path / "link.wav", overwrite=True) as temporary:
        assert temporary.parent == tmp_path / "far", "it is renamed within one file system"
        temporary.write_bytes(b"new")
    assert (tmp_path / "link.wav").readlink() == Path("link") and (tmp_path / "link").is_symlink()
    assert (tmp_path / "far" / "real.wav").read_bytes() == b"new"
    assert names(tmp_path) == ["far", "link", "link.wav"] and names(tmp_path / "far") == ["real.wav"]


def test_a_link_is_kept_unless_overwriting_is_allowed_and_one_in_a_circle_is_reported(tmp_path: Path) -> None:
    (tmp_path / "nowhere.wav").symlink_to(tmp_path / "gone.wav")
    with pytest.raises(FileWriteError, match="exists already"), atomic_path(tmp_path / "nowhere.wav"):
        pass
    (tmp_path / "lost.wav").symlink_to(tmp_path / "no folder" / "a.wav")
    with pytest.raises(FileWriteError, match="does not exist"), atomic_path(tmp_path / "lost.wav", overwrite=True):
        pass
    (tmp_path / "circle.wav").symlink_to(tmp_path / "circle.wav")
    circle = atomic_path(tmp_path / "circle.wav", overwrite=True)
    with pytest.raises(FileWriteError, match="levels of symbolic links") as error, circle:
        pass
    assert "\n" not in str(error.value)
    assert names(tmp_path) == ["circle.wav", "lost.wav", "nowhere.wav"]
