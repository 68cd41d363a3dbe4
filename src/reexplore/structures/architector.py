"""Complexes built by Architector, in our atom order.

M. G. Taylor et al., Nat. Commun. 2023, 14, 2786. Open Babel, which it embeds ligands with, is not
seeded: two runs give different structures, so a template is stored and reused, never rebuilt.
"""

from __future__ import annotations

from importlib.metadata import version
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.ligands import Ligand
from reexplore.errors import CalculationFailed, FailureCode, InputError, MissingEngineError
from reexplore.structures.bonds import Bonds, ligand_bonds, skeleton
from reexplore.structures.geometry import Layout, Structure

STAGE = "architector"

#: The polyhedra of rare-earth crystal structures, most common first, by Architector's names. Each costs
#: about 7 CPU-s of ligand embedding, so cubes and its two odd templates of coordination number 8 are left out.
POLYHEDRA: dict[int, tuple[str, ...]] = {
    6: ("octahedral", "trigonal_prismatic"),
    7: ("pentagonal_bipyramidal", "capped_trigonal_prismatic", "capped_octahedral"),
    8: ("square_antiprismatic", "dodecahedral", "bicapped_trigonal_prismatic"),
    9: ("tricapped_trigonal_prismatic", "capped_square_antiprismatic"),
}

#: Bonds between two donors of an ordinary chelate: rings of five to seven atoms with the metal.
_CHELATE_BONDS = (3, 4, 5)

#: Built structures whose sorted heavy-atom distances all agree within this are one structure.
_SAME_ANGSTROM = 0.1


def architector_version() -> str:
    """Return what a built structure depends on, for the records; raise `MissingEngineError` when absent."""
    _import()
    return f"architector {version('architector')}, openbabel {version('openbabel-wheel')}, GFN-FF assembly"


def build_complexes(candidate: Candidate, *, conformers: int) -> list[Structure]:
    """Return up to `conformers` distinct unrelaxed structures of a complex, in Architector's energy order.

    The structures are spread over the polyhedra of `POLYHEDRA` first and over the ways to place the
    ligands on each second. Architector assembles with GFN-FF and does not relax. Raises
    `MissingEngineError` when Architector or what it imports is not installed, `CalculationFailed` when
    it yields nothing.
    """
    build = _import()
    try:
        results = build(_request(candidate, conformers=conformers))
    except Exception as error:  # it raises whatever Open Babel, numba and pandas raise
        raise CalculationFailed(
            FailureCode.BUILD_FAILED,
            STAGE,
            f"Architector stopped on {candidate.name}: {error!r}",
            smiles=candidate.ligand.smiles,
        ) from error
    structures: list[Structure] = []
    failed: CalculationFailed | None = None
    for result in sorted(results.values(), key=lambda r: float(r["energy"])):
        try:
            structure = _in_layout(result, candidate)
        except CalculationFailed as unmatched:
            failed = unmatched
            continue
        if not any(_same(structure, other) for other in structures):
            structures.append(structure)
    if not structures:
        message = f"Architector built nothing for {candidate.name}"
        raise failed or CalculationFailed(FailureCode.BUILD_FAILED, STAGE, message, smiles=candidate.ligand.smiles)
    return structures[:conformers]


def _import() -> Any:
    try:
        # xtb-python, numba and Open Babel are undeclared dependencies that it imports when it is imported.
        from architector import build_complex
    except ImportError as error:
        raise MissingEngineError(
            f"Architector cannot be imported ({error}): install it with"
            " `pip install architector numba openbabel-wheel xtb`, or choose another builder"
        ) from error
    return build_complex


def _request(candidate: Candidate, *, conformers: int) -> dict[str, Any]:
    """Return Architector's input; waters are its `fill_ligand`, which spares it their permutations."""
    if conformers < 1:
        raise InputError(f"a template needs at least one conformer, not {conformers}")
    polyhedra = POLYHEDRA.get(candidate.coordination_number)
    core: dict[str, Any] = {"metal": candidate.metal.symbol}
    if polyhedra is None:
        core["coreCN"] = candidate.coordination_number
        per_polyhedron = conformers
    else:
        core["coreType"] = list(polyhedra[:conformers])
        per_polyhedron = ceil(conformers / len(core["coreType"]))
    # It ignores parameters that it does not know; a test compares these with its own list.
    parameters = {
        "metal_ox": candidate.metal.oxidation_state,
        "relax": False,
        # UFF gives every structure the energy zero, GFN2-xTB costs ten times as much.
        "assemble_method": "GFN-FF",
        "n_conformers": per_polyhedron,
        "n_symmetries": max(per_polyhedron, 4) if per_polyhedron > 1 else 1,
        # Its own test compares all permutations of the waters: 40 CPU-s for eight structures.
        "skip_duplicate_tests": True,
        "fill_ligand": "water",
    }
    return {
        "core": core,
        "ligands": [_ligand(candidate.ligand) for _ in range(candidate.ligands)],
        "parameters": parameters,
    }


