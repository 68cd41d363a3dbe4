"""pKa from reference acids: what must come out whatever the energies are."""

import math

import pytest

from reexplore.chemistry.acidity import AMMONIUM, CARBOXYLIC, PHENOL, REFERENCE_ACIDS, next_protons
from reexplore.chemistry.ligands import Ligand
from reexplore.energies.acidity import Lost, Scales, left_out, stepwise
from reexplore.energies.protons import KCAL_MOL_PER_LOG_UNIT as UNIT
from reexplore.errors import CalculationFailed, Failure, FailureCode

LOST = Failure(FailureCode.PROTON_TRANSFER, "conformers", "its proton has moved", {})
IDA = Ligand("O=C([O-])CNCC(=O)[O-]", -2, scaffold="IDA", substituents=())


def lost(factor=1.0, shift=0.0):
    """Return the reference acids with free energies that follow their pKa."""
    return [Lost(acid, UNIT * (acid.pka * factor + shift)) for acid in REFERENCE_ACIDS]


def test_what_follows_the_measured_pka_comes_out_as_measured():
    for factor, shift in ((1.0, 0.0), (2.0, 190.0)):
        scales = Scales.of(lost(factor, shift))
        assert scales.slope == pytest.approx(1 / factor)
        assert all(error == pytest.approx(0.0, abs=1e-9) for error in scales.errors.values())
        assert scales.pka(PHENOL, UNIT * (9.0 * factor + shift)).value == pytest.approx(9.0)


def test_what_every_base_gains_alike_changes_nothing():
    # The proton, whose energy is in none of them, and any error of the solvent that a kind has in common.
    moved = [Lost(each.acid, each.free_kcal_mol + (7.0 if each.acid.kind == PHENOL else 270.3)) for each in lost(2.0)]
    assert Scales.of(moved).slope == pytest.approx(0.5)
    pka = Scales.of(moved).pka(CARBOXYLIC, UNIT * 2 * 4.0 + 270.3)
    assert pka.value == pytest.approx(4.0)


def test_an_acid_that_is_left_out_tells_the_error():
    acids = lost(2.0)
    acids[0] = Lost(acids[0].acid, acids[0].free_kcal_mol + 2 * UNIT)
    off = left_out(acids)
    # The others know nothing of what is wrong with it: a unit too high at a slope of one half.
    assert off[CARBOXYLIC][0] == pytest.approx(1.0)
    assert Scales.of(acids).errors[CARBOXYLIC] > 0.5
    assert Scales.of(acids).errors[AMMONIUM] < 0.1


#: Reference acids as they follow their pKa, and forms of iminodiacetate by charge, whose pKa are 9.3, 2.6 and −5.
KNOWN = {each.acid.base.identity: each.free_kcal_mol for each in lost(2.0)}
KNOWN |= {acid.acid.identity: 0.0 for acid in REFERENCE_ACIDS}
BY_CHARGE = {-2: 2 * UNIT * 11.9, -1: 2 * UNIT * 2.6, 0: 0.0, 1: 2 * UNIT * 5.0, 2: 1000.0}


def answered(asking, failing=()):
    """Return the steps that a request ends with, and the identities that it asked for."""
    asked = []
    try:
        wanted = next(asking)
        while True:
            asked += [molecule.identity for molecule in wanted]
            free = {each.identity: KNOWN.get(each.identity, BY_CHARGE[each.charge]) for each in wanted}
            wanted = asking.send({key: LOST if key in failing else value for key, value in free.items()})
    except StopIteration as ended:
        return ended.value, asked


def test_protons_are_taken_up_one_after_the_other():
    steps, asked = answered(stepwise(IDA, ph=5.0, protons=2))
    assert [step.pka.value for step in steps] == pytest.approx([9.3, 2.6, -5.0])
    assert [step.pka.kind for step in steps] == [AMMONIUM, CARBOXYLIC, CARBOXYLIC]
    assert [step.acid.charge for step in steps] == [-1, 0, 1]
    # Reference acids are asked for once.
    assert len(asked) == len(set(asked)) == 2 * len(REFERENCE_ACIDS) + 4


@pytest.mark.parametrize(("ph", "protons", "count"), [(14.0, 0, 1), (14.0, 2, 2), (6.0, 0, 2), (5.0, 0, 3)])
def test_far_below_the_ph_no_more_is_computed(ph, protons, count):
    assert len(answered(stepwise(IDA, ph=ph, protons=protons))[0]) == count


def test_a_form_that_falls_apart_is_left_out_and_without_any_it_fails():
    catecholate = Ligand("[O-]c1cc(C)ccc1[O-]", -2, scaffold="CAT", substituents=())
    (_, first), (_, second) = next_protons(catecholate)
    steps, _ = answered(stepwise(catecholate, ph=14.0, protons=0), failing={first.identity})
    assert steps[0].acid == second
    with pytest.raises(CalculationFailed, match="its proton has moved"):
        answered(stepwise(catecholate, ph=14.0, protons=0), failing={first.identity, second.identity})


def test_what_failed_by_the_run_alone_decides_nothing():
    timeout = Failure(FailureCode.TIMEOUT, "energy", "stopped after its time limit", {})
    asking = stepwise(IDA, ph=5.0, protons=2)
    wanted = next(asking)
    free = {each.identity: KNOWN.get(each.identity, BY_CHARGE[each.charge]) for each in wanted}
    with pytest.raises(CalculationFailed, match="time limit"):
        asking.send(free | {REFERENCE_ACIDS[0].acid.identity: timeout})


def test_a_kind_without_reference_acids_has_no_pka():
    few = Scales.of([each for each in lost() if each.acid.kind != AMMONIUM])
    assert AMMONIUM not in few.offsets
    assert math.isnan(Scales.of(lost()[:1]).slope)
