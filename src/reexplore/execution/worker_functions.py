"""What a worker can be asked to do: pure functions from JSON inputs to JSON values and files.

Each function enters one room. It raises `CalculationFailed` to end in a recorded failure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.families import Family
from reexplore.chemistry.ligands import Ligand
from reexplore.chemistry.metals import find_metal
from reexplore.errors import CalculationFailed, ExecutionError, Failure, InputError
from reexplore.execution.kinds import FORECAST_FILE, MEMBER_FILE
from reexplore.execution.store import Store
from reexplore.structures.structure import Structure

Json = dict[str, Any]

#: The share of its memory limit that a calculation is told; what it does not count itself needs the rest.
_USABLE_SHARE = 0.8


@dataclass(frozen=True)
class Context:
    """Where a task may write, what it may read, and how many threads and how much memory (GiB) it has.

    `scratch` is emptied when the task ends however it does, `checkpoint` only when its outcome is stored.
    """

    folder: Path
    scratch: Path
    checkpoint: Path
    store: Store
    threads: int
    memory_gb: float


def ligand_inputs(ligand: Ligand) -> Json:
    """Return what identifies a ligand in a task's inputs: no names."""
    return {"identity": ligand.identity, "charge": ligand.charge}


def candidate_inputs(candidate: Candidate) -> Json:
    """Return what identifies a candidate in a task's inputs: no names."""
    return {
        "ligand": ligand_inputs(candidate.ligand),
        "metal": candidate.metal.symbol,
        "ligands": candidate.ligands,
        "waters": candidate.waters,
    }


def _contraction(inputs: Json) -> int:
    """Return the table of contractions, the first where the inputs are older than the second."""
    return int(inputs.get("contraction", 1))


def _checks(inputs: Json) -> int:
    """Return the version of the checks, the first where the inputs are older than the second."""
    return int(inputs.get("checks", 1))


def _ligand(data: Json) -> Ligand:
    # No name is in the inputs; where one is shown, the molecule stands for it.
    smiles = re.sub(r":1\]", "]", data["identity"])
    return Ligand(data["identity"], data["charge"], scaffold=smiles, substituents=())


def _candidate(data: Json) -> Candidate:
    return Candidate(_ligand(data["ligand"]), find_metal(data["metal"]), data["ligands"], data["waters"])


def build(inputs: Json, _context: Context) -> Json:
    """Let one builder make unrelaxed structures of a complex, within limits of its own."""
    from reexplore.structures.builders.base import find_builder

    builder = find_builder(inputs["builder"])
    version = builder.version()
    candidate = _candidate(inputs["candidate"])
    # Inputs that are older than the second order do not name it.
    built = builder.build(candidate, count=inputs["count"], seed=inputs["seed"], order=inputs.get("order", 1))
    return {"builder": builder.name, "version": version, "structures": [s.to_extxyz() for s in built]}


def template(inputs: Json, context: Context) -> Json:
    """Find the lowest structure of a ligand and stoichiometry among what the builders made."""
    candidate = _candidate(inputs["candidate"])
    if "sketch" in inputs:
        from reexplore.structures.builders.placement import place_complexes

        # Of a single one only the overlap matters.
        extxyz = place_complexes(candidate, count=1, seed=inputs["sketch"], order=1)[0].to_extxyz()
        return {"extxyz": extxyz, "runners_up": []}
    from reexplore.structures.search.crest import sample_conformers
    from reexplore.structures.search.templates import Start, lowest_template
    from reexplore.structures.xtb.surfaces import surface_of_recipe

    starts: list[Start] = []
    versions: dict[str, str] = {}
    failures: list[Failure] = []
    for key in inputs["builds"]:
        outcome = context.store.outcome(key)
        if outcome is None:
            raise ExecutionError(f"the structures {key} that a template needs are not in the store")
        if outcome.failure is not None:
            failures.append(outcome.failure)
            continue
        assert outcome.value is not None
        name = outcome.value["builder"]
        versions[name] = outcome.value["version"]
        starts += [Start(Structure.from_extxyz(text), name) for text in outcome.value["structures"]]
    if not starts:
        raise CalculationFailed.of(failures[-1])
    found = lowest_template(
        candidate,
        starts=starts,
        refine=inputs["refine"],
        surface=surface_of_recipe(inputs),
        checks=_checks(inputs),
        explore=sample_conformers if inputs.get("crest") else None,
    )
    return found.to_dict() | {"versions": versions, "builders_failed": [f.to_dict() for f in failures]}


def complex_geometry(inputs: Json, _context: Context) -> Json:
    """Exchange the template's metal, relax, and check the result: the geometry a label is made on."""
    candidate = _candidate(inputs["candidate"])
    templates = [Structure.from_extxyz(text) for text in inputs["templates"]]
    if inputs["sketch"]:
        from reexplore.chemistry.metals import TEMPLATE_METAL
        from reexplore.structures.metal_exchange import exchange_metal
        from reexplore.structures.structure import Layout

        moved = exchange_metal(
            templates[0],
            layout=Layout.of(candidate),
            old=TEMPLATE_METAL,
            new=candidate.metal,
            contraction=_contraction(inputs),
        )
        return {"extxyz": moved.to_extxyz()}
    from reexplore.structures.search.label_geometry import exchange_and_relax
    from reexplore.structures.xtb.surfaces import surface_of_recipe

    return exchange_and_relax(
        templates,
        candidate=candidate,
        surface=surface_of_recipe(inputs),
        contraction=_contraction(inputs),
        checks=_checks(inputs),
    ).to_dict()


