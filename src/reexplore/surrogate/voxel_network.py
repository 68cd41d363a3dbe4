"""One member of the voxel ensemble: a 3D residual network on top of a linear prior, trained, saved and asked.

Importing this module loads torch: import it where a member is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from reexplore.errors import CalculationFailed, FailureCode, InputError
from reexplore.structures.screening.arrays import Complexes
from reexplore.structures.structure import Structure
from reexplore.surrogate.base import HoldOut, MemberReport
from reexplore.surrogate.device import chosen_device
from reexplore.surrogate.metal_neighbours import linear_part
from reexplore.surrogate.residual import Residual
from reexplore.surrogate.samples import Sample, composition, targets_kcal_mol
from reexplore.surrogate.settings import VoxelSettings
from reexplore.surrogate.voxels import TURNS, channels, densities, in_own_axes, random_turn, weights

Array = NDArray[np.float64]

FILE_VERSION = 1

#: What a network learns: a number by its mean absolute error, or whether something holds by the likelihood.
Learns = Literal["number", "class"]


class _Block(nn.Module):
    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv3d(before, after, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm3d(after)
        self.second = nn.Conv3d(after, after, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm3d(after)
        self.beside: nn.Module = nn.Identity()
        if stride > 1 or before != after:
            self.beside = nn.Sequential(nn.Conv3d(before, after, 1, stride, bias=False), nn.BatchNorm3d(after))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = functional.relu(self.first_norm(self.first(x)))
        return functional.relu(self.second_norm(self.second(inner)) + self.beside(x))


class VoxelNetwork(nn.Module):
    """Densities, shape (complexes, channels, points, points, points), to one number each, shape (complexes,)."""

    def __init__(self, settings: VoxelSettings) -> None:
        super().__init__()
        features = settings.features
        self.stem = nn.Sequential(
            nn.Conv3d(channels(settings), features, 3, 2, 1, bias=False), nn.BatchNorm3d(features), nn.ReLU()
        )
        blocks = []
        before = features
        for size, count in enumerate(settings.blocks):
            for number in range(count):
                after = features * 2**size
                blocks.append(_Block(before, after, 2 if number == 0 and size else 1))
                before = after
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(before, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the number of each complex."""
        found: torch.Tensor = self.head(self.blocks(self.stem(x)).mean((2, 3, 4)))[:, 0]
        return found


@dataclass(frozen=True)
class Seen:
    """One complex as the network sees it: positions in Å in its own axes, and what each atom is."""

    positions_angstrom: Array
    weights: Array

    @classmethod
    def of(cls, structure: Structure, settings: VoxelSettings) -> Seen:
        """Return a complex; raise `InputError` for an element no network knows and for an atom beyond the box."""
        found = weights(structure, settings)
        return cls(in_own_axes(structure), found)

    def turned(self, turn: Array, settings: VoxelSettings) -> torch.Tensor:
        """Return its densities after a rotation."""
        return densities(self.positions_angstrom @ turn.T, self.weights, settings)


def train_network(
    seen: Sequence[Seen], target: Array, *, settings: VoxelSettings, seed: int, learns: Learns = "number"
) -> VoxelNetwork:
    """Return a network that has learned a number of about unit variance, or a class (0 or 1), of each complex.

    Raises `CalculationFailed` when the error is no number any more.
    """
    device = chosen_device()
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    network = VoxelNetwork(settings).to(device)
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, settings.epochs)
    wanted = torch.as_tensor(target, dtype=torch.float32, device=device)
    loss = functional.l1_loss if learns == "number" else functional.binary_cross_entropy_with_logits
    network.train()
    for epoch in range(1, settings.epochs + 1):
        for chosen in _batches(random.permutation(len(seen)), settings.batch_size):
            shown = torch.stack([seen[i].turned(random_turn(random), settings) for i in chosen]).to(device)
            error = loss(network(shown), wanted[torch.as_tensor(chosen, device=device)])
            if not torch.isfinite(error):
                told = "the network's error is not a number"
                raise CalculationFailed(FailureCode.NOT_CONVERGED, "training", told, epoch=epoch)
            optimiser.zero_grad()
            error.backward()
            optimiser.step()
        schedule.step()
    return network.eval()


