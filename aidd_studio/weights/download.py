"""Fetching a published file: resumed across restarts, checked before it is believed, there as a whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aidd_studio.errors import DownloadError
from aidd_studio.progress import Progress
from aidd_studio.weights.registry import RemoteFile, is_loopback, split_address

if TYPE_CHECKING:
    import httpx

_BLOCK = 1 << 18
_SPARE = 64 << 20  # bytes that stay free on the disk for everybody else
_LARGEST = 64 << 30  # more than any model; a server that sends without end is stopped here


class FileNotThere(DownloadError):
    """The server has no such file."""


@dataclass(frozen=True)
class Patience:
    """How often in a row a fetch may fail without a single new byte, and how long it waits before it tries again."""

    attempts: int = 4
    pause: float = 0.5  # seconds, doubled at each failure
    timeout: float = 30.0  # seconds without a byte


@dataclass(frozen=True)
class Fetched:
    """A complete file on this machine; size in bytes."""

    path: Path
    size: int
    sha256: str


def fetch(
    file: RemoteFile, folder: Path, progress: Progress | None = None, url: str = "", patience: Patience | None = None
) -> Fetched:
    """Fetch a file into a folder, from its own address or from `url`.

    What arrives is kept in NAME.part beside a note of which version it belongs to, so that an interrupted fetch goes on
    where it stopped, also in another process. The file gets its name when size and sha256 (where known) are right.
    Raises DownloadError, Cancelled; both keep what arrived.
    """
    url = url or file.url
    check_address(url, trusted=url != file.url)
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder / f"{file.name}.lock", file.name):
        return _Fetch(file, url, folder, progress or Progress(), patience or Patience()).run()


def copy_in(file: RemoteFile, source: Path, folder: Path, progress: Progress | None = None) -> Fetched:
    """Take a file from a local mirror, with the same checks; the mirror is left as it is.

    Raises DownloadError, Cancelled.
    """
    progress = progress or Progress()
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{file.name}.part"
    try:
        size = source.stat().st_size
        _check_size(file, size)
        _check_room(folder, size)
        digest, done = hashlib.sha256(), 0
        with source.open("rb") as coming, part.open("wb") as kept:
            while block := coming.read(_BLOCK):
                kept.write(block)
                digest.update(block)
                done += len(block)
                progress.report(done / max(1, size), f"copying {file.name}")
    except OSError as error:
        raise DownloadError(_disk_sentence(error, source)) from error
    _check_sha256(file, digest.hexdigest(), part)
    part.replace(folder / file.name)
    return Fetched(folder / file.name, done, digest.hexdigest())


def check_address(url: str, trusted: bool = False) -> None:
    """Raise DownloadError unless the address is https; a person's own choice may also be http."""
    parts = split_address(url)
    scheme, host = (parts.scheme, parts.hostname) if parts else ("", None)
    fine = scheme == "https" or (scheme == "http" and (trusted or is_loopback(host)))
    if not fine or not host:
        raise DownloadError(f"{url} is no https address, so nothing was fetched from it.")


