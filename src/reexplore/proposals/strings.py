"""Ligands as strings of tokens: SELFIES that begin with the donor, so that the donor is known before the rest.

SELFIES: M. Krenn, F. Häse, A. Nigam, P. Friederich, A. Aspuru-Guzik, Mach. Learn.: Sci. Technol. 2020, 1, 045024.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from reexplore.chemistry.ligands import Ligand
from reexplore.errors import InputError

#: The three tokens that are no part of a molecule.
PADDING, BEGIN, END = 0, 1, 2
_MARKS = ("[nop]", "[begin]", "[end]")
#: Longer ligands are not learned: 25 heavy atoms are some 60 tokens at most.
LONGEST = 72


@cache
def _selfies() -> Any:
    import selfies

    # Its table knows no silicon, which it would take for an atom of eight bonds.
    selfies.set_semantic_constraints(selfies.get_preset_constraints("default") | {"Si": 4})
    return selfies


def string_of(ligand: Ligand) -> str:
    """Return the SELFIES of a ligand of one donor, which is its first atom."""
    (donor,) = ligand.donors
    smiles = Chem.MolToSmiles(ligand.mol, rootedAtAtom=donor, isomericSmiles=False)
    try:
        return str(_selfies().encoder(smiles))
    except _selfies().EncoderError:
        raise InputError(f"the ligand {ligand.canonical_smiles} has no SELFIES string") from None


def smiles_of(tokens: Iterable[str]) -> str:
    """Return the SMILES that tokens stand for; empty where they stand for nothing."""
    return str(_selfies().decoder("".join(tokens)))


def tokens_of(string: str) -> list[str]:
    """Return the tokens of a SELFIES string."""
    return list(_selfies().split_selfies(string))


@dataclass(frozen=True)
class Vocabulary:
    """The tokens that a model knows; their numbers begin after padding, begin and end."""

    tokens: tuple[str, ...]

    @classmethod
    def of(cls, strings: Iterable[str]) -> Self:
        """Return the vocabulary of some strings, in alphabetical order."""
        return cls(tuple(sorted({token for string in strings for token in tokens_of(string)})))

    def __len__(self) -> int:
        """Return how many numbers there are, with the three marks."""
        return len(_MARKS) + len(self.tokens)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {token: number for number, token in enumerate(self.tokens, start=len(_MARKS))}

    def knows(self, string: str) -> bool:
        """Return whether a string is of known tokens, and not too long."""
        tokens = tokens_of(string)
        return len(tokens) <= LONGEST and all(token in self._numbers for token in tokens)

    def numbers(self, strings: Sequence[str]) -> NDArray[np.int64]:
        """Return strings as rows of numbers between begin and end, padded, shape (strings, longest + 2).

        Raises `InputError` for a token that is not known and for a string that is too long.
        """
        rows = []
        for string in strings:
            tokens = tokens_of(string)
            if len(tokens) > LONGEST:
                raise InputError(f"a ligand of {len(tokens)} tokens is longer than the {LONGEST} that are learned")
            if unknown := [token for token in tokens if token not in self._numbers]:
                raise InputError(f"the token {unknown[0]} is none that the model was trained on")
            rows.append([BEGIN, *(self._numbers[token] for token in tokens), END])
        table = np.full((len(rows), max(map(len, rows), default=0)), PADDING, dtype=np.int64)
        for number, row in enumerate(rows):
            table[number, : len(row)] = row
        return table

    def smiles(self, numbers: Iterable[int]) -> str:
        """Return the SMILES of one row up to its end; empty where it decodes to nothing."""
        tokens: list[str] = []
        for number in numbers:
            if number == END:
                break
            if number >= len(_MARKS):
                tokens.append(self.tokens[number - len(_MARKS)])
        return smiles_of(tokens)
