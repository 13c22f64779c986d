"""From a recipe to a training run: build the model, give it its start, train it, export it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from aidd_studio.diffusion.score_model import ScoreModel, ScoreModelConfig
from aidd_studio.errors import ModelError, UsageError
from aidd_studio.tokenizer.config import SEANetConfig, SpectralEncoderConfig, TokenizerConfig
from aidd_studio.tokenizer.model import WavTokenizer
from aidd_studio.tokenizer.refiner import Refiner, RefinerConfig
from aidd_studio.training.corpora.segments import Segments
from aidd_studio.training.corpora.tokens import load_tokens
from aidd_studio.training.devices import Devices, find_devices
from aidd_studio.training.loop import Loop, Task
from aidd_studio.training.recipe import Recipe, build
from aidd_studio.training.tasks.refiner_task import ContextSettings, RefinerTask
from aidd_studio.training.tasks.score_task import ScoreSettings, ScoreTask
from aidd_studio.training.tasks.tokenizer_task import TokenizerSettings, TokenizerTask

KINDS = ("tokenizer", "score", "refiner")


def train(recipe: Recipe, kind: str, say: Callable[[str], None] = print) -> bool:
    """Run a recipe of the wanted kind to its end; False when it was stopped before. Raises UsageError."""
    loop = open_run(recipe, kind)
    return loop.run(say if loop.devices.is_main else _silent)


def open_run(recipe: Recipe, kind: str) -> Loop:
    """The loop of a recipe, ready to run or to be exported; a checkpoint is not read yet."""
    if recipe.text("kind") != kind:
        raise UsageError(f"{recipe.path.name} is no recipe for a {kind}: it says kind = {recipe.text('kind')!r}.")
    devices = find_devices(recipe.text("device", "auto"), bool(recipe.tables.get("half", True)))
    threads = recipe.tables.get("threads")
    if isinstance(threads, int):
        torch.set_num_threads(threads)
    torch.manual_seed(recipe.loop.seed)
    make: dict[str, Callable[[Recipe, Devices], Task]] = {"tokenizer": _tokenizer, "score": _score, "refiner": _refiner}
    task = make[kind](recipe, devices)
    return Loop(task, recipe.loop, recipe.folder("run"), devices)


def _tokenizer(recipe: Recipe, devices: Devices) -> Task:
    model = WavTokenizer(tokenizer_config(recipe.tables.get("model", {}), recipe.path.name))
    start_from(model, recipe)
    corpus = recipe.folder("corpus")
    settings = recipe.table("task", TokenizerSettings)
    task = TokenizerTask(model, settings, Segments(corpus, "train"), Segments(corpus, "held"), devices)
    if not (recipe.folder("run") / "checkpoint.pt").is_file():
        task.start()
    return task


def _score(recipe: Recipe, devices: Devices) -> Task:
    rows, codes = load_tokens(recipe.folder("tokens"), "train")
    held, _ = load_tokens(recipe.folder("tokens"), "held")
    config = build(
        ScoreModelConfig, {"tokens": codes, **recipe.tables.get("model", {})}, f"[model] of {recipe.path.name}"
    )
    model = ScoreModel(config)
    named = recipe.text("tokenizer")
    if named and config.embedding_dim is not None:
        model.set_codebook(_named_tokenizer(named).quantizer.embed)
    start_from(model, recipe)
    return ScoreTask(model, recipe.table("task", ScoreSettings), rows, held, devices)


def _refiner(recipe: Recipe, devices: Devices) -> Task:
    named = recipe.text("tokenizer")
    from aidd_studio.weights.loading import load_score_model

    tokenizer = _named_tokenizer(named) if named else None
    model = Refiner(recipe.table("model", RefinerConfig))
    start_from(model, recipe)
    score = load_score_model(recipe.text("score")).model if recipe.text("score") else None
    settings = recipe.table("task", ContextSettings)
    return RefinerTask(model, tokenizer, settings, recipe.folder("examples"), devices, score)


def tokenizer_config(values: Mapping[str, Any], name: str) -> TokenizerConfig:
    """A tokenizer's configuration from a recipe's [model] table and its [model.encoder]."""
    plain = {key: value for key, value in values.items() if key != "encoder"}
    encoder = dict(values.get("encoder", {}))
    kind = encoder.pop("kind", "seanet")
    where = f"[model.encoder] of {name}"
    if kind == "seanet":
        chosen: SEANetConfig | SpectralEncoderConfig = build(SEANetConfig, encoder, where)
    elif kind == "spectral":
        chosen = build(SpectralEncoderConfig, encoder, where)
    else:
        raise UsageError(f'The encoder\'s kind in {name} must be "seanet" or "spectral", not {kind!r}.')
    return replace(build(TokenizerConfig, plain, f"[model] of {name}"), encoder=chosen)


def start_from(model: nn.Module, recipe: Recipe) -> None:
    """Give a model the weights that the recipe's `init_from` names: an installed model, or another run's folder."""
    named = recipe.text("init_from")
    if not named:
        return
    folder = (recipe.path.parent / Path(named).expanduser()).resolve()
    tensors = averaged_weights(folder, model) if folder.is_dir() else _installed_weights(named)
    try:
        model.load_state_dict({**model.state_dict(), **tensors})
    except RuntimeError as error:
        raise ModelError(f"{named} has other sizes than the recipe's model; init_from needs the same ones.") from error


def averaged_weights(folder: Path, model: nn.Module) -> dict[str, Tensor]:
    """The weights in a run's checkpoint, the moving average where there is one. The model says which are trained."""
    path = folder / "checkpoint.pt"
    if not path.is_file():
        raise UsageError(f"{folder} holds no checkpoint; train there first.")
    state = torch.load(path, map_location="cpu", weights_only=True)
    tensors: dict[str, Tensor] = state["module"]
    trained = state.get("trained") or [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    if state["average"]:
        tensors.update(zip(trained, state["average"], strict=True))
    return tensors


def _installed_weights(name: str) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    from aidd_studio.weights.store import find_installed

    tensors = {key: value.float() for key, value in load_file(find_installed(name).path).items()}
    if "quantizer.embed" in tensors and "quantizer.inited" not in tensors:  # not exported
        codebook = tensors["quantizer.embed"]
        tensors["quantizer.inited"] = torch.ones(1)
        tensors["quantizer.cluster_size"] = torch.ones(len(codebook))
        tensors["quantizer.embed_avg"] = codebook.clone()
    return tensors


def _named_tokenizer(name: str) -> WavTokenizer:
    from aidd_studio.weights.loading import load_tokenizer

    return load_tokenizer(name).model


def _silent(_: str) -> None:
    pass
