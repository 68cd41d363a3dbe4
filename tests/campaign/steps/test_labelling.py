"""A candidate that fails leaves its reason; a shared fragment that fails by the run alone stops the campaign."""

import json
from contextlib import closing
from dataclasses import replace
from itertools import islice

import pytest
import yaml

from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.ledger.rows import Pick
from reexplore.campaign.loop import open_campaign
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.progress import Narrator
from reexplore.campaign.steps.labelling import known_labels, observed_kcal_mol
from reexplore.campaign.steps.tasks import complex_task, templates
from reexplore.chemistry.aqua import aqua_ion
from reexplore.chemistry.metals import METALS
from reexplore.config import TheoryEntry
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL
from reexplore.energies.teacher import teacher_energy
from reexplore.energies.terms import EnergyTerms
from reexplore.energies.thermal import GIBBS, WATER_MOL_L, concentration_hartree
from reexplore.errors import ExecutionError, Failure, FailureCode
from reexplore.execution.executor import SerialExecutor
from reexplore.execution.store import Outcome
from reexplore.properties import read_goals
from reexplore.structures.builders.placement import place_complexes
from reexplore.structures.conformers.free_ligand import water
from reexplore.structures.search.templates import RUNNERS_UP
from reexplore.structures.structure import Structure
from tests.campaign.answers import AtOnce, labelled
from tests.campaign.test_loop import SMALL


class Scripted(AtOnce):
    """Stands in for the dispatcher: sketches for geometries, the teacher for energies, failures where told."""

    def __init__(self, failures, sketches):
        self.failures = failures
        self.sketches = sketches
        self.thermal = {}
        self.values = {}

    def outcome_of(self, task):
        outcome = self._outcome_of(task)
        self.values[task.key] = outcome.value
        return outcome

    def _outcome_of(self, task):
        if failure := self.failures.get((task.kind, task.title)):
            return Outcome(None, failure, {})
        if task.kind == "energy":
            return Outcome(teacher_energy(Structure.from_extxyz(task.inputs["extxyz"])).to_dict(), None, {})
        if task.kind == "minimum":
            return Outcome({"extxyz": task.inputs["extxyz"], GIBBS: self.thermal[task.title]}, None, {})
        # What the geometry is does not matter here, only whether there is one.
        elsewhere = water().moved_to(water().positions_angstrom + (task.kind == "ligand"))
        geometry = task.inputs["templates"][0] if task.kind == "complex" else elsewhere.to_extxyz()
        if task.kind == "template":
            geometry = self.sketches[task.title]
        return Outcome({"extxyz": geometry, "runners_up": []}, None, {})


@pytest.fixture
def context(tmp_path):
    file = tmp_path / "small.yaml"
    file.write_text(yaml.safe_dump(SMALL))
    setup = prepare(str(file), workspace=tmp_path)
    ledger = open_campaign(setup)
    made = CampaignContext(setup, ledger, SerialExecutor(store=setup.store, evidence=setup.folder), Narrator())
    # Two ligands with La; the pool lists every metal of a ligand before the next one.
    batch = list(islice(made.pool.values(), 0, 3, 2))
    ledger.open_round(0, "seed", [Pick(c.key, 0, i, "seed", None, None, None) for i, c in enumerate(batch)])
    return made, batch


def script(context, **failures):
    two = [*islice(context.pool.values(), 0, 3, 2), aqua_ion(METALS["La"], waters=8)]
    sketches = {c.name: place_complexes(c, count=1, seed=1)[0].to_extxyz() for c in two}
    context.__dict__["dispatcher"] = Scripted({tuple(k.split("__")): v for k, v in failures.items()}, sketches)
    # Without tasks the ledger has no values of its own.
    context.ledger.value = context.dispatcher.values.__getitem__


