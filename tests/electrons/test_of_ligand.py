import numpy as np
import pytest

from reexplore.chemistry.ligands import Ligand
from reexplore.electrons.of_ligand import ligand_electrons
from reexplore.electrons.picture import write_picture
from reexplore.errors import InputError


def _ligand(smiles, charge=0):
    return Ligand(smiles, charge, "", ())


def test_an_anion_is_described_by_its_acid():
    phenolate, phenol = ligand_electrons(_ligand("[O-]c1ccccc1", -1)), ligand_electrons(_ligand("Oc1ccccc1"))
    assert phenolate is phenol
    assert phenol.acid.smiles == "Oc1ccccc1"
    found = phenol.to_dict()
    assert [atom["element"] for atom in found["atoms"]] == ["O", "C", "C", "C", "C", "C", "C"]
    assert sum(atom["fukui_minus"] for atom in found["atoms"]) == pytest.approx(1, abs=1e-3)
    assert sum(atom["charge_iao_e"] for atom in found["atoms"]) == pytest.approx(0, abs=1e-3)
    # NIST Chemistry WebBook has 8.7 eV as the vertical potential of phenol.
    assert found["ionisation_potential_ev"] == pytest.approx(8.7, abs=0.5)
    assert found["hardness_ev"] == pytest.approx(
        found["ionisation_potential_ev"] - found["electron_affinity_ev"], abs=1e-3
    )


def test_cations_and_elements_never_seen_are_refused():
    with pytest.raises(InputError, match=r"charge \+1: give neutral ligands, or anions"):
        ligand_electrons(_ligand("C[N+](C)(C)C", 1))
    with pytest.raises(InputError, match="never seen Br"):
        ligand_electrons(_ligand("Brc1ccccc1"))


def test_both_fukui_functions_are_drawn_as_svg_and_png(tmp_path):
    phenol = ligand_electrons(_ligand("Oc1ccccc1"))
    write_picture(phenol, tmp_path / "phenol.svg")
    write_picture(phenol, tmp_path / "phenol.png")
    drawn = (tmp_path / "phenol.svg").read_text()
    largest = f"{np.max(phenol.of_heavy_atoms['fukui_minus']):.2f}"
    assert drawn.startswith("<?xml")
    # Glyphs are paths; the discs of the larger values are ellipses.
    assert drawn.count("<ellipse") >= 8
    assert float(largest) > 0.1
    assert (tmp_path / "phenol.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(InputError, match=r"as \.svg or \.png"):
        write_picture(phenol, tmp_path / "phenol.gif")
    with pytest.raises(InputError, match="no folder"):
        write_picture(phenol, tmp_path / "away" / "phenol.svg")
