"""Complexes built by Architector, in our atom order.

M. G. Taylor et al., Nat. Commun. 2023, 14, 2786. Open Babel, which it embeds ligands with, is not
seeded: two runs give different structures, so a template is stored and reused, never rebuilt.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from math import ceil
from typing import Any

import numpy as np
from rdkit import Chem

from reexplore.chemistry.candidates import Candidate, co_ligands_name
from reexplore.chemistry.ligands import Ligand
from reexplore.errors import CalculationFailed, FailureCode, InputError, MissingEngineError
from reexplore.structures.bonds import Bonds, ligand_bonds, skeleton
from reexplore.structures.builders.lent_calculator import LentCalculator, lent
from reexplore.structures.conformers.duplicates import SAME_RMSD_ANGSTROM, Comparison
from reexplore.structures.structure import Layout, Structure
from reexplore.structures.xtb.gfnff import NEWEST_FORCE_FIELD
from reexplore.structures.xtb.gfnff_of_xtb import without_xtb_python

STAGE = "architector"

#: The polyhedra of rare-earth crystal structures, most common first, by Architector's names. Each costs 7 CPU-s
#: of embedding for a bidentate ligand and 20 to 60 beyond, so the rare ones at the end wait for many conformers.
POLYHEDRA: dict[int, tuple[str, ...]] = {
    6: ("octahedral", "trigonal_prismatic"),
    7: ("pentagonal_bipyramidal", "capped_trigonal_prismatic", "capped_octahedral"),
    8: (
        "square_antiprismatic",
        "dodecahedral",
        "bicapped_trigonal_prismatic",
        "hexagonal_bipyramidal",
        "axial_bicapped_trigonal_prismatic",
    ),
    9: ("tricapped_trigonal_prismatic", "capped_square_antiprismatic", "tri_tri_mer_capped"),
    # Two crystals' and two caps on a ring of six.
    10: ("cn10_XEGBUJ", "cn10_GAKDAY", "axial_bicapped_hexagonal_planar"),
}

#: How many polyhedra are common enough to be tried before one of them is tried twice.
_COMMON = {6: 2, 7: 3, 8: 3, 9: 2, 10: 2}

#: Architector's names for the shape of a ligand's donors around the metal, by denticity: those with places on the
#: most polyhedra first. Without a type, or with one that has no place, it embeds the ligand on every polyhedron
#: to find one: 100 CPU-s and more.
LIGAND_TYPES: dict[int, tuple[str, ...]] = {
    3: ("tri_mer_bent", "tri_fac", "tri_mer"),
    4: ("tetra_trigonal_pyramidal", "tetra_planar_bent", "tetra_seesaw"),
    5: ("penta_planar", "penta_square_pyramidal"),
    6: ("hexa_trigonal_prismatic",),
    7: ("hepta_5_2",),
    8: ("octa_square_antiprismatic",),
    9: ("nona_capped_square_antiprismatic",),
}

#: The polyhedra on which a shape finds no place in Architector's table of angles; a test compares them.
_NO_PLACE: dict[str, tuple[str, ...]] = {
    "bi_cis_chelating": POLYHEDRA[6],
    "tri_mer_bent": ("octahedral",),
    "tetra_trigonal_pyramidal": ("octahedral",),
    "tetra_planar_bent": ("octahedral",),
    "tetra_seesaw": ("trigonal_prismatic",),
    "penta_planar": (*POLYHEDRA[6], "capped_octahedral", "hexagonal_bipyramidal"),
    "penta_square_pyramidal": (
        "trigonal_prismatic",
        "capped_trigonal_prismatic",
        *(name for name in POLYHEDRA[8] if name != "hexagonal_bipyramidal"),
        "tricapped_trigonal_prismatic",
        "capped_square_antiprismatic",
        "cn10_GAKDAY",
    ),
    "hepta_5_2": ("pentagonal_bipyramidal", "capped_octahedral", "hexagonal_bipyramidal"),
    "octa_square_antiprismatic": ("hexagonal_bipyramidal", "axial_bicapped_trigonal_prismatic"),
}

#: Bonds between the two donors of a carboxylate or a nitrate: a ring of four with the metal.
_NARROW_BONDS = 2


def architector_version() -> str:
    """Return what a built structure depends on, for the records; raise `MissingEngineError` when absent."""
    imported()
    return f"architector {version('architector')}, openbabel {version('openbabel-wheel')}, GFN-FF assembly, not seeded"


def build_complexes(candidate: Candidate, *, conformers: int, force_field: int = NEWEST_FORCE_FIELD) -> list[Structure]:
    """Return up to `conformers` distinct unrelaxed structures of a complex, in Architector's energy order.

    The structures are spread over the polyhedra of `POLYHEDRA` first, then over the shapes a ligand of
    this denticity can have (`LIGAND_TYPES`), then over the ways to place the ligands on each; beyond
    twice the common polyhedra the rare ones join. An aqua ion (no ligands) has one structure on each
    polyhedron. Architector assembles with GFN-FF and does not relax. Raises `MissingEngineError` when
    Architector or what it imports is not installed, `InputError` for a coordination number without
    polyhedra, `CalculationFailed` when it yields nothing.
    """
    requests = _requests(candidate, conformers=conformers)
    build = imported(force_field)
    found: list[tuple[float, Structure]] = []
    failed: CalculationFailed | None = None
    for request in requests:
        try:
            results = build(request)
        except Exception as error:  # it raises whatever Open Babel, numba and pandas raise
            failed = CalculationFailed(
                FailureCode.BUILD_FAILED,
                STAGE,
                f"Architector stopped on {candidate.name}: {error!r}",
                smiles=candidate.ligand.smiles,
            )
            failed.__cause__ = error
            continue
        for result in results.values():
            try:
                found.append((float(result["energy"]), _in_layout(result, candidate)))
            except CalculationFailed as unmatched:
                failed = unmatched
    comparison = Comparison(candidate)
    structures: list[Structure] = []
    for _, structure in sorted(found, key=lambda pair: pair[0]):
        if all(comparison.rmsd_angstrom(structure, other) > SAME_RMSD_ANGSTROM for other in structures):
            structures.append(structure)
    if not structures:
        message = f"Architector built nothing for {candidate.name}"
        raise failed or CalculationFailed(FailureCode.BUILD_FAILED, STAGE, message, smiles=candidate.ligand.smiles)
    return structures[:conformers]


def imported(force_field: int = NEWEST_FORCE_FIELD) -> Any:
    """Return Architector's `build_complex` with the calculator of a version of the force field.

    Raises `MissingEngineError` when it or what it imports is not installed.
    """
    try:
        # numba and Open Babel are undeclared dependencies that it imports when it is imported; so is xtb-python.
        with lent():
            from architector import build_complex, io_calc
    except ImportError as error:
        raise MissingEngineError(
            f"Architector cannot be imported ({error}): install it with"
            " `pip install architector numba openbabel-wheel`, or choose another builder"
        ) from error
    io_calc.XTB = _xtb_python() if force_field == 1 else LentCalculator
    return build_complex


def _xtb_python() -> Any:
    try:
        from xtb.ase.calculator import XTB
    except ImportError as error:
        raise without_xtb_python() from error
    return XTB


def _requests(candidate: Candidate, *, conformers: int) -> list[dict[str, Any]]:
    """Return Architector's inputs, one for each shape of the ligand; waters are its `fill_ligand`."""
    if conformers < 1:
        raise InputError(f"a template needs at least one conformer, not {conformers}")
    number = candidate.coordination_number
    if number not in POLYHEDRA:
        known = ", ".join(map(str, POLYHEDRA))
        raise InputError(f"{candidate.name} has coordination number {number}; complexes are built for {known}")
    if candidate.ligands == 0:
        return [_request(candidate, [_WATER], polyhedra=POLYHEDRA[number][:conformers], each=1)]
    # Rare polyhedra join when each of the common ones has two structures.
    wanted = min(conformers, max(_COMMON[number], ceil(conformers / 2)))
    places = _places(candidate)
    polyhedra = [name for name in POLYHEDRA[number] if any(name in held for held in places.values())][:wanted]
    if not polyhedra:
        raise CalculationFailed(
            FailureCode.BUILD_FAILED,
            STAGE,
            f"Architector has no place for a ligand of {candidate.ligand.denticity} donors{_beside(candidate)}"
            f" in coordination number {number}",
            smiles=candidate.ligand.smiles,
        )
    each = ceil(conformers / len(polyhedra))
    kinds = [kind for kind, held in places.items() if any(name in held for name in polyhedra)][:each]
    requests = []
    for rank, kind in enumerate(kinds):
        held = [name for name in polyhedra if name in places[kind]]
        share = (each - rank + len(kinds) - 1) // len(kinds)
        ligands = [_entry(candidate.ligand, kind) for _ in range(candidate.ligands)]
        beside = [
            _entry(ligand, _first_kind(ligand, held)) for ligand, count in candidate.co_ligands for _ in range(count)
        ]
        requests.append(_request(candidate, ligands + beside, polyhedra=held, each=share))
    return requests