def free_ligand(inputs: Json, _context: Context) -> Json:
    """Find the free ligand's lowest conformer: the reference of its binding energies."""
    ligand = _ligand(inputs["ligand"])
    if inputs["sketch"]:
        from reexplore.structures.conformers.free_ligand import free_ligand_conformers

        return {"extxyz": free_ligand_conformers(ligand, count=1, seed=inputs["seed"])[0].to_extxyz()}
    from reexplore.structures.conformers.free_ligand import lowest_conformer
    from reexplore.structures.xtb.surfaces import surface_of_recipe

    found = lowest_conformer(
        ligand,
        count=inputs["conformers"],
        seed=inputs["seed"],
        surface=surface_of_recipe(inputs),
        checks=_checks(inputs),
    )
    return found.to_dict()


def water_geometry(inputs: Json, _context: Context) -> Json:
    """Relax one water, the reference of every water ligand."""
    from reexplore.structures.conformers.free_ligand import water

    if inputs["sketch"]:
        return {"extxyz": water().to_extxyz()}
    from reexplore.structures.xtb.relax import relax
    from reexplore.structures.xtb.surfaces import surface_of_recipe

    return relax(water(), surface=surface_of_recipe(inputs)).to_dict()


def energy(inputs: Json, context: Context) -> Json:
    """Compute the energy of one geometry at one level of theory; every term of a label goes this way."""
    from reexplore.energies import energy_terms
    from reexplore.energies.levels import declared_level
    from reexplore.energies.memory import require_memory

    structure = Structure.from_extxyz(inputs["extxyz"])
    try:
        level = declared_level(inputs["level"])
    except InputError as error:
        raise ExecutionError(f"the worker's installation is not the driver's: {error}") from None
    require_memory(structure, level, memory_gb=context.memory_gb)
    terms = energy_terms(
        structure,
        level=level,
        multiplicity=inputs.get("multiplicity"),
        scratch=context.scratch,
        checkpoint=context.checkpoint,
        threads=context.threads,
        memory_gb=_USABLE_SHARE * context.memory_gb,
    )
    return terms.to_dict()


def member(inputs: Json, context: Context) -> Json:
    """Train one member of the ensemble."""
    from reexplore.surrogate.allegro import train_member
    from reexplore.surrogate.samples import samples_from_text
    from reexplore.surrogate.settings import AllegroSettings

    report = train_member(
        samples_from_text(context.store.get_text(inputs["samples"])),
        settings=AllegroSettings(**inputs["settings"]),
        member=inputs["member"],
        members=inputs["members"],
        seed=inputs["seed"],
        path=context.folder / MEMBER_FILE,
    )
    return report.to_dict()


def screen(inputs: Json, context: Context) -> Json:
    """Graft some ligands of a family on its template and tell which of them find no place."""
    from reexplore.structures.screening.families import refused

    family = Family.from_text(context.store.get_text(inputs["family"]))
    found = refused(family, Structure.from_extxyz(inputs["template"]), contraction=_contraction(inputs))
    return {"refused": {row: failure.to_dict() for row, failure in found.items()}}


def predict(inputs: Json, context: Context) -> Json:
    """Graft some ligands of a family and let every member predict them with every metal."""
    from reexplore.structures.screening.families import complexes, graft_family
    from reexplore.surrogate.allegro import SavedEnsemble
    from reexplore.surrogate.forecast import Forecast

    family = Family.from_text(context.store.get_text(inputs["family"]))
    ensemble = SavedEnsemble([context.store.folder(key) / MEMBER_FILE for key in inputs["members"]])
    keys: list[str] = []
    said = []
    start = 0
    for grafts in graft_family(family, Structure.from_extxyz(inputs["template"]), contraction=_contraction(inputs)):
        rows, found = complexes(family, grafts, start=start)
        if rows:
            keys += [candidate.key for row in rows for candidate in family.candidates_of(row)]
            said.append(ensemble.predict(found).reshape(-1, len(inputs["members"])))
        start += len(grafts)
    Forecast(tuple(keys), np.concatenate(said)).save(context.folder / FORECAST_FILE)
    return {"candidates": len(keys)}


def forecast(inputs: Json, context: Context) -> Json:
    """Put the predictions of all families into one table."""
    from reexplore.surrogate.forecast import Forecast

    parts = [Forecast.load(context.store.folder(key) / FORECAST_FILE) for key in inputs["parts"]]
    keys = tuple(key for part in parts for key in part.keys)
    table = Forecast(keys, np.concatenate([part.member_kcal_mol for part in parts]))
    table.save(context.folder / FORECAST_FILE)
    return {"candidates": len(keys), "members": table.member_kcal_mol.shape[1]}


def select(inputs: Json, context: Context) -> Json:
    """Choose the next batch from a forecast under a policy."""
    from reexplore.acquisition.policy import Policy
    from reexplore.acquisition.select import choose
    from reexplore.surrogate.calibration import Calibration
    from reexplore.surrogate.forecast import Forecast
    from reexplore.surrogate.samples import Traits

    table = Forecast.load(context.store.folder(inputs["forecast"]) / FORECAST_FILE)
    families = [Family.from_text(context.store.get_text(digest)) for digest in inputs["families"]]
    predicted = set(table.keys)
    pool = (Traits.of(candidate) for family in families for candidate in family.candidates())
    picks = choose(
        table,
        samples=[traits for traits in pool if traits.key in predicted],
        calibration=Calibration(**inputs["calibration"]),
        labelled=inputs["labelled"],
        excluded=inputs["excluded"],
        pending=inputs.get("pending", ()),
        policy=Policy(**inputs["policy"]),
        q=inputs["q"],
        seed=inputs["seed"],
    )
    return {"picks": [pick.to_dict() for pick in picks]}