def _batches(order: NDArray[np.int_], size: int) -> list[NDArray[np.int_]]:
    """Return parts of about one size; none is a single complex, which has no variance to be normalised by."""
    return np.array_split(order, max(1, round(len(order) / size)))


@torch.no_grad()
def asked(network: VoxelNetwork, seen: Sequence[Seen], settings: VoxelSettings) -> Array:
    """Return what a network says of each complex in each of the fixed rotations, shape (complexes, rotations)."""
    device = next(network.parameters()).device
    found = [network(torch.stack([each.turned(t, settings) for t in TURNS]).to(device)).cpu().numpy() for each in seen]
    return np.array(found, dtype=np.float64).reshape(len(seen), len(TURNS))


@dataclass(frozen=True)
class _Member:
    """A trained network and what it was to learn."""

    settings: VoxelSettings
    residual: Residual
    network: VoxelNetwork

    def added_kcal_mol(self, seen: Sequence[Seen]) -> Array:
        """Return what it adds to the line, shape (complexes, rotations)."""
        return self.residual.added_kcal_mol(asked(self.network, seen, self.settings))

    def save(self, path: Path) -> None:
        content = {
            "version": FILE_VERSION,
            "settings": self.settings.declaration(),
            **self.residual.to_dict(),
            "weights": {name: value.cpu() for name, value in self.network.state_dict().items()},
        }
        torch.save(content, path)

    @classmethod
    def load(cls, path: Path) -> _Member:
        content = torch.load(path, weights_only=True)
        if content["version"] != FILE_VERSION:
            raise InputError(
                f"{path} is a voxel member file of version {content['version']}; this reexplore reads version"
                f" {FILE_VERSION}: train the members again"
            )
        settings = VoxelSettings.of(content["settings"])
        network = VoxelNetwork(settings)
        network.load_state_dict(content["weights"])
        return cls(settings, Residual.from_dict(content), network.to(chosen_device()).eval())


def train_member(samples: Sequence[Sample], out: HoldOut, *, settings: VoxelSettings, path: Path) -> MemberReport:
    """Train one member on what it is to see and save it to `path`.

    The network learns what a composition-linear ridge fit on the same samples leaves. Raises `InputError` for an
    element no network knows and for a complex that is larger than the box.
    """
    target, held_out = targets_kcal_mol(samples), out.is_held_out(samples)
    seen = [Seen.of(sample.geometry, settings) for sample in samples]
    inside = np.flatnonzero(~held_out)
    rows = [composition(sample) for sample in samples]
    residual = Residual.of(rows, target, inside)
    seed = int(np.random.SeedSequence([out.seed, out.member]).generate_state(1)[0])
    learned = residual.learned(rows, target)[inside]
    network = train_network([seen[i] for i in inside], learned, settings=settings, seed=seed)
    member = _Member(settings, residual, network)
    member.save(path)
    said = residual.prior.predict(rows)[:, None] + member.added_kcal_mol(seen)
    report = MemberReport.of_fit(
        samples,
        out.member,
        held_out=held_out,
        target_kcal_mol=target,
        said_kcal_mol=said.mean(axis=1),
        spread_kcal_mol=said.std(axis=1, ddof=1),
    )
    return replace(report, epochs=settings.epochs)


class SavedEnsemble:
    """The members of one ensemble, loaded once; each says one number for each fixed rotation of a complex."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._members = [_Member.load(path) for path in paths]

    def predict(self, complexes: Complexes) -> Array:
        """Return what members say in each rotation: binding energies in kcal/mol, shape (L, M, members × rotations).

        Raises `InputError` for an element no network knows and for a complex that is larger than the box.
        """
        seen = [Seen.of(structure, self._members[0].settings) for structure in complexes.structures()]
        said = [
            linear_part(member.residual.prior, complexes)[..., None]
            + member.added_kcal_mol(seen).reshape(*complexes.shape, len(TURNS))
            for member in self._members
        ]
        return np.concatenate(said, axis=-1)
