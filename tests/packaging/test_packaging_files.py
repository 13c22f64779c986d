"""What desktops read about the program is well formed and agrees with it."""

from __future__ import annotations

import configparser
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aidd_studio import __version__

ROOT = Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"


def test_every_place_gives_the_same_version() -> None:
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text()
    windows = (PACKAGING / "windows" / "version.txt").read_text()
    assert set(re.findall(r"Version\", \"([\d.]+)\"", windows)) == {__version__}
    numbers = ", ".join([*__version__.split("."), "0"])
    assert windows.count(f"({numbers})") == 2
    metadata = ElementTree.parse(PACKAGING / "linux" / "studio.aidd.AiddStudio.metainfo.xml")
    release = metadata.find("releases/release")
    assert release is not None and release.attrib["version"] == __version__


def test_the_desktop_entry_names_the_program_its_icon_and_its_file_type(monkeypatch: pytest.MonkeyPatch) -> None:
    parser = configparser.ConfigParser(interpolation=None)
    monkeypatch.setattr(parser, "optionxform", str)  # keys keep their case
    parser.read(PACKAGING / "linux" / "aidd-studio.desktop")
    entry = parser["Desktop Entry"]
    assert entry["Exec"].split()[0] == entry["Icon"] == "aidd-studio"
    types = ElementTree.parse(PACKAGING / "linux" / "aidd-studio-mime.xml").getroot()
    assert types[0].attrib["type"] in entry["MimeType"].split(";")
    metadata = ElementTree.parse(PACKAGING / "linux" / "studio.aidd.AiddStudio.metainfo.xml")
    assert metadata.findtext("launchable") == "aidd-studio.desktop"


@pytest.mark.parametrize("name, sizes", [("ico", {16, 24, 32, 48, 64, 256}), ("icns", {32, 64, 128, 256, 512, 1024})])
def test_icons_hold_every_size_their_system_asks_for(name: str, sizes: set[int]) -> None:
    with Image.open(PACKAGING / "icons" / f"aidd-studio.{name}") as image:
        held = {size[0] * (size[2] if len(size) == 3 else 1) for size in image.info["sizes"]}
    assert sizes <= held


@pytest.mark.parametrize("size", [16, 32, 48, 64, 128, 256, 512])
def test_pictures_have_the_size_of_their_name_and_clear_corners(size: int) -> None:
    with Image.open(PACKAGING / "icons" / f"aidd-studio-{size}.png") as image:
        assert image.size == (size, size)
        opacity = np.asarray(image)[..., 3]
    assert opacity[0, 0] == 0 and opacity[size // 2, size // 2] > 200
