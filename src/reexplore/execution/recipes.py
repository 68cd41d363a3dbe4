"""What a task is asked for, one value a kind: written where tasks are made, read where they are computed.

The JSON form is hashed into the key of the result. A field that was added later is absent from it at the value that
means what was done before it; names and sentences for people are not in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.ligands import Ligand
from reexplore.chemistry.metals import find_metal
from reexplore.structures.xtb.surfaces import EnergySurface, surface_of_recipe

Json = dict[str, Any]


class Recipe(Protocol):
    """What a task of one kind is asked for."""

    kind: ClassVar[str]

    def to_json(self) -> Json:
        """Return it as JSON-ready values."""

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read it from `to_json`, or from what a version before wrote."""


@dataclass(frozen=True)
class Build:
    """Up to `count` unrelaxed structures of a complex by one builder, in the `order` of this version."""

    kind: ClassVar = "build"
    candidate: Candidate
    builder: str
    count: int
    seed: int
    order: int = 1

    def to_json(self) -> Json:
        """Return it as JSON-ready values."""
        named = {"builder": self.builder, "count": self.count, "seed": self.seed}
        return {"candidate": _candidate_json(self.candidate), **named} | _later(order=(self.order, 1))

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read it from `to_json`."""
        candidate = _candidate(data["candidate"])
        return cls(candidate, data["builder"], data["count"], data["seed"], data.get("order", 1))


@dataclass(frozen=True)
class Sketch:
    """A template that is placed without any energy, for rehearsals."""

    kind: ClassVar = "template"
    candidate: Candidate
    seed: int

    def to_json(self) -> Json:
        """Return it as JSON-ready values."""
        return {"candidate": _candidate_json(self.candidate), "sketch": self.seed}

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read it from `to_json`."""
        return cls(_candidate(data["candidate"]), data["sketch"])


@dataclass(frozen=True)
class Template:
    """The lowest structure of a complex among those of some `builds`, given by their keys."""

    kind: ClassVar = "template"
    candidate: Candidate
    builds: tuple[str, ...]
    refine: int
    surface: EnergySurface
    checks: int = 1
    crest: bool = False

    def to_json(self) -> Json:
        """Return it as JSON-ready values."""
        named = {"builds": list(self.builds), "refine": self.refine} | self.surface.recipe(metal=True)
        later = _later(checks=(self.checks, 1), crest=(self.crest, False))
        return {"candidate": _candidate_json(self.candidate), **named} | later

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read it from `to_json`."""
        return cls(
            candidate=_candidate(data["candidate"]),
            builds=tuple(data["builds"]),
            refine=data["refine"],
            surface=surface_of_recipe(data),
            checks=data.get("checks", 1),
            crest=data.get("crest", False),
        )


@dataclass(frozen=True)
class LabelGeometry:
    """The geometry a label is made on: a metal put into templates (extended XYZ) and relaxed, unless it is a sketch."""

    kind: ClassVar = "complex"
    candidate: Candidate
    templates: tuple[str, ...]
    sketch: bool
    surface: EnergySurface
    checks: int = 1
    contraction: int = 1

    def to_json(self) -> Json:
        """Return it as JSON-ready values."""
        named = {"templates": list(self.templates), "sketch": self.sketch}
        later = _later(checks=(self.checks, 1), contraction=(self.contraction, 1))
        surface = self.surface.recipe(metal=not self.sketch)
        return {"candidate": _candidate_json(self.candidate), **named} | surface | later

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read it from `to_json`."""
        return cls(
            candidate=_candidate(data["candidate"]),
            templates=tuple(data["templates"]),
            sketch=data["sketch"],
            surface=surface_of_recipe(data),
            checks=data.get("checks", 1),
            contraction=data.get("contraction", 1),
        )


@dataclass(frozen=True)
class FreeLigand:
    """The lowest of some conformers of a free ligand."""

    kind: ClassVar = "ligand"
    ligand: Ligand
    sketch: bool
    conformers: int
    seed: int
    surface: EnergySurface
    checks: int = 1

    def to_json(self) -> Json:
        """Return it as JSON-ready values."""
        named = {"sketch": self.sketch, "conformers": self.conformers, "seed": self.seed}
        later = _later(checks=(self.checks, 1))
        return {"ligand": _ligand_json(self.ligand), **named} | self.surface.recipe(metal=False) | later

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read it from `to_json`."""
        return cls(
            ligand=_ligand(data["ligand"]),
            sketch=data["sketch"],
            conformers=data["conformers"],
            seed=data["seed"],
            surface=surface_of_recipe(data),
            checks=data.get("checks", 1),
        )


@dataclass(frozen=True)
class Water:
    """One water, the reference of every water ligand."""

    kind: ClassVar = "water"
    sketch: bool
    surface: EnergySurface

    def to_json(self) -> Json:
        """Return it as JSON-ready values."""
        return {"sketch": self.sketch} | self.surface.recipe(metal=False)

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read it from `to_json`."""
        return cls(data["sketch"], surface_of_recipe(data))


