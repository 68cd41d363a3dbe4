"""Ligands without given pKa at a pH: their protonation states are computed, and what the pKa rest on is kept."""

import zlib
from dataclasses import replace

import pytest
from rdkit import Chem

from reexplore.campaign.ledger.rows import LabelKeys, Pick
from reexplore.campaign.results.snapshot import campaign_record
from reexplore.campaign.steps.labelling import known_labels
from reexplore.chemistry.acidity import PHENOL, REFERENCE_ACIDS
from reexplore.config import ConditionalEntry
from reexplore.energies.protons import KCAL_MOL_PER_LOG_UNIT as UNIT
from reexplore.energies.protons import log_side_reaction
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL
from reexplore.energies.teacher import teacher_energy
from reexplore.energies.thermal import GIBBS
from reexplore.execution.store import Outcome
from reexplore.structures.builders.placement import place_complexes
from reexplore.structures.conformers.free_ligand import water
from tests.campaign.answers import labelled
from tests.campaign.steps.test_labelling import CRASHED, LOST, Scripted, context, script, with_theory

__all__ = ["context"]

#: Free energies in units of RT ln 10: the reference acids', and those of CAM by charge, for 12.1 and 8.4.
UNITS = {acid.base.identity: acid.pka for acid in REFERENCE_ACIDS}
UNITS |= {acid.acid.identity: 0.0 for acid in REFERENCE_ACIDS}
CAM = {-2: 20.5, -1: 8.4, 0: 0.0}


class Protonating(Scripted):
    """Answers as told above, each molecule at a place of its own."""

    def __init__(self, failures, sketches):
        super().__init__(failures, sketches)
        self.molecules = {}

    def _outcome_of(self, task):
        extxyz = task.inputs.get("extxyz")
        if extxyz not in self.molecules and task.kind != "ligand":
            return super()._outcome_of(task)
        if failure := self.failures.get((task.kind, task.title)):
            return Outcome(None, failure, {})
        if task.kind == "ligand":
            said = task.inputs["ligand"]
            identity = said["identity"].replace(":1]", "]")
            where = 1 + zlib.crc32(Chem.CanonSmiles(identity).encode()) % 10_000
            extxyz = water().moved_to(water().positions_angstrom + where).to_extxyz()
            self.molecules[extxyz] = UNITS.get(said["identity"], CAM[min(0, said["charge"])])
        if task.kind == "energy":
            terms = teacher_energy(water())
            return Outcome(
                replace(terms, total_hartree=self.molecules[extxyz] * UNIT / HARTREE_TO_KCAL_MOL).to_dict(), None, {}
            )
        return Outcome({"extxyz": extxyz, GIBBS: 0.01}, None, {})


def script_at_ph(made, ph, *, reference="anion", **failures):
    with_theory(made, conditional=ConditionalEntry(pH=ph), reference=reference)
    script(made, **failures)
    answers = Protonating(made.dispatcher.failures, made.dispatcher.sketches)
    made.__dict__["dispatcher"] = answers
    made.ledger.value = answers.values.__getitem__


@pytest.fixture
def catechol(context):
    """Return a campaign, and its candidate CAM-H with lanthanum."""
    made, _ = context
    candidate = next(each for each in made.pool.values() if each.ligand.name == "CAM-H")
    made.ledger.open_round(0, "seed", [Pick(candidate.key, 0, 2, "seed", None, None, None)])
    # Its template is one more sketch.
    sketch = place_complexes(candidate, count=1, seed=1)[0].to_extxyz()
    return made, candidate, {candidate.name: sketch}


def label_of(catechol, ph, **more):
    made, candidate, sketches = catechol
    script_at_ph(made, ph, **more)
    made.dispatcher.sketches |= sketches
    labelled(made, [candidate])
    return known_labels(made).get(candidate.key)


@pytest.mark.parametrize("ph", [4.0, 10.0, 14.0])
def test_the_label_counts_the_ligand_at_the_ph(catechol, ph):
    label = label_of(catechol, ph)
    assert [(pka.value, pka.kind) for pka in label.computed_pka] == [
        (pytest.approx(12.1), PHENOL),
        (pytest.approx(8.4), PHENOL),
    ]
    free_kcal_mol = label.parts["ligand"].total_hartree * HARTREE_TO_KCAL_MOL
    expected = CAM[-2] * UNIT - UNIT * log_side_reaction((12.1, 8.4), ph=ph)
    assert free_kcal_mol == pytest.approx(expected, abs=1e-4)
    assert label.doubts == ("its pKa are computed: 12.1 ± 0.0 (phenol), 8.4 ± 0.0 (phenol)",)


def test_they_are_told_wherever_the_label_is(catechol):
    made, candidate, _ = catechol
    label_of(catechol, 4.0)
    record = campaign_record(made.setup, made.ledger, pool=made.pool)
    row = next(row for row in record.rows if row.key == candidate.key)
    assert any(warning.startswith("its pKa are computed: 12.1 ± 0.0 (phenol)") for warning in row.warnings)


def test_the_label_rests_on_every_state_and_reference(catechol):
    made, candidate, _ = catechol
    label_of(catechol, 4.0)
    keys = made.ledger.labels()[candidate.key]
    assert len(keys.pka["states"]) == 3
    assert len(keys.pka["references"]) == 2 * len(REFERENCE_ACIDS)
    assert LabelKeys(**keys.to_dict()) == keys
    ((minimum, energy), *_) = keys.pka["references"].values()
    assert {minimum, energy} <= set(keys.calculations)


def test_a_state_that_crashed_refuses_the_ligand_and_one_acid_that_falls_apart_does_not(catechol):
    made, candidate, _ = catechol
    assert label_of(catechol, 4.0, **{"energy__CAM-H + H + H (free)": CRASHED}) is None
    assert made.ledger.label_failures() == {candidate.key: CRASHED}
    made.ledger.withdraw(candidates=[candidate.key], metals=[], finalists=[])
    label = label_of(catechol, 4.0, **{"minimum__phenol (free)": LOST})
    assert [pka.value for pka in label.computed_pka] == pytest.approx([12.1, 8.4])


def test_from_the_acid_the_same_pka_count(catechol):
    label = label_of(catechol, 14.0, reference="acid")
    assert [pka.value for pka in label.computed_pka] == pytest.approx([12.1, 8.4])


def test_without_a_ph_nothing_is_asked(context):
    made, (first, _) = context
    script(made)
    labelled(made, [first])
    assert "pka" not in made.ledger.labels()[first.key].to_dict()
