"""What a task is asked for, one value a kind: written where tasks are made, read where they are computed.

The JSON form is hashed into the key of the result. A field that was added later is absent from it at the value that
means what was done before it; names and sentences for people are not in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.co_ligands import known_co_ligand
from reexplore.chemistry.ligands import Ligand
from reexplore.chemistry.metals import find_metal
from reexplore.structures.xtb.surfaces import EnergySurface, surface_of_recipe

Json = dict[str, Any]


@dataclass(frozen=True)
class Recipe:
    """What a task of one kind is asked for. A field with a default was added later, and is absent at its default."""

    kind: ClassVar[str]

    def to_json(self) -> Json:
        """Return it as JSON-ready values."""
        written: Json = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                written |= self._written(field.name, value)
        return written

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read it from `to_json`, or from what a version before wrote."""
        return cls(**{field.name: found for field in fields(cls) for found in _read(field.name, data)})

    @property
    def holds_metal(self) -> bool:
        """Return whether its geometries hold a metal, without which a surface's correction is nothing."""
        return True

    def _written(self, name: str, value: Any) -> Json:
        if isinstance(value, EnergySurface):
            return value.recipe(metal=self.holds_metal)
        if isinstance(value, Recipe):
            return value.to_json()
        if isinstance(value, Candidate):
            counts: Json = {"ligands": value.ligands, "waters": value.waters}
            if value.co_ligands:
                counts["co_ligands"] = [[_ligand_json(ligand), count] for ligand, count in value.co_ligands]
            return {name: {"ligand": _ligand_json(value.ligand), "metal": value.metal.symbol} | counts}
        if isinstance(value, Ligand):
            return {name: _ligand_json(value)}
        return {name: list(value) if isinstance(value, tuple) else value}


@dataclass(frozen=True)
class Build(Recipe):
    """Up to `count` unrelaxed structures of a complex by one builder, in the `order` of this version.

    `force_field` is the version of the one it assembles with, where it does.
    """

    kind = "build"
    candidate: Candidate
    builder: str
    count: int
    seed: int
    order: int = 1
    force_field: int = 1


@dataclass(frozen=True)
class Sketch(Recipe):
    """A template that is placed without any energy, for rehearsals; `sketch` is the seed it is placed with."""

    kind = "template"
    candidate: Candidate
    sketch: int


@dataclass(frozen=True)
class Template(Recipe):
    """The lowest structure of a complex among those of some `builds`, given by their keys.

    `start` is one more structure to begin with, from a file: extended XYZ in the candidate's atom order.
    """

    kind = "template"
    candidate: Candidate
    builds: tuple[str, ...]
    refine: int
    surface: EnergySurface
    checks: int = 1
    crest: bool = False
    start: str = ""
    force_field: int = 1


@dataclass(frozen=True)
class LabelGeometry(Recipe):
    """The geometry a label is made on: a metal put into templates (extended XYZ) and relaxed, unless it is a sketch."""

    kind = "complex"
    candidate: Candidate
    templates: tuple[str, ...]
    sketch: bool
    surface: EnergySurface
    checks: int = 1
    contraction: int = 1

    @property
    def holds_metal(self) -> bool:
        """Return whether it is relaxed at all: a sketch is not."""
        return not self.sketch


@dataclass(frozen=True)
class FreeLigand(Recipe):
    """The lowest of some conformers of a free ligand."""

    kind = "ligand"
    ligand: Ligand
    sketch: bool
    conformers: int
    seed: int
    surface: EnergySurface
    checks: int = 1
    holds_metal = False


@dataclass(frozen=True)
class Water(Recipe):
    """One water, the reference of every water ligand."""

    kind = "water"
    sketch: bool
    surface: EnergySurface
    holds_metal = False


@dataclass(frozen=True)
class Minimum(Recipe):
    """The minimum downhill of a relaxed structure (extended XYZ), with its thermal terms.

    A complex is checked again as its `candidate`; free molecules have none.
    """

    kind = "minimum"
    extxyz: str
    surface: EnergySurface
    candidate: Candidate | None = None
    checks: int = 1

    @property
    def holds_metal(self) -> bool:
        """Return whether it is a complex."""
        return self.candidate is not None


