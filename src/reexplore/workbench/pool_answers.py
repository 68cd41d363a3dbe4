"""What a prediction from a pool of labels says of one ligand, ready to be shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class OfMetal:
    """What is expected of a ligand with one metal, and the ends of its 90 % interval, in kcal/mol.

    `label` is the pool's own, where it has one. Where nothing can be said `reason` says why.
    """

    metal: str
    predicted: float | None = None
    low: float | None = None
    high: float | None = None
    label: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class OfMetals:
    """The value with the `second` metal less that with the `first`, with the ends of its 90 % interval, in kcal/mol."""

    first: str
    second: str
    predicted: float
    low: float
    high: float


@dataclass(frozen=True)
class Relative:
    """A labelled ligand that is like the one asked for: Tanimoto similarity, from 0 to 1, and its labels by metal."""

    name: str
    smiles: str
    similarity: float
    labels: Mapping[str, float]


@dataclass(frozen=True)
class Measured:
    """A ligand of the same charge with measured constants: log10 K1 by metal."""

    name: str
    smiles: str
    log_k1: Mapping[str, float]


@dataclass(frozen=True)
class Answer:
    """All that is said of one ligand; `outside` are sentences on what the model has not been trained on.

    Where nothing is said of it at all `reason` says why.
    """

    name: str
    smiles: str
    donors: str = ""
    charge: int = 0
    scaffold: str = ""
    substituents: tuple[str, ...] = ()
    metals: tuple[OfMetal, ...] = ()
    selectivity: tuple[OfMetals, ...] = ()
    relatives: tuple[Relative, ...] = ()
    anchors: tuple[Measured, ...] = ()
    outside: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Answers:
    """What a pool says of some ligands: what was learned, from how many labels, and in which coordination it is said.

    `out_of_fold_mae` is the model's mean error on ligands left out whole, in kcal/mol.
    """

    pool: str
    column: str
    level: str
    model: str
    labels: int
    metals: tuple[str, ...]
    coordination: str
    out_of_fold_mae: float | None
    ligands: tuple[Answer, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Return them as JSON-ready values."""
        return asdict(self)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield a flat row for each ligand and metal."""
        for answer in self.ligands:
            known = {"name": answer.name, "smiles": answer.smiles, "scaffold": answer.scaffold, "donors": answer.donors}
            outside = "; ".join(answer.outside)
            for each in answer.metals or (OfMetal("", reason=answer.reason),):
                yield known | asdict(each) | {"outside": outside}
