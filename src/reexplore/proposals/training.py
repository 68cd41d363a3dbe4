"""Training a generator: epoch by epoch, each kept, so that one that was killed ends where an undisturbed one ends.

Importing this module loads torch: import it where a generator is trained.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional
from torch.nn.utils import clip_grad_norm_

from reexplore.errors import CalculationFailed, FailureCode, InputError
from reexplore.proposals.generator import Generator
from reexplore.proposals.network import StringVae
from reexplore.proposals.settings import GeneratorSettings
from reexplore.proposals.strings import PADDING, Vocabulary
from reexplore.proposals.training_set import Scales, TrainingSet

_STATE = "training.pt"
_WARM_SHARE = 1 / 3
_LAST_RATE = 0.02


def train_generator(
    given: TrainingSet,
    settings: GeneratorSettings,
    *,
    seed: int,
    path: Path,
    checkpoint: Path,
    start: Path | None = None,
) -> dict[str, Any]:
    """Train a generator, save it to `path` and return how its losses went, epoch by epoch (JSON-ready).

    Whatever epochs are in the folder `checkpoint` are not computed again. `start` is a generator to go on from: it is
    refined. Raises `InputError` where that does not know the training set's tokens or has other sizes, and
    `CalculationFailed` when the loss is no number any more.
    """
    checkpoint.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    scales = Scales.fit(given)
    if start is None:
        vocabulary = Vocabulary.of(given.strings)
        network = StringVae(len(vocabulary), len(scales.classes), len(given.properties), settings)
    else:
        vocabulary, network = _begun(start, given, settings)
    optimiser = torch.optim.Adam(network.parameters(), settings.learning_rate)
    chance = torch.Generator().manual_seed(seed)
    history: list[dict[str, float]] = []
    state = checkpoint / _STATE
    if state.is_file():
        kept = torch.load(state, weights_only=True)
        network.load_state_dict(kept["weights"])
        optimiser.load_state_dict(kept["optimiser"])
        chance.set_state(kept["chance"])
        history = kept["history"]
    data = _Batches(given, vocabulary, scales, settings.batch, seed)
    network.train()
    for epoch in range(len(history), settings.epochs):
        history.append(_epoch(network, optimiser, data, settings=settings, epoch=epoch, chance=chance))
        _keep(
            state,
            {
                "weights": network.state_dict(),
                "optimiser": optimiser.state_dict(),
                "chance": chance.get_state(),
                "history": history,
            },
        )
    Generator(network.eval(), settings, vocabulary, scales, given.properties).save(path)
    return {"epochs": len(history), "history": history, "strings": len(given.strings), "tokens": len(vocabulary.tokens)}


def _begun(start: Path, given: TrainingSet, settings: GeneratorSettings) -> tuple[Vocabulary, StringVae]:
    """Return tokens and network of a generator that is refined on a training set."""
    before = Generator.load(start)
    sizes = (settings.hidden, settings.latent, settings.embedding)
    if sizes != (before.settings.hidden, before.settings.latent, before.settings.embedding):
        raise InputError(f"the generator {start} has other sizes than its refinement: train a new one")
    if given.properties != before.properties:
        raise InputError(f"the generator {start} says other properties than the training set has: train a new one")
    return before.vocabulary, before.network


def _keep(path: Path, state: dict[str, Any]) -> None:
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


class _Batches:
    """The training set as tensors, in batches of about equal length."""

    def __init__(self, given: TrainingSet, vocabulary: Vocabulary, scales: Scales, size: int, seed: int) -> None:
        self._rows = torch.as_tensor(vocabulary.numbers(given.strings))
        self._lengths = (self._rows != PADDING).sum(1).numpy()
        self._classes = torch.as_tensor([scales.classes.index(name) for name in given.classes])
        self._wanted = torch.as_tensor(scales.scaled(given), dtype=torch.float32)
        self._size, self._seed = size, seed
        self.count = math.ceil(len(self._rows) / size)

    def of(self, epoch: int) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        """Yield token numbers, classes and properties of each batch, in an order that the epoch decides."""
        random = np.random.default_rng([self._seed, epoch])
        order = np.argsort(self._lengths + 3 * random.random(len(self._lengths)), kind="stable")
        parts: list[NDArray[np.intp]] = [order[k : k + self._size] for k in range(0, len(order), self._size)]
        for number in random.permutation(len(parts)):
            chosen = torch.as_tensor(parts[number])
            longest = int(self._lengths[parts[number]].max())
            yield self._rows[chosen, :longest], self._classes[chosen], self._wanted[chosen]


def _epoch(
    network: StringVae,
    optimiser: torch.optim.Optimizer,
    data: _Batches,
    *,
    settings: GeneratorSettings,
    epoch: int,
    chance: torch.Generator,
) -> dict[str, float]:
    """Go once through the training set and return the mean of each part of the loss."""
    told: dict[str, list[float]] = {"reconstruction": [], "divergence": [], "properties": []}
    for number, (rows, classes, wanted) in enumerate(data.of(epoch)):
        progress = (epoch + number / data.count) / settings.epochs
        for group in optimiser.param_groups:
            cosine = 0.5 * (1 + math.cos(math.pi * progress))
            group["lr"] = settings.learning_rate * (_LAST_RATE + (1 - _LAST_RATE) * cosine)
        mean, log_variance = network.encode(rows)
        noise = torch.randn(mean.shape, generator=chance)
        z = mean + noise * torch.exp(0.5 * log_variance)
        shown = (torch.rand(rows[:, :-1].shape, generator=chance) >= network.dropout).to(z.dtype)
        logits = network.decode(z, rows[:, :-1], shown)
        reconstruction = functional.cross_entropy(
            logits.flatten(0, 1), rows[:, 1:].flatten(), ignore_index=PADDING, reduction="sum"
        ) / len(rows)
        divergence = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(1).mean()
        properties = _of_properties(network.said(z, classes), wanted)
        weight = settings.divergence * min(1.0, progress / _WARM_SHARE)
        loss = reconstruction + weight * divergence + settings.properties * properties
        if not torch.isfinite(loss):
            raise CalculationFailed(FailureCode.NOT_CONVERGED, "training", "the loss is not a number", epoch=epoch)
        optimiser.zero_grad()
        loss.backward()
        clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        for name, part in (("reconstruction", reconstruction), ("divergence", divergence), ("properties", properties)):
            told[name].append(float(part.detach()))
    return {name: float(np.mean(values)) for name, values in told.items()}


def _of_properties(said: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Return the mean squared error of what is known; zero where nothing is."""
    known = ~torch.isnan(wanted)
    if not known.any():
        return said.sum() * 0.0
    return ((said - wanted.nan_to_num())[known] ** 2).mean()
