"""Downloads arrive whole and right, or not at all, whatever the server does."""

from __future__ import annotations

import hashlib
import random
import shutil
import threading
import time
from collections import namedtuple
from pathlib import Path

import pytest

from aidd_studio.errors import Cancelled, DownloadError
from aidd_studio.progress import Progress
from aidd_studio.weights.download import FileNotThere, Patience, check_address, copy_in, fetch
from aidd_studio.weights.registry import RemoteFile
from tests.waiting import until
from tests.weights.conftest import Server

BODY = random.Random(1).randbytes(300_000)
SHA256 = hashlib.sha256(BODY).hexdigest()
QUICK = Patience(attempts=3, pause=0.01, timeout=5.0)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    return tmp_path / "downloads"


def served(server: Server, sha256: str = SHA256, size: int | None = len(BODY), body: bytes = BODY) -> RemoteFile:
    server.behaviour.files["/weights.bin"] = body
    return RemoteFile("weights.bin", f"{server.url}/weights.bin", size, sha256)


def whole(folder: Path) -> bool:
    names = {path.name for path in folder.iterdir()}
    return (folder / "weights.bin").read_bytes() == BODY and not {"weights.bin.part", "weights.bin.part.json"} & names


def nothing_believed(folder: Path) -> bool:
    return not (folder / "weights.bin").exists()


def test_a_file_arrives_whole_with_its_hash_and_progress(server: Server, here: Path) -> None:
    seen: list[float] = []
    got = fetch(served(server), here, Progress(lambda fraction, stage: seen.append(fraction)), patience=QUICK)
    assert (got.size, got.sha256) == (len(BODY), SHA256)
    assert whole(here)
    assert seen == sorted(seen) and seen[-1] == 1.0


def test_a_dropped_connection_is_resumed_and_no_byte_is_sent_twice(server: Server, here: Path) -> None:
    server.behaviour.drop_after = [100_000, 50_000]
    fetch(served(server), here, patience=QUICK)
    assert whole(here)
    assert len(server.behaviour.asked) == 3
    assert server.behaviour.asked[1][1] is not None
    assert server.behaviour.sent == len(BODY)


def test_a_fetch_goes_on_in_another_process_where_it_stopped(server: Server, here: Path) -> None:
    file = served(server)
    server.behaviour.drop_after = [120_000] + [0] * 10
    with pytest.raises(DownloadError, match="goes on from there"):
        fetch(file, here, patience=QUICK)
    kept = (here / "weights.bin.part").stat().st_size
    assert kept == 120_000 and nothing_believed(here)
    server.behaviour.drop_after = []
    server.behaviour.asked.clear()
    fetch(file, here, patience=QUICK)
    assert server.behaviour.asked == [("/weights.bin", f"bytes={kept}-")]
    assert whole(here)


def test_a_file_that_changed_meanwhile_is_fetched_again(server: Server, here: Path) -> None:
    file = served(server, sha256="", size=None)
    server.behaviour.drop_after = [120_000] + [0] * 10
    with pytest.raises(DownloadError):
        fetch(file, here, patience=QUICK)
    other = random.Random(2).randbytes(len(BODY))
    server.behaviour.files["/weights.bin"] = other
    server.behaviour.etag = '"two"'
    server.behaviour.drop_after = []
    fetch(file, here, patience=QUICK)
    assert (here / "weights.bin").read_bytes() == other


def test_without_etag_and_hash_nothing_is_patched_together(server: Server, here: Path) -> None:
    server.behaviour.etag = None
    server.behaviour.drop_after = [120_000]
    fetch(served(server, sha256="", size=None), here, patience=QUICK)
    assert [wanted for _, wanted in server.behaviour.asked] == [None, None]
    assert whole(here)


def test_a_server_that_ignores_range_is_heard_from_the_start(server: Server, here: Path) -> None:
    server.behaviour.ignores_range = True
    server.behaviour.drop_after = [100_000]
    fetch(served(server), here, patience=QUICK)
    assert whole(here)


def test_wrong_bytes_are_deleted_and_named(server: Server, here: Path) -> None:
    wrong = bytes(len(BODY))
    with pytest.raises(DownloadError, match="not the file that was expected"):
        fetch(served(server, body=wrong), here, patience=QUICK)
    assert nothing_believed(here) and not (here / "weights.bin.part").exists()


def test_a_rotten_part_file_is_found_out_and_the_next_try_is_clean(server: Server, here: Path) -> None:
    file = served(server)
    server.behaviour.drop_after = [120_000] + [0] * 10
    with pytest.raises(DownloadError):
        fetch(file, here, patience=QUICK)
    part = here / "weights.bin.part"
    part.write_bytes(bytes(part.stat().st_size))
    server.behaviour.drop_after = []
    with pytest.raises(DownloadError, match="sha256"):
        fetch(file, here, patience=QUICK)
    fetch(file, here, patience=QUICK)
    assert whole(here)


@pytest.mark.parametrize("claims", [len(BODY) - 1000, len(BODY) + 1000])
def test_a_server_that_lies_about_the_length_is_not_believed(server: Server, here: Path, claims: int) -> None:
    server.behaviour.claims = claims
    with pytest.raises(DownloadError):
        fetch(served(server), here, patience=QUICK)
    assert nothing_believed(here)


def test_a_claim_of_more_than_is_sent_ends_after_a_few_tries(server: Server, here: Path) -> None:
    server.behaviour.claims = len(BODY) + 1000
    with pytest.raises(DownloadError, match="cannot be fetched"):
        fetch(served(server, sha256="", size=None), here, patience=QUICK)
    assert nothing_believed(here)
    assert len(server.behaviour.asked) < 12


