"""A complex from a file in any atom order, put into the order of its candidate by its bonds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.ligands import Ligand
from reexplore.errors import CalculationFailed, FailureCode, InputError
from reexplore.structures.bonds import bonds_from_distances, distance_matrix, ligand_bonds, skeleton
from reexplore.structures.structure import Structure, expected_symbols

_STAGE = "arrangement"
_MOST_MATCHES = 100_000


@dataclass(frozen=True, eq=False)
class Arranged:
    """A complex in `Layout` order; `file_atoms` are the indices its atoms have in the file."""

    structure: Structure
    file_atoms: tuple[int, ...]


def arrange(structure: Structure, *, candidate: Candidate) -> Arranged:
    """Put a complex into the order of its candidate, matching the graph of its heavy atoms.

    Each ligand is matched such that its donors are nearest to the metal and its hydrogens sit where
    they belong; a hydrogen elsewhere is given the place that lacks one, so that quality control finds
    the transfer. Raises `InputError` when the atoms are not those of the candidate, `CalculationFailed`
    when the heavy atoms are not bonded as its ligand and waters are.
    """
    _require_composition(structure, candidate)
    read = _Read(structure, candidate.metal.symbol)
    fragments = read.fragments()
    rest = fragments
    matches: list[list[int]] = []
    for ligand, count in candidate.kinds:
        ways = [way for fragment in rest if (way := _match(ligand, fragment, read)) is not None]
        # A ligand of one oxygen looks like a water until its hydrogens are counted.
        taken = sorted(ways, key=partial(_misplaced, ligand, read=read))[:count]
        matches += taken
        rest = [f for f in rest if not any(set(f) == set(way) for way in taken)]
    oxygens = [a for fragment in rest for a in fragment if len(fragment) == 1 and structure.symbols[a] == "O"]
    strangers = [a for fragment in rest for a in fragment if a not in oxygens]
    if not strangers and len(matches) == len(candidate.bound):
        order = _in_layout(candidate, matches, oxygens, read)
    elif expected_symbols(candidate) == structure.symbols:
        # Broken, but in our order already: quality control can say what is broken.
        order = list(range(len(structure)))
    else:
        raise CalculationFailed(
            FailureCode.LIGAND_BROKEN,
            _STAGE,
            f"the heavy atoms are not bonded as {_asked(candidate)} and"
            f" {candidate.waters} waters, but as {_formulas(fragments, structure.symbols)}",
            atoms=strangers,
        )
    symbols = tuple(structure.symbols[a] for a in order)
    return Arranged(Structure(symbols, structure.positions_angstrom[order], candidate.charge), tuple(order))


class _Read:
    """A complex as its file has it: bonds, distances, and the hydrogens of each heavy atom."""

    def __init__(self, structure: Structure, metal: str) -> None:
        self.symbols = structure.symbols
        self.metal = structure.symbols.index(metal)
        self.bonds = bonds_from_distances(structure)
        self.distances = distance_matrix(structure)
        self.heavy = [i for i, symbol in enumerate(structure.symbols) if symbol not in ("H", metal)]
        self.hydrogens: dict[int, list[int]] = {atom: [] for atom in self.heavy}
        for hydrogen in [i for i, symbol in enumerate(structure.symbols) if symbol == "H"]:
            nearest = self.heavy[int(np.argmin(self.distances[hydrogen, self.heavy]))]
            self.hydrogens[nearest].append(hydrogen)

    def fragments(self) -> list[list[int]]:
        """Return the heavy atoms that are bonded to each other."""
        from scipy.sparse.csgraph import connected_components

        if not self.heavy:
            return []
        _, labels = connected_components(self.bonds[np.ix_(self.heavy, self.heavy)], directed=False)
        return [[a for a, k in zip(self.heavy, labels, strict=True) if k == label] for label in range(max(labels) + 1)]


def _require_composition(structure: Structure, candidate: Candidate) -> None:
    wanted, found = Counter(expected_symbols(candidate)), Counter(structure.symbols)
    if wanted != found:
        changes = [
            f"{found[element]} {element} instead of {wanted[element]}"
            for element in sorted(wanted | found)
            if wanted[element] != found[element]
        ]
        raise InputError(f"the file does not hold {candidate.name}: it has {', '.join(changes)}")


def _asked(candidate: Candidate) -> str:
    return " and ".join(f"{count} × {ligand.canonical_smiles}" for ligand, count in candidate.kinds)


def _match(ligand: Ligand, fragment: list[int], read: _Read) -> list[int] | None:
    """Return the fragment's heavy atoms in the order of `Ligand.mol`, or None when it is another molecule."""
    atoms = list(ligand.mol.GetAtoms())
    if len(atoms) != len(fragment):
        return None
    inside = ligand_bonds(ligand)[: len(atoms), : len(atoms)]
    pattern = skeleton([atom.GetSymbol() for atom in atoms], inside)
    found = skeleton([read.symbols[a] for a in fragment], read.bonds[np.ix_(fragment, fragment)])
    ways = [
        [fragment[k] for k in match]
        for match in found.GetSubstructMatches(pattern, uniquify=False, maxMatches=_MOST_MATCHES)
    ]

    def misfit(way: list[int]) -> tuple[int, float]:
        reach = sum(read.distances[read.metal, way[donor]] for donor in ligand.donors)
        return _misplaced(ligand, way, read), float(reach)

    return min(ways, key=misfit, default=None)


def _misplaced(ligand: Ligand, way: list[int], read: _Read) -> int:
    wanted = [atom.GetTotalNumHs() for atom in ligand.mol.GetAtoms()]
    return sum(abs(len(read.hydrogens[a]) - count) for a, count in zip(way, wanted, strict=True))


def _in_layout(candidate: Candidate, matches: list[list[int]], oxygens: list[int], read: _Read) -> list[int]:
    """Return the file's atoms in `Layout` order, stray hydrogens in the nearest places that lack one."""
    # The heavy atom of each hydrogen of each ligand, in their order.
    owners = [[match[a] for a in _owners(each)] for match, each in zip(matches, candidate.bound, strict=True)]
    counts: Counter[int] = Counter()
    for some in owners:
        counts.update(some)
    counts.update(dict.fromkeys(oxygens, 2))
    places: dict[int, list[int]] = {}
    strays: list[int] = []
    for atom, hydrogens in read.hydrogens.items():
        nearest = sorted(hydrogens, key=lambda h: read.distances[h, atom])
        places[atom] = nearest[: counts[atom]]
        strays += nearest[counts[atom] :]
    for atom, taken in places.items():
        while len(taken) < counts[atom]:
            stray = min(strays, key=lambda h: read.distances[h, atom])
            strays.remove(stray)
            taken.append(stray)
    order = [read.metal]
    for match, some in zip(matches, owners, strict=True):
        order += match + [places[owner].pop(0) for owner in some]
    for oxygen in oxygens:
        order += [oxygen, *places[oxygen]]
    return order


def _owners(ligand: Ligand) -> list[int]:
    heavy = ligand.mol.GetNumAtoms()
    return [a.GetNeighbors()[0].GetIdx() for a in ligand.mol_with_hydrogens.GetAtoms() if a.GetIdx() >= heavy]


def _formulas(fragments: list[list[int]], symbols: Sequence[str]) -> str:
    counted: Counter[str] = Counter()
    for fragment in fragments:
        elements = Counter(symbols[a] for a in fragment)
        counted["".join(f"{e}{n if n > 1 else ''}" for e, n in sorted(elements.items()))] += 1
    return ", ".join(f"{n} × {formula}" for formula, n in sorted(counted.items()))
