"""What a worker can be asked to do: pure functions from JSON inputs to JSON values and files.

Each function enters one package. It raises `CalculationFailed` to end in a recorded failure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from reexplore.chemistry.families import Family
from reexplore.chemistry.library import Scaffold, Substituent
from reexplore.chemistry.members import Members
from reexplore.errors import CalculationFailed, ExecutionError, Failure, InputError
from reexplore.execution.kinds import FORECAST_FILE, GENERATOR_FILE, LIGANDS_FILE, MEMBER_FILE
from reexplore.execution.recipes import (
    Assembly,
    BipyramidGeometry,
    Build,
    Constrained,
    ConstrainedList,
    DftRelaxation,
    FreeLigand,
    GeneratorTraining,
    Grafts,
    GroundworkFit,
    Interactions,
    Json,
    KramersGap,
    LabelGeometry,
    ListedPrediction,
    Minimum,
    PoolErrors,
    PoolTraining,
    Prediction,
    Proposing,
    ProxiesOfLigands,
    Selection,
    SinglePoint,
    Sketch,
    Template,
    Training,
    Water,
    WholeForecast,
    read_listed,
)
from reexplore.execution.store import Store
from reexplore.structures.structure import Structure

if TYPE_CHECKING:
    from reexplore.constraints import Rules
    from reexplore.energies.levels import Level
    from reexplore.surrogate.base import Surrogate
    from reexplore.surrogate.samples import Sample

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


def build(inputs: Json, _context: Context) -> Json:
    """Let one builder make unrelaxed structures of a complex, within limits of its own."""
    from reexplore.structures.builders.base import find_builder

    recipe = Build.from_json(inputs)
    builder = find_builder(recipe.builder)
    version = builder.version()
    built = builder.build(
        recipe.candidate, count=recipe.count, seed=recipe.seed, order=recipe.order, force_field=recipe.force_field
    )
    return {"builder": builder.name, "version": version, "structures": [s.to_extxyz() for s in built]}


def template(inputs: Json, context: Context) -> Json:
    """Find the lowest structure of a ligand and stoichiometry among what the builders made."""
    if "sketch" in inputs:
        from reexplore.structures.builders.placement import place_complexes

        # Of a single one only the overlap matters.
        sketch = Sketch.from_json(inputs)
        extxyz = place_complexes(sketch.candidate, count=1, seed=sketch.sketch, order=1)[0].to_extxyz()
        return {"extxyz": extxyz, "runners_up": []}
    from reexplore.structures.search.crest import sample_conformers
    from reexplore.structures.search.templates import FROM_FILE, Start, lowest_template

    recipe = Template.from_json(inputs)
    starts = [Start(Structure.from_extxyz(recipe.start), FROM_FILE)] if recipe.start else []
    versions: dict[str, str] = {}
    failures: list[Failure] = []
    for key in recipe.builds:
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
        recipe.candidate,
        starts=starts,
        refine=recipe.refine,
        surface=recipe.surface,
        checks=recipe.checks,
        force_field=recipe.force_field,
        explore=sample_conformers if recipe.crest else None,
    )
    return found.to_dict() | {"versions": versions, "builders_failed": [f.to_dict() for f in failures]}


def complex_geometry(inputs: Json, _context: Context) -> Json:
    """Exchange the template's metal, relax, and check the result: the geometry a label is made on."""
    recipe = LabelGeometry.from_json(inputs)
    templates = [Structure.from_extxyz(text) for text in recipe.templates]
    if recipe.sketch:
        from reexplore.chemistry.metals import TEMPLATE_METAL
        from reexplore.structures.metal_exchange import exchange_metal
        from reexplore.structures.structure import Layout

        moved = exchange_metal(
            templates[0],
            layout=Layout.of(recipe.candidate),
            old=TEMPLATE_METAL,
            new=recipe.candidate.metal,
            contraction=recipe.contraction,
        )
        return {"extxyz": moved.to_extxyz()}
    from reexplore.structures.search.label_geometry import exchange_and_relax

    return exchange_and_relax(
        templates,
        candidate=recipe.candidate,
        surface=recipe.surface,
        contraction=recipe.contraction,
        checks=recipe.checks,
    ).to_dict()


def free_ligand(inputs: Json, _context: Context) -> Json:
    """Find the free ligand's lowest conformer: the reference of its binding energies."""
    recipe = FreeLigand.from_json(inputs)
    if recipe.sketch:
        from reexplore.structures.conformers.free_ligand import free_ligand_conformers

        return {"extxyz": free_ligand_conformers(recipe.ligand, count=1, seed=recipe.seed)[0].to_extxyz()}
    from reexplore.structures.conformers.free_ligand import lowest_conformer

    found = lowest_conformer(
        recipe.ligand, count=recipe.conformers, seed=recipe.seed, surface=recipe.surface, checks=recipe.checks
    )
    return found.to_dict()


