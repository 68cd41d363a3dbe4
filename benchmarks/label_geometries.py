"""Makes the frozen geometries on which the benchmarks of the labels stand: benchmarks/label_geometries.

    python benchmarks/label_geometries.py [--surface gfn2-m] [hopo] [hydroxamate] [aqua] [cam]

Files that are there are not made again; remove one to have it made. All are minima of the surface, by default gfn2-m,
in the repository's extended XYZ with the charge in the comment. Those of plain gfn2 lie in the folder itself, others
in a folder of their surface's name; what holds no metal is the same on both, and there once.

hopo         [La(HOPO-X)(H2O)6]2+ for sixteen X, grafted on La_HOPO-H_1_6.xyz and relaxed; the free ligands
             (lowest of a few conformers); one water
hydroxamate  [M(acetohydroxamate)(H2O)6]2+ of fifteen metals: the lowest of a few placements with lanthanum,
             then the metal exchanged and relaxed; the free ligand
aqua         [M(H2O)8]3+ and [M(H2O)6]3+ of the same metals in the same way
cam          [Eu(CAM-X)(H2O)6]+ for six X: a placed and relaxed La(CAM-H), grafted, exchanged, relaxed; free ligands

La_HOPO-H_1_6.xyz and La_HOPO-H_4_0.xyz of plain gfn2 are given: the lowest structures of a search with both builders.
On another surface they are relaxed again.
About four CPU minutes for everything.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

# One thread: small molecules gain nothing from more.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.library import Substituent, find_scaffold, find_substituent
from reexplore.chemistry.ligand_input import plain_ligand
from reexplore.chemistry.ligands import Ligand, assemble, assemble_traced
from reexplore.chemistry.metals import METALS, TEMPLATE_METAL, Metal
from reexplore.chemistry.user_parts import custom_substituent
from reexplore.errors import CalculationFailed
from reexplore.structures.builders.placement import place_complexes
from reexplore.structures.conformers.free_ligand import lowest_conformer, water
from reexplore.structures.metal_exchange import contraction_of
from reexplore.structures.quality import check_complex, require
from reexplore.structures.screening.grafting import Grafting
from reexplore.structures.screening.scaffolding import Scaffolding, bare_candidate
from reexplore.structures.search.label_geometry import exchange_and_relax
from reexplore.structures.search.templates import Start, lowest_template
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.relax import relax
from reexplore.structures.xtb.surfaces import SURFACES, EnergySurface

FOLDER = Path(__file__).with_name("label_geometries")
PLAIN = SURFACES["gfn2"]

#: From donors to acceptors of electrons, small and large; names of the library where it has them.
SUBSTITUENTS = (
    *("H", "methyl", "hydroxyl", "methoxy", "amino", "dimethylamino", "thiol", "aldehyde", "carboxylic-acid"),
    *("ester", "cyano", "nitro", "fluoro", "chloro", "trifluoromethyl", "dimethyl-phosphonate"),
)
CAM_SUBSTITUENTS = ("H", "chloro", "fluoro", "methyl", "phosphonate", "2-methylbenzoic-acid")
#: Promethium has no stable isotope and no experiment; scandium does not hold eight donors.
SYMBOLS = tuple(symbol for symbol in METALS if symbol not in ("Sc", "Pm"))

_OWN = {"dimethyl-phosphonate": "COP(=O)(OC)[*:1]"}
_ACETOHYDROXAMATE = "CC(=[O:11])N[O-:12]"
_STARTS = 6
_REFINED = 2
_CONFORMERS = 4
_SEED = 2026


def substituent(name: str) -> Substituent:
    """Return a substituent of the library, or one of those that are ours here."""
    if name in _OWN:
        return custom_substituent(name, smiles=_OWN[name], charge=0, warning="")
    return find_substituent(name)


def path_of(name: str, surface: EnergySurface = PLAIN) -> Path:
    """Return where a geometry lies that was relaxed on a surface; `name` begins with the metal where it has one."""
    holds_metal = name.split("_", maxsplit=1)[0] in METALS
    return (FOLDER / surface.name if holds_metal and surface is not PLAIN else FOLDER) / f"{name}.xyz"


def stored(name: str, surface: EnergySurface = PLAIN) -> Structure:
    """Return a geometry of the folder by its name without the ending."""
    return Structure.from_extxyz(path_of(name, surface).read_text())


def ion(metal: Metal) -> Structure:
    """Return the bare ion."""
    return Structure((metal.symbol,), np.zeros((1, 3)), metal.oxidation_state)


def make_hopo(on: EnergySurface) -> None:
    """Make the lanthanum complexes and free ligands of HOPO with every substituent, and a water."""
    keep("water", on, lambda: relax(water()).structure)
    for given in ("La_HOPO-H_1_6", "La_HOPO-H_4_0"):
        keep(given, on, lambda given=given: relax(stored(given), surface=on).structure)
    for name in SUBSTITUENTS:
        keep(f"La_HOPO-{name}_1_6", on, lambda name=name: grafted("HOPO", name, stored("La_HOPO-H_1_6", on), on))
        keep(f"HOPO-{name}", on, lambda name=name: free(assemble(find_scaffold("HOPO"), (substituent(name),))))


def make_hydroxamate(on: EnergySurface) -> None:
    """Make the acetohydroxamate complexes of every metal and the free ligand."""
    ligand = plain_ligand(_ACETOHYDROXAMATE).ligand
    keep("aha", on, lambda: free(ligand))
    along_the_series(ligand, "aha_1_6", on, ligands=1, waters=6)


def make_aqua(on: EnergySurface) -> None:
    """Make the aqua ions of every metal, with eight waters and with six."""
    ligand = plain_ligand(_ACETOHYDROXAMATE).ligand  # named by a candidate, not part of it
    along_the_series(ligand, "aqua_8", on, ligands=0, waters=8)
    along_the_series(ligand, "aqua_6", on, ligands=0, waters=6, symbols=("Sc", *SYMBOLS))


def make_cam(on: EnergySurface) -> None:
    """Make the europium complexes of CAM with six substituents and the free ligands."""
    keep("La_CAM-H_1_6", on, lambda: lowest(bare_candidate(find_scaffold("CAM"), ligands=1, waters=6), on))
    for name in CAM_SUBSTITUENTS:
        ligand = assemble(find_scaffold("CAM"), (substituent(name),))
        keep(f"La_CAM-{name}_1_6", on, lambda name=name: grafted("CAM", name, stored("La_CAM-H_1_6", on), on))
        candidate = Candidate(ligand, METALS["Eu"], 1, 6)
        keep(f"Eu_CAM-{name}_1_6", on, lambda c=candidate, name=name: exchanged(c, f"La_CAM-{name}_1_6", on))
        keep(f"CAM-{name}", on, lambda ligand=ligand: free(ligand))


def along_the_series(
    ligand: Ligand, name: str, on: EnergySurface, *, ligands: int, waters: int, symbols: tuple[str, ...] = SYMBOLS
) -> None:
    """Make one complex with every metal from the lowest with lanthanum."""
    keep(f"La_{name}", on, lambda: lowest(Candidate(ligand, TEMPLATE_METAL, ligands, waters), on))
    for symbol in symbols:
        candidate = Candidate(ligand, METALS[symbol], ligands, waters)
        keep(f"{symbol}_{name}", on, lambda c=candidate: exchanged(c, f"La_{name}", on))


def grafted(scaffold_name: str, name: str, template: Structure, on: EnergySurface) -> Structure:
    """Return the relaxed lanthanum complex of a substituent grafted on the bare scaffold's."""
    scaffold, chosen = find_scaffold(scaffold_name), substituent(name)
    ligand, trace = assemble_traced(scaffold, (chosen,))
    base = Scaffolding(scaffold, template, ligands=1, waters=6)
    grafts = Grafting(base, (chosen,)).graft(np.zeros((1, 1), dtype=np.intp))
    relaxed = relax(grafts.structure(0, ligand=ligand, trace=trace), surface=on).structure
    require(check_complex(relaxed, candidate=Candidate(ligand, TEMPLATE_METAL, 1, 6)))
    return relaxed


