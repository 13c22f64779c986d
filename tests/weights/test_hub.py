"""Files whose place, size or hash only their publisher's list tells."""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from aidd_studio.errors import Cancelled, DownloadError
from aidd_studio.progress import Progress, patiently
from aidd_studio.weights.download import FileNotThere, fetch
from aidd_studio.weights.hub import located
from aidd_studio.weights.registry import RemoteFile
from tests.weights.conftest import Server

BODY = b"weights of the second kind" * 1000
HASH = hashlib.sha256(BODY).hexdigest()
LIST = "/api/models/some/one/tree/main?recursive=true"


def lists(server: Any, *entries: dict[str, Any]) -> None:
    server.behaviour.files[LIST] = json.dumps(list(entries)).encode()


def entry(path: str, sha256: str = HASH, size: int = len(BODY)) -> dict[str, Any]:
    return {"type": "file", "path": path, "size": size, "oid": "ab", "lfs": {"oid": sha256, "size": size}}


def file(server: Any, path: str = "checkpoint.pth", choose: tuple[str, ...] = (), sha256: str = "") -> RemoteFile:
    return RemoteFile("checkpoint.pth", f"{server.url}/some/one/resolve/main/{path}", None, sha256, choose)


def test_a_file_is_found_by_its_pattern_and_checked_by_the_hash_of_the_list(server: Server, tmp_path: Path) -> None:
    lists(server, entry("MusicNet/last.pth"), entry("Maestro best/last.pth"), {"type": "directory", "path": "Maestro"})
    server.behaviour.files["/some/one/resolve/main/Maestro%20best/last.pth"] = BODY
    found = located(file(server, choose=("*maestro*.pth",)))
    assert (found.size, found.sha256) == (len(BODY), HASH)
    assert fetch(found, tmp_path).path == tmp_path / "checkpoint.pth"
    server.behaviour.files["/some/one/resolve/main/Maestro%20best/last.pth"] = BODY[::-1]
    with pytest.raises(DownloadError, match="not the file that was expected"):
        fetch(found, tmp_path / "again")


def test_the_address_itself_is_the_last_pattern(server: Server) -> None:
    lists(server, entry("checkpoint.pth"), entry("maestro/checkpoint.pth"))
    assert located(file(server, choose=("*musicnet*.pth",))).url.endswith("/main/checkpoint.pth")
    assert located(file(server)).sha256 == HASH


def test_a_pattern_that_fits_two_files_chooses_none_of_them(server: Server) -> None:
    lists(server, entry("maestro-a.pth"), entry("maestro-b.pth"), {"type": "file", "path": ".gitattributes", "size": 9})
    with pytest.raises(FileNotThere, match=r"it has maestro-a\.pth, maestro-b\.pth\.$"):
        located(file(server, choose=("*maestro*.pth",)))


def test_a_known_hash_stays_without_a_request(server: Server) -> None:
    lists(server, entry("checkpoint.pth"))
    known = file(server, sha256="a" * 64)
    assert located(known) == known
    assert not server.behaviour.asked
    assert located(file(server, choose=("*.pth",), sha256="a" * 64)).sha256 == "a" * 64


@pytest.mark.parametrize(
    "answer", [b"", b"<html>", b"{}", b'["x", {"type": "file", "path": 3}]', b"[" * 100_000, b" " * (5 << 20) + b"[]"]
)
def test_where_there_is_no_list_the_file_stays_as_it_is(server: Server, answer: bytes) -> None:
    if answer:
        server.behaviour.files[LIST] = answer
    wanted = file(server, choose=("*maestro*.pth",))
    assert located(wanted) == wanted


def test_a_list_that_makes_no_sense_gives_neither_size_nor_hash(server: Server) -> None:
    lists(server, {"type": "file", "path": "checkpoint.pth", "size": "huge", "lfs": {"oid": "../../etc"}})
    found = located(file(server))
    assert (found.size, found.sha256) == (None, "")


def test_addresses_elsewhere_are_left_alone(server: Server) -> None:
    elsewhere = RemoteFile("x.pth", f"{server.url}/releases/x.pth")
    assert located(elsewhere) == elsewhere
    assert not server.behaviour.asked


def test_a_publisher_who_does_not_answer_can_be_left(server: Server) -> None:
    server.behaviour.files[LIST] = b"[]" * 100
    server.behaviour.stalls = threading.Event()
    progress = Progress()
    threading.Timer(0.2, progress.cancel).start()
    with pytest.raises(Cancelled):
        patiently(lambda: located(file(server)), progress)
    server.behaviour.stalls.set()
