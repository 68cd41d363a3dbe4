"""`reexplore structures`: refusals before any work, verdicts with exit codes, files that can be read again."""

import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from reexplore.cli import app as cli
from reexplore.errors import CalculationFailed, FailureCode
from reexplore.structures.structure import Layout
from reexplore.workbench import complexes
from tests.structures.sample import candidate, relaxed

XTB_WATER_HARTREE = -5.085021285643
TMDGA = ("CN(C)C(=O)COCC(=O)N(C)C", "--donors", "4,6,9")
HOPO = ("--smiles", "CNC(=O)c1cccc(=O)n1[O-]", "--donors", "9,11")


@dataclass(frozen=True)
class Ended:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a command in this process: 3 s less each than in one of its own."""

    def ended(*arguments, cwd):
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["reexplore", "structures", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            cli.main()
        shown = capsys.readouterr()
        return Ended(exit_.value.code, shown.out, shown.err)

    return ended


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "complex.extxyz"
    path.write_text(relaxed("La_HOPO-H_1_6").to_extxyz())
    return path


def test_surfaces_are_listed(run, tmp_path):
    told = run("surfaces", cwd=tmp_path)
    assert told.returncode == 0
    assert "gfn2-m (default)" in told.stdout
    listed = json.loads(run("surfaces", "--json", cwd=tmp_path).stdout)
    assert [s["name"] for s in listed][:2] == ["gfn2-m", "gfn2"]
    assert listed[1]["correction"] == []
    assert {c["metal"] for c in listed[0]["correction"]} >= {"La", "Lu"}


@pytest.mark.parametrize(
    ("smiles", "donors"),
    [
        ("S=C=[N-]", "2"),
        ("[S-]C#N", "2"),
        ("N#C[S-]", "0"),
        ("O=C=[N-]", "2"),
        ("CSC#N", "3"),
        ("CC([O-])=S", "2,3"),
    ],
)
def test_what_cannot_hold_together_is_kept_by_strength(run, tmp_path, smiles, donors):
    # Lanthanides bind thiocyanate through nitrogen, as in every crystal structure of Ln(NCS)6 3-.
    told = run("build", smiles, cwd=tmp_path)
    assert told.returncode == 2
    assert f"--donors {donors}" in told.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name the ligand: either its SMILES or --ligand"),
        (["CC(=O)N[O-]", "--ligand", "CAM-H"], "name the ligand: either its SMILES or --ligand"),
        (["--ligand", "CAM-metyl"], "did you mean 'methyl'?"),
        (["--ligand", "CAM-H", "--donors", "1,2"], "leave --donors out"),
        (["CC(=O)N[O-]"], "likely O2, O4"),
        (["CC(=O)N[O-]"], "reexplore structures build 'CC(=O)N[O-]' --donors 2,4"),
        (["CC(=O)N[O-]", "--donors", "two"], "--donors takes atom numbers"),
        (["CC(=O)N[O-]", "--donors", "2,9"], "has no atom 9"),
        (["CC(=O)N[O-]", "--donors", "0,4"], "cannot be a donor: a C atom"),
        (["C[N+](C)(C)CC(=O)[O-]", "--donors", "1,7"], "nitrogen has no lone pair left"),
        (["[O-]c1ccncc1", "--donors", "0,4"], "O0 and N4 of '[O-]c1ccncc1' cannot hold one metal together"),
        (["CC(=O)[O-].[Na+]", "--donors", "2,3"], "more than one molecule"),
        (["CC[CH]C[O-]", "--donors", "4"], "unpaired electron"),
        (["C[Se-]", "--donors", "1"], "element Se is not among"),
        (["C" * 230 + "[O-]", "--donors", "230"], "231 atoms"),
        (["CCCC"], "no atom of 'CCCC' can hold a metal"),
        (["CC(=O)N[O-]", "--donors", "2,4", "--metal", "Fe"], "unknown metal 'Fe'"),
        (["CC(=O)N[O-]", "--donors", "2,4", "--metal", "Sc", "--coordination-number", "9"], "Sc is held in 6 to 8"),
        (["CC(=O)N[O-]", "--donors", "2,4", "--ligands", "5"], "more than the coordination number 8"),
        (["CC(=O)N[O-]", "--donors", "2,4", "--waters", "3"], "take 4 to 8 waters"),
        ([*TMDGA, "--co-ligand", "nitrat=3"], "unknown co-ligand 'nitrat': did you mean 'nitrate'?"),
        ([*TMDGA, "--co-ligand", "nitrate=3"], "are 9, more than the coordination number 8: La is held in 9 as well"),
        ([*TMDGA, "--co-ligand", "nitrate=3", "--waters", "3"], "La is held in 6 to 10: take 0 to 1 waters"),
        ([*TMDGA, "--co-ligand", "nitrate=1", "--co-ligand", "nitrate=2"], "given twice"),
        ([*TMDGA, "--co-ligand", "[O-:11]c1cc[n:12]cc1"], "its donors cannot hold one metal together"),
        ([*TMDGA, "--co-ligand", "chloride=7", "--waters", "0"], "would have the charge -4"),
        (["CC(=O)N[O-]", "--donors", "2,4", "--builder", "sketch"], "no real structure"),
        (["CC(=O)N[O-]", "--donors", "2,4", "--builder", "magic"], "magic"),
        (["CC(=O)N[O-]", "--donors", "2,4", "--ligands", "0"], "--ligands"),
    ],
)
def test_what_cannot_be_built_is_one_sentence_and_nothing_is_written(run, tmp_path, arguments, message):
    ended = run("build", *arguments, cwd=tmp_path)
    assert ended.returncode == 2
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_proposed_command_repeats_what_was_typed(run, tmp_path):
    ended = run("build", "CC(=O)N[O-]", "--metal", "Eu", "--out", "my folder", cwd=tmp_path)
    assert "reexplore structures build 'CC(=O)N[O-]' --metal Eu --out 'my folder' --donors 2,4" in ended.stderr


def test_a_proposal_can_hold_one_metal(run, tmp_path):
    # Oxygen and nitrogen of 4-pyridinolate are four bonds apart, as those of a chelate, but point apart.
    ended = run("build", "[O-]c1ccncc1", cwd=tmp_path)
    assert ended.returncode == 2
    assert "likely O0 " in ended.stderr


def test_a_good_complex_passes_with_its_donors_named(run, file):
    passed = run("check", str(file), *HOPO, cwd=file.parent)
    assert passed.returncode == 0
    assert "quality: passed" in passed.stdout
    told = json.loads(run("check", str(file), *HOPO, "--json", cwd=file.parent).stdout)
    original, layout = relaxed("La_HOPO-H_1_6"), Layout.of(candidate("La_HOPO-H_1_6"))
    expected = sorted(
        np.linalg.norm(original.positions_angstrom[list(layout.donors)] - original.positions_angstrom[0], axis=1)
    )
    assert sorted(d["distance_angstrom"] for d in told["donors"]) == pytest.approx(expected, abs=1e-4)
    assert {d["name"] for d in told["donors"]} == {"O9", "O11", "O"}
    assert told["inchikey"] == "YKRSRAYWKLTPTA-UHFFFAOYSA-N"


def test_a_complex_with_nitrates_passes_with_their_donors_named(run, tmp_path):
    file = Path(__file__).parents[1] / "structures" / "data" / "Nd_nitrates_complex.extxyz"
    asked = ("--smiles", *TMDGA, "--metal", "Nd", "--co-ligand", "nitrate=3", "--waters", "1")
    told = json.loads(run("check", str(file), *asked, "--json", cwd=tmp_path).stdout)
    assert told["problems"] == []
    assert Counter(donor["part"] for donor in told["donors"]) == {
        "ligand": 3,
        "nitrate 1": 2,
        "nitrate 2": 2,
        "nitrate 3": 2,
        "water 1": 1,
    }
    chlorides = run("check", str(file), *asked[:-4], "--co-ligand", "chloride=3", "--waters", "1", cwd=tmp_path)
    assert chlorides.returncode == 2
    assert "the file does not hold Nd(C8H16N2O3)(chloride)3(H2O)" in chlorides.stderr


def test_a_shuffled_broken_complex_fails_by_the_atoms_of_its_file(run, tmp_path):
    original, layout = relaxed("La_HOPO-H_1_6"), Layout.of(candidate("La_HOPO-H_1_6"))
    positions = original.positions_angstrom.copy()
    positions[list(layout.water(2))] += 1.5 * (positions[layout.water(2)[0]] - positions[0])
    order = np.random.default_rng(4).permutation(len(original))
    lines = [f"{original.symbols[i]} {positions[i][0]:.6f} {positions[i][1]:.6f} {positions[i][2]:.6f}" for i in order]
    file = tmp_path / "other.xyz"
    file.write_text("\n".join([str(len(original)), "from another program", *lines, ""]))
    ended = run("check", str(file), *HOPO, "--json", cwd=tmp_path)
    assert ended.returncode == 1
    (problem,) = json.loads(ended.stdout)["problems"]
    lost = list(order).index(layout.water(2)[0])
    assert (problem["code"], problem["evidence"]["atoms"]) == ("water_lost", [lost])
    assert f"O {lost} is " in problem["message"]
    shown = run("check", str(file), *HOPO, cwd=tmp_path)
    assert shown.returncode == 1
    assert "water_lost" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--ligand", "CAM-H"], "names the charge +2, but it should be +1"),
        ([*HOPO, "--metal", "Eu"], "it has 0 Eu instead of 1"),
        ([*HOPO, "--waters", "7"], "9 O instead of 10"),
        (HOPO[:2], "--donors 9,11"),
    ],
)
def test_a_file_of_something_else_is_exit_code_2(run, file, arguments, message):
    ended = run("check", str(file), *arguments, cwd=file.parent)
    assert ended.returncode == 2
    assert message in ended.stderr


def test_relaxing_a_water_finds_the_program_xtbs_minimum(run, tmp_path):
    (tmp_path / "water.xyz").write_text("3\nby hand\nO 0 0 0\nH 0.8 0 0.6\nH -0.8 0 0.6\n")
    assert run("relax", "water.xyz", cwd=tmp_path).returncode == 2
    assert run("relax", "water.xyz", "--charge", "1", cwd=tmp_path).returncode == 2
    assert [p.name for p in tmp_path.iterdir()] == ["water.xyz"]
    told = json.loads(run("relax", "water.xyz", "--charge", "0", "--json", cwd=tmp_path).stdout)
    # `xtb water.xyz --gfn 2 --alpb water --opt vtight` (6.5.1) ends at this energy.
    assert told["energy_hartree"] == pytest.approx(XTB_WATER_HARTREE, abs=2e-7)
    assert told["gradient_norm_hartree_bohr"] < 3e-4
    again = run("relax", told["file"], "--out", "again.xyz", "--json", cwd=tmp_path)
    assert json.loads(again.stdout)["energy_hartree"] == pytest.approx(told["energy_hartree"], abs=1e-7)


def test_pictures_and_pages_are_written(run, file):
    assert run("show", str(file), cwd=file.parent).returncode == 0
    assert (file.parent / "complex.png").read_bytes().startswith(b"\x89PNG")
    assert run("show", str(file), "--out", "complex.html", cwd=file.parent).returncode == 0
    assert "3Dmol" in (file.parent / "complex.html").read_text(encoding="utf-8")
    refused = run("show", str(file), "--out", "complex.gif", cwd=file.parent)
    assert refused.returncode == 2
    assert ".png or .html" in refused.stderr


def test_a_place_that_is_not_there_is_refused_before_any_work(run, file):
    for command in (("relax", file, "--out", "nowhere/a.xyz"), ("show", file, "--out", "nowhere/a.png")):
        ended = run(*command, cwd=file.parent)
        assert ended.returncode == 2
        assert "a folder that exists" in ended.stderr


def test_a_calculation_that_fails_is_a_code_and_exit_1(run, file, monkeypatch):
    def fail(*_arguments, **_options):
        raise CalculationFailed(FailureCode.NOT_CONVERGED, "relaxation", "no minimum", energy_hartree=-1.0)

    monkeypatch.setattr(complexes, "relax_file", fail)
    shown = run("relax", file, cwd=file.parent)
    assert (shown.returncode, shown.stdout) == (1, "failed: not_converged in relaxation: no minimum\n")
    told = run("relax", file, "--json", cwd=file.parent)
    assert told.returncode == 1
    assert json.loads(told.stdout)["failure"]["evidence"] == {"energy_hartree": -1.0}
    assert [p.name for p in file.parent.iterdir()] == [file.name]


def test_a_saddle_point_is_exit_1(run, tmp_path):
    # Planar ammonia: by symmetry no gradient leads out of the plane.
    flat = [(0.0, 0.0), (1.0, 0.0), (-0.5, 0.8660254), (-0.5, -0.8660254)]
    lines = [f"{symbol} {x} {y} 0.0" for symbol, (x, y) in zip("NHHH", flat, strict=True)]
    (tmp_path / "flat.xyz").write_text("\n".join(["4", "charge=0", *lines, ""]))
    ended = run("relax", "flat.xyz", "--frequencies", "--json", cwd=tmp_path)
    vibrations = json.loads(ended.stdout)["vibrations"]
    assert ended.returncode == 1
    assert not vibrations["is_minimum"]
    assert len(vibrations["imaginary_cm1"]) == 1


@pytest.mark.parametrize("command", ["build", "relax", "check", "show"])
def test_help_has_examples(run, tmp_path, command):
    shown = run(command, "--help", cwd=tmp_path)
    assert f"reexplore structures {command}" in shown.stdout