def water_geometry(inputs: Json, _context: Context) -> Json:
    """Relax one water, the reference of every water ligand."""
    from reexplore.structures.conformers.free_ligand import water

    recipe = Water.from_json(inputs)
    if recipe.sketch:
        return {"extxyz": water().to_extxyz()}
    from reexplore.structures.xtb.relax import relax

    return relax(water(), surface=recipe.surface).to_dict()


def minimum(inputs: Json, _context: Context) -> Json:
    """Go downhill from a relaxed structure until no vibration is imaginary, and compute the thermal terms there."""
    from reexplore.energies.thermal import GIBBS, gibbs_correction_hartree
    from reexplore.structures.quality import check_complex, require
    from reexplore.structures.xtb.minimum import settled_minimum

    recipe = Minimum.from_json(inputs)
    found = settled_minimum(Structure.from_extxyz(recipe.extxyz), surface=recipe.surface)
    sphere: Json = {}
    if recipe.candidate is not None:
        report = check_complex(found.structure, candidate=recipe.candidate, checks=recipe.checks)
        require(report)
        sphere = report.sphere()
    correction = gibbs_correction_hartree(found.structure, found.vibrations.frequencies_cm1)
    return found.to_dict() | sphere | {GIBBS: correction}


def dft_relaxation(inputs: Json, context: Context) -> Json:
    """Relax a structure at a level of theory, gradient by gradient; every one is kept until the last."""
    recipe = DftRelaxation.from_json(inputs)
    structure, level = Structure.from_extxyz(recipe.extxyz), _level(recipe.level)
    if level.is_fake:
        from reexplore.energies.teacher import relax_by_teacher

        return relax_by_teacher(structure).to_dict()
    from reexplore.energies.dft.relaxation import relax_by_dft

    relaxed = relax_by_dft(
        structure,
        level=level,
        surface=recipe.surface.of(structure),
        folder=context.checkpoint,
        memory_gb=_USABLE_SHARE * context.memory_gb,
    )
    return relaxed.to_dict()


def _level(declaration: Json) -> Level:
    """Return the level of a declaration, which has to be the same here as where it was written."""
    from reexplore.energies.levels import declared_level

    try:
        return declared_level(declaration)
    except InputError as error:
        raise ExecutionError(f"the worker's installation is not the driver's: {error}") from None


def energy(inputs: Json, context: Context) -> Json:
    """Compute the energy of one geometry at one level of theory; every term of a label goes this way."""
    from reexplore.energies import energy_terms
    from reexplore.energies.memory import require_memory

    recipe = SinglePoint.from_json(inputs)
    structure = Structure.from_extxyz(recipe.extxyz)
    level = _level(recipe.level)
    require_memory(structure, level, memory_gb=context.memory_gb)
    terms = energy_terms(
        structure,
        level=level,
        multiplicity=recipe.multiplicity,
        scratch=context.scratch,
        checkpoint=context.checkpoint,
        threads=context.threads,
        memory_gb=_USABLE_SHARE * context.memory_gb,
    )
    return terms.to_dict()


def bipyramid(inputs: Json, _context: Context) -> Json:
    """Place and relax a magnet; the lowest start that kept its axis is taken."""
    from reexplore.structures.bipyramid import build_bipyramid

    recipe = BipyramidGeometry.from_json(inputs)
    found = build_bipyramid(recipe.candidate, surface=recipe.surface, seed=recipe.seed)
    return {
        "extxyz": found.relaxed.structure.to_extxyz(),
        "energy_hartree": found.relaxed.energy_hartree,
        "axis_degrees": found.axis_degrees,
        "tried": found.tried,
        "failures": [failure.to_dict() for failure in found.failures],
    }


def kramers_gap(inputs: Json, context: Context) -> Json:
    """Compute the Kramers doublets of one geometry; the orbitals of every step are kept until it is done."""
    from reexplore.energies.kramers.gap import kramers_gap as computed
    from reexplore.energies.kramers.memory import require_memory
    from reexplore.energies.kramers.method import KramersMethod

    recipe = KramersGap.from_json(inputs)
    structure = Structure.from_extxyz(recipe.extxyz)
    try:
        method = KramersMethod.from_json(recipe.method)
    except (TypeError, ValueError) as error:
        raise ExecutionError(f"the worker's installation is not the driver's: {error}") from None
    require_memory(structure, method, memory_gb=context.memory_gb)
    label = computed(
        structure,
        method=method,
        scratch=context.scratch,
        checkpoint=context.checkpoint,
        threads=context.threads,
        memory_gb=_USABLE_SHARE * context.memory_gb,
    )
    return label.to_json()


