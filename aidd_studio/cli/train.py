"""`aidd-studio train …`: train models on your own recordings, or on rendered scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from aidd_studio.cli import console
from aidd_studio.errors import UsageError
from aidd_studio.text import plural

if TYPE_CHECKING:
    from aidd_studio.training.corpora.splits import SplitRule

train_app = typer.Typer(help="Train models on your own recordings or on rendered scores.", no_args_is_help=True)

Recipe = Annotated[Path, typer.Argument(help="The recipe (TOML); see resources/recipes.")]


@train_app.command()
def corpus(
    folder: Annotated[Path, typer.Argument(help="Where the corpus is built; a stopped build is resumed.")],
    recordings: Annotated[
        list[Path] | None, typer.Option("--recordings", help="Folder or file of recordings, any format.")
    ] = None,
    scores: Annotated[list[Path] | None, typer.Option("--scores", help="Folder of MIDI files to render.")] = None,
    soundfonts: Annotated[
        list[Path] | None, typer.Option("--soundfont", help="SoundFont to render with; those installed by default.")
    ] = None,
    pianos: Annotated[list[Path] | None, typer.Option("--piano", help="SFZ file of a sampled piano.")] = None,
    items: Annotated[int, typer.Option(min=0, help="How many items to render.")] = 0,
    seconds: Annotated[float, typer.Option(min=5, max=600, help="Length of a rendered item.")] = 60.0,
    licence: Annotated[str, typer.Option(help="Licence of the recordings, for the manifest.")] = "unknown",
    split: Annotated[str, typer.Option(help="Of recordings: hash (by file), musicnet or maestro (official).")] = "hash",
    seed: Annotated[int, typer.Option(help="The same seed renders the same corpus.")] = 0,
    processes: Annotated[int, typer.Option(min=1, help="Parallel processes.")] = 2,
) -> None:
    """Build a corpus: mono WAV at 24 kHz, split by source, with a manifest of sources and licences."""
    with console.errors_as_sentences(stopped=console.KEPT):
        if not recordings and not items:
            raise UsageError("Give recordings with --recordings, or the number of items to render with --items.")
        from aidd_studio.training.corpora.corpus import RenderPlan, build_recorded, build_rendered
        from aidd_studio.training.corpora.rendering import Sources
        from aidd_studio.training.corpora.soundfont import find_soundfonts

        found = []
        if items:
            midis = sorted(path for start in scores or [] for path in start.rglob("*.mid*"))
            if scores and not midis:
                raise UsageError(
                    f"There are no MIDI files in {', '.join(map(str, scores))}; name a folder that holds some."
                )
            fonts = tuple(soundfonts or find_soundfonts())
            plan = RenderPlan(items, seconds, seed, Sources(tuple(midis), fonts, tuple(pianos or ())))
            with console.progress_bar("rendering") as progress:
                found = build_rendered(folder, plan, processes, progress)
        if recordings:
            with console.progress_bar("converting") as progress:
                found = build_recorded(folder, recordings, licence, processes, progress, cast("SplitRule", split))
        hours = sum(item.seconds for item in found) / 3600
        console.say(f"{plural(len(found), 'file')}, {hours:.2f} hours in {folder}")


@train_app.command()
def tokenizer(recipe: Recipe) -> None:
    """Train a tokenizer, or resume its training."""
    _train(recipe, "tokenizer")


@train_app.command()
def score(recipe: Recipe) -> None:
    """Train a score model on tokens, or resume its training."""
    _train(recipe, "score")


@train_app.command()
def refiner(recipe: Recipe) -> None:
    """Train a refiner, or resume its training."""
    _train(recipe, "refiner")


def _train(path: Path, kind: str) -> None:
    with console.errors_as_sentences():
        from aidd_studio.training.recipe import read_recipe
        from aidd_studio.training.runs import train

        finished = train(read_recipe(path), kind, console.hint)
        console.say("finished" if finished else "stopped; the same command resumes from here")


@train_app.command()
def tokenize(
    corpus: Annotated[Path, typer.Argument(help="A corpus made by `aidd-studio train corpus`.")],
    folder: Annotated[Path, typer.Argument(help="Where the tokens go; a stopped run is resumed.")],
    model: Annotated[str, typer.Option("--tokenizer", help="An installed tokenizer.")] = "aidd-studio-tokenizer",
    seconds: Annotated[float, typer.Option(min=1, help="Length of a row of tokens.")] = 6.0,
    passes: Annotated[int, typer.Option(min=1, help="Time-shifted passes over each file.")] = 1,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
) -> None:
    """Turn a corpus into tokens: sharded safetensors."""
    with console.errors_as_sentences(stopped=console.KEPT):
        from aidd_studio.training.corpora.tokens import tokenize_corpus
        from aidd_studio.weights.loading import load_tokenizer

        loaded = load_tokenizer(model, device).model
        with console.progress_bar("tokenizing") as progress:
            tokenize_corpus(corpus, folder, loaded, model, seconds, passes, progress=progress)
        console.say(f"tokens of {corpus} in {folder}")


@train_app.command()
def gaps(
    corpus: Annotated[Path, typer.Argument(help="A corpus made by `aidd-studio train corpus`.")],
    folder: Annotated[Path, typer.Argument(help="Where the examples go.")],
    shards: Annotated[int, typer.Option(min=1, help="How many files for each gap length.")] = 8,
    count: Annotated[int, typer.Option(min=2, help="Examples in a file.")] = 150,
    processes: Annotated[int, typer.Option(min=1, help="Parallel processes.")] = 2,
    seed: Annotated[int, typer.Option(help="The same seed draws the same examples.")] = 100,
) -> None:
    """Make examples for the refiner: stretches with an extrapolated gap."""
    with console.errors_as_sentences(stopped=console.KEPT):
        from aidd_studio.training.corpora.gap_examples import make_examples

        make_examples(corpus, "held", folder, 1, max(2, count // 4), processes, seed)
        make_examples(corpus, "train", folder, shards, count, processes, seed)
        console.say(f"examples in {folder}")


@train_app.command()
def export(
    recipe: Recipe,
    name: Annotated[str, typer.Argument(help="Name of the model, for instance my-score-model.")],
    title: Annotated[str, typer.Option(help="Title shown to users.")] = "",
    licence: Annotated[str, typer.Option(help="Licence of the weights.")] = "unknown",
    folder: Annotated[Path | None, typer.Option(help="Where to write it; by default the user's models folder.")] = None,
) -> None:
    """Export a training run as a model that the program can use."""
    with console.errors_as_sentences():
        from aidd_studio.training.export import export_model
        from aidd_studio.training.recipe import read_recipe
        from aidd_studio.training.runs import averaged_weights, open_run
        from aidd_studio.weights.store import models_folder

        read = read_recipe(recipe)
        run = open_run(read, read.text("kind"))
        run.task.module.load_state_dict(averaged_weights(run.folder, run.task.module))
        named = read.text("tokenizer") or None
        target = folder or models_folder()
        made = export_model(run.task.module, target, name, title or name, licence=licence, tokenizer=named)
        console.say(f"{made.path} ({made.record.size / 1e6:.1f} MB)")
