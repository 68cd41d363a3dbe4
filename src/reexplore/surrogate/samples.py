"""What the learned model sees of a candidate, how it is written to a file, and how it is split into folds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from reexplore.chemistry.candidates import Candidate, Group
from reexplore.chemistry.metals import METALS
from reexplore.errors import InputError
from reexplore.structures.structure import Structure
from reexplore.surrogate.descriptors import OF_LIGAND, of_parts

#: The composition column for the charge that the ligands bring: two protonation states differ by
#: hydrogens and by charge, and hydrogens alone would be paid for by every other hydrogen.
LIGAND_CHARGE = "ligand charge"


class Described(Protocol):
    """What is known of a candidate without its geometry."""

    @property
    def key(self) -> str:
        """Return the candidate's key."""

    @property
    def group(self) -> Group:
        """Return metal, stoichiometry and ligand charge."""

    @property
    def scaffold(self) -> str:
        """Return the scaffold's name."""

    @property
    def substituents(self) -> tuple[str, ...]:
        """Return the substituents' names, site by site."""

    @property
    def ligand(self) -> tuple[str, ...]:
        """Return what candidates of the same ligand have in common."""


@dataclass(frozen=True)
class Traits:
    """A candidate without its geometry."""

    key: str
    group: Group
    scaffold: str
    substituents: tuple[str, ...]

    @classmethod
    def of(cls, candidate: Candidate) -> Traits:
        """Return what is known of a candidate without building it."""
        return cls(candidate.key, candidate.group, candidate.ligand.scaffold, candidate.ligand.substituents)

    @property
    def ligand(self) -> tuple[str, ...]:
        """Return what candidates of the same ligand have in common."""
        return (self.scaffold, *self.substituents, str(self.group.ligand_charge))


