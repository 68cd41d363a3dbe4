"""What electronic energies say of the number of waters: one ligand on La and Lu in coordination numbers 6 to 10.

Prints E([M L (H2O)m]) - m E(H2O) on gfn2-m above that of coordination number 8, in kcal/mol. Every further water lowers
it, because what a bound water loses in entropy is not in it. Twelve CPU-minutes: `python benchmarks/water_numbers.py`.
"""

from __future__ import annotations

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.ligand_input import plain_ligand
from reexplore.chemistry.metals import METALS
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL
from reexplore.structures.builders.placement import place_complexes
from reexplore.structures.conformers.free_ligand import water
from reexplore.structures.search.templates import Start, lowest_template
from reexplore.structures.xtb.relax import relax

LIGAND = plain_ligand("CC(=O)N[O-]", donors=[2, 4]).ligand
NUMBERS = (6, 7, 8, 9, 10)


def main() -> None:
    """Print one line a metal."""
    water_hartree = relax(water()).energy_hartree
    for symbol in ("La", "Lu"):
        found = {}
        for number in NUMBERS:
            candidate = Candidate(LIGAND, METALS[symbol], 1, number - LIGAND.denticity)
            starts = [Start(structure, "placement") for structure in place_complexes(candidate, count=12, seed=1)]
            energy_hartree = lowest_template(candidate, starts=starts, refine=3).energy_hartree
            found[number] = HARTREE_TO_KCAL_MOL * (energy_hartree - candidate.waters * water_hartree)
        print(symbol, "  ".join(f"{number}: {energy - found[8]:+.1f}" for number, energy in found.items()))


if __name__ == "__main__":
    main()
