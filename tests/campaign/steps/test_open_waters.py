"""Where the number of waters is open, the lowest free energy decides, complex by complex."""

import json
from dataclasses import replace
from functools import cache

import pytest
import yaml

from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.ledger.corrections import invalidate, retry
from reexplore.campaign.ledger.relaxed_labels import relaxed_labels
from reexplore.campaign.ledger.rows import FinalistKeys, LabelKeys, Pick
from reexplore.campaign.loop import open_campaign
from reexplore.campaign.results.snapshot import campaign_record
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.progress import Narrator
from reexplore.campaign.steps.finalists import relax_finalist
from reexplore.campaign.steps.labelling import known_labels
from reexplore.campaign.steps.tasks import template_task
from reexplore.chemistry.aqua import aqua_ion
from reexplore.chemistry.metals import METALS
from reexplore.chemistry.space import Coordination
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL
from reexplore.energies.teacher import teacher_energy
from reexplore.energies.thermal import WATER_MOL_L, concentration_hartree
from reexplore.errors import FailureCode
from reexplore.execution.executor import SerialExecutor
from reexplore.execution.store import Outcome
from reexplore.properties import read_goals
from reexplore.structures.builders.placement import place_complexes
from reexplore.structures.conformers.free_ligand import water
from reexplore.structures.screening.scaffolding import bare_candidate
from reexplore.structures.structure import Structure
from reexplore.tracking.exports import objective_table, table
from reexplore.tracking.review_page import review_page
from tests.campaign.answers import labelled
from tests.campaign.steps.test_labelling import CRASHED, LOST, Scripted
from tests.campaign.test_loop import SMALL

LA_LU = [{"property": "separation_factor", "metals": ["La", "Lu"], "direction": "higher"}]
#: Free energies of every part without the electronic ones, hartree: nine is lower for La here and eight for Lu.
WATER = 0.01
THERMAL = {"La(HOPO-H)(H2O)6": 0.3, "Lu(HOPO-H)(H2O)6": 0.3, "HOPO-H (free)": 0.05, "H2O": WATER}
LOWER, HIGHER = -5.0, 5.0


@pytest.fixture
def context(tmp_path):
    """Return a campaign with open waters, whose first ligand was chosen with both metals, on sketches."""
    file = tmp_path / "small.yaml"
    file.write_text(yaml.safe_dump(SMALL))
    setup = prepare(str(file), workspace=tmp_path)
    ledger = open_campaign(setup)
    setup.__dict__["goals"] = read_goals(LA_LU)
    setup.__dict__["space"] = replace(setup.space, coordinations=(Coordination(1, None),))
    made = CampaignContext(setup, ledger, SerialExecutor(store=setup.store, evidence=setup.folder), Narrator())
    ledger.open_round(0, "seed", [Pick(c.key, 0, i, "seed", None, None, None) for i, c in enumerate(batch(made))])
    script(made)
    return made


def batch(made):
    return list(made.pool.values())[:2]


def script(made, failures=(), stops_after=None):
    """Let the dispatcher answer, all numbers of lanthanum and lutetium with the free energies above."""
    ions = [aqua_ion(METALS[symbol], waters=count) for symbol in ("La", "Lu") for count in (8, 9)]
    parents = [*batch(made)[0].settled, *(ion for ion in ions if ion.metal.symbol == "La")]
    dispatcher = Stopping(dict(failures), {each.name: sketch(each) for each in parents})
    dispatcher.left = stops_after
    dispatcher.thermal = THERMAL | {"La(HOPO-H)(H2O)7": LOWER, "Lu(HOPO-H)(H2O)7": HIGHER}
    dispatcher.thermal |= {ion.name: 0.1 for ion in ions}
    made.__dict__["dispatcher"] = dispatcher
    made.ledger.value = dispatcher.values.__getitem__


@cache
def sketch(candidate):
    return place_complexes(candidate, count=1, seed=1)[0].to_extxyz()


class Stopping(Scripted):
    """Is killed after some answers."""

    def outcome_of(self, task):
        if self.left is not None:
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
        return super().outcome_of(task)

    def _outcome_of(self, task):
        # Where it begins it ends.
        ended = Outcome({"extxyz": task.inputs["extxyz"]}, None, {}) if task.kind == "dft_relaxation" else None
        return ended or super()._outcome_of(task)


def waters_of(made):
    return {label.candidate.metal.symbol: label.candidate.waters for label in known_labels(made).values()}