@dataclass(frozen=True, eq=False)
class Sample:
    """One candidate as the surrogate sees it; `target_kcal_mol` is its binding energy, None without a label.

    The metal is the structure's first atom; `structure` is None where there is no screening geometry. `group` holds
    metal, stoichiometry and ligand charge. `parts` are the SMILES of the scaffold and of the substituent at each site,
    for surrogates that see ligands.
    """

    key: str
    structure: Structure | None
    group: Group
    scaffold: str
    substituents: tuple[str, ...]
    target_kcal_mol: float | None
    parts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.structure is not None and self.structure.symbols[0] != self.group.metal:
            raise ValueError(
                f"sample {self.key}: the first atom is {self.structure.symbols[0]}, not the metal {self.group.metal}"
            )

    @property
    def ligand(self) -> tuple[str, ...]:
        """Return what samples of the same ligand have in common."""
        return (self.scaffold, *self.substituents, str(self.group.ligand_charge))

    @property
    def geometry(self) -> Structure:
        """Return the screening geometry; raise `ValueError` where there is none."""
        if self.structure is None:
            raise ValueError(f"sample {self.key} has no screening geometry")
        return self.structure

    def to_dict(self) -> dict[str, Any]:
        """Return the sample as JSON-ready values."""
        structure = self.structure
        seen = (
            {}
            if structure is None
            else {
                "symbols": list(structure.symbols),
                "positions_angstrom": structure.positions_angstrom.tolist(),
                "charge": structure.charge,
            }
        )
        # Only surrogates that see ligands have them in their keys.
        parts = {"parts": list(self.parts)} if self.parts else {}
        return {
            "key": self.key,
            **seen,
            **parts,
            "group": {name: value for name, value in asdict(self.group).items() if value != ""},
            "scaffold": self.scaffold,
            "substituents": list(self.substituents),
            "target_kcal_mol": self.target_kcal_mol,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Sample:
        """Rebuild a sample from `to_dict`."""
        structure = None
        if "symbols" in data:
            positions = np.array(data["positions_angstrom"], dtype=np.float64)
            structure = Structure(tuple(data["symbols"]), positions, data["charge"])
        return cls(
            key=data["key"],
            structure=structure,
            group=Group(**data["group"]),
            scaffold=data["scaffold"],
            substituents=tuple(data["substituents"]),
            target_kcal_mol=data["target_kcal_mol"],
            parts=tuple(data.get("parts", ())),
        )


def samples_to_text(samples: Sequence[Sample]) -> str:
    """Return samples as JSON lines."""
    return "".join(json.dumps(sample.to_dict(), allow_nan=False) + "\n" for sample in samples)


def samples_from_text(text: str) -> list[Sample]:
    """Read samples from JSON lines."""
    return [Sample.from_dict(json.loads(line)) for line in text.splitlines()]


def targets_kcal_mol(samples: Sequence[Sample]) -> NDArray[np.float64]:
    """Return the labels, shape (samples,).

    Raises `ValueError` when one is missing, and `InputError` for one that is no number or two of one candidate that
    differ.
    """
    missing = [sample.key for sample in samples if sample.target_kcal_mol is None]
    if missing:
        raise ValueError(f"these samples have no label to learn from: {', '.join(missing)}")
    target = np.array([sample.target_kcal_mol for sample in samples], dtype=np.float64)
    if strange := [sample.key for sample, value in zip(samples, target, strict=True) if not np.isfinite(value)]:
        raise InputError(f"the label of {', '.join(strange)} is no finite number: leave it out or compute it again")
    told: dict[str, float] = {}
    for sample, value in zip(samples, target.tolist(), strict=True):
        if told.setdefault(sample.key, value) != value:
            raise InputError(
                f"candidate {sample.key} has two labels, {told[sample.key]:.2f} and {value:.2f} kcal/mol: keep the one"
                " that holds"
            )
    return target


def composition(sample: Sample) -> Mapping[str, float]:
    """Return how many atoms of each element a complex has, and the charge its ligands bring."""
    charge = sample.geometry.charge - METALS[sample.group.metal].oxidation_state
    return {**Counter(sample.geometry.symbols), LIGAND_CHARGE: float(charge)}


def compositions(samples: Sequence[Sample]) -> list[Mapping[str, float]]:
    """Return the compositions of complexes; of the ligand and what is around it where one of them has no geometry."""
    if all(sample.structure is not None for sample in samples):
        return [composition(sample) for sample in samples]
    return [
        {
            **composed(of_parts(sample.parts)),
            sample.group.metal: 1.0,
            _stoichiometry(sample.group): 1.0,
        }
        for sample in samples
    ]


def composed(descriptors: NDArray[np.float64]) -> dict[str, float]:
    """Return a ligand's element counts and charge, by the names that descriptors have."""
    return {name: float(descriptors[column]) for column, name in enumerate(OF_LIGAND[: OF_LIGAND.index("charge") + 1])}


def factors(sample: Described) -> Mapping[str, float]:
    """Return the choices a candidate is made of: scaffold, metal, stoichiometry, and its substituents as counts.

    Substituents are counted without their site: the sites of two scaffolds have nothing in common,
    and equal sites of one scaffold are interchangeable.
    """
    group = sample.group
    once = {f"scaffold {sample.scaffold}", f"metal {group.metal}", _stoichiometry(group)}
    return {**dict.fromkeys(once, 1.0), **Counter(f"substituent {name}" for name in sample.substituents)}


def _stoichiometry(group: Group) -> str:
    """Return the choice of numbers around the metal as a factor's name."""
    beside = f":{group.co_ligands}" if group.co_ligands else ""
    waters = "open" if group.waters is None else group.waters
    return f"stoichiometry {group.ligands}:{waters}{beside}"


def feature_columns(rows: Sequence[Mapping[str, float]]) -> tuple[str, ...]:
    """Return the names that occur in any row, in alphabetical order."""
    return tuple(sorted({name for row in rows for name in row}))


def feature_matrix(rows: Sequence[Mapping[str, float]], columns: Sequence[str]) -> NDArray[np.float64]:
    """Return the rows as a matrix (rows, columns); names that are no column are left out."""
    return np.array([[row.get(name, 0.0) for name in columns] for row in rows], dtype=np.float64).reshape(
        len(rows), len(columns)
    )


def folds(samples: Sequence[Sample], k: int, seed: int, *, whole_ligands: bool = False) -> NDArray[np.int_]:
    """Return the fold of each sample, shape (samples,), numbers 0 to k - 1.

    With `whole_ligands` all complexes of a ligand are in one fold: a prediction that did not see a ligand with one
    metal has not seen it with another.

    Fold sizes differ by one at most, and each group is spread over the folds. The fold of a sample
    depends on the set of keys and the seed, not on the order of the input. With fewer samples than
    folds the last folds stay empty. Raises `ValueError` for fewer than two samples or folds, because
    a fold's complement would have nothing to train on, and for keys that occur twice.
    """
    if len(samples) < 2 or k < 2:
        raise ValueError(f"{len(samples)} samples cannot be split into {k} folds: two of each are the least")
    if len({sample.key for sample in samples}) < len(samples):
        raise ValueError("the keys of the samples are not unique")
    if whole_ligands:
        firsts = _first_of_each_ligand(samples)
        of_first = dict(zip(firsts, folds([samples[i] for i in firsts.values()], k, seed), strict=True))
        return np.array([of_first[sample.ligand] for sample in samples], dtype=np.int_)
    shuffled = np.random.default_rng(seed).permutation(len(samples))
    by_key = sorted(range(len(samples)), key=lambda i: samples[i].key)
    dealt = sorted(shuffled, key=lambda position: samples[by_key[position]].group.name)
    fold_of = np.empty(len(samples), dtype=np.int_)
    for turn, position in enumerate(dealt):
        fold_of[by_key[position]] = turn % k
    return fold_of


def _first_of_each_ligand(samples: Sequence[Sample]) -> dict[tuple[str, ...], int]:
    """Return for each ligand the sample of it whose key comes first."""
    found: dict[tuple[str, ...], int] = {}
    for i in sorted(range(len(samples)), key=lambda i: samples[i].key):
        found.setdefault(samples[i].ligand, i)
    return found
