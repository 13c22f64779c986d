"""What a repository on Hugging Face says of its files: where they lie, how long they are, and their hashes.

The registry names neither size nor hash of some files, and of some not even the place. The publisher's own list does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from aidd_studio.weights.download import FileNotThere, check_address
from aidd_studio.weights.registry import RemoteFile

if TYPE_CHECKING:
    import httpx

PATIENCE = 10.0  # seconds without an answer
LONGEST = 4 << 20  # bytes of a list; a repository of a thousand files has a tenth of that
_ADDRESS = re.compile(r"/(?P<repository>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Listed:
    """A file of a repository; size in bytes, sha256 empty where the list has none (small files)."""

    path: str
    size: int | None
    sha256: str


def located(file: RemoteFile) -> RemoteFile:
    """The file with place, size and hash as its publisher lists them; as it is where there is no such list.

    A hash that is known already stays. Raises FileNotThere, naming what is there, when the list has no such file.
    """
    parts = urlsplit(file.url)
    address = _ADDRESS.fullmatch(parts.path)
    if address is None or (file.sha256 and not file.choose):
        return file
    repository, revision = address["repository"], address["revision"]
    home = f"{parts.scheme}://{parts.netloc}"
    listed = _listed(f"{home}/api/models/{repository}/tree/{revision}?recursive=true")
    if not listed:
        return file
    found = _chosen(listed, [*file.choose, unquote(address["path"])])
    if found is None:
        names = ", ".join(sorted(each.path for each in listed if not each.path.startswith("."))[:12])
        raise FileNotThere(f"{home}/{repository} has no file that could be {file.name}; it has {names}.")
    url = f"{home}/{repository}/resolve/{revision}/{quote(found.path)}"
    return replace(file, url=url, size=file.size or found.size, sha256=file.sha256 or found.sha256)


def _chosen(listed: Sequence[Listed], patterns: Sequence[str]) -> Listed | None:
    """The only file that fits a pattern, of the first pattern that exactly one file fits; case does not count."""
    for pattern in patterns:
        fitting = [file for file in listed if fnmatch(file.path.lower(), pattern.lower())]
        if len(fitting) == 1:
            return fitting[0]
    return None


def _listed(url: str) -> list[Listed]:
    """The files of a repository; none when the publisher does not list them."""
    import httpx

    def check(request: httpx.Request) -> None:
        check_address(str(request.url))

    try:
        with (
            httpx.Client(follow_redirects=True, timeout=PATIENCE, event_hooks={"request": [check]}) as client,
            client.stream("GET", url, headers={"User-Agent": "aidd-studio"}) as answer,
        ):
            entries = json.loads(_text(answer)) if answer.status_code == 200 else []
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError):
        return []
    return [_read(entry) for entry in entries if _is_file(entry)] if isinstance(entries, list) else []


def _text(answer: httpx.Response) -> bytes:
    """What was answered; raises ValueError when that is far too long for a list."""
    text = b""
    for block in answer.iter_bytes():
        text += block
        if len(text) > LONGEST:
            raise ValueError("too long for a list")
    return text


def _is_file(entry: Any) -> bool:
    return isinstance(entry, dict) and entry.get("type") == "file" and isinstance(entry.get("path"), str)


def _read(entry: dict[str, Any]) -> Listed:
    size, stored = entry.get("size"), entry.get("lfs")
    sha256 = str(stored.get("oid", "")) if isinstance(stored, dict) else ""
    return Listed(
        entry["path"], size if isinstance(size, int) and size > 0 else None, sha256 if _SHA256.fullmatch(sha256) else ""
    )
