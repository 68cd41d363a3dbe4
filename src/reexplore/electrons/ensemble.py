"""The ensemble of networks that stands for PBE0: weights on file, and what it says of a molecule.

Potential and affinity are a line of what IPEA1-xTB says, and what the networks add to it; charges and spins are the
networks' alone. Importing this module loads torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from reexplore.electrons.network import NetworkSettings, SpinChargeNetwork
from reexplore.electrons.states import HARTREE_TO_EV, ThreeStates, require_neutral
from reexplore.electrons.tight_binding import tight_binding_states
from reexplore.electrons.training import differences, states_of
from reexplore.errors import InputError
from reexplore.structures.structure import Structure
from reexplore.surrogate.device import chosen_device

Array = NDArray[np.float64]

#: What torch raises for a file that holds anything but weights; nothing of it was run.
_NO_WEIGHTS: type[Exception] = torch.serialization.pickle.UnpicklingError  # type: ignore[attr-defined]

FILE_VERSION = 1
#: The weights that come with reexplore.
SHIPPED = Path(__file__).with_name("electrons-1.pt")
#: Molecules that are evaluated at once.
_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class Line:
    """Potential and affinity from those of IPEA1-xTB, in eV: `slopes` and `intercepts_ev`, each shape (2,)."""

    slopes: Array
    intercepts_ev: Array

    @classmethod
    def of(cls, ipea1_ev: Array, wanted_ev: Array) -> Line:
        """Return the line of least squares, both of shape (molecules, 2); what is NaN is left out."""
        known = np.isfinite(wanted_ev)
        fits = [np.polyfit(ipea1_ev[known[:, k], k], wanted_ev[known[:, k], k], 1) for k in range(2)]
        slopes, intercepts = np.array(fits).T
        return cls(slopes, intercepts)

    def said_ev(self, ipea1_ev: Array) -> Array:
        """Return what the line says, shape (molecules, 2)."""
        return self.slopes * ipea1_ev + self.intercepts_ev


@dataclass(frozen=True, eq=False)
class Member:
    """One trained network, and the line to which it adds."""

    line: Line
    network: SpinChargeNetwork


class Said(NamedTuple):
    """What each member says: `differences_ev`, shape (members, molecules, 2), and charges and spins of each molecule.

    These are in e, of shape (members, 3, atoms).
    """

    differences_ev: Array
    charges_e: list[Array]
    spins_e: list[Array]


@dataclass(frozen=True, eq=False)
class LearnedStates:
    """The mean of the members, energies counted from the molecule's, and the members' spread.

    `spread_ev` is the standard deviation of ionisation potential and electron affinity over the members, shape (2,).
    """

    states: ThreeStates
    spread_ev: Array


class Ensemble:
    """Some members that are asked together."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = tuple(members)

    @classmethod
    def load(cls, path: Path = SHIPPED) -> Ensemble:
        """Return the ensemble of a weights file; raise `InputError` for one of another version or none at all."""
        try:
            content = torch.load(path, weights_only=True, map_location="cpu")
            version = content["version"]
        except (OSError, RuntimeError, LookupError, TypeError, ValueError, EOFError, _NO_WEIGHTS) as error:
            raise InputError(f"{path} is no file of weights of the spin-charge network: {error}") from None
        if version != FILE_VERSION:
            raise InputError(
                f"{path} holds weights of version {version}; this reexplore reads version {FILE_VERSION}: install a"
                " newer reexplore"
            )
        return cls([_member(entry) for entry in content["members"]])

    def save(self, path: Path) -> None:
        """Write the weights and nothing else, whole or not at all."""
        members = [
            {
                "settings": member.network.settings.declaration(),
                "slopes": member.line.slopes.tolist(),
                "intercepts_ev": member.line.intercepts_ev.tolist(),
                "weights": {name: value.cpu() for name, value in member.network.state_dict().items()},
            }
            for member in self.members
        ]
        unfinished = path.with_suffix(".part")
        torch.save({"version": FILE_VERSION, "members": members}, unfinished)
        unfinished.replace(path)

    def states(self, structures: Sequence[Structure]) -> list[LearnedStates]:
        """Return what the ensemble says of neutral molecules; IPEA1-xTB is computed on the way.

        Raises `InputError` for a molecule that is charged, has an unpaired electron or holds an element that no
        network has seen, `CalculationFailed` when tight binding does not converge.
        """
        for structure in structures:
            require_neutral(structure)
        said = self.said(structures, np.array([ipea1_differences_ev(structure) for structure in structures]))
        return [
            LearnedStates(
                _states(both.mean(axis=0), charges.mean(axis=0), spins.mean(axis=0)), both.std(axis=0, ddof=1)
            )
            for both, charges, spins in zip(
                said.differences_ev.swapaxes(0, 1), said.charges_e, said.spins_e, strict=True
            )
        ]

    @torch.no_grad()
    def said(self, structures: Sequence[Structure], ipea1_ev: Array) -> Said:
        """Return what each member says; `ipea1_ev` are potential and affinity by IPEA1-xTB, shape (molecules, 2)."""
        device = chosen_device()
        added = np.zeros((len(self.members), len(structures), 2))
        charges, spins = ([np.zeros((len(self.members), 3, len(each))) for each in structures] for _ in range(2))
        for start in range(0, len(structures), _AT_ONCE):
            some = structures[start : start + _AT_ONCE]
            batch = states_of(some).to(device)
            for number, member in enumerate(self.members):
                last = member.network.to(device)(batch)[-1]
                added[number, start : start + len(some)] = differences(last.energies).cpu().numpy()
                _fill(charges[start : start + len(some)], number, last.charges)
                _fill(spins[start : start + len(some)], number, last.spins)
        lines = np.array([member.line.said_ev(ipea1_ev) for member in self.members])
        return Said(lines + added, charges, spins)


def ipea1_differences_ev(structure: Structure) -> Array:
    """Return ionisation potential and electron affinity by IPEA1-xTB as it has them, shape (2,)."""
    states = tight_binding_states(structure, "IPEA1-xTB")
    return np.array([states.ionisation_potential_ev, states.electron_affinity_ev])


def _fill(into: Sequence[Array], number: int, found: torch.Tensor) -> None:
    for place, values in zip(into, found.cpu().numpy().reshape(len(into), 3, -1), strict=True):
        place[number] = values[:, : place.shape[2]]


def _states(differences_ev: Array, charges_e: Array, spins_e: Array) -> ThreeStates:
    potential, affinity = differences_ev
    return ThreeStates(np.array([potential, 0.0, -affinity]) / HARTREE_TO_EV, charges_e, spins_e)


def _member(entry: dict[str, Any]) -> Member:
    network = SpinChargeNetwork(NetworkSettings.of(entry["settings"]))
    network.load_state_dict(entry["weights"])
    line = Line(np.array(entry["slopes"]), np.array(entry["intercepts_ev"]))
    return Member(line, network.eval())
