"""The complexes on which metal–donor distances are fitted and judged, and the starts of their DFT relaxations.

Each probe shows one kind of donor beside water. A monodentate probe has six waters (coordination number 7), a chelate
as many as make number 8; scandium is held by six donors. Probes have at most 33 atoms, because a step of a DFT
relaxation of so many costs a core half a minute.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.ligand_input import plain_ligand
from reexplore.chemistry.metals import METALS, TEMPLATE_METAL, Metal
from reexplore.errors import CalculationFailed
from reexplore.structures.builders.placement import place_complexes
from reexplore.structures.metal_exchange import exchange_metal
from reexplore.structures.quality import check_complex
from reexplore.structures.structure import Layout, Structure
from reexplore.structures.xtb.engines import Surface, surface_of
from reexplore.structures.xtb.relax import descend
from reexplore.structures.xtb.surfaces import EnergySurface

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Probe:
    """One ligand, by SMILES with its donors mapped 11, 12, …; no ligand is the aqua ion."""

    name: str
    smiles: str
    held_out: bool = False

    def candidate(self, symbol: str) -> Candidate:
        """Return its complex with a metal."""
        ligand = plain_ligand(self.smiles or "CC(=[O:11])N[O-:12]").ligand
        if not self.smiles:
            return Candidate(ligand, METALS[symbol], 0, 6 if symbol == "Sc" else 8)
        number = 8 if ligand.denticity > 1 else 7
        return Candidate(ligand, METALS[symbol], 1, (6 if symbol == "Sc" else number) - ligand.denticity)


PROBES: dict[str, Probe] = {
    probe.name: probe
    for probe in (
        Probe("aqua", ""),
        Probe("methoxide", "C[O-:11]"),
        Probe("phenolate", "[O-:11]c1ccccc1"),
        # Carboxylates by two oxygens and by one: an acetate that is asked for one oxygen takes two.
        Probe("acetate", "CC(=[O:12])[O-:11]"),
        Probe("malonate", "O=C([O-:11])CC(=O)[O-:12]"),
        Probe("acetamide", "CC(=[O:11])N"),
        Probe("hydroxamate", "CC(=[O:11])N[O-:12]"),
        Probe("pyridine", "c1cc[n:11]cc1"),
        Probe("methylamine", "C[NH2:11]"),
        Probe("methanethiolate", "C[S-:11]"),
        Probe("phosphine-oxide", "CP(C)=[O:11]"),
        Probe("hopo", "[O:11]=c1ccccn1[O-:12]", held_out=True),
        Probe("catecholate", "[O-:11]c1ccccc1[O-:12]", held_out=True),
        Probe("pyridine-oxide", "[O-:11][n+]1ccccc1", held_out=True),
        Probe("oxalate", "O=C([O-:11])C(=O)[O-:12]", held_out=True),
        Probe("hydroxyisobutyrate", "CC(C)([OH:11])C(=O)[O-:12]", held_out=True),
        Probe("picolinate", "O=C([O-:11])c1cccc[n:12]1", held_out=True),
        Probe("iminodiacetate", "O=C([O-:11])C[NH:12]CC(=O)[O-:13]", held_out=True),
    )
}

#: Where relaxations start from, not where they end: GFN2-xTB with every metal-donor pair pushed apart as lanthanum's
#: aqua ion needs it and as lutetium's does (Hartree, 1/bohr, Å), in between by the ionic radius.
_LIGHT, _HEAVY = (0.0068, 1.0, 2.57), (0.0003, 5.0, 2.34)
_BOHR_ANGSTROM = 0.529177210903
_STARTS = 8
_SEED = 2026


class Guessed:
    """GFN2-xTB/ALPB with the guessed push between metal and donors."""

    def __init__(self, structure: Structure, metal: Metal) -> None:
        self._plain: Surface = surface_of(structure, engine="tblite")
        self._donors = [i for i, symbol in enumerate(structure.symbols) if symbol in ("O", "N", "S")]
        light, heavy = METALS["La"].shannon_radius_angstrom, METALS["Lu"].shannon_radius_angstrom
        share = float(np.clip((metal.shannon_radius_angstrom - heavy) / (light - heavy), 0.0, 1.0))
        shift = metal.shannon_radius_angstrom - np.array([light, heavy])
        self._terms = [
            (weight * a, alpha, (r0 + moved) / _BOHR_ANGSTROM)
            for weight, (a, alpha, r0), moved in zip((share, 1 - share), (_LIGHT, _HEAVY), shift, strict=True)
        ]
        self.name = "guessed"

    @property
    def calls(self) -> int:
        """Return the gradients computed so far."""
        return self._plain.calls

    def at(self, positions_angstrom: Array) -> tuple[float, Array]:
        """Return the energy in hartree and the gradient in hartree/bohr."""
        energy, gradient = self._plain.at(positions_angstrom)
        gradient = gradient.copy()
        for donor in self._donors:
            arm = (positions_angstrom[donor] - positions_angstrom[0]) / _BOHR_ANGSTROM
            length = float(np.linalg.norm(arm))
            for height, alpha, r0 in self._terms:
                push = height * np.exp(-alpha * (length - r0))
                energy += push
                gradient[donor] -= alpha * push * arm / length
                gradient[0] += alpha * push * arm / length
        return energy, gradient


def start(probe: Probe, symbol: str, *, lanthanum: Structure | None = None) -> Structure | None:
    """Return where a probe's DFT relaxation starts with a metal: from `lanthanum`, or the lowest of a few placements.

    None when nothing becomes the complex.
    """
    candidate = probe.candidate(symbol)
    if lanthanum is None:
        return lowest_placement(candidate)
    moved = exchange_metal(lanthanum, layout=Layout.of(candidate), old=TEMPLATE_METAL, new=candidate.metal)
    return _lowest([moved], candidate, None)


def lowest_placement(candidate: Candidate, surface: EnergySurface | None = None) -> Structure | None:
    """Return the lowest of a few placements that are still the complex, on a surface or on the guessed one."""
    return _lowest(place_complexes(candidate, count=_STARTS, seed=_SEED), candidate, surface)


def _lowest(starts: list[Structure], candidate: Candidate, surface: EnergySurface | None) -> Structure | None:
    found: list[tuple[float, Structure]] = []
    for structure in starts:
        here = Guessed(structure, candidate.metal) if surface is None else surface.of(structure)
        try:
            relaxed = descend(here, structure)
        except CalculationFailed:
            continue
        if check_complex(relaxed.structure, candidate=candidate).ok:
            found.append((relaxed.energy_hartree, relaxed.structure))
    return min(found, key=lambda entry: entry[0])[1] if found else None
