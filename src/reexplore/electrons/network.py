"""Neural spin-charge equilibration: a network that knows how many electrons of either spin a molecule has.

After R. Zubatyuk, J. S. Smith, B. T. Nebgen, S. Tretiak, O. Isayev, Nat. Commun. 2021, 12, 4870 (AIMNet-NSE): learned
feature vectors of the elements, environments of Bessel functions, three passes of one set of weights, and after each
pass charges of both spins that sum to those of the molecule. Importing this module loads torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from reexplore.errors import InputError
from reexplore.structures.structure import Structure

#: Elements in the order of their feature vectors; those of the library.
ELEMENTS = ("H", "C", "N", "O", "F", "P", "S", "Cl")
#: Charges and multiplicities that labels were made of.
CHARGES, MULTIPLICITIES = (-1, 0, 1), (1, 2)


@dataclass(frozen=True)
class NetworkSettings:
    """Size of one network: `features` of an atom, of which `seen` are what its neighbours see of it."""

    features: int = 16
    seen: int = 6
    bessels: int = 8
    cutoff_angstrom: float = 5.0
    hidden: tuple[int, int] = (48, 32)
    passes: int = 3

    def declaration(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self) | {"hidden": list(self.hidden)}

    @classmethod
    def of(cls, declared: Mapping[str, Any]) -> Self:
        """Read it from a weights file."""
        return cls(**{**declared, "hidden": tuple(declared["hidden"])})


class Batch(NamedTuple):
    """Molecules side by side, padded to the largest: M molecules, A atoms.

    `elements` (M, A) are places in `ELEMENTS`, −1 where there is no atom; `positions` (M, A, 3) in Å; `totals` (M, 2)
    the charge that electrons of spin up and down leave, (Q − unpaired) / 2 and (Q + unpaired) / 2.
    """

    elements: torch.Tensor
    positions: torch.Tensor
    totals: torch.Tensor

    @classmethod
    def of(cls, structures: Sequence[Structure], charges: Sequence[int], multiplicities: Sequence[int]) -> Self:
        """Return the batch of molecules in their states.

        Raises `InputError` for an element no network has seen, a charge or multiplicity beyond what was learned from,
        and a multiplicity that does not fit the electrons.
        """
        for structure, charge, multiplicity in zip(structures, charges, multiplicities, strict=True):
            require_known(structure, charge, multiplicity)
        most = max(map(len, structures))
        elements = torch.full((len(structures), most), -1, dtype=torch.long)
        positions = torch.zeros(len(structures), most, 3)
        for row, structure in enumerate(structures):
            elements[row, : len(structure)] = torch.tensor([ELEMENTS.index(symbol) for symbol in structure.symbols])
            positions[row, : len(structure)] = torch.tensor(structure.positions_angstrom, dtype=torch.float32)
        unpaired = np.array(multiplicities) - 1
        totals = 0.5 * np.stack([np.array(charges) - unpaired, np.array(charges) + unpaired], axis=1)
        return cls(elements, positions, torch.tensor(totals, dtype=torch.float32))

    def to(self, device: torch.device, dtype: torch.dtype = torch.float32) -> Batch:
        """Return the batch on a device, its numbers in a precision."""
        return Batch(self.elements.to(device), self.positions.to(device, dtype), self.totals.to(device, dtype))


class Passed(NamedTuple):
    """What one pass ends with: energies (M,) in eV, and charges of either spin (M, A, 2) in e."""

    energies: torch.Tensor
    spin_charges: torch.Tensor

    @property
    def charges(self) -> torch.Tensor:
        """Return the charges of the atoms, (M, A)."""
        return self.spin_charges.sum(-1)

    @property
    def spins(self) -> torch.Tensor:
        """Return how many electrons of spin up an atom has more than of spin down, (M, A)."""
        return self.spin_charges[..., 1] - self.spin_charges[..., 0]


def require_known(structure: Structure, charge: int, multiplicity: int) -> None:
    """Raise `InputError` for what no network was shown, and for a spin that does not fit."""
    from ase.data import atomic_numbers

    if unknown := sorted(set(structure.symbols) - set(ELEMENTS)):
        raise InputError(f"the network has never seen {', '.join(unknown)}: it knows molecules of {' '.join(ELEMENTS)}")
    if charge not in CHARGES:
        raise InputError(f"the charge {charge:+d} is beyond what the network learned from: -1, 0 and +1")
    electrons = sum(atomic_numbers[symbol] for symbol in structure.symbols) - charge
    if multiplicity < 1 or (electrons - multiplicity) % 2 == 0:
        fits = 2 if electrons % 2 else 1
        raise InputError(f"{electrons} electrons have no multiplicity of {multiplicity}: take {fits}")
    if multiplicity not in MULTIPLICITIES:
        raise InputError(f"the multiplicity {multiplicity} is beyond what the network learned from: 1 and 2")


class SpinChargeNetwork(nn.Module):
    """Molecules with their charge and multiplicity, to an energy and to charges of both spins after every pass."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        self.element = nn.Embedding(len(ELEMENTS), settings.features)
        self.shown = nn.Linear(settings.features, settings.seen, bias=False)
        # Scalars and lengths of vectors, of the features seen and of both spins' charges.
        environment = 2 * settings.bessels * (settings.seen + 2)
        first, second = settings.hidden
        self.update = nn.Sequential(
            nn.Linear(settings.features + 2 + environment, first),
            nn.SiLU(),
            nn.Linear(first, second),
            nn.SiLU(),
            nn.Linear(second, settings.features + 4),
        )
        # Of the states' energies only the differences are learned: what an element has of its own drops out of them.
        self.energy = nn.Sequential(nn.Linear(settings.features + 2, second), nn.SiLU(), nn.Linear(second, 1))

    def forward(self, batch: Batch) -> list[Passed]:
        """Return what each pass ends with."""
        present = batch.elements >= 0
        radial, towards = self._neighbours(batch, present)
        features = self.element(batch.elements.clamp(min=0))
        charges = torch.zeros(*present.shape, 2, dtype=features.dtype, device=features.device)
        passes = []
        for _ in range(self.settings.passes):
            seen = torch.cat([self.shown(features), charges], -1)
            around = torch.bmm(radial, seen).view(*present.shape, -1)
            vectors = torch.bmm(towards, seen).view(*present.shape, 3, -1)
            lengths = (vectors.square().sum(2) + 1e-6).sqrt()
            found = self.update(torch.cat([features, charges, around, lengths], -1))
            features = features + found[..., :-4]
            charges = equilibrated(found[..., -4:-2], found[..., -2:], batch.totals, present)
            of_atom = self.energy(torch.cat([features, charges], -1))
            passes.append(Passed((of_atom[..., 0] * present).sum(-1), charges))
        return passes

    def _neighbours(self, batch: Batch, present: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return Bessel functions of distances, (M, A bessels, A), and these times unit vectors, (M, 3 A bessels, A).

        Both are laid out so that one matrix product with what atoms show gathers the environments of all.
        """
        cutoff = self.settings.cutoff_angstrom
        apart = batch.positions[:, None, :, :] - batch.positions[:, :, None, :]
        pairs = present[:, :, None] & present[:, None, :]
        pairs = pairs & ~torch.eye(present.shape[1], dtype=torch.bool, device=present.device)
        squared = torch.where(pairs, apart.square().sum(-1), torch.ones_like(apart[..., 0]))
        distance = squared.sqrt()
        within = torch.where(pairs & (distance < cutoff), 0.5 * (1 + torch.cos(torch.pi * distance / cutoff)), 0.0)
        waves = torch.arange(1, self.settings.bessels + 1, device=distance.device) * (torch.pi / cutoff)
        radial = torch.sin(distance[:, :, None] * waves[:, None]) * (within / distance)[:, :, None]
        direction = (apart / distance[..., None]).movedim(-1, 2)
        towards = direction[:, :, :, None] * radial[:, :, None]
        return radial.flatten(1, 2), towards.flatten(1, 3)


def equilibrated(
    charges: torch.Tensor, weights: torch.Tensor, totals: torch.Tensor, present: torch.Tensor
) -> torch.Tensor:
    """Return charges of both spins, (M, A, 2), that sum to the molecule's: q_i = q̄_i + f_i (Q − Σ q̄).

    The `weights` f are made positive and sum to one. A closed shell has the same charges of both spins.
    """
    closed = (totals[:, 0] == totals[:, 1])[:, None, None]
    charges, weights = (torch.where(closed, x.mean(-1, keepdim=True).expand_as(x), x) for x in (charges, weights))
    mask = present[..., None]
    charges = charges * mask
    shares = functional.softplus(weights) * mask
    shares = shares / shares.sum(1, keepdim=True)
    return charges + shares * (totals - charges.sum(1))[:, None, :]
