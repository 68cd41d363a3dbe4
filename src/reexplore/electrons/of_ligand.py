"""What the networks say of a free ligand, which is described as its neutral acid in the gas phase."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reexplore.chemistry.acids import acid_of
from reexplore.chemistry.ligands import Ligand
from reexplore.electrons.reactivity import Reactivity
from reexplore.errors import CalculationFailed, InputError
from reexplore.structures.conformers.free_ligand import free_ligand_conformers
from reexplore.structures.quality import check_ligand
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.relax import relax

if TYPE_CHECKING:
    from reexplore.electrons.ensemble import Ensemble

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LigandElectrons:
    """A neutral acid, its descriptors, and the spread of the members in potential and affinity, eV, shape (2,).

    `structure` is its GFN2-xTB minimum in the gas phase, in the order of `acid.mol_with_hydrogens`.
    """

    acid: Ligand
    structure: Structure
    reactivity: Reactivity
    spread_ev: Array

    @cached_property
    def of_heavy_atoms(self) -> dict[str, Array]:
        """Return what each heavy atom has, the hydrogens on it counted with it, in the order of `acid.mol`."""
        found = self.reactivity
        columns = {
            "charge_iao_e": found.states.charges_e[1],
            "fukui_minus": found.fukui_minus,
            "fukui_plus": found.fukui_plus,
            "philicity_minus_ev": found.philicity_minus_ev,
            "philicity_plus_ev": found.philicity_plus_ev,
        }
        mol = self.acid.mol_with_hydrogens
        heavy = self.acid.mol.GetNumAtoms()
        holder = [
            atom.GetIdx() if atom.GetIdx() < heavy else atom.GetNeighbors()[0].GetIdx() for atom in mol.GetAtoms()
        ]
        return {
            name: np.asarray(np.bincount(holder, weights=values, minlength=heavy), dtype=np.float64)
            for name, values in columns.items()
        }

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        found, symbols = self.reactivity, [atom.GetSymbol() for atom in self.acid.mol.GetAtoms()]
        columns = {name: [round(float(x), 4) for x in values] for name, values in self.of_heavy_atoms.items()}
        return {
            "acid_smiles": self.acid.smiles,
            "ionisation_potential_ev": round(found.states.ionisation_potential_ev, 4),
            "electron_affinity_ev": round(found.states.electron_affinity_ev, 4),
            "ionisation_potential_spread_ev": round(float(self.spread_ev[0]), 4),
            "electron_affinity_spread_ev": round(float(self.spread_ev[1]), 4),
            "electronegativity_ev": round(found.electronegativity_ev, 4),
            "hardness_ev": round(found.hardness_ev, 4),
            "electrophilicity_ev": round(found.electrophilicity_ev, 4),
            "atoms": [
                {"number": number, "element": symbol} | {name: values[number] for name, values in columns.items()}
                for number, symbol in enumerate(symbols)
            ],
        }


def ligand_electrons(ligand: Ligand) -> LigandElectrons:
    """Return what the shipped networks say of a ligand; anions are described by their acid.

    An anion in the gas phase holds no further electron, so that its affinity would be one of the basis set. Raises
    `InputError` for a cation, for a ligand whose acid its SMILES does not tell and for an element no network has seen,
    `CalculationFailed` when no geometry is found or one loses its bonds.
    """
    if ligand.charge > 0:
        raise InputError(
            f"'{ligand.canonical_smiles}' has the charge {ligand.charge:+d}: give neutral ligands, or anions, which are"
            " described by their acid"
        )
    return _of_acid(acid_of(ligand).smiles)


@lru_cache(maxsize=4096)
def _of_acid(smiles: str) -> LigandElectrons:
    from reexplore.electrons.network import require_known

    acid = Ligand(smiles, 0, scaffold=smiles, substituents=())
    (start,) = free_ligand_conformers(acid, count=1, seed=1)
    require_known(start, 0, 1)
    structure = relax(start, solvent="gas").structure
    if problems := check_ligand(structure, ligand=acid).problems:
        raise CalculationFailed.of(problems[0])
    (found,) = _shipped().states([structure])
    return LigandElectrons(acid, structure, Reactivity(found.states), found.spread_ev)


@lru_cache(maxsize=1)
def _shipped() -> Ensemble:
    from reexplore.electrons.ensemble import Ensemble

    return Ensemble.load()