def member(inputs: Json, context: Context) -> Json:
    """Train one member of the ensemble."""
    from reexplore.surrogate.base import HoldOut
    from reexplore.surrogate.groundwork import SETTING as GROUNDWORK
    from reexplore.surrogate.known import SURROGATES
    from reexplore.surrogate.samples import samples_from_text, targets_kcal_mol

    recipe = Training.from_json(inputs)
    kind, version = SURROGATES.find(recipe.surrogate)
    SURROGATES.require_version(recipe.surrogate, version, wanted=recipe.version)
    samples = samples_from_text(context.store.get_text(recipe.samples))
    # Whatever kind it is: labels that cannot be learned from are refused with a sentence.
    targets_kcal_mol(samples)
    out = HoldOut(recipe.member, recipe.members, recipe.seed, recipe.whole_ligands)
    settings = recipe.settings
    if recipe.groundwork:
        settings = settings | {GROUNDWORK: json.loads(context.store.get_text(recipe.groundwork))}
    return kind.train(samples, out, settings, context.folder / MEMBER_FILE).to_dict()


def assemble(inputs: Json, context: Context) -> Json:
    """Make the ligands of some fillings of a scaffold's sites."""
    recipe = Assembly.from_json(inputs)
    substituents = tuple(Substituent(**each) for each in recipe.substituents)
    made = Members.assembled(Scaffold(**recipe.scaffold), substituents, recipe.start, recipe.stop)
    made.save(context.folder / LIGANDS_FILE)
    return {"ligands": len(made)}


def interactions(inputs: Json, context: Context) -> Json:
    """Compute GFN2-xTB energies of some grafts; of those that find no place, or no density, there is none."""
    from reexplore.energies.gfn2 import gfn2_interaction_kcal_mol
    from reexplore.structures.screening.families import refused, screening_geometries
    from reexplore.structures.structure import Layout

    recipe = Interactions.from_json(inputs)
    family = Family.from_text(context.store.get_text(recipe.grafts.family))
    template, contraction = Structure.from_extxyz(recipe.grafts.template), recipe.grafts.contraction
    rows, metals = sorted(set(recipe.rows)), {metal.symbol: metal for metal in family.metals}
    some = family.without(set(range(len(family.members))) - set(rows))
    without = {rows[number] for number in refused(some, template, contraction=contraction)}
    energies: list[float | None] = []
    for row, symbol in zip(recipe.rows, recipe.metals, strict=True):
        candidate = family.candidate(row, metals[symbol])
        if row in without:
            energies.append(None)
            continue
        try:
            (geometry,) = screening_geometries(family, template, [candidate], contraction=contraction)
            energies.append(gfn2_interaction_kcal_mol(geometry, Layout.of(candidate), candidate.bound))
        except CalculationFailed:
            energies.append(None)
    return {"energies_kcal_mol": energies}


def groundwork(inputs: Json, context: Context) -> Json:
    """Fit what is learned of GFN2-xTB energies."""
    from reexplore.surrogate.groundwork import Groundwork

    given = Groundwork.from_dict(json.loads(context.store.get_text(GroundworkFit.from_json(inputs).energies)))
    return {"weights": list(Groundwork.fit(given.known, given.energies_kcal_mol).weights)}


def constrain(inputs: Json, context: Context) -> Json:
    """Hold some ligands against constraints and tell which are left out, by which and why."""
    from reexplore.constraints import Rules

    if "families" in inputs:
        listed = ConstrainedList.from_json(inputs)
        rules = Rules.from_json(listed.rules)
        found = {digest: _broken(digest, rules, context) for digest in listed.families}
        return {"excluded_of": {digest: broken for digest, broken in found.items() if broken}}
    recipe = Constrained.from_json(inputs)
    return {"excluded": _broken(recipe.family, Rules.from_json(recipe.rules), context)}


def _broken(digest: str, rules: Rules, context: Context) -> Json:
    """Return the constraint that each ligand of a family breaks and the reason, by the ligand's number."""
    members = Family.from_text(context.store.get_text(digest)).members
    broken = ((row, rules.broken(ligand)) for row, ligand in enumerate(members))
    return {str(row): list(found) for row, found in broken if found}


