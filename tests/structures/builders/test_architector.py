import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.co_ligands import read_co_ligands
from reexplore.chemistry.library import SCAFFOLDS, SUBSTITUENTS
from reexplore.chemistry.ligand_input import plain_ligand
from reexplore.chemistry.ligands import Ligand, assemble
from reexplore.chemistry.metals import METALS
from reexplore.errors import CalculationFailed, FailureCode, InputError, MissingEngineError
from reexplore.structures.bonds import ligand_bonds
from reexplore.structures.builders import architector
from reexplore.structures.quality import check_complex
from reexplore.structures.structure import Layout, expected_symbols
from reexplore.structures.xtb.relax import relax, single_point_energy
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
    monkeypatch.setattr(architector, "imported", lambda _: lambda _request: results)


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
    far["ase_atoms"].positions = far["ase_atoms"].positions * 1.1
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

    monkeypatch.setattr(architector, "imported", lambda _: crash)
    with pytest.raises(CalculationFailed, match="list index out of range"):
        architector.build_complexes(who, conformers=1)


def test_missing_architector_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "architector", None)
    with pytest.raises(MissingEngineError, match="pip install architector numba openbabel-wheel`"):
        architector.build_complexes(candidate(NAME), conformers=1)
    with pytest.raises(MissingEngineError):
        architector.architector_version()


def test_no_conformers_is_refused():
    with pytest.raises(InputError, match="at least one conformer"):
        architector.build_complexes(candidate(NAME), conformers=0)


def _of(scaffold, *, ligands=1, number=8, metal="La"):
    made = assemble(SCAFFOLDS[scaffold], (SUBSTITUENTS["H"],) * SCAFFOLDS[scaffold].sites)
    return Candidate(made, METALS[metal], ligands, number - ligands * made.denticity)


def _own(smiles, *, waters, metal="La"):
    identity = Chem.MolToSmiles(Chem.MolFromSmiles(smiles))
    charge = Chem.GetFormalCharge(Chem.MolFromSmiles(identity))
    return Candidate(Ligand(identity, charge, scaffold="own", substituents=()), METALS[metal], 1, waters)


def _asked(who, *, conformers):
    """Return (shape of the ligand, polyhedra, structures on each) of every request."""
    return [
        (r["ligands"][0]["ligType"], r["core"]["coreType"], r["parameters"]["n_conformers"])
        for r in architector._requests(who, conformers=conformers)
    ]


def test_request_never_forces_a_spin_and_leaves_waters_to_fill():
    (request,) = architector._requests(candidate("La_HOPO-H_4_0"), conformers=5)
    assert "full_spin" not in request["parameters"]
    assert request["parameters"]["metal_ox"] == 3
    assert [entry["ligType"] for entry in request["ligands"]] == ["bi_cis"] * 4
    (other,) = architector._requests(candidate(NAME), conformers=2)
    assert len(other["ligands"]) == 1


@pytest.mark.parametrize(
    ("who", "shape"),
    [
        (_of("EDTA", number=9), "hexa_trigonal_prismatic"),
        (_of("DTPA", number=9), "octa_square_antiprismatic"),
        (_of("5LIO-HOPO"), "tetra_trigonal_pyramidal"),
        (_of("TREN-HOPO", number=6, metal="Sc"), "hexa_trigonal_prismatic"),
        (_own("[O-:1]C(=[O:1])C", waters=6), "bi_cis_chelating"),
        (_own("[O-:1]c1ccccc1", waters=7), "mono"),
    ],
)
def test_every_denticity_has_a_shape(who, shape):
    assert _asked(who, conformers=1)[0][0] == shape


def test_six_conformers_share_the_common_polyhedra():
    common = ["square_antiprismatic", "dodecahedral", "bicapped_trigonal_prismatic"]
    assert _asked(candidate(NAME), conformers=6) == [("bi_cis", common, 2)]
    assert _asked(candidate(NAME), conformers=2) == [("bi_cis", common[:2], 1)]


def test_ten_conformers_go_beyond_the_common_polyhedra():
    ((_, polyhedra, each),) = _asked(candidate(NAME), conformers=10)
    assert (len(polyhedra), each) == (5, 2)


def test_a_tetradentate_ligand_is_tried_in_several_shapes():
    asked = _asked(_of("5LIO-HOPO"), conformers=6)
    assert [(shape, len(polyhedra), each) for shape, polyhedra, each in asked] == [
        ("tetra_trigonal_pyramidal", 3, 1),
        ("tetra_planar_bent", 3, 1),
    ]


def test_a_shape_is_never_asked_where_it_has_no_place():
    for scaffold, number, metal in (("TREN-CAM", 6, "Sc"), ("5LIO-HOPO", 6, "Sc"), ("343LI-HOPO", 8, "La")):
        for shape, polyhedra, _ in _asked(_of(scaffold, number=number, metal=metal), conformers=12):
            assert polyhedra
            assert not set(polyhedra) & set(architector._NO_PLACE.get(shape, ()))


def test_a_ligand_without_a_place_is_a_failure_before_anything_runs(monkeypatch):
    def never(_request):
        raise AssertionError("it would search for a shape for minutes")

    monkeypatch.setattr(architector, "imported", lambda _: never)
    with pytest.raises(CalculationFailed, match="no place for a ligand of 2 donors in coordination number 6"):
        architector.build_complexes(_own("[O-:1]C(=[O:1])C", waters=4, metal="Sc"), conformers=2)
    with pytest.raises(InputError, match="coordination number 5; complexes are built for 6, 7, 8, 9, 10"):
        architector.build_complexes(Candidate(candidate(NAME).ligand, METALS["La"], 1, 3), conformers=2)


