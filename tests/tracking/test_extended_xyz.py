"""What is written for others is read back by ASE as it was meant."""

import io

import numpy as np
import pytest
from ase.io import read
from hypothesis import given
from hypothesis import strategies as st

from reexplore.structures.conformers.free_ligand import water
from reexplore.tracking.extended_xyz import with_facts

HOSTILE = (
    "C/C=C\\C",
    "F/C=C\\Cl",
    'say "no"',
    "it's",
    "a=b c",
    "[1, 2]",
    "{x}",
    "\\",
    '"',
    "back\\slash\\",
    "größe λ",
    "a,b;c",
    "# no comment",
    "Properties=species:S:1",
    'x" energy=0 y="',
    "1234567812345678",
    "12345e67",
    "T",
    "true F",
    "1 2",
    "nan",
)


def _read(facts):
    return read(io.StringIO(with_facts(water().to_extxyz(), facts)), format="extxyz")


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_come_back(text):
    atoms = _read({"smiles": text, "energy_kcal_mol": -1.5, "warnings": [text, text]})
    assert atoms.info["smiles"] == text
    assert atoms.info["warnings"] == [text, text]
    assert atoms.info["energy_kcal_mol"] == -1.5
    assert atoms.info["charge"] == 0
    assert np.allclose(atoms.positions, water().positions_angstrom)


@given(st.lists(st.text(max_size=40), min_size=1, max_size=3))
def test_lists_of_any_texts_come_back(texts):
    assert _read({"warnings": texts}).info["warnings"] == texts


@pytest.mark.parametrize("text", ["two\nlines", "three\r\nmore\nlines", "a\x0bb\x0cc\x85d\u2028e"])
def test_a_text_stays_on_its_line(text):
    atoms = _read({"smiles": text, "warnings": [text]})
    assert len(atoms) == 3
    assert atoms.info["smiles"] == " ".join(text.splitlines())
    assert atoms.info["warnings"] == [text]
