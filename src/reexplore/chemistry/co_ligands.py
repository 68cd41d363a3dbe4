"""Co-ligands: what else holds the metal beside the ligand that is searched, by name or as SMILES."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from functools import lru_cache

from reexplore.chemistry.ligand_input import DonorsMissingError, plain_ligand
from reexplore.chemistry.ligands import CoLigands, Ligand
from reexplore.errors import InputError

#: Free co-ligands with the donors that hold a rare earth in crystals (S. A. Cotton, Lanthanide and Actinide Chemistry,
#: Wiley 2006, chapter 4): nitrate and acetate through two oxygens, thiocyanate through nitrogen. Pyridine and THF lie
#: around the axis of dysprosium magnets (Y.-S. Ding et al., Angew. Chem. Int. Ed. 2016, 55, 16071).
CO_LIGANDS: dict[str, str] = {
    "nitrate": "[O-:11][N+](=O)[O-:12]",
    "chloride": "[Cl-:11]",
    "acetate": "CC(=[O:11])[O-:12]",
    "thiocyanate": "[S-]C#[N:11]",
    "phenanthroline": "c1cc2ccc3ccc[n:11]c3c2[n:12]c1",
    "pyridine": "c1cc[n:11]cc1",
    "tetrahydrofuran": "C1CC[O:11]C1",
}
_WATER = "[OH2:1]"


def co_ligand(said: str) -> Ligand:
    """Return a co-ligand by its name or by its SMILES with the donors mapped 11, 12, ….

    Raises `InputError` with the nearest name, or with what is wrong in the SMILES.
    """
    if said.lower() in ("water", "h2o"):
        raise InputError("water is no co-ligand: its number is given by waters")
    if said in CO_LIGANDS:
        return _named(said)
    near = get_close_matches(said.lower(), CO_LIGANDS, n=1)
    if near:
        raise InputError(f"unknown co-ligand '{said}': did you mean '{near[0]}'?")
    try:
        found = plain_ligand(said, halides=True).ligand
    except DonorsMissingError as error:
        raise InputError(
            f"the co-ligand '{said}': map its donors 11, 12, …, as in '{CO_LIGANDS['acetate']}'"
        ) from error
    except InputError as error:
        raise InputError(
            f"unknown co-ligand '{said}': it is none of {', '.join(CO_LIGANDS)}, and no SMILES with mapped donors"
            f" ({error})"
        ) from None
    if found.identity == _WATER:
        raise InputError("water is no co-ligand: its number is given by waters")
    return known_co_ligand(found.identity, found.charge)


def known_co_ligand(identity: str, charge: int) -> Ligand:
    """Return the co-ligand of an identity; its name follows from it: that of the table, or the SMILES to be typed."""
    name = _names().get(identity, identity.replace(":1]", ":11]"))
    return Ligand(identity, charge, scaffold=name, substituents=())


def read_co_ligands(said: Mapping[str, int]) -> CoLigands:
    """Return co-ligands with their numbers; raise `InputError` as `co_ligand`."""
    found: dict[Ligand, int] = {}
    for name, count in said.items():
        ligand = co_ligand(name)
        if ligand in found:
            raise InputError(f"the co-ligand '{name}' is {ligand.name} by another name: give their sum once")
        found[ligand] = count
    return tuple(found.items())


@lru_cache
def _names() -> dict[str, str]:
    return {_named(name).identity: name for name in CO_LIGANDS}


@lru_cache
def _named(name: str) -> Ligand:
    return replace(plain_ligand(CO_LIGANDS[name], halides=True).ligand, scaffold=name, warnings=())