LOST = Failure(FailureCode.DONOR_LOST, "quality", "O 14 is 3.4 Å away", {"distance_angstrom": 3.4})
CRASHED = Failure(FailureCode.CRASHED, "energy", "ended by signal SIGSEGV", {"path": "somewhere"})


def test_a_chemical_failure_refuses_one_candidate_only(context):
    made, (first, second) = context
    script(made, **{f"complex__{first.name}": LOST})
    labelled(made, [first, second])
    assert made.ledger.label_failures() == {first.key: LOST}
    assert list(made.ledger.labels()) == [second.key]


def test_a_candidate_without_a_template_is_refused_with_its_reason(context):
    made, (first, second) = context
    script(made, **{f"template__{second.name}": LOST})
    labelled(made, [first, second])
    assert made.ledger.label_failures() == {second.key: LOST}
    assert list(made.ledger.labels()) == [first.key]


def test_a_builder_that_was_stopped_is_left_out(context):
    made, (first, _) = context
    theory = TheoryEntry()
    made.setup.__dict__["file"] = made.setup.file.model_copy(update={"theory": theory})
    asked = []
    stopped = Failure(FailureCode.TIMEOUT, "build", "stopped after its time limit of 1800 s", {"path": "somewhere"})
    script(made, **{f"build__{first.name} by architector": stopped})
    run = made.dispatcher.run
    made.__dict__["dispatcher"].run = lambda tasks, *, stage: asked.extend(tasks) or run(tasks, stage=stage)
    found = made.dispatcher.finish(templates(made, [first]))
    assert found[first.key].value is not None
    placed = next(task for task in asked if task.kind == "build" and task.inputs["builder"] == "placement")
    template = next(task for task in asked if task.kind == "template")
    assert template.inputs["builds"] == [placed.key]


def test_without_any_builder_a_candidate_is_refused_with_the_reason(context):
    made, (first, _) = context
    made.setup.__dict__["file"] = made.setup.file.model_copy(update={"theory": TheoryEntry()})
    stopped = Failure(FailureCode.CRASHED, "build", "ended by signal SIGSEGV", {"path": "somewhere"})
    script(made, **{f"build__{first.name} by {name}": stopped for name in ("architector", "placement")})
    assert made.dispatcher.finish(templates(made, [first]))[first.key].failure == stopped


def test_a_crashed_energy_refuses_its_candidate(context):
    made, (first, second) = context
    script(made, **{f"energy__{second.name}": CRASHED})
    labelled(made, [first, second])
    assert made.ledger.label_failures() == {second.key: CRASHED}


@pytest.mark.parametrize("fragment", ["H2O", "La3+"])
def test_a_crashed_shared_fragment_stops_and_refuses_nobody(context, fragment):
    made, batch = context
    script(made, **{f"energy__{fragment}": CRASHED})
    with pytest.raises(ExecutionError, match="shared fragment"):
        labelled(made, batch)
    assert made.ledger.label_failures() == {}
    assert made.ledger.labels() == {}


def test_without_labels_nothing_is_observed(context):
    assert observed_kcal_mol(context[0]) == {}


@pytest.mark.parametrize(("allowed", "tried"), [(0, ["lowest"]), (1, ["lowest", "b"]), (2, ["lowest", "b", "c"])])
def test_a_metal_is_tried_from_as_many_conformers_as_the_campaign_allows(context, allowed, tried):
    candidate = context[1][0]
    template = {"extxyz": "lowest", "runners_up": ["b", "c"]}
    task = complex_task(candidate, template, TheoryEntry(other_conformers=allowed))
    assert task.inputs["templates"] == tried


def test_by_default_every_other_conformer_a_template_keeps_is_tried():
    assert TheoryEntry().other_conformers == RUNNERS_UP


