"""`aidd-studio models`: list, download, import and verify models."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from aidd_studio.cli.console import errors_as_sentences, hint, progress_bar, say, say_json

if TYPE_CHECKING:
    from aidd_studio.weights.registry import ModelEntry
    from aidd_studio.weights.store import InstalledModel

# ruff: noqa: UP045 - typer reads the annotations at run time

models_app = typer.Typer(name="models", help="Models: list, download, import, verify.", no_args_is_help=True)

Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="A model's name, as `aidd-studio models list` shows it.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@models_app.command("list")
def list_command(as_json: AsJson = False) -> None:
    """List installed models and those available for download."""
    with errors_as_sentences(as_json):
        from aidd_studio.weights.registry import read_registry
        from aidd_studio.weights.store import installed_models

        here = {model.name: model for model in installed_models()}
        entries = {entry.name: entry for entry in read_registry().models}
        rows = [_row(name, here.get(name), entries.get(name)) for name in {**here, **entries}]
        if as_json:
            say_json({"models": rows})
            return
        for row in rows:
            size = f"{row['size'] / 1e6:.0f} MB" if row["size"] else ""
            say(
                f"{row['name']:<36} {row['kind']:<10} {row['state']:<14} {size:>8}  {row['licence']:<10} {row['title']}"
            )


@models_app.command("show")
def show_command(name: Name, as_json: AsJson = False) -> None:
    """Show a model's origin, licence, size, hashes and recommended settings."""
    with errors_as_sentences(as_json):
        from aidd_studio.errors import ModelNotInstalled
        from aidd_studio.weights.registry import read_registry
        from aidd_studio.weights.store import find_installed

        entry = read_registry().find(name)
        try:
            model = find_installed(name)
        except ModelNotInstalled:
            if entry is None:
                raise
            model = None
        facts = _row(name, model, entry) | _facts(model, entry)
        if as_json:
            say_json(facts)
            return
        for key, value in facts.items():
            if value not in (None, "", [], {}):
                say(f"{key:<12} {_as_text(value)}")