def _beside(candidate: Candidate) -> str:
    return f" beside {co_ligands_name(candidate.co_ligands)}" if candidate.co_ligands else ""


def _entry(ligand: Ligand, kind: str) -> dict[str, Any]:
    return {"smiles": ligand.smiles, "coordList": list(ligand.donors), "ligType": kind}


def _first_kind(ligand: Ligand, polyhedra: Sequence[str]) -> str:
    """Return the first shape of a co-ligand that has a place on one of these polyhedra."""
    return next(kind for kind in _ligand_types(ligand) if not set(polyhedra) <= set(_NO_PLACE.get(kind, ())))


_WATER = {"smiles": "O", "coordList": [0], "ligType": "mono"}


def _request(
    candidate: Candidate, ligands: list[dict[str, Any]], *, polyhedra: Sequence[str], each: int
) -> dict[str, Any]:
    # It ignores parameters that it does not know; a test compares these with its own list.
    parameters = {
        "metal_ox": candidate.metal.oxidation_state,
        "relax": False,
        # UFF gives every structure the energy zero, GFN2-xTB costs ten times as much.
        "assemble_method": "GFN-FF",
        "n_conformers": each,
        "n_symmetries": max(each, 4) if each > 1 else 1,
        # Its own test compares all permutations of the waters: 40 CPU-s for eight structures.
        "skip_duplicate_tests": True,
        "fill_ligand": "water",
    }
    core = {"metal": candidate.metal.symbol, "coreType": list(polyhedra)}
    return {"core": core, "ligands": ligands, "parameters": parameters}