@dataclass(frozen=True)
class SinglePoint(Recipe):
    """The energy of a structure (extended XYZ) at the level of this declaration; `multiplicity` None as it implies."""

    kind = "energy"
    extxyz: str
    level: Json
    multiplicity: int | None = None


@dataclass(frozen=True)
class BipyramidGeometry(Recipe):
    """The relaxed magnet of a candidate: two ligands on the axis of a pentagonal bipyramid."""

    kind = "bipyramid"
    candidate: Candidate
    surface: EnergySurface
    seed: int


@dataclass(frozen=True)
class KramersGap(Recipe):
    """The Kramers doublets of a structure (extended XYZ) by the `method` of this declaration."""

    kind = "kramers_gap"
    extxyz: str
    method: Json


@dataclass(frozen=True)
class DftRelaxation(Recipe):
    """A structure (extended XYZ) relaxed at the level of this declaration, from the Hessian of a surface."""

    kind = "dft_relaxation"
    extxyz: str
    level: Json
    surface: EnergySurface


@dataclass(frozen=True)
class Constrained(Recipe):
    """Some ligands of a family, kept as text under a digest, to be held against constraints (`Rules.to_json`)."""

    kind = "constrain"
    family: str
    rules: tuple[Json, ...]


@dataclass(frozen=True)
class ConstrainedList(Recipe):
    """Some listed ligands, each the family it is alone, given by their digests, to be held against constraints."""

    kind = "constrain"
    families: tuple[str, ...]
    rules: tuple[Json, ...]


@dataclass(frozen=True)
class Assembly(Recipe):
    """What a scaffold makes of the fillings of its sites number `start` to `stop` (`Members.assembled`).

    `rdkit` is the version that writes the SMILES.
    """

    kind = "assemble"
    scaffold: Json
    substituents: tuple[Json, ...]
    start: int
    stop: int
    rdkit: str


@dataclass(frozen=True)
class Grafts(Recipe):
    """Some ligands of a family, kept as text under a digest, to be grafted on their template (extended XYZ)."""

    kind = "screen"
    family: str
    template: str
    contraction: int = 1


@dataclass(frozen=True)
class Prediction(Recipe):
    """What the members of an ensemble, given by the keys of their training, say of some grafts.

    `sums_up` keeps mean and spread of what they say, and no more.
    """

    kind = "predict"
    grafts: Grafts
    members: tuple[str, ...]
    surrogate: str = "allegro"
    sums_up: bool = False


@dataclass(frozen=True)
class ListedPrediction(Recipe):
    """What the members of an ensemble say of some listed ligands on their own templates.

    `listed` is the digest of a text that names the family of each and has its template (`listed_text`).
    """

    kind = "predict"
    listed: str
    members: tuple[str, ...]
    contraction: int = 1
    surrogate: str = "allegro"
    sums_up: bool = False


@dataclass(frozen=True)
class Interactions(Recipe):
    """GFN2-xTB interaction energies of some grafts: of ligands `rows` of the family, each with a metal."""

    kind = "interactions"
    grafts: Grafts
    rows: tuple[int, ...]
    metals: tuple[str, ...]


@dataclass(frozen=True)
class GroundworkFit(Recipe):
    """The weights of a groundwork, which is kept as text under a digest without them."""

    kind = "groundwork"
    energies: str


@dataclass(frozen=True)
class Training(Recipe):
    """One `member` of so many, trained with these settings on samples that are kept as text under a digest.

    With `whole_ligands` the complexes of a ligand are held out together. `version` is that of the package that brings
    the surrogate, when it is not this one. `groundwork` is the digest of what GFN2-xTB says, where the model leans on
    it.
    """

    kind = "member"
    samples: str
    settings: Json
    member: int
    members: int
    seed: int
    whole_ligands: bool = False
    surrogate: str = "allegro"
    version: str = ""
    groundwork: str = ""