def _ligand(ligand: Ligand) -> dict[str, Any]:
    entry: dict[str, Any] = {"smiles": ligand.smiles, "coordList": list(ligand.donors)}
    kind = _ligand_type(ligand)
    # Without a type Architector embeds the ligand on every polyhedron to find one: 100 CPU-s.
    return entry | {"ligType": kind} if kind else entry


def _ligand_type(ligand: Ligand) -> str | None:
    if ligand.denticity == 1:
        return "mono"
    if ligand.denticity == 2:
        first, second = ligand.donors
        bonds = int(Chem.GetDistanceMatrix(ligand.mol)[first, second])
        if bonds in _CHELATE_BONDS:
            return "bi_cis"
        if bonds == 2:
            return "bi_cis_chelating"
    return None


def _in_layout(result: dict[str, Any], candidate: Candidate) -> Structure:
    """Return a result of Architector with its atoms in `Layout` order, matched by the bonds it imposed."""
    atoms = result["ase_atoms"]
    symbols = list(atoms.symbols)
    bonds = _mol2_bonds(result["mol2string"], len(symbols))
    metal = symbols.index(candidate.metal.symbol)
    bound = {int(a) for a in np.flatnonzero(bonds[metal])}
    bonds[metal], bonds[:, metal] = False, False
    order = [metal]
    waters: list[int] = []
    for fragment in _fragments(bonds, leave_out=metal):
        if len(fragment) == 3 and sorted(symbols[a] for a in fragment) == ["H", "H", "O"]:
            waters += sorted(fragment, key=lambda a: symbols[a] == "H")
        else:
            order += _match(candidate.ligand, fragment, symbols, bonds, bound)
    order += waters
    layout = Layout.of(candidate)
    if len(order) != len(layout) or len(symbols) != len(layout):
        raise CalculationFailed(
            FailureCode.BUILD_FAILED,
            STAGE,
            f"Architector built {len(symbols)} atoms, {candidate.name} has {len(layout)}",
        )
    return Structure(tuple(symbols[a] for a in order), np.asarray(atoms.positions)[order], candidate.charge)


def _mol2_bonds(text: str, atoms: int) -> Bonds:
    bonds = np.zeros((atoms, atoms), dtype=bool)
    _, _, rest = text.partition("@<TRIPOS>BOND")
    section, _, _ = rest.partition("@<TRIPOS>")
    for line in filter(None, map(str.split, section.splitlines())):
        i, j = int(line[1]) - 1, int(line[2]) - 1
        bonds[i, j] = bonds[j, i] = True
    return bonds


def _fragments(bonds: Bonds, *, leave_out: int) -> list[list[int]]:
    from scipy.sparse.csgraph import connected_components

    _, labels = connected_components(bonds, directed=False)
    groups = [np.flatnonzero(labels == label).tolist() for label in range(labels.max() + 1)]
    return [group for group in groups if group != [leave_out]]


def _match(ligand: Ligand, fragment: list[int], symbols: list[str], bonds: Bonds, bound: set[int]) -> list[int]:
    """Return the fragment's atoms in the order of the ligand, such that its donors are the bound atoms."""
    names = [atom.GetSymbol() for atom in ligand.mol_with_hydrogens.GetAtoms()]
    pattern = skeleton(names, ligand_bonds(ligand))
    found = skeleton([symbols[a] for a in fragment], bonds[np.ix_(fragment, fragment)])
    wanted = {fragment.index(a) for a in fragment if a in bound}
    if len(names) == len(fragment):
        for match in found.GetSubstructMatches(pattern, uniquify=False, maxMatches=100_000):
            if {match[d] for d in ligand.donors} == wanted:
                return [fragment[a] for a in match]
    raise CalculationFailed(
        FailureCode.BUILD_FAILED,
        STAGE,
        f"a fragment that Architector built is not {ligand.smiles} bound through its donors",
        atoms=[int(a) for a in fragment],
    )


def _same(first: Structure, second: Structure) -> bool:
    """Return whether two structures agree up to rotation, mirror image and the exchange of equal atoms."""
    return bool(np.max(np.abs(_fingerprint(first) - _fingerprint(second))) < _SAME_ANGSTROM)


def _fingerprint(structure: Structure) -> NDArray[np.float64]:
    heavy = [i for i, symbol in enumerate(structure.symbols) if symbol != "H"]
    positions = structure.positions_angstrom[heavy]
    distances = np.linalg.norm(positions[:, None] - positions[None], axis=-1)
    return np.sort(distances, axis=None)
