"""Can the complexes of a space be built at all? Asked before anything is paid, as `structures build` asks for one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from rdkit import Chem

from reexplore.chemistry.acidity import require_known_kinds
from reexplore.chemistry.acids import acid_of
from reexplore.chemistry.complexes import require_complex
from reexplore.chemistry.library import Scaffold, Substituent, find_substituent
from reexplore.chemistry.ligand_input import LARGEST_COMPLEX_ATOMS
from reexplore.chemistry.ligands import Ligand, assemble
from reexplore.chemistry.metals import TEMPLATE_METAL
from reexplore.chemistry.space import Space
from reexplore.config import TheoryEntry
from reexplore.errors import InputError, of_key
from reexplore.structures.builders.feasibility import apart

_Part = TypeVar("_Part", Scaffold, Substituent)


def require_protons(space: Space, theory: TheoryEntry) -> None:
    """Raise `InputError` for ligands whose acid or whose pKa nobody knows, where they are counted by these."""
    at_ph, drawn = theory.conditional, [scaffold for scaffold in space.scaffolds if scaffold.sites]
    if at_ph is not None and at_ph.pka == "given" and drawn:
        told = "ligands from scaffolds have no given pKa: list them in a file with its column, or take computed ones"
        raise InputError(told, key="theory.conditional.pka")
    if at_ph is not None:
        # Of listed ligands it is asked row by row.
        with of_key("theory.conditional"):
            for ligand in _examples(space, drawn):
                require_computable_pka(ligand, theory)
    if theory.reference == "acid":
        for ligand in _examples(space, space.scaffolds):
            acid_of(ligand)


def require_computable_pka(ligand: Ligand, theory: TheoryEntry) -> None:
    """Raise `InputError` for a ligand without given pKa whose pKa cannot be computed either."""
    if theory.sketch:
        raise InputError("pKa that are not given need vibrations, which the builder 'sketch' has none of")
    require_known_kinds(ligand)


def _examples(space: Space, scaffolds: Iterable[Scaffold]) -> Iterator[Ligand]:
    """Yield each scaffold bare and filled with each substituent."""
    for scaffold in scaffolds:
        for substituent in space.substituents if scaffold.sites else ():
            yield assemble(scaffold, (substituent,) * scaffold.sites)
        yield _bare(scaffold)


def require_buildable(space: Space, own_scaffolds: Iterable[str]) -> None:
    """Raise `InputError` for a scaffold whose donors cannot hold one metal, and for complexes too large to search.

    Of the library's scaffolds every one holds a metal; those of the user's own are tried with hydrogen at their sites.
    """
    own = set(own_scaffolds)
    for scaffold in space.scaffolds:
        bare = _bare(scaffold)
        largest = _largest_atoms(space, scaffold, bare)
        if largest > LARGEST_COMPLEX_ATOMS:
            raise InputError(
                f"scaffold '{scaffold.name}': its largest complex has {largest} atoms, more than"
                f" {LARGEST_COMPLEX_ATOMS}: its search would take hours; take fewer or smaller ligands"
            )
        for coordination in space.coordinations:
            for candidate in coordination.of(bare, TEMPLATE_METAL).settled:
                require_complex(candidate)
        if scaffold.name in own and (impossible := apart(bare)):
            names = [f"{bare.mol.GetAtomWithIdx(atom).GetSymbol()}{atom}" for atom in sorted(impossible)]
            raise InputError(
                f"scaffold '{scaffold.name}': {', '.join(names[:-1])} and {names[-1]} of '{bare.smiles}' cannot hold"
                " one metal together: in no shape of the molecule do they face one point"
            )


def once(parts: Sequence[_Part], kind: str) -> tuple[tuple[_Part, ...], tuple[str, ...]]:
    """Return parts without those that are the same molecule as one before, and a sentence for each that is left out."""
    kept: dict[str, _Part] = {}
    told = []
    for part in parts:
        same = Chem.MolToSmiles(Chem.MolFromSmiles(part.smiles))
        if same in kept:
            told.append(f"the {kind} '{part.name}' is '{kept[same].name}' by another name: it counts once")
        else:
            kept[same] = part
    return tuple(kept.values()), tuple(told)


def _bare(scaffold: Scaffold) -> Ligand:
    return assemble(scaffold, (find_substituent("H"),) * scaffold.sites)


def _largest_atoms(space: Space, scaffold: Scaffold, bare: Ligand) -> int:
    # A group takes a hydrogen's place.
    groups = [Chem.AddHs(Chem.MolFromSmiles(s.smiles)).GetNumAtoms() - 2 for s in space.substituents]
    ligand = bare.mol_with_hydrogens.GetNumAtoms() + scaffold.sites * max(groups, default=0)
    return max(
        1 + c.ligands * ligand + c.co_atoms + 3 * c.of(bare, TEMPLATE_METAL).settled[-1].waters
        for c in space.coordinations
    )