@models_app.command("download")
def download_command(
    name: Name,
    source: Annotated[
        Optional[str],
        typer.Option("--from", metavar="DIR|URL", help="Get the files from a folder or another server."),
    ] = None,
    repin: Annotated[
        bool, typer.Option("--repin", help="Accept a version other than the one downloaded first.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Download, verify and install a model; an interrupted download is resumed."""
    with errors_as_sentences(as_json, "Stopped; the same command resumes the download."):
        from aidd_studio.weights import pins
        from aidd_studio.weights.obtaining import obtain

        if repin:
            pins.unpin(name)
        with progress_bar(f"Getting {name}") as progress:
            obtained = obtain(name, source, progress)
        for file in obtained.pinned:
            hint(f"The registry has no hash of {file.path.name}; from now on it must be {file.sha256} on this machine.")
        _installed(obtained.model, as_json)


@models_app.command("import")
def import_command(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="A .ckpt, .pth (with its config.yaml) or .safetensors file.")
    ],
    name: Annotated[Optional[str], typer.Option(help="The model's name; needed for files of your own.")] = None,
    tokenizer: Annotated[Optional[str], typer.Option(help="The tokenizer of a score model.")] = None,
    as_json: AsJson = False,
) -> None:
    """Install a model from files as published; no code in them is run."""
    with errors_as_sentences(as_json):
        from aidd_studio.weights.importing import import_model

        with progress_bar(f"Importing {files[0].name}") as progress:
            model = import_model(files, name, tokenizer, progress)
        _installed(model, as_json)


@models_app.command("verify")
def verify_command(
    names: Annotated[Optional[list[str]], typer.Argument(metavar="NAME", help="All, if none is named.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check every byte of the installed models against their hashes."""
    with errors_as_sentences(as_json):
        from aidd_studio.errors import ModelError
        from aidd_studio.weights.store import known_names, verify

        wrong: dict[str, str | None] = {}
        with progress_bar("Checking") as progress:
            for name in names or known_names():
                try:
                    verify(name, progress)
                    wrong[name] = None
                except ModelError as error:
                    wrong[name] = str(error)
        if as_json:
            say_json({"models": [{"name": name, "fine": why is None, "problem": why} for name, why in wrong.items()]})
        else:
            for name, why in wrong.items():
                say(f"{name:<36} {'fine' if why is None else why}")
        if any(wrong.values()):
            raise typer.Exit(1)


@models_app.command("remove")
def remove_command(name: Name, as_json: AsJson = False) -> None:
    """Delete an installed model."""
    with errors_as_sentences(as_json):
        from aidd_studio.weights.store import remove

        remove(name)
        say_json({"removed": name}) if as_json else say(f"{name} was removed.")


@models_app.command("path")
def path_command(
    name: Annotated[
        Optional[str], typer.Argument(metavar="NAME", help="A model; by default the folder of all models.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the path of a model, or of the models folder."""
    with errors_as_sentences(as_json):
        from aidd_studio.weights.store import find_installed, models_folder

        path = find_installed(name).path if name else models_folder()
        say_json({"path": str(path)}) if as_json else say(str(path))


@models_app.command("check-pair")
def check_pair_command(
    score: Annotated[str, typer.Argument(metavar="SCORE", help="A score model.", show_default=False)],
    audio: Annotated[
        Optional[list[Path]], typer.Argument(metavar="AUDIO", help="Recordings of music; the demo, if none.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed masks the same tokens.")] = 0,
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N.")] = "cpu",
    use: Annotated[bool, typer.Option("--use", help="Pair the score model with the most likely tokenizer")] = False,
    as_json: AsJson = False,
) -> None:
    """Find the tokenizer of a score model by the likelihood of real tokens from each one."""
    with errors_as_sentences(as_json):
        import math

        from aidd_studio.weights.check_pair import check_pair
        from aidd_studio.weights.store import find_installed, pair_with

        with progress_bar("Comparing") as progress:
            fits = check_pair(score, audio or [], seed, device, progress)
        if use:
            pair_with(score, fits[0].tokenizer)
        paired = find_installed(score).record.tokenizer
        if as_json:
            say_json({"score": score, "paired_with": paired, "tokenizers": [asdict(fit) for fit in fits]})
            return
        for rank, fit in enumerate(fits, 1):
            mark = "  <- paired" if fit.tokenizer == paired else ""
            say(f"{rank}. {fit.tokenizer:<36} {fit.nats:.3f} ± {fit.error:.3f} nats per hidden token{mark}")
        hint(f"Chance is {math.log(4096):.2f} nats for 4096 codes; a tokenizer near it is the wrong one.")
        if paired != fits[0].tokenizer:
            hint("Pair the model with the first one by adding --use.")


def _row(name: str, model: InstalledModel | None, entry: ModelEntry | None) -> dict[str, Any]:
    known: Any = model.record if model is not None else entry
    state = "not installed" if model is None else "bundled" if model.bundled else "installed"
    if model is None and entry is not None and entry.bundled:
        state = "missing"
    return {
        "name": name,
        "kind": known.kind,
        "title": known.title,
        "version": known.version,
        "state": state,
        "licence": known.licence,
        "size": known.size,
        "source": known.source,
        "tokenizer": known.tokenizer,
    }


def _facts(model: InstalledModel | None, entry: ModelEntry | None) -> dict[str, Any]:
    known: Any = model.record if model is not None else entry
    return {
        "path": str(model.path) if model is not None else None,
        "sha256": model.record.sha256 if model is not None else None,
        "note": known.note,
        "defaults": dict(known.defaults),
        "config": dict(known.config),
        "details": dict(model.record.details) if model is not None else {},
        "origins": [asdict(origin) for origin in model.record.origins] if model is not None else [],
        "files": [asdict(file) for file in entry.files] if entry is not None else [],
    }


def _as_text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} = {item}" for key, item in value.items() if item not in (None, "", (), []))
    if isinstance(value, list):
        return "; ".join(_as_text(item) for item in value)
    return str(value)


def _installed(model: InstalledModel, as_json: bool) -> None:
    if as_json:
        record = model.record
        say_json({"name": record.name, "path": str(model.path), "size": record.size, "sha256": record.sha256})
        return
    say(f"{model.name} is installed ({model.record.size / 1e6:.0f} MB, sha256 {model.record.sha256[:16]}…).")
