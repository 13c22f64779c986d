"""Make a Debian package of the application folder: `python packaging/linux/make_deb.py FOLDER OUT`.

The folder goes to /opt/aidd-studio, a link to it into /usr/bin; desktop entry, file type, metadata and icons go where
desktops look for them. Needs dpkg-deb, no root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent

DEPENDS = (
    "libc6 (>= 2.36)",
    "libegl1",
    "libgl1",
    "libopengl0",
    "libfontconfig1",
    "libx11-6",
    "libxcb1",
    "libdbus-1-3",
    "libasound2 | libasound2t64",
    "zlib1g",
)
"""What the folder does not bring along: the C library, graphics drivers, fonts, the display, the sound system."""

CONTROL = """Package: aidd-studio
Version: {version}
Section: sound
Priority: optional
Architecture: {architecture}
Maintainer: AIDD Studio <aidd-studio@localhost>
Installed-Size: {kibibytes}
Depends: {depends}
Recommends: xdg-desktop-portal
Description: Fill holes in recordings
 AIDD Studio finds dropouts in recordings and fills them: short ones by signal models, long ones by a token diffusion
 model. A window, a command line and a batch for whole folders; everything outside the gaps stays as it was.
"""

PLACES = (
    (HERE / "aidd-studio.desktop", "usr/share/applications/aidd-studio.desktop"),
    (HERE / "aidd-studio-mime.xml", "usr/share/mime/packages/aidd-studio.xml"),
    (HERE / "studio.aidd.AiddStudio.metainfo.xml", "usr/share/metainfo/studio.aidd.AiddStudio.metainfo.xml"),
    (ROOT / "LICENSE", "usr/share/doc/aidd-studio/copyright"),
    (ROOT / "resources/icons/aidd-studio.svg", "usr/share/icons/hicolor/scalable/apps/aidd-studio.svg"),
    *(
        (
            ROOT / f"packaging/icons/aidd-studio-{size}.png",
            f"usr/share/icons/hicolor/{size}x{size}/apps/aidd-studio.png",
        )
        for size in (16, 32, 48, 64, 128, 256, 512)
    ),
)


def main(folder: Path, out: Path) -> Path:
    """The package that was made."""
    if not (folder / "aidd-studio").is_file():
        raise SystemExit(f"There is no application in {folder}; run `make package` first.")
    version = _version()
    architecture = _output("dpkg", "--print-architecture")
    out.mkdir(parents=True, exist_ok=True)
    package = out / f"aidd-studio_{version}_{architecture}.deb"
    with tempfile.TemporaryDirectory(dir=out) as temporary:
        tree = Path(temporary) / "tree"
        _fill(tree, folder)
        kibibytes = sum(path.lstat().st_size for path in tree.rglob("*") if path.is_file()) // 1024
        _write_control(tree, version, architecture, kibibytes)
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z9", "--build", str(tree), str(package)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    print(f"{package}: {package.stat().st_size / 1e6:.0f} MB, {kibibytes / 1024:.0f} MiB installed")
    return package


def _fill(tree: Path, folder: Path) -> None:
    tree.mkdir(mode=0o755)
    (tree / "opt").mkdir()
    # Hard links where both lie on one disk: the folder is large and only read.
    shutil.copytree(folder, tree / "opt" / "aidd-studio", symlinks=True, copy_function=_link_or_copy)
    link = tree / "usr" / "bin" / "aidd-studio"
    link.parent.mkdir(parents=True)
    link.symlink_to("../../opt/aidd-studio/aidd-studio")
    for source, place in PLACES:
        target = tree / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        target.chmod(0o644)


def _write_control(tree: Path, version: str, architecture: str, kibibytes: int) -> None:
    control = tree / "DEBIAN" / "control"
    control.parent.mkdir(mode=0o755)
    control.write_text(
        CONTROL.format(version=version, architecture=architecture, kibibytes=kibibytes, depends=", ".join(DEPENDS))
    )


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _version() -> str:
    text = (ROOT / "aidd_studio" / "__init__.py").read_text(encoding="utf-8")
    return next(line.split('"')[1] for line in text.splitlines() if line.startswith("__version__ ="))


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