def test_each_metal_has_the_waters_of_its_lowest_free_energy(context):
    labelled(context, batch(context))
    assert waters_of(context) == {"La": 7, "Lu": 6}
    assert list(context.ledger.labels()) == [candidate.key for candidate in batch(context)]
    values = context.dispatcher.values
    liquid = teacher_energy(water()).total_hartree + WATER + concentration_hartree(WATER_MOL_L)
    for candidate, best, other in zip(batch(context), (7, 6), (6, 7), strict=True):
        keys, label = context.ledger.labels()[candidate.key], known_labels(context)[candidate.key]
        ((waters, (structure, energy)),) = keys.others.items()
        assert (keys.waters, waters) == (best, str(other))
        gibbs = {
            count: values[of]["total_hartree"] + values[at]["gibbs_correction_hartree"] - count * liquid
            for count, at, of in ((best, keys.structure, keys.complex), (other, structure, energy))
        }
        above = (gibbs[other] - gibbs[best]) * HARTREE_TO_KCAL_MOL
        assert above > 0
        assert label.other_waters_kcal_mol == {other: pytest.approx(above)}


def test_the_separation_factor_counts_the_waters_of_each_metal(context):
    labelled(context, batch(context))
    by_metal = {label.candidate.metal.symbol: label for label in known_labels(context).values()}
    (factor,) = context.setup.goals.values(by_metal)
    free = {
        symbol: sum(
            sign * label.parts[part].in_reaction_hartree
            for sign, part in ((1, "complex"), (-1, "ligand"), (label.aqua_waters - label.candidate.waters, "water"))
        )
        - label.aqua.in_reaction_hartree
        for symbol, label in by_metal.items()
    }
    # A factor of ten is RT ln 10 at 25 °C.
    expected = (free["Lu"] - free["La"]) * HARTREE_TO_KCAL_MOL / 1.3642
    assert factor.value == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("kind", ["template", "complex", "minimum", "energy"])
def test_where_one_number_fails_the_other_stands_and_the_failure_is_told(context, kind, capsys):
    lanthanum = batch(context)[0]
    script(context, {(kind, "La(HOPO-H)(H2O)7"): LOST})
    labelled(context, [lanthanum])
    assert waters_of(context) == {"La": 6}
    assert "La(HOPO-H)(H2O)m with 7 waters failed in quality: O 14 is 3.4 Å away" in capsys.readouterr().out
    label = known_labels(context)[lanthanum.key]
    assert label.failures == {7: LOST}
    assert label.other_waters_kcal_mol == {}
    assert label.doubts == ("with 7 waters it has no free energy to compare: quality, O 14 is 3.4 Å away",)


@pytest.mark.parametrize(
    ("six", "seven", "told"),
    [
        (LOST, replace(LOST, message="H 3 left"), LOST),
        # What can be tried again is not hidden behind what cannot.
        (LOST, CRASHED, CRASHED),
    ],
)
def test_where_all_fail_the_candidate_is_refused(context, six, seven, told):
    lanthanum, lutetium = batch(context)
    script(context, {("minimum", "La(HOPO-H)(H2O)6"): six, ("energy", "La(HOPO-H)(H2O)7"): seven})
    labelled(context, [lanthanum, lutetium])
    assert context.ledger.label_failures() == {lanthanum.key: told}
    assert waters_of(context) == {"Lu": 6}


def test_a_free_ligand_that_fails_refuses_all_numbers(context):
    script(context, {("minimum", "HOPO-H (free)"): LOST})
    labelled(context, batch(context)[:1])
    assert context.ledger.label_failures() == {batch(context)[0].key: LOST}


def test_what_failed_by_the_run_alone_can_be_tried_again(context):
    lanthanum = batch(context)[0]
    script(context, {("energy", "La(HOPO-H)(H2O)7"): CRASHED})
    labelled(context, batch(context))
    relaxed = FinalistKeys({"complex": "r"}, {"complex": "e"})
    for candidate in batch(context):
        context.ledger.enter_finalist(candidate.key, relaxed, None)
    again = retry(context.ledger, FailureCode.CRASHED)
    # What was relaxed may then have the wrong number.
    assert again.candidates == again.finalists == (lanthanum.key,)
    assert retry(context.ledger, FailureCode.TIMEOUT).candidates == ()


def test_a_label_rests_on_the_complexes_it_is_lower_than(context):
    lanthanum = batch(context)[0]
    labelled(context, [lanthanum])
    ((structure, energy),) = context.ledger.labels()[lanthanum.key].others.values()
    assert {structure, energy} <= set(context.ledger.labels()[lanthanum.key].calculations)
    tasks = [task for task in asked(context, [lanthanum]) if task.key == energy]
    context.ledger.plan(tasks)
    context.ledger.finish(energy, context.dispatcher.outcome_of(tasks[0]), reused=False)
    assert invalidate(context.ledger, f"key={energy}").candidates == (lanthanum.key,)


