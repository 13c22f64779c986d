"""What docs/RELIABILITY.md says of the whole package: nothing from outside is run, unpacked, or sent anywhere.

Looked up in the syntax of every file, so that a line that breaks the promise fails here before anybody opens a file.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import aidd_studio

PACKAGE = Path(aidd_studio.__file__).parent
DOWNLOADING = {"weights/download.py", "weights/hub.py"}
BETWEEN_OWN_PROCESSES = {"restoration/fill_process.py"}
"""Unpickles what the process at the other end of its own pipe, which it started, has sent."""
STARTING_PROGRAMS = {"training/corpora/soundfont.py"}
"""Starts the renderer of MIDI files, by a list of arguments and without a shell."""


def files() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Every call with the name it goes by, as `torch.load`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def imported(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def keyword(call: ast.Call, name: str) -> object:
    values = [given.value for given in call.keywords if given.arg == name]
    return values[0].value if values and isinstance(values[0], ast.Constant) else None


def test_the_whole_package_is_looked_at() -> None:
    assert {"weights/download.py", "restoration/session/project.py", "cli/main.py"} <= {name for name, _ in files()}


def test_nothing_is_evaluated_and_no_shell_is_asked() -> None:
    forbidden = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "builtins.eval", "builtins.exec"}
    for name, tree in files():
        for called, call in calls(tree):
            assert called not in forbidden, f"{name}: {called}"
            assert keyword(call, "shell") is None, f"{name}: {called} with a shell"
        starts = any(module.split(".")[0] == "subprocess" for module in imported(tree))
        assert not starts or name in STARTING_PROGRAMS, f"{name} starts programs"


def test_no_archive_is_unpacked() -> None:
    forbidden = {"extract", "extractall", "unpack_archive", "_extract_member"}
    for name, tree in files():
        assert not {"tarfile", "zipimport"} & imported(tree), name
        for called, _ in calls(tree):
            assert called.split(".")[-1] not in forbidden, f"{name}: {called}"


def test_pickles_are_refused_wherever_a_file_is_read() -> None:
    for name, tree in files():
        for called, call in calls(tree):
            if called == "torch.load":
                assert keyword(call, "weights_only") is True, name
            if called in ("np.load", "numpy.load"):
                assert keyword(call, "allow_pickle") in (None, False), name
            unpickles = called in ("pickle.load", "pickle.loads", "pickle.Unpickler")
            assert not unpickles or name in BETWEEN_OWN_PROCESSES, f"{name}: {called}"
            assert called not in ("yaml.load", "yaml.full_load", "yaml.unsafe_load", "joblib.load"), name
        assert not {"shelve", "dill", "cloudpickle", "marshal", "joblib"} & imported(tree), name


def test_only_what_downloads_models_knows_the_network() -> None:
    network = {"socket", "httpx", "requests", "aiohttp", "http", "ftplib", "smtplib", "ssl", "xmlrpc", "asyncio"}
    for name, tree in files():
        modules = {module.split(".")[0] for module in imported(tree)} | {
            module for module in imported(tree) if module in ("urllib.request", "PySide6.QtNetwork")
        }
        met = modules & (network | {"urllib.request", "PySide6.QtNetwork"})
        assert not met or name in DOWNLOADING, f"{name} imports {met}"