def test_an_aqua_ion_is_one_structure_on_each_polyhedron():
    aqua = Candidate(candidate(NAME).ligand, METALS["La"], 0, 9)
    ((shape, polyhedra, each),) = _asked(aqua, conformers=2)
    assert (shape, polyhedra, each) == ("mono", ["tricapped_trigonal_prismatic", "capped_square_antiprismatic"], 1)


def test_one_shape_that_crashes_does_not_take_the_others_with_it(monkeypatch):
    who = candidate(NAME)
    asked = architector._requests(who, conformers=1) * 2
    answers = iter([ValueError("no sane conformer"), {"good": _result(NAME)}])

    def build(_request):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(architector, "imported", lambda _: build)
    monkeypatch.setattr(architector, "_requests", lambda *_, **__: asked)
    assert len(architector.build_complexes(who, conformers=2)) == 1


@pytest.mark.engine
def test_every_parameter_shape_and_polyhedron_is_one_architector_knows():
    from architector import io_core, io_process_input

    source = Path(io_process_input.__file__).read_text()
    for request in architector._requests(candidate(NAME), conformers=2):
        for parameter in request["parameters"]:
            assert f'"{parameter}":' in source
    geometries = io_core.Geometries()
    for number, polyhedra in architector.POLYHEDRA.items():
        assert {geometries.geo_cn_dict[name] for name in polyhedra} == {number}
    everything = [name for polyhedra in architector.POLYHEDRA.values() for name in polyhedra]
    geometries.get_lig_ref_inds_dict("La", everything)
    shapes = {2: ("bi_cis", "bi_cis_chelating"), **architector.LIGAND_TYPES}
    for denticity, kinds in shapes.items():
        for kind in kinds:
            assert geometries.ligType_cn_dict[kind] == denticity
            none = {
                name
                for number, polyhedra in architector.POLYHEDRA.items()
                for name in polyhedra
                if number >= denticity and not geometries.liglist_geo_map_dict[kind].get(name)
            }
            assert none == set(architector._NO_PLACE.get(kind, ())), kind


def _silence():
    """Send file descriptor 1 nowhere: Architector's Fortran and C++ parts print past Python."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


@pytest.fixture(scope="module")
def workshop():
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_silence) as pool:
        yield pool


@pytest.mark.engine
def test_architector_builds_a_complex_that_relaxes_to_a_sound_minimum(workshop):
    # N-methylacetohydroxamate: the smallest relative of the pyridinones.
    who = _own("CC(=[O:1])N(C)[O-:1]", waters=6)
    starts = workshop.submit(architector.build_complexes, who, conformers=2).result()
    assert {len(start) for start in starts} == {len(Layout.of(who))}
    # It is not seeded: now and then a start leads nowhere.
    minimum, report = next(found for start in starts if (found := _minimum(start, who)) is not None)
    assert report.inchikey == who.ligand.inchikey
    assert single_point_energy(minimum.structure) == pytest.approx(minimum.energy_hartree, abs=1e-6)
    # La-O in crystals of lanthanum hydroxamates 2.4-2.5 Å, in the aqua ion 2.5-2.6 Å: two and six of them here.
    assert np.mean(report.donor_distances_angstrom) == pytest.approx(2.55, abs=0.06)


def _minimum(start, who):
    try:
        minimum = relax(start)
    except CalculationFailed:
        return None
    report = check_complex(minimum.structure, candidate=who)
    return (minimum, report) if report.ok else None


@pytest.mark.engine
@pytest.mark.parametrize("number", [8, 9])
def test_architector_builds_aqua_ions(workshop, number):
    who = Candidate(_of("EDTA", number=9).ligand, METALS["La"], 0, number)
    (start,) = workshop.submit(architector.build_complexes, who, conformers=1).result()
    assert start.symbols == ("La", *("O", "H", "H") * number)
    assert start.charge == 3
    assert check_complex(start, candidate=who).ok


@pytest.mark.engine
def test_architector_wraps_a_tridentate_ligand_around_the_metal(workshop):
    # Iminodiacetate; La-N and La-O lie at 2.5-2.8 Å in crystals of lanthanum aminocarboxylates.
    who = _own("[NH:1](CC(=O)[O-:1])CC(=O)[O-:1]", waters=6)
    (start,) = workshop.submit(architector.build_complexes, who, conformers=1).result()
    donors = np.linalg.norm(start.positions_angstrom[list(Layout.of(who).donors)], axis=1)
    assert len(donors) == 9
    assert 2.0 < donors.min() < donors.max() < 3.0


TMDGA = plain_ligand("CN(C)C(=[O:11])C[O:12]CC(=[O:13])N(C)C").ligand


def test_co_ligands_are_asked_for_beside_the_ligand():
    who = Candidate(TMDGA, METALS["La"], 1, 1, read_co_ligands({"nitrate": 3}))
    (request,) = architector._requests(who, conformers=2)
    shapes = [entry["ligType"] for entry in request["ligands"]]
    assert shapes == ["tri_mer_bent", *["bi_cis_chelating"] * 3]
    # A nitrate has no place on a polyhedron of six.
    crowded = Candidate(TMDGA, METALS["Sc"], 1, 1, read_co_ligands({"nitrate": 1}))
    with pytest.raises(CalculationFailed, match="Architector has no place for"):
        architector._requests(crowded, conformers=2)


@pytest.mark.engine
def test_architector_builds_co_ligands(workshop):
    who = Candidate(TMDGA, METALS["La"], 1, 1, read_co_ligands({"nitrate": 2, "chloride": 1}))
    (start,) = workshop.submit(architector.build_complexes, who, conformers=1).result()
    assert start.symbols == expected_symbols(who)
    assert start.charge == 0
    assert not [p for p in check_complex(start, candidate=who).problems if p.code is FailureCode.LIGAND_BROKEN]
