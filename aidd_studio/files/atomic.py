"""Files that appear whole or not at all: written beside their place, forced to the disk, then renamed."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aidd_studio.errors import FileWriteError

FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
"""What a system says when there is no room: disk full, file too large, quota used up."""

LONGEST_STEM = 60
"""Characters of the target's name kept in the temporary name, so that the name stays below the system's limit."""

TEMPORARY = re.compile(r"\.(?P<stem>.*)\.[0-9a-f]{8}(?P<suffix>(?:\.[^.]*)?)", re.DOTALL)
"""The names of temporary files."""


@contextmanager
def atomic_path(path: Path | str, overwrite: bool = False) -> Iterator[Path]:
    """An empty temporary file with the target's suffix in the target's folder; it becomes the target in the end.

    When the block ends well the file is forced to the disk and renamed; when it ends in any exception it is removed.
    Where `path` is a symbolic link that may be overwritten, the link stays, and what it leads to is the target.
    Raises FileWriteError when the target exists (unless `overwrite`), the folder is missing or not writable, or
    the disk is full.
    """
    path = Path(path)
    check_place(path, overwrite)
    with _as_sentences(path):
        place = _end_of_links(path)
        temporary = _create(place)
        try:
            yield temporary
            _keep_mode(place, temporary)
            _force_to_disk(temporary)
            _move(temporary, place, overwrite)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        _force_folder_to_disk(place.parent)


def check_place(path: Path, overwrite: bool) -> None:
    """Raise FileWriteError when no file can come to be at `path`; looks only, writes nothing."""
    try:
        folder = _end_of_links(path).parent
        if path.is_dir():
            raise FileWriteError(f"{path} is a folder; give the name of a file.")
        if not folder.is_dir():
            raise FileWriteError(f"The folder {folder} does not exist; create it or choose another.")
        if not overwrite and os.path.lexists(path):
            raise FileWriteError(f"{path} exists already; choose another name or allow overwriting.")
    except OSError as error:
        raise write_error(path, error) from error
    except ValueError as error:  # a null byte in the name
        raise FileWriteError(f"{str(path)!r} cannot be the name of a file.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise FileWriteError(f"There is no permission to write into {folder}; choose another folder.")


def _end_of_links(path: Path) -> Path:
    """The file that a symbolic link leads to, which need not exist; any other path as it is. Raises OSError."""
    if not path.is_symlink():
        return path
    with suppress(FileNotFoundError):
        path.stat()  # raises for links that lead in a circle
    return Path(os.path.realpath(path))


def write_error(path: Path, error: OSError) -> FileWriteError:
    """What a failed write to `path` means, as one sentence."""
    if error.errno in FULL:
        return FileWriteError(f"{path} could not be written because the disk is full; nothing was left behind.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return FileWriteError(f"There is no permission to write {path}; choose another folder.")
    if error.errno == errno.EEXIST:
        return FileWriteError(f"{path} exists already; choose another name or allow overwriting.")
    if error.errno == errno.ENAMETOOLONG:
        return FileWriteError(f"{path} is too long a name; choose a shorter one.")
    return FileWriteError(f"{path} could not be written ({error.strerror or error}); nothing was left behind.")


@contextmanager
def _as_sentences(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise write_error(path, error) from error


def remove_left_overs(paths: Iterable[Path]) -> None:
    """Remove the temporary files of these paths that a killed program left. Nobody may be writing them now."""
    wanted: dict[Path, set[tuple[str, str]]] = {}
    for path in paths:
        wanted.setdefault(path.parent, set()).add((_kept_stem(path), path.suffix))
    for folder, names in wanted.items():
        with suppress(OSError):
            for entry in folder.iterdir():
                found = TEMPORARY.fullmatch(entry.name)
                if found and (found["stem"], found["suffix"]) in names:
                    entry.unlink()


def _kept_stem(path: Path) -> str:
    return path.stem.lstrip(".")[:LONGEST_STEM]


def _create(path: Path) -> Path:
    while True:
        temporary = path.with_name(f".{_kept_stem(path)}.{secrets.token_hex(4)}{path.suffix}")
        try:
            # Not tempfile: its files are private, while a recording should get the permissions of the umask.
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        except FileExistsError:
            continue
        return temporary


def _keep_mode(path: Path, temporary: Path) -> None:
    if path.is_file():
        with suppress(OSError):
            shutil.copymode(path, temporary)


def _force_to_disk(file: Path) -> None:
    with file.open("rb+") as handle:
        os.fsync(handle.fileno())


def _force_folder_to_disk(folder: Path) -> None:
    if os.name != "posix":
        return
    with suppress(OSError):  # some network file systems refuse this for folders; the file itself is safe
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _move(temporary: Path, path: Path, overwrite: bool) -> None:
    if overwrite:
        temporary.replace(path)
        return
    try:
        os.link(temporary, path)  # fails when the target appeared meanwhile, unlike a rename
    except FileExistsError:
        raise
    except OSError:  # no hard links here (FAT, some network file systems)
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, "exists", str(path)) from None
        temporary.rename(path)
