"""The registry is data, read strictly."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from aidd_studio import paths
from aidd_studio.errors import ModelError, UsageError
from aidd_studio.weights.registry import parse_registry, read_registry


def entry(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "name": "a-model",
        "kind": "tokenizer",
        "title": "A model",
        "version": "1",
        "licence": "MIT",
        "source": "https://example.org",
        "format": "wavtokenizer",
        "file": [remote()],
    } | changes
    return {key: value for key, value in values.items() if value is not None}


def remote(**changes: Any) -> dict[str, Any]:
    return {"name": "a.ckpt", "url": "https://example.org/a.ckpt", "size": 3, "sha256": "0" * 64} | changes


def test_the_programs_own_registry_is_valid_and_complete() -> None:
    registry = read_registry()
    names = {model.name for model in registry.models}
    assert {"aidd-studio-tokenizer", "aidd-studio-score", "aidd-musicnet", "aidd-maestro"} <= names
    assert {f"wavtokenizer-medium-{kind}-v{n}" for kind in ("music-audio", "speech") for n in (1, 2)} <= names
    assert registry.get("aidd-musicnet").tokenizer == "wavtokenizer-medium-music-audio-v1"
    assert registry.get("wavtokenizer-medium-speech-v1").files[0].sha256.startswith("821884472b77b65f")
    assert registry.get("wavtokenizer-medium-speech-v2").files[0].sha256.startswith("633cc3b5b4b00831")


def test_every_unknown_hash_and_every_unconfirmed_address_is_admitted() -> None:
    for model in read_registry().models:
        assert model.note or all(file.sha256 for file in model.files), model.name


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="aidd-musicnet"):
        read_registry().get("aidd-musicnett")


def test_unknown_size_and_hash_are_none_and_empty() -> None:
    model = parse_registry({"schema": 1, "model": [entry(file=[remote(size=0, sha256="")])]}).models[0]
    assert model.files[0].size is None and model.files[0].sha256 == "" and model.size is None


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (entry(name="../up"), "name"),
        (entry(name="a..b"), "name"),
        (entry(name="UP"), "name"),
        (entry(kind="virus"), "kind"),
        (entry(format="pickle"), "format"),
        (entry(licence=None), "licence"),
        (entry(title=3), "title"),
        (entry(surprise=1), "surprise"),
        (entry(file=[]), "file"),
        (entry(bundled=True), "file"),
        (entry(file=[remote(), remote()]), "same name"),
        (entry(tokenizer="x"), "tokenizer"),
        (entry(kind="score"), "tokenizer"),
        (entry(file=[remote(name="../../etc/passwd")]), "file name"),
        (entry(file=[remote(name="/etc/passwd")]), "file name"),
        (entry(file=[remote(name="..")]), "file name"),
        (entry(file=[remote(name="a\\b")]), "file name"),
        (entry(file=[remote(url="http://example.org/a")]), "https"),
        (entry(file=[remote(url="file:///etc/passwd")]), "https"),
        (entry(file=[remote(url="https://user:word@example.org/a")]), "https"),
        (entry(file=[remote(url="https://example.org]/a")]), "https"),  # found by fuzzing
        (entry(file=[remote(url="https://example.org:99999/a")]), "https"),
        (entry(file=[remote(size=-1)]), "negative"),
        (entry(file=[remote(size=True)]), "size"),
        (entry(file=[remote(sha256="abc")]), "hexadecimal"),
    ],
)
def test_a_slip_in_the_registry_is_named(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ModelError, match=says):
        parse_registry({"schema": 1, "model": [wrong]})


def test_a_name_given_twice_is_named() -> None:
    with pytest.raises(ModelError, match="a-model twice"):
        parse_registry({"schema": 1, "model": [entry(), entry()]})


def test_a_tokenizer_that_is_none_is_named() -> None:
    score = entry(name="b", kind="score", tokenizer="c", format="aidd")
    with pytest.raises(ModelError, match="which is none"):
        parse_registry({"schema": 1, "model": [score, score | {"name": "c", "tokenizer": "b"}]})


@pytest.mark.parametrize("text", ["schema = 2", "", "schema = 1\nsurprise = 2", "[[[", "schema = 1\nmodel = [3]"])
def test_a_broken_registry_file_is_said_to_be_broken(tmp_path: Path, text: str) -> None:
    path = tmp_path / "models.toml"
    path.write_text(text)
    with pytest.raises(ModelError):
        read_registry(path)


def test_the_registry_file_holds_plain_values_only() -> None:
    assert tomllib.loads(paths.registry_file().read_text(encoding="utf-8"))["schema"] == 1
