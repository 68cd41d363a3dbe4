"""Training of one network: vertical differences and spin charges of three states, resumable to the last bit.

Importing this module loads torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from reexplore.electrons.network import Batch, NetworkSettings, Passed, SpinChargeNetwork
from reexplore.electrons.states import ADDED_CHARGES, UNPAIRED
from reexplore.errors import CalculationFailed, FailureCode
from reexplore.structures.structure import Structure
from reexplore.surrogate.device import chosen_device

Array = NDArray[np.float64]

#: The loss is on as many passes from the last.
_LEARNED_PASSES = 2


@dataclass(frozen=True, eq=False)
class Example:
    """What a network is to say of a neutral molecule.

    `differences_ev` are ionisation potential and electron affinity, less what something else says of them already;
    `charges_e` and `spins_e` are of cation, molecule and anion, shape (3, atoms). What is NaN is not learned.
    """

    structure: Structure
    differences_ev: Array
    charges_e: Array
    spins_e: Array


@dataclass(frozen=True)
class TrainingSettings:
    """One stage of training; errors are counted in units of `energy_scale_ev` and `charge_scale_e`."""

    epochs: int
    batch_size: int = 32
    learning_rate: float = 3e-3
    weight_decay: float = 1e-5
    energy_scale_ev: float = 0.2
    charge_scale_e: float = 0.05


#: First the cheap level from nothing, then the difference to the dear one from there.
CHEAP = TrainingSettings(epochs=24, batch_size=16)
DEAR = TrainingSettings(epochs=50, batch_size=8, learning_rate=4e-3, weight_decay=1e-2)


class _Targets(NamedTuple):
    batch: Batch
    differences: torch.Tensor
    spin_charges: torch.Tensor


def states_of(structures: Sequence[Structure]) -> Batch:
    """Return the batch of the three states of neutral molecules, one molecule after the other."""
    count = len(structures)
    return Batch.of(
        [structure for structure in structures for _ in ADDED_CHARGES],
        list(ADDED_CHARGES) * count,
        [unpaired + 1 for unpaired in UNPAIRED] * count,
    )


def differences(energies: torch.Tensor) -> torch.Tensor:
    """Return potentials and affinities, (M, 2), from the energies of the states, (3 M,)."""
    cation, neutral, anion = energies.reshape(-1, 3).unbind(1)
    return torch.stack([cation - neutral, neutral - anion], 1)


def train(
    examples: Sequence[Example],
    *,
    settings: NetworkSettings,
    plan: TrainingSettings,
    seed: int,
    start: Mapping[str, torch.Tensor] | None = None,
    checkpoint: Path | None = None,
) -> SpinChargeNetwork:
    """Return a trained network; with `start` it begins with these weights, and its energies at zero.

    A `checkpoint` is written after each epoch, and where there is one training goes on: the result is that of a
    training that was not interrupted. Raises `CalculationFailed` when the loss is no number any more.
    """
    device = chosen_device()
    torch.manual_seed(seed)
    network = SpinChargeNetwork(settings)
    if start is not None:
        network.load_state_dict(start)
        for parameter in network.energy[-1].parameters():
            torch.nn.init.zeros_(parameter)
    network = network.to(device)
    optimiser = torch.optim.AdamW(network.parameters(), lr=plan.learning_rate, weight_decay=plan.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, plan.epochs)
    parts = {"network": network, "optimiser": optimiser, "schedule": schedule}
    done = _restored(parts, checkpoint)
    network.train()
    for epoch in range(done, plan.epochs):
        for chosen in _batches([len(each.structure) for each in examples], plan.batch_size, (seed, epoch)):
            targets = _targets([examples[i] for i in chosen], device)
            passes = network(targets.batch)[-_LEARNED_PASSES:]
            loss = torch.stack([_loss(passed, targets, plan) for passed in passes]).mean()
            if not torch.isfinite(loss):
                told = "the network's error is not a number"
                raise CalculationFailed(FailureCode.NOT_CONVERGED, "training", told, epoch=epoch)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
        schedule.step()
        _keep(parts, checkpoint, epoch + 1)
    return network.eval()


def _loss(passed: Passed, targets: _Targets, plan: TrainingSettings) -> torch.Tensor:
    energy = _mean_square(differences(passed.energies), targets.differences) / plan.energy_scale_ev**2
    return energy + _mean_square(passed.spin_charges, targets.spin_charges) / plan.charge_scale_e**2


def _mean_square(said: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Return the mean of the squared errors where it is known what is wanted."""
    known = wanted.isfinite()
    return (said[known] - wanted[known]).square().sum() / known.sum().clamp(min=1)


def _targets(examples: Sequence[Example], device: torch.device) -> _Targets:
    batch = states_of([each.structure for each in examples])
    spin_charges = torch.full((*batch.elements.shape, 2), torch.nan)
    for row, each in enumerate(examples):
        # Electrons of spin up take charge away: the charge that they leave is the smaller, the more of them there are.
        both = np.stack([each.charges_e - each.spins_e, each.charges_e + each.spins_e], axis=-1) / 2
        spin_charges[3 * row : 3 * row + 3, : both.shape[1]] = torch.tensor(both, dtype=torch.float32)
    wanted = torch.tensor(np.array([each.differences_ev for each in examples]), dtype=torch.float32)
    return _Targets(batch.to(device), wanted.to(device), spin_charges.to(device))


def _batches(sizes: Sequence[int], most: int, seed: tuple[int, int]) -> Iterator[NDArray[np.int_]]:
    """Yield the molecules of each step: those of about one size together, so that little is padded."""
    random = np.random.default_rng(seed)
    order = np.argsort(np.array(sizes) + random.normal(scale=3.0, size=len(sizes)), kind="stable")
    chunks = np.array_split(order, max(1, round(len(order) / most)))
    for number in random.permutation(len(chunks)):
        yield chunks[number]


def _restored(parts: Mapping[str, Any], checkpoint: Path | None) -> int:
    """Load what a checkpoint holds into the parts and return how many epochs are done."""
    if checkpoint is None or not checkpoint.is_file():
        return 0
    content = torch.load(checkpoint, weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(content[name])
    return int(content["epochs"])


def _keep(parts: Mapping[str, Any], checkpoint: Path | None, epochs: int) -> None:
    if checkpoint is None:
        return
    unfinished = checkpoint.with_suffix(".part")
    torch.save({"epochs": epochs} | {name: part.state_dict() for name, part in parts.items()}, unfinished)
    unfinished.replace(checkpoint)
