"""The Debian package puts the application folder and everything a desktop looks for into their places."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb makes and unpacks packages")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of a small folder that is laid out like the application's."""
    folder = tmp_path_factory.mktemp("dist") / "aidd-studio"
    (folder / "_internal").mkdir(parents=True)
    (folder / "_internal" / "words").write_text("from the folder")
    program = folder / "aidd-studio"
    program.write_text('#!/bin/sh\ncat "$(dirname "$(readlink -f "$0")")/_internal/words"\n')
    program.chmod(0o755)
    out = tmp_path_factory.mktemp("out")
    subprocess.run([sys.executable, ROOT / "packaging/linux/make_deb.py", folder, out], check=True, capture_output=True)
    (made,) = out.iterdir()
    return made


def test_the_name_gives_version_and_architecture(package: Path) -> None:
    architecture = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True).stdout.strip()
    assert package.name == f"aidd-studio_0.1.0_{architecture}.deb"


def test_the_unpacked_program_runs_through_its_link(package: Path, tmp_path: Path) -> None:
    subprocess.run(["dpkg", "-x", package, tmp_path], check=True)
    done = subprocess.run([tmp_path / "usr/bin/aidd-studio"], capture_output=True, text=True, check=True)
    assert done.stdout == "from the folder"
    for place in (
        "usr/share/applications/aidd-studio.desktop",
        "usr/share/mime/packages/aidd-studio.xml",
        "usr/share/metainfo/studio.aidd.AiddStudio.metainfo.xml",
        "usr/share/icons/hicolor/256x256/apps/aidd-studio.png",
        "usr/share/icons/hicolor/scalable/apps/aidd-studio.svg",
    ):
        assert (tmp_path / place).is_file() and (tmp_path / place).stat().st_mode & 0o777 == 0o644


def test_the_package_asks_for_what_the_folder_does_not_bring(package: Path) -> None:
    fields = subprocess.run(["dpkg-deb", "-f", package, "Depends"], capture_output=True, text=True, check=True).stdout
    assert {"libegl1", "libgl1", "libxcb1", "libfontconfig1"} <= {part.strip() for part in fields.split(",")}


def test_without_an_application_folder_it_says_what_to_run_first(tmp_path: Path) -> None:
    script = ROOT / "packaging/linux/make_deb.py"
    done = subprocess.run([sys.executable, script, tmp_path, tmp_path], capture_output=True, text=True)
    assert done.returncode == 1 and "make package" in done.stderr and "Traceback" not in done.stderr