def test_more_bytes_than_promised_are_not_kept(server: Server, here: Path) -> None:
    server.behaviour.chunked = True
    with pytest.raises(DownloadError, match="more bytes than it should"):
        fetch(served(server, size=1000), here, patience=QUICK)
    assert nothing_believed(here) and not (here / "weights.bin.part").exists()


def test_an_answer_in_chunks_without_a_length_is_fine(server: Server, here: Path) -> None:
    server.behaviour.chunked = True
    fetch(served(server, sha256="", size=None), here, patience=QUICK)
    assert whole(here)


def test_an_answer_that_nothing_can_tell_the_end_of_is_refused(server: Server, here: Path) -> None:
    server.behaviour.says_nothing_of_length = True
    with pytest.raises(DownloadError, match="does not say how long"):
        fetch(served(server, sha256="", size=None), here, patience=QUICK)
    assert nothing_believed(here)


def test_a_busy_server_is_asked_again(server: Server, here: Path) -> None:
    server.behaviour.status = [503, 429]
    fetch(served(server), here, patience=QUICK)
    assert whole(here)


@pytest.mark.parametrize(("status", "says"), [(403, "in a browser"), (404, "no file"), (418, "418")])
def test_a_refusal_is_reported_at_once(server: Server, here: Path, status: int, says: str) -> None:
    server.behaviour.status = [status]
    with pytest.raises(DownloadError, match=says) as raised:
        fetch(served(server), here, patience=QUICK)
    assert isinstance(raised.value, FileNotThere) == (status == 404)
    assert len(server.behaviour.asked) == 1


def test_redirects_are_followed(server: Server, here: Path) -> None:
    file = served(server)
    server.behaviour.redirects = {"/old": "/weights.bin"}
    fetch(RemoteFile("weights.bin", f"{server.url}/old", file.size, SHA256), here, patience=QUICK)
    assert whole(here)


def test_a_redirect_to_an_unprotected_address_is_not_followed(server: Server, here: Path) -> None:
    server.behaviour.redirects = {"/old": "http://elsewhere.invalid/weights.bin"}
    with pytest.raises(DownloadError, match="no https address"):
        fetch(RemoteFile("weights.bin", f"{server.url}/old"), here, patience=QUICK)


@pytest.mark.parametrize(
    "url", ["http://example.org/x", "ftp://example.org/x", "file:///etc/passwd", "https://", "https://a]b/x"]
)
def test_only_https_and_this_machine_are_trusted(url: str) -> None:
    with pytest.raises(DownloadError, match="no https address"):
        check_address(url)


def test_an_unreachable_host_is_named(here: Path) -> None:
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1"):
        fetch(RemoteFile("weights.bin", "http://127.0.0.1:9/weights.bin"), here, patience=QUICK)


def test_cancelling_ends_a_read_that_waits_and_keeps_what_arrived(server: Server, here: Path) -> None:
    server.behaviour.stalls = threading.Event()
    progress = Progress()
    threading.Timer(0.3, progress.cancel).start()
    started = time.perf_counter()
    with pytest.raises(Cancelled):
        fetch(served(server), here, progress, patience=Patience(timeout=120.0))
    assert time.perf_counter() - started < 60.0  # the read alone would wait twice as long
    assert nothing_believed(here)


def test_a_disk_that_is_too_small_is_reported_before_anything_is_fetched(
    server: Server, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The real free space cannot be made small without privileges; the full disk itself is tested below.
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(10**9, 10**9, 10**6))
    with pytest.raises(DownloadError, match="make room"):
        fetch(served(server), here, patience=QUICK)
    assert not (here / "weights.bin.part").exists() and nothing_believed(here)


def test_a_disk_that_fills_up_is_reported_and_the_rest_comes_later(server: Server, here: Path) -> None:
    resource = pytest.importorskip("resource")
    file = served(server)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(DownloadError, match="full"):
            fetch(file, here, patience=QUICK)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert nothing_believed(here)
    fetch(file, here, patience=QUICK)
    assert server.behaviour.asked[-1][1] is not None
    assert whole(here)


def test_the_same_file_is_not_fetched_twice_at_a_time(server: Server, here: Path) -> None:
    file = served(server)
    server.behaviour.stalls = threading.Event()
    progress = Progress()

    def first() -> None:
        with pytest.raises(Cancelled):
            fetch(file, here, progress, patience=QUICK)

    thread = threading.Thread(target=first)
    thread.start()
    until(lambda: bool(server.behaviour.asked))
    with pytest.raises(DownloadError, match="already"):
        fetch(file, here, patience=QUICK)
    progress.cancel()
    thread.join()


def test_a_proxy_of_the_environment_is_used(server: Server, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.behaviour.files["http://mirror.invalid/weights.bin"] = BODY
    monkeypatch.setenv("HTTP_PROXY", server.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    file = RemoteFile("weights.bin", "https://publisher.invalid/weights.bin", len(BODY), SHA256)
    fetch(file, here, url="http://mirror.invalid/weights.bin", patience=QUICK)
    assert whole(here)


def test_a_local_mirror_is_checked_like_a_server(tmp_path: Path, here: Path) -> None:
    source = tmp_path / "stick" / "weights.bin"
    source.parent.mkdir()
    source.write_bytes(BODY)
    file = RemoteFile("weights.bin", "https://publisher.invalid/weights.bin", len(BODY), SHA256)
    assert copy_in(file, source, here).sha256 == SHA256
    assert whole(here)
    source.write_bytes(BODY[:-1] + b"x")
    (here / "weights.bin").unlink()
    with pytest.raises(DownloadError, match="not the file"):
        copy_in(file, source, here)
    assert nothing_believed(here) and source.exists()
