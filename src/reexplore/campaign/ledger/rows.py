"""What a ledger holds of a campaign: rounds, choices, picks, and the calculations a label is made of."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from reexplore.chemistry.candidates import Candidate
from reexplore.errors import Failure
from reexplore.surrogate.calibration import Calibration
from reexplore.tracking.records import ParityPoint


@dataclass(frozen=True)
class Calculation:
    """What became of one calculation, without its value.

    `core_s` is what all its attempts cost, `gpu_s` how long they held a card; times are seconds since 1970, None before
    it was submitted or finished.
    """

    key: str
    kind: str
    title: str
    state: Literal["planned", "submitted", "done", "failed"]
    attempts: int
    reused: bool
    core_s: float
    gpu_s: float
    submitted_at: float | None
    finished_at: float | None
    failure: Failure | None
    host: str | None


@dataclass(frozen=True)
class ProposedLigand:
    """A ligand that joined the space at the end of a round: its identity and charge, and who proposed it.

    `parents` are the identities of the labelled ligands that it was made from; there are none of one that was drawn.
    """

    identity: str
    charge: int
    name: str
    proposer: str
    parents: tuple[str, ...]
    round: int


@dataclass(frozen=True)
class Pick:
    """A candidate chosen for labelling: when, why, and what was expected of its label, in the label's unit."""

    candidate: str
    round: int
    position: int
    role: str
    value: float | None
    predicted: float | None
    sigma: float | None


@dataclass(frozen=True)
class Choice:
    """One choice: the positions from `first` on of its round, and the digest of all it was made from in the store.

    It knew of the first `decisions` decisions of people.
    """

    number: int
    round: int
    first: int
    inputs: str
    decisions: int = 0


@dataclass(frozen=True)
class LabelKeys:
    """The calculations whose results are the terms of one label; `co_ligands` has those of each, by its name.

    Of free energies `structure` is the complex's minimum with its thermal terms, and `minima` has those of the free
    molecules by the part they are. `protons` is how many the free ligand was computed with, as an acid.

    Where the waters are open `waters` is the number with the lowest free energy, which `structure` and `complex` belong
    to. By their waters `others` has structure and energy of each other complex, and `failed` why one has none.
    `organic` has the energies of `complex` and `ligand` in the second solvent.

    Of a magnet `structure` is the bipyramid and `magnet` its Kramers doublets; there are no energies.

    Where pKa of the ligand were computed `pka` has structure and energy of its `states`, from the deprotonated one on,
    the `kinds` of acid that these are, and structure and energy of the `references` by their identities.
    """

    structure: str
    complex: str = ""
    ion: str = ""
    ligand: str = ""
    water: str = ""
    co_ligands: dict[str, str] = field(default_factory=dict)
    minima: dict[str, str] = field(default_factory=dict)
    protons: int = 0
    waters: int | None = None
    others: dict[str, list[str]] = field(default_factory=dict)
    failed: dict[str, dict[str, Any]] = field(default_factory=dict)
    organic: dict[str, str] = field(default_factory=dict)
    pka: dict[str, Any] = field(default_factory=dict)
    magnet: str = ""

    @property
    def failures(self) -> dict[int, Failure]:
        """Return why complexes have no energy, by their waters."""
        return {int(waters): Failure.from_dict(data) for waters, data in self.failed.items()}

    def complex_of(self, candidate: Candidate) -> Candidate:
        """Return the candidate with the waters that its label has."""
        return candidate if self.waters is None else replace(candidate, waters=self.waters)

    def terms(self) -> list[tuple[str, str]]:
        """Return the energy calculations with the part each is for, none of a magnet."""
        if self.magnet:
            return []
        parts = [("complex", self.complex), ("ion", self.ion), ("ligand", self.ligand), ("water", self.water)]
        return [*parts, *self.co_ligands.items()]

    @property
    def calculations(self) -> tuple[str, ...]:
        """Return all of them, the geometry first."""
        energies = (key for _, key in self.terms())
        free = [*self.pka.get("states", ()), *self.pka.get("references", {}).values()]
        pairs = (key for keys in (*self.others.values(), *free) for key in keys)
        magnet = (self.magnet,) if self.magnet else ()
        return (self.structure, *energies, *self.minima.values(), *pairs, *self.organic.values(), *magnet)

    def to_dict(self) -> dict[str, Any]:
        """Return them as JSON-ready values, what came later only where there is some."""
        known = asdict(self)
        # No water at all is a number as well.
        return {name: value for name, value in known.items() if value or (name == "waters" and value is not None)}