def screen(inputs: Json, context: Context) -> Json:
    """Graft some ligands of a family on its template and tell which of them find no place."""
    from reexplore.structures.screening.families import refused

    recipe = Grafts.from_json(inputs)
    family = Family.from_text(context.store.get_text(recipe.family))
    found = refused(family, Structure.from_extxyz(recipe.template), contraction=recipe.contraction)
    return {"refused": {row: failure.to_dict() for row, failure in found.items()}}


def predict(inputs: Json, context: Context) -> Json:
    """Graft some ligands of a family, or take listed ones, and let every member predict them with every metal.

    A surrogate that sees ligands predicts those that cannot be grafted as well.
    """
    from reexplore.structures.screening.families import predictable
    from reexplore.surrogate.base import seen_by
    from reexplore.surrogate.forecast import Forecast
    from reexplore.surrogate.known import SURROGATES

    recipe: Prediction | ListedPrediction
    if "listed" in inputs:
        recipe = ListedPrediction.from_json(inputs)
        every = read_listed(context.store.get_text(recipe.listed), recipe.contraction)
    else:
        recipe = Prediction.from_json(inputs)
        every = [recipe.grafts]
    kind, _version = SURROGATES.find(recipe.surrogate)
    ensemble = kind.load([context.store.folder(key) / MEMBER_FILE for key in recipe.members])
    keys: list[str] = []
    said = []
    for grafts in every:
        family = Family.from_text(context.store.get_text(grafts.family))
        if seen_by(kind) != "geometry":
            numbers = family.keys().reshape(-1, len(family.metals))
            for rows, found in _of_ligands(ensemble, family, grafts):
                keys += [f"{key:016x}" for key in numbers[rows].reshape(-1).tolist()]
                said.append(found.reshape(-1, found.shape[-1]))
            continue
        template = Structure.from_extxyz(grafts.template)
        for named, found in predictable(family, template, contraction=grafts.contraction):
            keys += named
            table = ensemble.predict(found)
            said.append(table.reshape(-1, table.shape[-1]))
    names = np.array(keys, dtype=np.bytes_)
    table = (Forecast.summed_up if recipe.sums_up else Forecast)(names, np.concatenate(said))
    table.save(context.folder / FORECAST_FILE)
    return {"candidates": len(keys)}


def _of_ligands(ensemble: Any, family: Family, grafts: Grafts) -> Iterator[tuple[list[int], Any]]:
    """Yield what an ensemble says of ligands, given by their numbers: first of those with a geometry, if any."""
    from reexplore.structures.screening.families import complexes, graft_family
    from reexplore.surrogate.choices import Choices

    ligands, left = Choices.of_family(family), set(range(len(family.members)))
    start = 0
    grafted = []
    if grafts.template:
        grafted = graft_family(family, Structure.from_extxyz(grafts.template), contraction=grafts.contraction)
    for some in grafted:
        rows, found = complexes(family, some, start=start)
        start += len(some)
        left -= set(rows)
        if rows:
            yield rows, ensemble.predict_ligands(ligands.ligands(rows), found)
    if left:
        yield sorted(left), ensemble.predict_ligands(ligands.ligands(sorted(left)), None)


def forecast(inputs: Json, context: Context) -> Json:
    """Put the predictions of all families into one table."""
    from reexplore.surrogate.forecast import Forecast

    parts = [Forecast.load(context.store.folder(key) / FORECAST_FILE) for key in WholeForecast.from_json(inputs).parts]
    table = Forecast.joined(parts)
    table.save(context.folder / FORECAST_FILE)
    return {"candidates": len(table), "members": table.of_members.shape[1]}


def pool_model(inputs: Json, context: Context) -> Json:
    """Train an ensemble on the labels of a pool, and calibrate it on labels that its members had not seen."""
    from reexplore.surrogate.of_pool import train_on_pool

    recipe = PoolTraining.from_json(inputs)
    kind, samples = _of_pool(recipe, context)
    how: Json = {"settings": recipe.settings, "members": recipe.members, "seed": recipe.seed}
    return train_on_pool(kind, samples, **how, folder=context.folder)


def pool_errors(inputs: Json, context: Context) -> Json:
    """Return what models say of labels of a pool whose scaffold, substituent or metal they have not seen at all."""
    from reexplore.surrogate.of_pool import left_out

    recipe = PoolErrors.from_json(inputs)
    kind, samples = _of_pool(recipe, context)
    return {"left_out": left_out(kind, samples, trait=recipe.trait, settings=recipe.settings, seed=recipe.seed)}