@dataclass(frozen=True)
class SinglePoint:
    """The energy of a structure (extended XYZ) at the level of this declaration; `multiplicity` None as it implies."""

    kind: ClassVar = "energy"
    extxyz: str
    level: Json
    multiplicity: int | None = None

    def to_json(self) -> Json:
        """Return it as JSON-ready values."""
        return {"extxyz": self.extxyz, "level": self.level} | _later(multiplicity=(self.multiplicity, None))

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read it from `to_json`."""
        return cls(data["extxyz"], data["level"], data.get("multiplicity"))


@dataclass(frozen=True)
class Constrained:
    """Some ligands of a family, kept as text under a digest, to be held against constraints (`Rules.to_json`)."""

    kind: ClassVar = "constrain"
    family: str
    rules: tuple[Json, ...]

    def to_json(self) -> Json:
        """Return it as JSON-ready values."""
        return {"family": self.family, "rules": list(self.rules)}

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read it from `to_json`."""
        return cls(data["family"], tuple(data["rules"]))


@dataclass(frozen=True)
class Grafts:
    """Some ligands of a family, kept as text under a digest, to be grafted on their template (extended XYZ)."""

    kind: ClassVar = "screen"
    family: str
    template: str
    contraction: int = 1

    def to_json(self) -> Json:
        """Return it as JSON-ready values."""
        return {"family": self.family, "template": self.template} | _later(contraction=(self.contraction, 1))

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read it from `to_json`."""
        return cls(data["family"], data["template"], data.get("contraction", 1))


@dataclass(frozen=True)
class Prediction:
    """What the members of an ensemble, given by the keys of their training, say of some grafts."""

    kind: ClassVar = "predict"
    grafts: Grafts
    members: tuple[str, ...]

    def to_json(self) -> Json:
        """Return it as JSON-ready values."""
        return self.grafts.to_json() | {"members": list(self.members)}

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read it from `to_json`."""
        return cls(Grafts.from_json(data), tuple(data["members"]))


@dataclass(frozen=True)
class Training:
    """One `member` of so many, trained with these settings on samples that are kept as text under a digest."""

    kind: ClassVar = "member"
    samples: str
    settings: Json
    member: int
    members: int
    seed: int

    def to_json(self) -> Json:
        """Return it as JSON-ready values."""
        shared = {"samples": self.samples, "settings": self.settings, "seed": self.seed}
        return shared | {"member": self.member, "members": self.members}

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read it from `to_json`."""
        return cls(data["samples"], data["settings"], data["member"], data["members"], data["seed"])


@dataclass(frozen=True)
class WholeForecast:
    """All predictions of a model, given by their keys, in one table."""

    kind: ClassVar = "forecast"
    parts: tuple[str, ...]

    def to_json(self) -> Json:
        """Return it as JSON-ready values."""
        return {"parts": list(self.parts)}

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read it from `to_json`."""
        return cls(tuple(data["parts"]))


@dataclass(frozen=True)
class Selection:
    """The next `q` candidates by a forecast (its key) of some families (their digests) under a policy.

    `labelled` are energies in kcal/mol by candidate, `excluded` what is never chosen, `pending` what is being labelled.
    """

    kind: ClassVar = "select"
    forecast: str
    families: tuple[str, ...]
    calibration: Json
    labelled: Mapping[str, float]
    excluded: tuple[str, ...]
    policy: Json
    q: int
    seed: int
    pending: tuple[str, ...] = ()

    def to_json(self) -> Json:
        """Return it as JSON-ready values."""
        model = {"forecast": self.forecast, "families": list(self.families), "calibration": self.calibration}
        known = {"labelled": dict(self.labelled), "excluded": list(self.excluded)}
        # Without any pending the choice is the one that a campaign in rounds makes, and has its key.
        later = _later(pending=(list(self.pending), []))
        return model | known | {"policy": self.policy, "q": self.q, "seed": self.seed} | later

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read it from `to_json`."""
        whole: Json = {"pending": (), **data}
        tuples: Json = {name: tuple(whole[name]) for name in ("families", "excluded", "pending")}
        return cls(**whole | tuples)


def _later(**fields: tuple[Any, Any]) -> Json:
    """Return the fields, each with the value that means what was done before it, that have another one."""
    return {name: value for name, (value, before) in fields.items() if value != before}


def _ligand_json(ligand: Ligand) -> Json:
    return {"identity": ligand.identity, "charge": ligand.charge}


def _candidate_json(candidate: Candidate) -> Json:
    counts = {"ligands": candidate.ligands, "waters": candidate.waters}
    return {"ligand": _ligand_json(candidate.ligand), "metal": candidate.metal.symbol} | counts


def _ligand(data: Json) -> Ligand:
    # No name is in the recipe; where one is shown, the molecule stands for it.
    smiles = re.sub(r":1\]", "]", data["identity"])
    return Ligand(data["identity"], data["charge"], scaffold=smiles, substituents=())


def _candidate(data: Json) -> Candidate:
    return Candidate(_ligand(data["ligand"]), find_metal(data["metal"]), data["ligands"], data["waters"])