class _Fetch:
    """One file on its way."""

    def __init__(self, file: RemoteFile, url: str, folder: Path, progress: Progress, patience: Patience) -> None:
        self.file, self.url, self.progress, self.patience = file, url, progress, patience
        self.target = folder / file.name
        self.part = folder / f"{file.name}.part"
        self.note = folder / f"{file.name}.part.json"
        self.trusted = url != file.url
        self.done = 0
        self.total = file.size
        self.version = ""  # ETag or date of what is in the part file
        self.digest = hashlib.sha256()
        self.socket: Any = None

    def run(self) -> Fetched:
        import httpx

        self._take_up()
        failures, farthest = 0, self.done
        with self._client() as client, _listening(self.progress, self._hang_up):
            while not self._complete():
                try:
                    self._ask(client)
                except (httpx.TransportError, httpx.StreamError, _Again) as error:
                    self.progress.check()
                    failures = 0 if self.done > farthest else failures + 1
                    farthest = max(farthest, self.done)
                    if failures >= self.patience.attempts:
                        raise DownloadError(self._gave_up(error)) from error
                    self._wait(self.patience.pause * 2**failures)
                except (httpx.HTTPError, httpx.InvalidURL) as error:
                    raise DownloadError(f"{self.url} cannot be fetched: {error}.") from error
                except OSError as error:
                    raise DownloadError(_disk_sentence(error, self.part)) from error
        return self._finish()

    def _client(self) -> httpx.Client:
        import httpx

        def check(request: httpx.Request) -> None:
            check_address(str(request.url), self.trusted)

        return httpx.Client(
            follow_redirects=True,
            timeout=httpx.Timeout(self.patience.timeout, connect=min(10.0, self.patience.timeout)),
            headers={"Accept-Encoding": "identity", "User-Agent": "aidd-studio"},
            event_hooks={"request": [check]},
        )

    def _take_up(self) -> None:
        """Go on from what an earlier run left, if its version is known."""
        try:
            note = json.loads(self.note.read_text(encoding="utf-8"))
            version, total, url = str(note["version"]), note["total"], str(note["url"])
            size = self.part.stat().st_size
        except (OSError, ValueError, KeyError, TypeError):
            return
        if url != self.url or not (version or self.file.sha256) or not (total is None or isinstance(total, int)):
            return
        try:
            with self.part.open("rb") as kept:
                while block := kept.read(_BLOCK):
                    self.digest.update(block)
                    self.progress.report(kept.tell() / max(1, size), f"looking at what is here of {self.file.name}")
        except OSError as error:
            raise DownloadError(_disk_sentence(error, self.part)) from error
        self.done, self.version, self.total = size, version, self.file.size or total

    def _complete(self) -> bool:
        return self.total is not None and self.done >= self.total

    def _ask(self, client: httpx.Client) -> None:
        if self.done and not (self.version or self.file.sha256):
            self._start_over()  # nothing shows whether the rest belongs to what is here
        headers = {"Range": f"bytes={self.done}-"} if self.done else {}
        if self.done and self.version:
            headers["If-Range"] = self.version
        trace = {"trace": self._note_connection}
        with client.stream("GET", self.url, headers=headers, extensions=trace) as response:
            self._understand(response)
            ended_well = "chunked" in response.headers.get("transfer-encoding", "")
            if self.total is None and not (ended_well or self.file.sha256):
                raise DownloadError(f"{self.url} does not say how long it is, so it cannot be trusted; use --from.")
            _check_room(self.part.parent, (self.total or self.done) - self.done)
            with self.part.open("ab") as kept:
                for block in response.iter_raw():
                    self._keep(kept, block)
        if self.total is None:
            self.total = self.done  # the server closed an answer of unknown length properly

    def _understand(self, response: httpx.Response) -> None:
        """Line the part file up with what the server is about to send."""
        status = response.status_code
        if status == 416:
            self._start_over()
            raise _Again("the server has no more bytes than are here")
        if status in (408, 425, 429) or status >= 500:
            raise _Again(f"the server answered {status}")
        if status not in (200, 206):
            raise self._refused(status)
        if response.headers.get("content-encoding", "identity") != "identity":
            raise DownloadError(f"{self.url} comes in a packed form that was not asked for; try another mirror.")
        length = _number(response.headers.get("content-length"))
        version = _version(response.headers)
        if status == 206:
            start, whole = _content_range(response.headers.get("content-range", ""))
            if start != self.done or (self.version and version not in ("", self.version)):
                self._start_over()
                raise _Again("the server sent another part than asked for")
        else:
            self._start_over()
            whole = length
        if whole is not None:
            _check_size(self.file, whole)
            if self.done and self.total not in (None, whole):
                self._start_over()
                raise _Again("the file changed while it was fetched")
            self.total = whole
        self._remember(version)

    def _remember(self, version: str) -> None:
        self.version = version
        note = {"url": self.url, "version": version, "total": self.total}
        self.note.write_text(json.dumps(note), encoding="utf-8")

    def _start_over(self) -> None:
        self.part.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)
        self.done, self.total, self.version, self.digest = 0, self.file.size, "", hashlib.sha256()

    def _keep(self, kept: Any, block: bytes) -> None:
        kept.write(block)
        self.digest.update(block)
        self.done += len(block)
        if self.done > (self.total or _LARGEST):
            self._start_over()
            raise DownloadError(f"{self.url} sent more bytes than it should; it was not kept. Try another mirror.")
        megabytes = f"{self.done / 1e6:.1f}" + (f" of {self.total / 1e6:.1f}" if self.total else "")
        self.progress.report(self.done / self.total if self.total else 0.0, f"{self.file.name}, {megabytes} MB")

    def _finish(self) -> Fetched:
        if not self.part.exists():  # a file without a byte
            self.part.touch()
        try:
            _check_size(self.file, self.done)
            _check_sha256(self.file, self.digest.hexdigest(), self.part)
        finally:
            self.note.unlink(missing_ok=True)
        with self.part.open("rb+") as kept:
            os.fsync(kept.fileno())
        self.part.replace(self.target)
        return Fetched(self.target, self.done, self.digest.hexdigest())

    def _note_connection(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self.socket = info["return_value"].get_extra_info("socket")

    def _hang_up(self) -> None:
        """End a read that waits for the network; called from the listening thread."""
        if self.socket is not None:
            with suppress(OSError):
                socket.socket.shutdown(self.socket, socket.SHUT_RDWR)

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + min(seconds, 10.0)
        while time.monotonic() < until:
            self.progress.check()
            time.sleep(min(0.05, seconds))

    def _gave_up(self, error: Exception) -> str:
        host = urlsplit(self.url).hostname
        kept = f" {self.done / 1e6:.1f} MB are kept, the same command goes on from there." if self.done else ""
        return f"{self.file.name} cannot be fetched from {host} ({error or type(error).__name__}); try later.{kept}"

    def _refused(self, status: int) -> DownloadError:
        if status in (401, 403):
            return DownloadError(
                f"The server does not give {self.url} to everybody ({status}); download it in a browser and import it."
            )
        if status in (404, 410):
            return FileNotThere(f"There is no file at {self.url} ({status}).")
        return DownloadError(f"The server answered {status} for {self.url}; try later or use --from.")


class _Again(Exception):
    """The server's answer is of no use, but another try may be."""


@contextmanager
def _listening(progress: Progress, hang_up: Callable[[], None]) -> Iterator[None]:
    """Within the block, cancelling ends whatever waits for the network."""
    over = threading.Event()

    def listen() -> None:
        while not over.wait(0.05):
            if progress.is_cancelled:
                hang_up()

    listener = threading.Thread(target=listen, name="download-cancel", daemon=True)
    listener.start()
    try:
        yield
    finally:
        over.set()
        listener.join()


@contextmanager
def _alone(path: Path, name: str) -> Iterator[None]:
    from filelock import FileLock, Timeout

    try:
        with FileLock(path, timeout=0):
            yield
    except Timeout as error:
        raise DownloadError(f"{name} is being downloaded already; wait for that to end.") from error


def _version(headers: httpx.Headers) -> str:
    """What If-Range may be asked with: a strong ETag, else the date, else nothing (RFC 9110, 13.1.5)."""
    tag = str(headers.get("etag", ""))
    return tag if tag and not tag.startswith("W/") else str(headers.get("last-modified", ""))


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


def _content_range(text: str) -> tuple[int | None, int | None]:
    """First byte and whole size of "bytes 5-9/10"."""
    span, _, whole = text.removeprefix("bytes ").partition("/")
    return _number(span.partition("-")[0]), _number(whole)


def _check_size(file: RemoteFile, size: int) -> None:
    if file.size is not None and size != file.size:
        raise DownloadError(
            f"{file.name} has {size} bytes there instead of {file.size}; it is another file, so it was not used."
        )
    if size > _LARGEST:
        raise DownloadError(f"{file.name} is said to have {size} bytes, which no model has; it was not fetched.")


def _check_sha256(file: RemoteFile, sha256: str, part: Path) -> None:
    if file.sha256 and sha256 != file.sha256:
        part.unlink(missing_ok=True)
        raise DownloadError(
            f"{file.name} is not the file that was expected (its sha256 is {sha256}); it was deleted. "
            "Try again, or another mirror with --from."
        )


def _check_room(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < size + _SPARE:
        raise DownloadError(
            f"{folder} has {free / 1e6:.0f} MB left, {(size + _SPARE) / 1e6:.0f} MB are needed; make room or choose "
            "another folder with AIDD_STUDIO_DATA."
        )


def _disk_sentence(error: OSError, path: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
        return f"The disk of {path.parent} is full; make room, then the same command goes on where it stopped."
    return f"{path} cannot be read or written ({error.strerror or error})."