def asked(made, candidates):
    """Return the tasks that the labels of some candidates ask for."""
    return recorded(made, lambda: labelled(made, candidates))


def recorded(made, step):
    """Return the tasks that a step asks for."""
    tasks, answer = [], made.dispatcher.outcome_of
    made.dispatcher.outcome_of = lambda task: tasks.append(task) or answer(task)
    step()
    del made.dispatcher.outcome_of
    return tasks


def test_a_label_that_is_stopped_anywhere_ends_the_same(context):
    lanthanum = batch(context)[0]
    answers = len(asked(context, [lanthanum]))
    whole = context.ledger.labels()
    context.ledger.withdraw(candidates=[lanthanum.key], metals=["La"])
    for done in range(answers):
        script(context, stops_after=done)
        with pytest.raises(KeyboardInterrupt):
            labelled(context, [lanthanum])
        assert (context.ledger.labels(), context.ledger.label_failures()) == ({}, {})
    script(context)
    labelled(context, [lanthanum])
    assert context.ledger.labels() == whole


def test_finalists_have_the_waters_of_their_labels(context):
    labelled(context, batch(context))
    found = known_labels(context)
    jobs = [relax_finalist(context, label.candidate) for label in found.values()]
    tasks = recorded(context, lambda: [context.dispatcher.finish(job) for job in jobs])
    complexes = {task.title for task in tasks if task.kind == "dft_relaxation" and "HOPO" in task.title}
    assert complexes == {"La(HOPO-H)(H2O)7", "Lu(HOPO-H)(H2O)6", "HOPO-H (free)"}
    # Nothing has moved, so nothing has changed.
    for key, label in relaxed_labels(found, context.ledger).items():
        assert label.binding.energy_kcal_mol == pytest.approx(found[key].binding.energy_kcal_mol)
        assert (label.candidate, label.other_waters) == (found[key].candidate, {})
    assert context.ledger.finalists().keys() == found.keys()


def test_no_water_at_all_is_a_number_in_the_ledger():
    keys = LabelKeys("s", "c", "i", "l", "w", waters=0, others={"1": ["t", "d"]}, failed={})
    assert LabelKeys(**json.loads(json.dumps(keys.to_dict()))) == keys
    # Nothing is added to the labels that were there before.
    assert LabelKeys("s", "c", "i", "l", "w").to_dict().keys() == {"structure", "complex", "ion", "ligand", "water"}


def test_tables_and_page_show_what_was_found(context):
    labelled(context, batch(context))
    record = campaign_record(context.setup, context.ledger, pool=context.pool)
    rows = {row.key: row for row in record.rows}
    lanthanum, lutetium = (rows[candidate.key] for candidate in batch(context))
    assert (lanthanum.name, lanthanum.waters) == ("La(HOPO-H)(H2O)7", 7)
    assert (lutetium.name, lutetium.waters) == ("Lu(HOPO-H)(H2O)6", 6)
    # Three oxygens are the ligand's.
    assert Structure.from_extxyz(lanthanum.geometry_xyz).symbols.count("O") == 3 + 7
    assert lanthanum.group == "La (1 L, waters open), L charge -1"
    unknown = next(row for row in record.rows if row.status != "labelled")
    assert (unknown.waters, unknown.name.endswith("(H2O)m")) == (None, True)
    above = lanthanum.other_waters_kcal_mol[6]
    assert f"6 {above}" in table(record.rows)
    ligand = next(row for row in record.by_goals if row.is_labelled)
    assert (ligand.waters, ligand.waters_by_metal) == (None, {"La": 7, "Lu": 6})
    assert ligand.group == "1 L, waters open"
    assert next(objective_table(record))["waters_by_metal"] == {"La": 7, "Lu": 6}
    assert "waters: La 7, Lu 6" in review_page(record, top=5)
    (selectivity,) = record.selectivity
    assert (selectivity.waters, selectivity.group) == (None, "1 L, waters open, L charge -1")


def test_the_model_sees_the_template_of_the_lower_number(context):
    family = context.pool.families[0]
    theory = context.setup.file.theory
    bare = bare_candidate(family.scaffold, ligands=family.ligands, waters=family.waters)
    assert template_task(bare, [], theory, 1) == template_task(batch(context)[0].settled[0], [], theory, 1)
