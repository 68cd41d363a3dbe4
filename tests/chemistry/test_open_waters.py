"""A number of waters that is left open: who such a candidate is, and of which complexes the lowest is kept."""

from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.co_ligands import read_co_ligands
from reexplore.chemistry.families import Family, families
from reexplore.chemistry.library import SCAFFOLDS, SUBSTITUENTS
from reexplore.chemistry.ligand_input import library_ligand
from reexplore.chemistry.metals import METALS, OPEN_NUMBERS, SERIES
from reexplore.chemistry.space import Coordination, Space
from reexplore.errors import InputError

LIGANDS = [library_ligand(name).ligand for name in ("HOPO-H", "CAM-methyl", "5LIO-HOPO-H-H", "EDTA-H", "DTPA-H")]
CO_LIGANDS = [(), *(read_co_ligands(said) for said in ({"nitrate": 1}, {"chloride": 2, "acetate": 1}))]
CHOSEN = {"ligand": st.sampled_from(LIGANDS), "metal": st.sampled_from(SERIES), "beside": st.sampled_from(CO_LIGANDS)}


@given(**CHOSEN, ligands=st.integers(0, 4), waters=st.integers(0, 9))
def test_candidates_without_open_waters_are_who_they_were(ligand, metal, beside, ligands, waters):
    candidate = Candidate(ligand, metal, ligands, waters, beside)
    ordered = sorted(beside, key=lambda each: each[0].identity)
    written = f"v1|{ligand.identity}|q{ligand.charge:+d}|{metal.symbol}3+|n{ligands}|m{waters}"
    written += "".join(f"|x{count}:{each.identity}:q{each.charge:+d}" for each, count in ordered)
    assert candidate.identity == written
    assert candidate.key == sha256(written.encode()).hexdigest()[:16]
    assert candidate.settled == (candidate,)


@given(**CHOSEN, waters=st.tuples(st.integers(0, 9), st.integers(0, 9)))
def test_the_number_is_not_in_the_identity_where_it_is_open(ligand, metal, beside, waters):
    one, other = (Candidate(ligand, metal, 1, count, beside, waters_open=True) for count in waters)
    assert (one.identity, one.group, one.name) == (other.identity, other.group, other.name)
    assert {one.key, one.group}.isdisjoint({one.closed.key, one.closed.group})
    assert one.name not in {one.closed.name, other.closed.name}
    assert one.closed == Candidate(ligand, metal, 1, waters[0], beside)


@given(**CHOSEN)
def test_of_every_number_with_room_there_is_a_complex(ligand, metal, beside):
    coordination = Coordination(1, None, beside)
    candidate = coordination.of(ligand, metal)
    bound = ligand.denticity + sum(count * each.denticity for each, count in beside)
    numbers = [number for number in OPEN_NUMBERS if number >= bound and number in metal.coordination_numbers]
    assert [each.coordination_number for each in candidate.settled] == numbers
    assert all(each == each.closed and each.group != candidate.group for each in candidate.settled)
    if numbers:
        # What the model sees before the label.
        assert candidate.waters == candidate.settled[0].waters


def space(*coordinations, scaffold="CAM", metals=("La", "Lu")):
    groups = tuple(SUBSTITUENTS[name] for name in ("H", "methyl"))
    return Space((SCAFFOLDS[scaffold],), groups, tuple(METALS[metal] for metal in metals), coordinations)


def test_a_family_with_open_waters_is_its_own_and_survives_being_written():
    known = space(Coordination(1, None), Coordination(1, 8))
    is_open, closed = families(known)
    assert (is_open.waters, closed.waters) == (6, 6)
    assert (is_open.stoichiometry, closed.stoichiometry) == ("1 L, waters open", "1 L, 6 H2O")
    for family in (is_open, closed):
        again = Family.from_text(family.to_text())
        assert [c.identity for c in again.candidates()] == [c.identity for c in family.candidates()]
    # Digests of families that were there before stay.
    assert "waters_open" not in closed.to_text()


@pytest.mark.parametrize(
    ("coordinations", "metals", "message"),
    [
        ([Coordination(5, None)], ("La",), "5 ligands of it do not fit the coordination number 9"),
        ([Coordination(1, None, read_co_ligands({"nitrate": 3, "chloride": 1}))], ("Sc",), "Sc is held in .* 6 to 8"),
        ([Coordination(1, None)] * 2, ("La",), "two coordinations are one and the same"),
    ],
)
def test_what_has_no_number_is_refused(coordinations, metals, message):
    with pytest.raises(InputError, match=message):
        space(*coordinations, metals=metals)


def test_what_fills_the_lower_number_is_held_in_it_without_water():
    octadentate = Coordination(1, None).of(library_ligand("DTPA-H").ligand, METALS["Lu"])
    assert [each.waters for each in octadentate.settled] == [0, 1]
    assert replace(octadentate, waters=1).name == "Lu(DTPA-H)(H2O)m"