def lowest(candidate: Candidate, on: EnergySurface) -> Structure:
    """Return the lowest of a few placed and relaxed structures."""
    starts = [Start(s, "placement") for s in place_complexes(candidate, count=_STARTS, seed=_SEED)]
    return lowest_template(candidate, starts=starts, refine=_REFINED, surface=on).structure


def exchanged(candidate: Candidate, template: str, on: EnergySurface) -> Structure:
    """Return a lanthanum complex of the folder with its metal exchanged, relaxed and judged."""
    template_structure, contraction = stored(template, on), contraction_of(on)
    found = exchange_and_relax([template_structure], candidate=candidate, surface=on, contraction=contraction)
    return found.relaxed.structure


def free(ligand: Ligand) -> Structure:
    """Return the free ligand's lowest conformer of a few."""
    return lowest_conformer(ligand, count=_CONFORMERS, seed=_SEED).relaxed.structure


def keep(name: str, on: EnergySurface, make: Callable[[], Structure]) -> None:
    """Write a geometry unless its file is there; say so when it cannot be made."""
    path = path_of(name, on)
    if path.exists():
        return
    path.parent.mkdir(exist_ok=True)
    try:
        path.write_text(make().to_extxyz())
    except CalculationFailed as failed:
        print(f"{name}: {failed}", file=sys.stderr, flush=True)
    else:
        print(name, flush=True)


PARTS = {"hopo": make_hopo, "hydroxamate": make_hydroxamate, "aqua": make_aqua, "cam": make_cam}


def main() -> None:
    """Make what is missing of the parts asked for, of all by default."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--surface", choices=("gfn2-m", "gfn2"), default="gfn2-m")
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"unknown part {', '.join(sorted(unknown))}: choose from {', '.join(PARTS)}")
    for part in options.parts or PARTS:
        PARTS[part](SURFACES[options.surface])


if __name__ == "__main__":
    main()
