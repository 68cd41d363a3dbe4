"""A surrogate: a model that learns labels member by member, and predicts complexes from their screening geometries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from reexplore.structures.screening.arrays import Complexes
from reexplore.surrogate.choices import Choices
from reexplore.surrogate.samples import Sample, folds

#: What a surrogate needs of a candidate: its screening geometry; its ligand's parts, with any geometry or none; or
#: its ligand's parts and, where there is one, the geometry.
Sees = Literal["geometry", "ligand", "both"]


@dataclass(frozen=True)
class MemberReport:
    """What became of one member.

    `samples` counts what it was trained on, `validation` how many of those only decided when to stop
    (0 while there are too few; `validation_mae_kcal_mol` is then None). `out_of_fold_kcal_mol` maps
    the keys of the fold it has never seen to its predictions, `out_of_fold_spread_kcal_mol` to how far it takes itself
    to be off, where it can tell.
    """

    member: int
    samples: int
    validation: int
    epochs: int
    train_mae_kcal_mol: float
    validation_mae_kcal_mol: float | None
    out_of_fold_kcal_mol: dict[str, float]
    out_of_fold_spread_kcal_mol: dict[str, float] | None = None
    #: What it would say without a geometry, of a surrogate that takes one where there is one.
    out_of_fold_first_kcal_mol: dict[str, float] | None = None

    @classmethod
    def of_fit(
        cls,
        samples: Sequence[Sample],
        member: int,
        *,
        held_out: NDArray[np.bool_],
        target_kcal_mol: NDArray[np.float64],
        said_kcal_mol: NDArray[np.float64],
        spread_kcal_mol: NDArray[np.float64] | None = None,
        first_kcal_mol: NDArray[np.float64] | None = None,
    ) -> MemberReport:
        """Return the report of a member that was fitted in one go, by what it says of all samples, held out or not."""
        outside = np.flatnonzero(held_out).tolist()
        off = np.abs(said_kcal_mol - target_kcal_mol)[~held_out]
        spread = None if spread_kcal_mol is None else {samples[i].key: float(spread_kcal_mol[i]) for i in outside}
        first = None if first_kcal_mol is None else {samples[i].key: float(first_kcal_mol[i]) for i in outside}
        return cls(
            member=member,
            samples=len(samples) - len(outside),
            validation=0,
            epochs=0,
            train_mae_kcal_mol=float(off.mean()),
            validation_mae_kcal_mol=None,
            out_of_fold_kcal_mol={samples[i].key: float(said_kcal_mol[i]) for i in outside},
            out_of_fold_spread_kcal_mol=spread,
            out_of_fold_first_kcal_mol=first,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-ready values."""
        return {name: value for name, value in asdict(self).items() if name not in _LATER or value is not None}


_LATER = ("out_of_fold_spread_kcal_mol", "out_of_fold_first_kcal_mol")


@dataclass(frozen=True)
class HoldOut:
    """Which samples one `member` of so many does not see: its own of the folds that `seed` deals."""

    member: int
    members: int
    seed: int
    whole_ligands: bool = False

    def is_held_out(self, samples: Sequence[Sample]) -> NDArray[np.bool_]:
        """Return which samples the member does not see, shape (samples,)."""
        return np.asarray(folds(samples, self.members, self.seed, whole_ligands=self.whole_ligands) == self.member)


class Ensemble(Protocol):
    """Trained members, loaded once."""

    def predict(self, complexes: Complexes) -> NDArray[np.float64]:
        """Return what every member says of every complex: binding energies in kcal/mol, shape (L, M, members).

        A member may say several numbers, which then stand together.
        """


class LigandEnsemble(Protocol):
    """Trained members that need no geometry, loaded once."""

    def predict_ligands(self, ligands: Choices, complexes: Complexes | None) -> NDArray[np.float64]:
        """Return joint samples of every complex: binding energies in kcal/mol, shape (L, M, samples).

        `complexes` are those of the same ligands, None where they have no geometry.
        """


@runtime_checkable
class Surrogate(Protocol):
    """One kind of model. Its settings are all that decides what a member becomes, as JSON-ready values."""

    #: Its name in tables and in `how this was made`.
    title: ClassVar[str]

    @staticmethod
    def settings(declared: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings that follow from `surrogate` of a campaign file."""

    @staticmethod
    def train(samples: Sequence[Sample], out: HoldOut, settings: Mapping[str, Any], path: Path) -> MemberReport:
        """Train one member on what it is to see of the samples, and save it to `path`."""

    @staticmethod
    def load(paths: Sequence[Path]) -> Any:
        """Return the members that `train` saved: an `Ensemble`, or a `LigandEnsemble` of a kind that sees ligands."""


def seen_by(kind: type[Surrogate]) -> Sees:
    """Return what a surrogate needs of a candidate; one that does not say needs its geometry."""
    found: Sees = getattr(kind, "sees", "geometry")
    return found


def leans_on_groundwork(kind: type[Surrogate]) -> bool:
    """Return whether a surrogate reads a groundwork in its settings.

    One that does says so by `leans_on_groundwork = True`.
    """
    return bool(getattr(kind, "leans_on_groundwork", False))


def needs_geometries(kind: type[Surrogate]) -> bool:
    """Return whether a surrogate cannot do without positions.

    One that sees geometries and reads their atoms alone says so by `needs_geometries = False`.
    """
    return seen_by(kind) == "geometry" and bool(getattr(kind, "needs_geometries", True))