def _of_pool(recipe: PoolTraining | PoolErrors, context: Context) -> tuple[type[Surrogate], list[Sample]]:
    from reexplore.surrogate.known import SURROGATES
    from reexplore.surrogate.samples import samples_from_text

    kind, version = SURROGATES.find(recipe.surrogate)
    SURROGATES.require_version(recipe.surrogate, version, wanted=recipe.version)
    return kind, samples_from_text(context.store.get_text(recipe.samples))


def proxies(inputs: Json, _context: Context) -> Json:
    """Compute the proxies of some free ligands; of those that cannot be computed there is a failure."""
    from rdkit import Chem

    from reexplore.chemistry.ligands import Ligand
    from reexplore.energies.proxies import ligand_proxies

    recipe = ProxiesOfLigands.from_json(inputs)
    found: list[Json] = []
    for identity in recipe.identities:
        charge = Chem.GetFormalCharge(Chem.MolFromSmiles(identity))
        try:
            found.append(ligand_proxies(Ligand(identity, charge, "", ()), seed=recipe.seed).to_dict())
        except CalculationFailed as failed:
            found.append({"failure": failed.failure.to_dict()})
    return {"proxies": found}


def generator(inputs: Json, context: Context) -> Json:
    """Train a generator of ligands; every epoch is kept until the last."""
    from reexplore.proposals.settings import GeneratorSettings
    from reexplore.proposals.training import train_generator
    from reexplore.proposals.training_set import TrainingSet

    recipe = GeneratorTraining.from_json(inputs)
    return train_generator(
        TrainingSet.from_text(context.store.get_text(recipe.given)),
        GeneratorSettings.of(recipe.settings),
        seed=recipe.seed,
        path=context.folder / GENERATOR_FILE,
        checkpoint=context.checkpoint,
        start=context.store.folder(recipe.start) / GENERATOR_FILE if recipe.start else None,
    )


def propose(inputs: Json, context: Context) -> Json:
    """Propose ligands from labelled ones; those that are no ligands of one donor are told by their identity."""
    from reexplore.proposals.asked import FEWEST, known_ligands, proposer_of

    recipe = Proposing.from_json(inputs)
    tried = frozenset(context.store.get_text(recipe.tried).split())
    known, strangers = known_ligands(recipe.labelled, tried=tried, seed=recipe.seed, number=recipe.round)
    if len(known.ligands) < FEWEST:
        return {"proposals": [], "refused": {}, "strangers": strangers}
    asked = proposer_of(
        recipe.by,
        recipe.classes,
        recipe.heavy_atoms,
        seed=recipe.seed,
        generator=context.store.folder(recipe.generator) / GENERATOR_FILE if recipe.generator else None,
    )
    found = asked.propose(recipe.count, known)
    proposals = [
        {"identity": each.found.ligand.identity, "class": each.found.donor_class.name, "number": each.number}
        | {"parents": list(each.parents)}
        for each in found.proposals
    ]
    return {"proposals": proposals, "refused": dict(found.refused), "strangers": strangers}


def select(inputs: Json, context: Context) -> Json:
    """Choose the next batch from a forecast under a policy."""
    from reexplore.acquisition.batch import next_batch
    from reexplore.acquisition.policy import Policy
    from reexplore.properties import Goals
    from reexplore.surrogate.calibration import Calibration
    from reexplore.surrogate.forecast import Forecast
    from reexplore.surrogate.samples import Traits

    recipe = Selection.from_json(inputs)
    table = Forecast.load(context.store.folder(recipe.forecast) / FORECAST_FILE)
    families = {digest: Family.from_text(context.store.get_text(digest)) for digest in recipe.families}
    predicted = set(table.keys)
    pool = (Traits.of(candidate) for family in families.values() for candidate in family.candidates())
    by_lot = {candidate.key for digest in recipe.by_lot for candidate in families[digest].candidates()}
    # Of a funnel the forecast has those that were let through: others may have been promoted by people.
    here = predicted.__contains__ if by_lot else lambda _: True
    batch = next_batch(
        table,
        goals=Goals.from_json(recipe.objective),
        hydration_kcal_mol=dict(recipe.hydration),
        samples=[traits for traits in pool if traits.key in predicted],
        calibration=Calibration(**recipe.calibration),
        labelled={key: label for key, label in recipe.labelled.items() if here(key)},
        excluded=[key for key in recipe.excluded if here(key)],
        pending=[key for key in recipe.pending if here(key)],
        by_lot=by_lot or None,
        policy=Policy(**recipe.policy),
        q=recipe.q,
        seed=recipe.seed,
    )
    # What a stopping rule looks at; results of earlier versions lack it.
    return {
        "picks": [pick.to_dict() for pick in batch.picks],
        "expected_improvement": list(batch.expected_improvement),
    }