def _places(candidate: Candidate) -> dict[str, tuple[str, ...]]:
    """Return for each shape the ligand may have the polyhedra on which Architector finds a place for it.

    Left out are those on which a co-ligand has none.
    """

    def held(name: str, kinds: Sequence[str]) -> bool:
        return any(name not in _NO_PLACE.get(kind, ()) for kind in kinds)

    beside = [_ligand_types(ligand) for ligand, _ in candidate.co_ligands]
    polyhedra = [
        name for name in POLYHEDRA[candidate.coordination_number] if all(held(name, kinds) for kinds in beside)
    ]
    return {kind: tuple(name for name in polyhedra if held(name, (kind,))) for kind in _ligand_types(candidate.ligand)}


def _ligand_types(ligand: Ligand) -> tuple[str, ...]:
    if ligand.denticity == 1:
        return ("mono",)
    if ligand.denticity == 2:
        first, second = ligand.donors
        bonds = int(Chem.GetDistanceMatrix(ligand.mol)[first, second])
        return ("bi_cis_chelating",) if bonds <= _NARROW_BONDS else ("bi_cis",)
    return LIGAND_TYPES.get(ligand.denticity, ())


def _in_layout(result: dict[str, Any], candidate: Candidate) -> Structure:
    """Return a result of Architector with its atoms in `Layout` order, matched by the bonds it imposed."""
    atoms = result["ase_atoms"]
    symbols = list(atoms.symbols)
    bonds = _mol2_bonds(result["mol2string"], len(symbols))
    metal = symbols.index(candidate.metal.symbol)
    bound = {int(a) for a in np.flatnonzero(bonds[metal])}
    bonds[metal], bonds[:, metal] = False, False
    waters: list[int] = []
    matched: dict[Ligand, list[int]] = {ligand: [] for ligand, _ in candidate.kinds}
    for fragment in _fragments(bonds, leave_out=metal):
        if len(fragment) == 3 and sorted(symbols[a] for a in fragment) == ["H", "H", "O"]:
            waters += sorted(fragment, key=lambda a: symbols[a] == "H")
        else:
            ligand, ordered = _matched(candidate, fragment, symbols, bonds, bound)
            matched[ligand] += ordered
    order = [metal, *(atom for some in matched.values() for atom in some), *waters]
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


def _matched(
    candidate: Candidate, fragment: list[int], symbols: list[str], bonds: Bonds, bound: set[int]
) -> tuple[Ligand, list[int]]:
    """Return the ligand or co-ligand that a fragment is, and the fragment's atoms in its order."""
    for ligand, _ in candidate.kinds:
        atoms = _match(ligand, fragment, symbols, bonds, bound)
        if atoms is not None:
            return ligand, atoms
    asked = " or ".join(ligand.smiles for ligand, _ in candidate.kinds)
    raise CalculationFailed(
        FailureCode.BUILD_FAILED,
        STAGE,
        f"a fragment that Architector built is not {asked} bound through its donors",
        atoms=[int(a) for a in fragment],
    )


def _match(ligand: Ligand, fragment: list[int], symbols: list[str], bonds: Bonds, bound: set[int]) -> list[int] | None:
    """Return the fragment's atoms in the order of the ligand, such that its donors are the bound atoms, or None."""
    names = [atom.GetSymbol() for atom in ligand.mol_with_hydrogens.GetAtoms()]
    pattern = skeleton(names, ligand_bonds(ligand))
    found = skeleton([symbols[a] for a in fragment], bonds[np.ix_(fragment, fragment)])
    wanted = {fragment.index(a) for a in fragment if a in bound}
    if len(names) == len(fragment):
        for match in found.GetSubstructMatches(pattern, uniquify=False, maxMatches=100_000):
            if {match[d] for d in ligand.donors} == wanted:
                return [fragment[a] for a in match]
    return None
