"""A small web server that misbehaves on demand, and small models."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass
class Behaviour:
    """What the server does with the next requests."""

    files: dict[str, bytes] = field(default_factory=dict)
    etag: str | None = '"one"'
    drop_after: list[int] = field(default_factory=list)  # bytes of the body, request by request; then all of it
    ignores_range: bool = False
    claims: int | None = None  # a Content-Length that is not true
    chunked: bool = False
    says_nothing_of_length: bool = False
    status: list[int] = field(default_factory=list)  # answers, request by request; then as it should be
    redirects: dict[str, str] = field(default_factory=dict)
    stalls: threading.Event | None = None  # sends headers and a few bytes, then nothing until set
    asked: list[tuple[str, str | None]] = field(default_factory=list)  # path and Range of every request
    sent: int = 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        does: Behaviour = self.server.behaviour  # type: ignore[attr-defined]
        wanted = self.headers.get("Range")
        does.asked.append((self.path, wanted))
        if self.path in does.redirects:
            return self._answer(302, {"Location": does.redirects[self.path]}, b"")
        if does.status and (status := does.status.pop(0)) != 200:
            return self._answer(status, {}, b"")
        body = does.files.get(self.path)
        if body is None:
            return self._answer(404, {}, b"")
        headers = {} if does.etag is None else {"ETag": does.etag}
        start = 0
        if wanted and not does.ignores_range and self.headers.get("If-Range") in (None, does.etag):
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                return self._answer(416, {"Content-Range": f"bytes */{len(body)}"}, b"")
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        return self._send(does, 206 if start else 200, headers, body[start:])

    def _send(self, does: Behaviour, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        if does.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif not does.says_nothing_of_length:
            self.send_header("Content-Length", str(len(body) if does.claims is None else does.claims))
        self.end_headers()
        cut = does.drop_after.pop(0) if does.drop_after else len(body)
        if does.stalls is not None:
            self.wfile.write(body[:10])
            self.wfile.flush()
            does.stalls.wait(20)
            self.close_connection = True
            return
        for at in range(0, min(cut, len(body)), 5000):
            part = body[at : min(at + 5000, cut)]
            does.sent += len(part)
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part) if does.chunked else part)
        if does.chunked and cut >= len(body):
            self.wfile.write(b"0\r\n\r\n")
        if cut < len(body) or does.claims is not None or does.says_nothing_of_length:
            self.close_connection = True

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


@dataclass
class Server:
    behaviour: Behaviour
    url: str


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args: Any) -> None:  # a client that hangs up is what these tests are about
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    """A web server on this machine."""
    http = _Quiet(("127.0.0.1", 0), _Handler)
    http.behaviour = Behaviour()  # type: ignore[attr-defined]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Server(http.behaviour, f"http://127.0.0.1:{http.server_address[1]}")  # type: ignore[attr-defined]
    if http.behaviour.stalls is not None:  # type: ignore[attr-defined]
        http.behaviour.stalls.set()  # type: ignore[attr-defined]
    http.shutdown()
    http.server_close()
    thread.join()