def test_campaigns_from_before_there_was_a_choice_go_on(tmp_path):
    file = tmp_path / "small.yaml"
    file.write_text(yaml.safe_dump(SMALL))
    setup = prepare(str(file), workspace=tmp_path)
    with closing(open_campaign(setup)) as ledger:
        declared = json.loads(ledger.meta("campaign"))
        del declared["steering"], declared["theory"]["other_conformers"]
        ledger.set_meta(campaign=json.dumps(declared))
    open_campaign(setup).close()


def with_theory(made, **changes):
    theory = made.setup.file.theory.model_copy(update=changes)
    made.setup.__dict__["file"] = made.setup.file.model_copy(update={"theory": theory})


def test_a_ligand_may_be_counted_from_its_acid(context):
    made, (first, second) = context
    script(made)
    labelled(made, [first])
    with_theory(made, reference="acid")
    labelled(made, [second])
    keys = made.ledger.labels()
    assert (keys[first.key].protons, keys[second.key].protons) == (0, -second.ligand.charge)
    assert "protons" not in keys[first.key].to_dict()
    acid = EnergyTerms.from_dict(made.ledger.value(keys[second.key].ligand))
    counted = known_labels(made)[second.key].parts["ligand"]
    # The acid's protons are in water: 270.3 kcal/mol each below nothing.
    gained_kcal_mol = (counted.total_hartree - acid.total_hartree) * HARTREE_TO_KCAL_MOL
    assert gained_kcal_mol == pytest.approx(270.3 * -second.ligand.charge)


def test_free_energies_have_the_thermal_terms_of_every_part(context):
    made, (first, _) = context
    goals = read_goals([{"property": "complexation_free_energy", "metal": "La"}])
    made.setup.__dict__["goals"] = goals
    # Lanthanum in nine waters is the higher one here, and in eight the lower.
    ions = [aqua_ion(METALS["La"], waters=count) for count in (8, 9)]
    script(made)
    made.dispatcher.sketches |= {ion.name: place_complexes(ion, count=1, seed=1)[0].to_extxyz() for ion in ions}
    made.dispatcher.thermal = {first.name: 0.30, "H2O": 0.01, f"{first.ligand.name} (free)": 0.05}
    made.dispatcher.thermal |= {ions[0].name: 0.12, ions[1].name: 40.0}
    labelled(made, [first])
    label = known_labels(made)[first.key]
    liquid = 0.01 + concentration_hartree(WATER_MOL_L)
    assert label.aqua_waters == 8
    assert label.parts["water"].thermal_hartree == pytest.approx(liquid)
    electronic = replace(label, parts={p: bare(t) for p, t in label.parts.items()}, aqua=bare(label.aqua)).exchange
    thermal_kcal_mol = label.exchange.energy_kcal_mol - electronic.energy_kcal_mol
    expected = 0.30 - 0.05 - 0.12 + (8 - first.waters) * liquid
    assert thermal_kcal_mol == pytest.approx(expected * HARTREE_TO_KCAL_MOL)


def test_one_of_two_aqua_ions_is_enough(context):
    made, (first, _) = context
    made.setup.__dict__["goals"] = read_goals([{"property": "complexation_free_energy", "metal": "La"}])
    ions = [aqua_ion(METALS["La"], waters=count) for count in (8, 9)]
    script(made, **{f"complex__{ions[0].name}": LOST})
    made.dispatcher.sketches |= {ion.name: place_complexes(ion, count=1, seed=1)[0].to_extxyz() for ion in ions}
    made.dispatcher.thermal = dict.fromkeys((first.name, "H2O", f"{first.ligand.name} (free)", ions[1].name), 0.0)
    entered = []
    enter = made.ledger.enter_aqua_ion
    made.ledger.enter_aqua_ion = lambda metal, keys, failure: (entered.append(failure), enter(metal, keys, failure))
    labelled(made, [first])
    assert known_labels(made)[first.key].aqua_waters == 9
    # Not even for a moment: a driver that is killed then would leave the metal without one.
    assert entered == [None]


def bare(terms):
    return replace(terms, thermal_hartree=None)