@dataclass(frozen=True)
class AquaKeys:
    """The calculations of the aqua ion that a metal's exchange energies start from."""

    structure: str
    energy: str


@dataclass(frozen=True)
class FinalistKeys:
    """The calculations of a finalist by the part they are of, named as those of `LabelKeys.terms`.

    `relaxed` are the relaxations at the level of all parts but the ion, or of the complex alone the geometry that was
    searched for. `energies` are the terms there. `other_donors` counts the atoms that hold the complex's metal without
    having been named.
    """

    relaxed: dict[str, str]
    energies: dict[str, str]
    other_donors: int = 0

    def calculations(self) -> set[str]:
        """Return the keys of all it rests on."""
        return {*self.relaxed.values(), *self.energies.values()}


@dataclass(frozen=True)
class Funnel:
    """Which ligands the first level of a funnel let through to the second, as digests of families.

    `screened` is a hash of all that it looked at. `by_lot` were drawn by chance, of which `only_by_lot` were neither
    promising nor uncertain: without the draw they would have been thrown away.
    """

    screened: str
    by_lot: tuple[str, ...] = ()
    only_by_lot: tuple[str, ...] = ()


@dataclass(frozen=True)
class Model:
    """A trained ensemble: the keys of its members' and its forecast's results, and how its error bars were set.

    `families` are the digests of the ligands that it predicts, of a `funnel` those that were let through.
    """

    members: tuple[str, ...]
    families: tuple[str, ...]
    forecast: str
    calibration: Calibration
    funnel: Funnel | None = None


@dataclass(frozen=True)
class Learned:
    """What all labels taught at the end of a round; `model` is None where they were too few for one.

    `metrics` are named as they are tracked.
    """

    labels: int
    metrics: dict[str, float] = field(default_factory=dict)
    parity: tuple[ParityPoint, ...] = ()
    model: Model | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values, those of the model beside the others."""
        data = asdict(self)
        model = data.pop("model") or {"members": (), "forecast": None}
        # Without a funnel it is as it was before there were any.
        return data | {name: value for name, value in model.items() if name != "funnel" or value is not None}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Learned:
        """Read it from `to_dict`."""
        parity = tuple(ParityPoint(**point) for point in data["parity"])
        if data["forecast"] is None:
            return cls(data["labels"], data["metrics"], parity)
        model = Model(
            members=tuple(data["members"]),
            families=tuple(data.get("families", ())),
            forecast=data["forecast"],
            calibration=Calibration(**data["calibration"]),
            funnel=_funnel(data.get("funnel")),
        )
        return cls(data["labels"], data["metrics"], parity, model)


def _funnel(data: dict[str, Any] | None) -> Funnel | None:
    return Funnel(data["screened"], tuple(data["by_lot"]), tuple(data["only_by_lot"])) if data else None


@dataclass(frozen=True)
class Round:
    """One pass of choose, label and learn; `learned` is what it came to, once it is over."""

    number: int
    kind: Literal["seed", "acquisition"]
    started_at: float
    finished_at: float | None
    learned: Learned | None

    @property
    def model(self) -> Model | None:
        """Return the model that was trained at its end, None while it is open or where labels were too few."""
        return self.learned.model if self.learned else None
