"""Which labels of others a campaign begins with: those of a shipped pool, or of the workspace's other campaigns.

Only labels that were computed as the campaign computes its own are taken: the same level, surface and way to a
geometry, the same reference of the free ligand, in a stoichiometry of its space.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import product
from typing import Any

from reexplore.campaign.declaration.begun import written_out
from reexplore.campaign.declaration.setup import Setup
from reexplore.campaign.ledger.borrowed import Borrowed, borrowed
from reexplore.campaign.ledger.labels import labels
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.steps.screening import Screening, screening_digest
from reexplore.chemistry.candidates import co_ligands_name, stoichiometry_name
from reexplore.chemistry.metals import METALS
from reexplore.chemistry.space import Space
from reexplore.dataset.columns import term_column
from reexplore.dataset.pool import LabelledPool
from reexplore.dataset.samples import labelled_samples
from reexplore.dataset.shipped import shipped_pools
from reexplore.errors import ExecutionError, InputError, NotBegunError
from reexplore.execution.store import Store
from reexplore.surrogate.base import needs_geometries, seen_by
from reexplore.surrogate.known import SURROGATES
from reexplore.surrogate.samples import Sample

#: What surrogates learn.
_LEARNED = "binding_energy_kcal_mol"
_THERMAL = term_column("complex", "thermal")


def to_borrow(setup: Setup) -> Borrowed | None:
    """Return what a campaign would begin with, or has begun with; None where its file does not ask for any."""
    if setup.file.learn_from == "nothing":
        return None
    if setup.ledger_path.is_file():
        try:
            with closing(Ledger(setup.ledger_path, read_only=True)) as ledger:
                return borrowed(ledger)
        except NotBegunError:
            # A first start was killed at once.
            pass
    return borrow(setup)


def borrow(setup: Setup) -> Borrowed | None:
    """Return the labels that the file of a new campaign asks for, each candidate's once; None where it asks for none.

    Where there are none, or some cannot be taken, the sentence says why.
    """
    source = setup.file.learn_from
    if source == "nothing":
        return None
    if setup.at_ph is not None or not setup.goals.learns_binding:
        # Free ligands are counted by pKa that no pool tells; no pool has energies in a second solvent, or gaps.
        gaps = "Kramers gaps" if setup.goals.learns_gap else "labels at a pH"
        what = "transfer energies" if setup.goals.learns_transfer else gaps
        return Borrowed(f"learn_from: {source}: {what} are not shared; it learns from its own alone")
    found: dict[str, Sample] = {}
    counts: Counter[str] = Counter()
    left_out: list[str] = []
    stoichiometries = set(_stoichiometries(setup.space))
    for name, samples, reason in _shipped(setup) if source == "shipped" else _of_the_workspace(setup):
        left_out += [f"{name}: {reason}"] if reason else []
        for sample in samples:
            if sample.group.stoichiometry in stoichiometries and sample.key not in found:
                found[sample.key] = sample
                counts[name] += 1
    why = f"; left out: {', '.join(left_out)}" if left_out else ""
    if not found:
        where = "comes with reexplore" if source == "shipped" else "is in the workspace's other campaigns"
        return Borrowed(
            f"learn_from: {source}: no label of level '{setup.level.name}' computed as here {where}{why};"
            " it learns from its own alone"
        )
    metals = Counter(sample.group.metal for sample in found.values())
    with_each = ", ".join(f"{metals[symbol]} with {symbol}" for symbol in METALS if symbol in metals)
    whence = "shipped pool" if source == "shipped" else "campaign"
    places = ", ".join(f"{count} of the {whence} {name}" for name, count in counts.items())
    told = f"learn_from: {source}: learns from {len(found)} labels beside its own ({places}; {with_each}){why}"
    return Borrowed(told, tuple(found[key] for key in sorted(found)))


def _stoichiometries(space: Space) -> Iterator[str]:
    for scaffold, coordination in product(space.scaffolds, space.coordinations):
        waters = None if coordination.waters_open else coordination.waters(scaffold.denticity)
        # As candidates have them.
        beside = sorted(coordination.co_ligands, key=lambda each: each[0].identity)
        yield stoichiometry_name(coordination.ligands, waters, co_ligands_name(tuple(beside)))


Found = Iterator[tuple[str, Sequence[Sample], str]]


def _shipped(setup: Setup) -> Found:
    """Yield each shipped pool that was computed as the campaign computes, with its samples, or why there are none."""
    way = _way(setup.resolved())
    for name, pool in shipped_pools():
        made_by = pool.provenance.get("campaigns", [])
        if not made_by or any(_way(declared) != way for declared in made_by) or _LEARNED not in pool.properties:
            continue
        if _are_free(pool) != setup.goals.needs_thermal_terms:
            continue
        yield name, *_samples_of(pool, setup)


def _samples_of(pool: LabelledPool, setup: Setup) -> tuple[Sequence[Sample], str]:
    kind = SURROGATES.find(setup.file.surrogate.model)[0]
    sees = seen_by(kind)
    on_screening = set(pool.table.get("positions", ())) == {"screening"}
    usable = sees != "ligand" and (on_screening or (sees == "geometry" and not needs_geometries(kind)))
    geometries = pool.geometries if usable else {}
    samples = labelled_samples(pool, _LEARNED, with_parts=sees != "geometry", geometries=geometries)
    if sees == "geometry" and not geometries:
        model = setup.file.surrogate.model
        return (), f"the model '{model}' learns from screening geometries, which it does not have"
    return [sample for sample in samples if sees != "geometry" or sample.structure is not None], ""


def _are_free(pool: LabelledPool) -> bool:
    return _THERMAL in pool.table and bool(pool.table[_THERMAL].notna().any())


def _of_the_workspace(setup: Setup) -> Found:
    """Yield each other campaign of the workspace that computes as this one, with its samples, or why there are none."""
    way = _way(setup.resolved())
    for path in sorted(setup.store.parent.glob("*/ledger.sqlite")):
        if path == setup.ledger_path:
            continue
        try:
            with closing(Ledger(path, read_only=True)) as ledger:
                declared = ledger.meta("campaign")
                if declared is not None and _way(json.loads(declared)) == way:
                    yield path.parent.name, _samples_in(ledger, setup), ""
        except (InputError, ExecutionError) as error:
            yield path.parent.name, (), str(error)


def _samples_in(ledger: Ledger, setup: Setup) -> list[Sample]:
    """Return the labels of another campaign; its families are in the store that both share."""
    digest, store = screening_digest(ledger), Store(setup.store)
    if digest is None or not ledger.labels():
        return []
    screening = Screening.from_text(store.get_text(digest), store)
    sees = seen_by(SURROGATES.find(setup.file.surrogate.model)[0])
    found = labels(screening.pool, ledger)
    # A label is free energies or none, whatever its campaign asks about.
    free = setup.goals.needs_thermal_terms
    alike = [key for key, one in found.items() if (one.parts["complex"].thermal_hartree is not None) == free]
    geometries = {} if sees == "ligand" else screening.structures([screening.pool[key] for key in alike])
    samples = []
    for key in alike:
        if sees == "geometry" and key not in geometries:
            continue
        ligand = screening.pool[key].ligand
        parts = () if sees == "geometry" else screening.parts_of(key)
        told = (screening.pool[key].group, ligand.scaffold, ligand.substituents)
        samples.append(Sample(key, geometries.get(key), *told, found[key].binding.energy_kcal_mol, parts))
    return samples


def _way(declared: Mapping[str, Any]) -> Any:
    """Return all of a campaign's declaration that makes labels comparable."""
    known = written_out(dict(declared))
    theory = known["theory"]
    return json.loads(
        json.dumps(
            {
                "level": known["level"],
                "surface": theory["surface"],
                "corrections": [entry for entry in theory["surfaces"] if entry["name"] == theory["surface"]],
                "geometry": theory.get("geometry", "search"),
                "sketch": "sketch" in theory["builders"],
                "reference": theory["reference"],
                "conditional": theory["conditional"],
            }
        )
    )
