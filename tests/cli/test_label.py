"""`reexplore label`: an energy in parts, kept in the store, and every refusal before any work."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pytest

from reexplore.cli import app as cli
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL
from reexplore.execution import guard
from reexplore.execution.limits import run_within
from reexplore.structures.structure import Structure
from tests.structures.sample import relaxed

WATER = "3\ncharge=0\nO 0 0 0\nH 0.96 0 0\nH -0.24 0.93 0\n"
HYDROXIDE = "2\ncharge=-1\nO 0 0 0\nH 0.96 0 0\n"


@dataclass(frozen=True)
class Ended:
    returncode: int
    stdout: str
    stderr: str

    @property
    def words(self):
        return " ".join(self.stdout.split())


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    def ended(*arguments):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["reexplore", "label", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            cli.main()
        shown = capsys.readouterr()
        return Ended(exit_.value.code, shown.out, shown.err)

    return ended


@pytest.fixture
def water(tmp_path):
    path = tmp_path / "water.xyz"
    path.write_text(WATER)
    return path


def test_the_parts_of_an_energy_add_up_and_equal_pyscfs_own_classes(run, water):
    from pyscf import dft, gto

    told = json.loads(run(water, "--level", "quick", "--json").stdout)
    parts = ("electronic", "dispersion", "solvent_electrostatic", "solvent_cds")
    assert sum(told[f"{part}_hartree"] for part in parts) == pytest.approx(told["total_hartree"], abs=1e-12)
    # PySCF as anyone would call it, in the same orientation and with exact Coulomb integrals: 1e-4 Hartree of fit.
    mol = gto.M(atom=WATER.split("\n", 2)[2], basis="def2-svp", verbose=0)
    field = dft.RKS(mol, xc="pbe").SMD()
    field.with_solvent.solvent = "water"
    field.grids.level = 1
    assert told["total_hartree"] - told["dispersion_hartree"] == pytest.approx(field.kernel(), abs=3e-4)
    assert (told["electrons"], told["unpaired"], told["basis_functions"]) == (10, 0, 24)


def test_an_energy_is_computed_once_and_shown_with_its_level(run, water):
    first = run(water, "--level", "quick")
    assert first.returncode == 0
    assert "energy: H2O, done after" in first.words
    assert "H2O, charge 0, 3 atoms" in first.words
    assert "10, 0 unpaired (multiplicity 1)" in first.words
    again = run(water, "--level", "quick", "--spin", 0)
    assert "found in the store" in again.words
    told = json.loads(run(water, "--level", "quick", "--json").stdout)
    assert told["reused"]
    assert f"{told['total_hartree']:.8f}" in first.words


def test_a_binding_energy_is_the_difference_of_its_parts(run, tmp_path):
    ligand = tmp_path / "ligand.extxyz"
    ligand.write_text(HYDROXIDE)
    complex_ = tmp_path / "complex.extxyz"
    # La(OH)(H2O)2, the oxygens at 2.1 and 2.5 Å: bound, whatever its exact shape.
    symbols = ("La", "O", "H", "O", "H", "H", "O", "H", "H")
    hydroxide = [[2.1, 0, 0], [3.06, 0, 0]]
    waters = [[s * c for c in atom] for s in (1, -1) for atom in ([0, 2.5, 0], [0, 3.1, 0.75], [0, 3.1, -0.75])]
    complex_.write_text(Structure(symbols, np.array([[0, 0, 0], *hydroxide, *waters], dtype=float), 2).to_extxyz())
    told = json.loads(run(complex_, "--free-ligand", ligand, "--level", "gfn2", "--json").stdout)
    assert (told["metal"], told["ligands"], told["waters"]) == ("La", 1, 2)
    parts = told["parts"]
    assert {name: part["count"] for name, part in parts.items()} == {"complex": 1, "ion": -1, "ligand": -1, "water": -2}
    difference = sum(part["count"] * part["total_hartree"] for part in parts.values())
    assert told["binding_energy_kcal_mol"] == pytest.approx(HARTREE_TO_KCAL_MOL * difference)
    assert told["binding_energy_kcal_mol"] < 0
    shown = run(complex_, "--free-ligand", ligand, "--level", "gfn2")
    assert "note: GFN2-xTB binds ligands to bare ions an order of magnitude too strongly" in shown.words
    assert f"binding energy {told['binding_energy_kcal_mol']:.2f} kcal/mol" in shown.words


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        ("1\n\nLa 0 0 0\n", [], "names no charge: give it with --charge"),
        (WATER, ["--charge", "1"], "names the charge +0, but it should be +1"),
        ("3\n\nO 0 0 0\nH 0.96 0 0\nH -0.24 0.93 0\n", ["--charge", "1"], "leaves 9 electrons at level 'standard'"),
        ("1\n\nCe 0 0 0\n", ["--charge", "4"], "cannot all be paired: is the charge +3 or +5?"),
        (WATER, ["--spin", "2"], "closed shells only, without unpaired electrons, not 2"),
        (WATER, ["--level", "quik"], "did you mean 'quick'?"),
        ("1\ncharge=4\nU 0 0 0\n", [], "level 'standard' cannot describe the elements U"),
        ("2\ncharge=0\nAt 0 0 0\nH 1.7 0 0\n", [], "level 'standard' cannot describe the elements At"),
        (WATER.replace("0.96 0 0", "0.2 0 0"), [], "O0 and H1, 0.20 Å"),
    ],
)
def test_wrong_input_is_one_sentence_and_nothing_is_computed(run, tmp_path, text, arguments, message):
    file = tmp_path / "file.xyz"
    file.write_text(text)
    ended = run(file, *arguments)
    assert ended.returncode == 2
    assert message in " ".join(ended.stderr.split())
    assert not (tmp_path / "runs").exists()


def test_a_basis_that_is_missing_is_named(run, water, tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text("""
name: own
space: {scaffolds: [CAM], substituents: [H], metals: [La], coordinations: [{ligands: 1}]}
theory: {levels: [{name: typo, based_on: quick, ligand_basis: def2-svpdd}]}
""")
    ended = run(water, "--level", "typo", "--campaign", own)
    assert ended.returncode == 2
    assert "there is no basis set 'def2-svpdd' for H" in ended.stderr


def test_too_little_memory_is_refused_with_numbers_before_the_start(run, tmp_path, monkeypatch):
    file = tmp_path / "complex.extxyz"
    file.write_text(relaxed("La_HOPO-H_1_6").to_extxyz())
    ended = run(file, "--memory-limit", "0.5")
    assert ended.returncode == 1
    assert "failed: out_of_memory in before the start: 38 atoms at level 'standard' need about" in ended.words
    assert "and there are 0.5" in ended.words
    # A machine that is too small is found without being asked about.
    small = psutil.virtual_memory()._replace(total=2**29)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: small)
    assert json.loads(run(file, "--json").stdout)["failure"]["evidence"]["memory_gb"] == 0.5
    assert not list(tmp_path.rglob("result.json"))


def test_the_time_limit_ends_a_calculation_and_nothing_is_stored(run, tmp_path, monkeypatch):
    # Limits are those of a process of its own.
    monkeypatch.setattr(guard, "run_within", run_within)
    file = tmp_path / "complex.extxyz"
    file.write_text(relaxed("La_HOPO-H_1_6").to_extxyz())
    ended = run(file, "--time-limit", "0.02")
    assert ended.returncode == 1
    assert "failed: timeout in energy: stopped after its time limit of 1 s" in ended.words
    assert not list(tmp_path.rglob("_store/**/result.json"))


def test_an_invented_energy_says_so(run, water):
    ended = run(water, "--level", "teacher")
    assert ended.returncode == 0
    assert "FAKE level 'teacher' is an INVENTED energy function" in ended.words


NITRATES = Path(__file__).parents[1] / "structures" / "data"


@pytest.mark.engine
def test_a_binding_energy_with_co_ligands_counts_each_of_them(run):
    parts = [NITRATES / f"Nd_nitrates_{part}.extxyz" for part in ("complex", "ligand", "nitrate")]
    asked = (parts[0], "--level", "gfn2", "--free-ligand", parts[1], "--co-ligand", f"{parts[2]}=3", "--json")
    told = json.loads(run(*asked).stdout)
    assert (told["ligands"], told["waters"], told["co_ligands"]) == (1, 1, {"NO3": 3})
    counted = {name: part["count"] for name, part in told["parts"].items()}
    assert counted == {"complex": 1, "ion": -1, "ligand": -1, "water": -1, "NO3": -3}
    energy = sum(part["count"] * part["total_hartree"] for part in told["parts"].values())
    assert told["binding_energy_kcal_mol"] == pytest.approx(energy * HARTREE_TO_KCAL_MOL, abs=1e-6)


def test_co_ligands_without_a_free_ligand_or_of_another_number_are_refused(run):
    complex_, ligand, nitrate = (NITRATES / f"Nd_nitrates_{part}.extxyz" for part in ("complex", "ligand", "nitrate"))
    alone = run(complex_, "--level", "gfn2", "--co-ligand", f"{nitrate}=3")
    assert alone.returncode == 2
    assert "give --free-ligand as well" in alone.stderr
    two = run(complex_, "--level", "gfn2", "--free-ligand", ligand, "--co-ligand", f"{nitrate}=2")
    assert two.returncode == 2
    assert "2 × NO3 of charge -1 and waters: check both charges" in two.stderr
