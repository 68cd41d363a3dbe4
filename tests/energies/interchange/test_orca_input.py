"""ORCA cannot be run in the tests: what an input says is compared with PySCF's own tables."""

from __future__ import annotations

import numpy as np
import pytest
from pyscf import gto

from reexplore.energies.core_potentials import core_potential
from reexplore.energies.interchange.exporting import export_label
from reexplore.energies.levels import PAPER, QUICK
from reexplore.structures.structure import Structure
from tests.energies.examples import LANTHANUM_TWO_WATERS, WATER, ion


def block(text: str, heading: str) -> list[list[str]]:
    """Return the words of the lines between a heading and its `end`."""
    lines = [line.split() for line in text.splitlines()]
    start = lines.index(heading.split())
    return lines[start + 1 : lines.index(["end"], start)]


def shells(lines: list[list[str]]) -> list[tuple[int, list[tuple[float, ...]]]]:
    """Return (angular momentum, rows of numbers) of shells written as `S 2` and indexed rows."""
    found: list[tuple[int, list[tuple[float, ...]]]] = []
    for words in lines:
        if len(words) == 2:
            found.append(("spdfghi".index(words[0].lower()), []))
        else:
            found[-1][1].append(tuple(float(word) for word in words[1:]))
    return found


@pytest.mark.parametrize("symbol", ["La", "Eu", "Lu"])
def test_the_metal_has_the_basis_pyscf_loads(symbol):
    text = export_label(ion(symbol), level=QUICK, program="orca")
    written = shells(block(text, f"NewGTO {symbol}"))
    loaded = gto.basis.load("lcecp-1-tzvp", symbol)
    assert [shell[0] for shell in written] == [shell[0] for shell in loaded]
    for (_, rows), (_, *expected) in zip(written, loaded, strict=True):
        np.testing.assert_allclose(rows, expected)


@pytest.mark.parametrize(("symbol", "potential"), [("La", "lcecp-1-tzvp"), ("Nd", "ecp49mwb")])
def test_the_metal_has_the_core_potential_pyscf_loads(symbol, potential):
    text = export_label(ion(symbol), level=QUICK, program="orca")
    lines = block(text, f"NewECP {symbol}")
    core, loaded = core_potential(potential, symbol)
    assert lines[:2] == [["N_core", str(core)], ["lmax", "g"]]
    written = dict(shells(lines[2:]))
    # PySCF calls the local part -1; there it is zero.
    assert written.pop(4) == [(1.0, 0.0, 2.0)]
    for momentum, powers in loaded:
        if momentum >= 0:
            np.testing.assert_allclose(written[momentum], [(*row, 2.0) for row in powers[2]])


def test_the_same_atoms_with_charge_and_multiplicity():
    text = export_label(LANTHANUM_TWO_WATERS, level=QUICK, program="orca")
    lines = text.splitlines()
    start = lines.index("* xyz 3 1")
    rows = [line.split() for line in lines[start + 1 : lines.index("*", start)]]
    assert tuple(row[0] for row in rows) == LANTHANUM_TWO_WATERS.symbols
    found = np.array([[float(x) for x in row[1:]] for row in rows])
    expected = LANTHANUM_TWO_WATERS.positions_angstrom
    distances = [np.linalg.norm(p[:, None] - p[None], axis=2) for p in (found, expected)]
    np.testing.assert_allclose(*distances, atol=1e-7)


def test_keywords_of_a_closed_shell_without_exchange():
    text = export_label(WATER, level=QUICK, program="orca")
    assert "! RKS PBE D4 def2-SVP RI DEFGRID3 TightSCF" in text
    assert 'AuxJ "def2/JK"' in text
    assert "AtomRadii" not in text


def test_keywords_of_an_open_shell_with_exchange():
    text = export_label(ion("Gd"), level=PAPER, program="orca")
    # ORCA's B3LYP is the VWN5 form.
    assert "! UKS B3LYP D4 def2-SVPD RIJK DEFGRID3 TightSCF" in text
    assert 'NewECP Gd "def2-ECP" end' in text
    assert "* xyz 3 8" in text
    assert "AtomRadii(0, 2.0000)" in text


def test_it_says_that_nobody_ran_it():
    assert "NOT RUN" in export_label(WATER, level=QUICK, program="orca")


def test_bromine_has_the_radius_pyscf_gives_it():
    hydrogen_bromide = Structure(("H", "Br"), np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 1.41]]), 0)
    assert "smd18 true" in export_label(hydrogen_bromide, level=QUICK, program="orca")
    assert "smd18" not in export_label(WATER, level=QUICK, program="orca")