@dataclass(frozen=True)
class PoolTraining(Recipe):
    """A whole ensemble trained on the labels of a pool, whose samples are kept as text under a digest.

    `version` is that of the package that brings the surrogate, when it is not this one.
    """

    kind = "pool_model"
    samples: str
    settings: Json
    members: int
    seed: int
    surrogate: str
    version: str = ""


@dataclass(frozen=True)
class PoolErrors(Recipe):
    """What models say of labels of a pool whose `trait` (scaffold, substituent or metal) they have not seen at all."""

    kind = "pool_errors"
    samples: str
    settings: Json
    trait: str
    seed: int
    surrogate: str
    version: str = ""


@dataclass(frozen=True)
class ProxiesOfLigands(Recipe):
    """What GFN2-xTB says of some free ligands of one donor, given by their identities."""

    kind = "proxies"
    identities: tuple[str, ...]
    seed: int


@dataclass(frozen=True)
class GeneratorTraining(Recipe):
    """A generator trained with these settings on a training set that is kept as text under a digest.

    `start` is the key of the training that it goes on from, if any.
    """

    kind = "generator"
    given: str
    settings: Json
    seed: int
    start: str = ""


@dataclass(frozen=True)
class Proposing(Recipe):
    """Up to `count` new ligands of one donor, made by a proposer from labelled ones.

    `labelled` are the values of ligands by identity, the higher the better; `tried` is the digest of a text with the
    identities that are not proposed again, one a line. `generator` is the key of its training, where one is asked.
    """

    kind = "propose"
    by: str
    count: int
    classes: tuple[str, ...]
    heavy_atoms: int
    labelled: Json
    tried: str
    seed: int
    round: int
    generator: str = ""


@dataclass(frozen=True)
class WholeForecast(Recipe):
    """All predictions of a model, given by their keys, in one table."""

    kind = "forecast"
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Selection(Recipe):
    """The next `q` candidates by a forecast (its key) of some families (their digests) under a policy.

    `labelled` are energies in kcal/mol by candidate, `excluded` what is never chosen, `pending` what is being labelled:
    without any the choice is the one that a campaign in rounds makes, and has its key. `objective` are the goals that
    ligands are chosen for (`Goals.say`), `hydration` the metals' aqua ions with their binding energies in kcal/mol.
    `by_lot` are the families that were drawn by chance, where the others were not.
    """

    kind = "select"
    forecast: str
    families: tuple[str, ...]
    calibration: Json
    labelled: Mapping[str, float]
    excluded: tuple[str, ...]
    policy: Json
    q: int
    seed: int
    pending: tuple[str, ...] = ()
    objective: tuple[Json, ...] = ()
    hydration: tuple[tuple[str, float], ...] = ()
    by_lot: tuple[str, ...] = ()


def listed_text(grafts: Sequence[Grafts]) -> str:
    """Return listed ligands with their templates as JSON text, in an order of their own."""
    return json.dumps(sorted([each.family, each.template] for each in grafts))


def read_listed(text: str, contraction: int) -> list[Grafts]:
    """Read listed ligands with their templates from `listed_text`."""
    return [Grafts(family, template, contraction) for family, template in json.loads(text)]


def _read(name: str, data: Json) -> list[Any]:
    """Return what a recipe's JSON holds of a field, in a list that is empty where the field is absent."""
    if name == "surface":
        return [surface_of_recipe(data)]
    if name == "grafts":
        return [Grafts.from_json(data)]
    if name not in data:
        return []
    value = data[name]
    if name == "candidate":
        beside = tuple((known_co_ligand(**said), count) for said, count in value.get("co_ligands", ()))
        counts = (value["ligands"], value["waters"], beside)
        return [Candidate(_ligand(value["ligand"]), find_metal(value["metal"]), *counts)]
    if name == "ligand":
        return [_ligand(value)]
    return [tuple(value) if isinstance(value, list) else value]


def _ligand_json(ligand: Ligand) -> Json:
    return {"identity": ligand.identity, "charge": ligand.charge}


def _ligand(data: Json) -> Ligand:
    # No name is in the recipe; where one is shown, the molecule stands for it.
    smiles = re.sub(r":1\]", "]", data["identity"])
    return Ligand(data["identity"], data["charge"], scaffold=smiles, substituents=())
