"""Relaxed complexes in our atom order, and the energies the xtb program gave for them."""

from pathlib import Path

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.library import find_scaffold, find_substituent
from reexplore.chemistry.ligands import Ligand, assemble
from reexplore.chemistry.metals import find_metal
from reexplore.structures.structure import Structure

_DATA = Path(__file__).parent / "data"

# xtb 6.5.1, GFN2-xTB with ALPB water, at these very geometries; hartree.
XTB_ENERGIES_HARTREE = {
    "La_HOPO-H_1_6": -67.9642420972,
    "Eu_HOPO-H_1_6": -67.8694015219,
    "La_CAM-H_1_6": -67.5185235447,
    "La_HOPO-H_4_0": -148.2614320287,
}


def relaxed(name: str) -> Structure:
    """Return a complex that the xtb program relaxed."""
    return Structure.from_extxyz((_DATA / f"{name}.extxyz").read_text())


def ligand(scaffold: str, substituent: str) -> Ligand:
    """Return a ligand of the library."""
    return assemble(find_scaffold(scaffold), (find_substituent(substituent),))


def candidate(name: str) -> Candidate:
    """Return the candidate a stored complex belongs to; the name reads metal_scaffold-substituent_n_m."""
    metal, parts, ligands, waters = name.split("_")
    scaffold, substituent = parts.split("-")
    return Candidate(ligand(scaffold, substituent), find_metal(metal), int(ligands), int(waters))
