import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.ligands import Ligand
from reexplore.chemistry.metals import METALS
from reexplore.errors import CalculationFailed, FailureCode, InputError, MissingEngineError
from reexplore.structures import architector
from reexplore.structures.bonds import ligand_bonds
from reexplore.structures.geometry import Layout
from reexplore.structures.quality import check_complex
from reexplore.structures.relax import single_point_energy
from reexplore.structures.template import lowest_template
from tests.structures.sample import candidate, relaxed

NAME = "La_HOPO-H_1_6"


class _Atoms:
    def __init__(self, structure, order):
        self.symbols = [structure.symbols[a] for a in order]
        self.positions = structure.positions_angstrom[order]


def _result(name, *, energy=0.0, order=None, donors=None):
    """Return what Architector would: the stored complex in another order, with its bonds as mol2."""
    structure, who = relaxed(name), candidate(name)
    layout = Layout.of(who)
    order = list(range(len(layout))) if order is None else order
    place = {atom: k for k, atom in enumerate(order)}
    pairs = [(0, d) for d in (donors or layout.donors)]
    inside = np.argwhere(np.triu(ligand_bonds(who.ligand)))
    pairs += [(layout.ligand(k)[i], layout.ligand(k)[j]) for k in range(layout.ligands) for i, j in inside]
    pairs += [(layout.water(k)[0], layout.water(k)[h]) for k in range(layout.waters) for h in (1, 2)]
    lines = [f"{n} {place[i] + 1} {place[j] + 1} 1" for n, (i, j) in enumerate(pairs, start=1)]
    text = "@<TRIPOS>ATOM\n@<TRIPOS>BOND\n" + "\n".join(lines) + "\n@<TRIPOS>SUBSTRUCTURE\n1 RES1\n"
    return {"ase_atoms": _Atoms(structure, order), "mol2string": text, "energy": energy}


def _pretend(monkeypatch, results):
    monkeypatch.setattr(architector, "_import", lambda: lambda _request: results)


@pytest.mark.parametrize("name", ["La_HOPO-H_1_6", "La_CAM-H_1_6", "La_HOPO-H_4_0"])
def test_any_order_of_atoms_ends_in_the_layout(monkeypatch, name):
    who = candidate(name)
    order = np.random.default_rng(1).permutation(len(Layout.of(who))).tolist()
    _pretend(monkeypatch, {"only": _result(name, order=order)})
    (built,) = architector.build_complexes(who, conformers=3)
    assert built.symbols == relaxed(name).symbols
    assert built.charge == who.charge
    report = check_complex(built, candidate=who)
    assert report.ok
    expected = check_complex(relaxed(name), candidate=who).donor_distances_angstrom
    assert sorted(report.donor_distances_angstrom) == sorted(expected)


def test_equal_structures_are_one_and_energies_order_the_rest(monkeypatch):
    who = candidate(NAME)
    near, far = _result(NAME, energy=-2.0), _result(NAME, energy=-3.0)
    far["ase_atoms"].positions = far["ase_atoms"].positions * 1.05
    turned = _result(NAME, energy=-1.0)
    turned["ase_atoms"].positions = turned["ase_atoms"].positions[:, [1, 2, 0]]
    _pretend(monkeypatch, {"a": turned, "b": near, "c": far})
    built = architector.build_complexes(who, conformers=3)
    assert [np.allclose(s.positions_angstrom, relaxed(NAME).positions_angstrom) for s in built] == [
        False,
        True,
    ]
    assert len(architector.build_complexes(who, conformers=1)) == 1


def test_ligand_bound_through_another_atom_is_a_failure(monkeypatch):
    who = candidate(NAME)
    layout = Layout.of(who)
    wrong = (layout.ligand(0)[0], *layout.donors[1:])
    _pretend(monkeypatch, {"only": _result(NAME, donors=wrong)})
    with pytest.raises(CalculationFailed, match="bound through its donors"):
        architector.build_complexes(who, conformers=1)


def test_one_unusable_structure_does_not_take_the_others_with_it(monkeypatch):
    layout = Layout.of(candidate(NAME))
    wrong = (layout.ligand(0)[0], *layout.donors[1:])
    _pretend(monkeypatch, {"bad": _result(NAME, donors=wrong), "good": _result(NAME, energy=1.0)})
    assert len(architector.build_complexes(candidate(NAME), conformers=2)) == 1


def test_nothing_built_and_crashes_are_failures(monkeypatch):
    who = candidate(NAME)
    _pretend(monkeypatch, {})
    with pytest.raises(CalculationFailed) as caught:
        architector.build_complexes(who, conformers=1)
    assert caught.value.failure.code is FailureCode.BUILD_FAILED

    def crash(_request):
        raise IndexError("list index out of range")

    monkeypatch.setattr(architector, "_import", lambda: crash)
    with pytest.raises(CalculationFailed, match="list index out of range"):
        architector.build_complexes(who, conformers=1)


def test_missing_architector_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "architector", None)
    with pytest.raises(MissingEngineError, match="pip install architector numba openbabel-wheel xtb"):
        architector.build_complexes(candidate(NAME), conformers=1)
    with pytest.raises(MissingEngineError):
        architector.architector_version()


def test_no_conformers_is_refused():
    with pytest.raises(InputError, match="at least one conformer"):
        architector._request(candidate(NAME), conformers=0)


def test_request_never_forces_a_spin_and_leaves_waters_to_fill():
    request = architector._request(candidate("La_HOPO-H_4_0"), conformers=5)
    assert "full_spin" not in request["parameters"]
    assert request["parameters"]["metal_ox"] == 3
    assert [entry["ligType"] for entry in request["ligands"]] == ["bi_cis"] * 4
    assert len(architector._request(candidate(NAME), conformers=2)["ligands"]) == 1


@pytest.mark.engine
def test_every_parameter_and_polyhedron_is_one_architector_knows():
    from architector import io_core, io_process_input

    source = Path(io_process_input.__file__).read_text()
    for parameter in architector._request(candidate(NAME), conformers=2)["parameters"]:
        assert f'"{parameter}":' in source
    geometries = io_core.Geometries()
    for number, polyhedra in architector.POLYHEDRA.items():
        assert {geometries.geo_cn_dict[name] for name in polyhedra} == {number}


def _silence():
    """Send file descriptor 1 nowhere: Architector's Fortran and C++ parts print past Python."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


@pytest.mark.engine
def test_architector_builds_a_complex_that_relaxes_to_a_sound_minimum():
    # N-methylacetohydroxamate: the smallest relative of the pyridinones.
    identity = Chem.MolToSmiles(Chem.MolFromSmiles("CC(=[O:1])N(C)[O-:1]"))
    who = Candidate(Ligand(identity, -1, scaffold="hydroxamate", substituents=()), METALS["La"], 1, 6)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_silence) as pool:
        starts = pool.submit(architector.build_complexes, who, conformers=1).result()
    assert [len(s) for s in starts] == [len(Layout.of(who))]
    built = lowest_template(who, starts=starts, refine=1, builder="architector")
    assert built.quality.ok
    assert built.quality.inchikey == who.ligand.inchikey
    assert single_point_energy(built.structure) == pytest.approx(built.energy_hartree, abs=1e-6)
    # La-O in crystals of lanthanum hydroxamates 2.4-2.5 Å, in the aqua ion 2.5-2.6 Å; GFN2-xTB is short by 0.1 Å.
    assert np.mean(built.quality.donor_distances_angstrom) == pytest.approx(2.45, abs=0.1)
