"""Patterns of atoms that no ligand may have."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from rdkit import Chem, rdBase

from reexplore.chemistry.ligands import Ligand
from reexplore.inputs.shown import shown

#: Longer patterns may take for ever to match.
_LONGEST, _MOST_ATOMS = 1_000, 50


@dataclass(frozen=True)
class Without:
    """Leaves out ligands that match one of some SMARTS; atom maps and hydrogens are as in the SMILES."""

    patterns: tuple[str, ...]

    @classmethod
    def read(cls, said: Any) -> Self:
        """Return the constraint of a list of SMARTS; raise `ValueError` for anything else."""
        if not isinstance(said, list) or not said or not all(isinstance(text, str) for text in said):
            raise ValueError(f"give a list of SMARTS, such as ['[N+](=O)[O-]', 'S'], not {shown(said)}")
        for text in said:
            with rdBase.BlockLogs():
                # After a space RDKit would read a name.
                whole = len(text) <= _LONGEST and text.isprintable() and " " not in text
                pattern = Chem.MolFromSmarts(text) if whole else None
            if pattern is None or not 0 < pattern.GetNumAtoms() <= _MOST_ATOMS:
                raise ValueError(
                    f"RDKit cannot read the SMARTS {text[:80]!r}, or it has more than {_MOST_ATOMS} atoms: write one"
                    " that it can, without spaces"
                )
        return cls(tuple(said))

    def say(self) -> list[str]:
        """Return the patterns as a campaign file has them."""
        return list(self.patterns)

    def reason(self, ligand: Ligand) -> str | None:
        """Return the first pattern that a ligand has."""
        for text, pattern in self._queries:
            if ligand.mol.HasSubstructMatch(pattern):
                return f"it has {text}"
        return None

    @cached_property
    def _queries(self) -> tuple[tuple[str, Chem.Mol], ...]:
        return tuple((text, Chem.MolFromSmarts(text)) for text in self.patterns)
