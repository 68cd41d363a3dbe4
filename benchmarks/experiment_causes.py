"""What each cause changes in computed stability constants, one at a time, and what it costs.

    python benchmarks/experiment_causes.py [--keep FOLDER] [--compute CAUSE ...] [--json]

The base is the program's scale: free energies from the acid at `standard`, the lower of coordination numbers 8 and 9.
Printed is the change of ΔG of M + L → ML with gadolinium, and of its difference between lutetium and lanthanum, in
kcal/mol. What was computed lies in benchmarks/experiment.tar.xz; `--compute` adds what is missing of some causes and
goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from distance_fit import structure_of
from distances import unpack
from experiment_kept import Folder, compute, compute_energy, kept_folder, put_structure, tag
from experiment_scales import Scale
from experiment_shell import shell_of
from rich import box
from rich.console import Console
from rich.table import Table

from reexplore.anchors.computed import stability_kcal_mol
from reexplore.anchors.table import Anchor, read_anchors
from reexplore.energies.dft.relaxation import frames_of
from reexplore.structures.xtb.relax import relax
from reexplore.structures.xtb.surfaces import GFN2_M

BASE = Scale()
LIGANDS = ("acetate", "oxalate", "picolinate", "2-hydroxyisobutyrate", "iminodiacetate", "NTA", "EDTA")
METALS_TOLD = ("Gd", "La", "Lu")
#: The probes of benchmarks/distances.py that are anchors, of coordination number 8, and the aqua ion.
PROBES = {"oxalate": "oxalate", "picolinate": "picolinate", "2-hydroxyisobutyrate": "hydroxyisobutyrate"} | {
    "iminodiacetate": "iminodiacetate",
    "aqua": "aqua",
}
#: Where what was searched anew is kept.
ANEW = "seed-2"
#: Waters of the second shell, the same number around every complex.
SHELL_WATERS = 4


@dataclass(frozen=True)
class OnOtherGeometries(Folder):
    """The folder with complexes in other geometries: each energy changed by that from one variant to another."""

    of: str = ""
    beside: str = ""

    def energy_kcal_mol(self, name: str) -> float | None:
        """Return the energy of a complex in its other geometry, of everything else as it was."""
        if name.split("_", maxsplit=1)[0] not in METALS_TOLD:
            return super().energy_kcal_mol(name)
        values = [super(OnOtherGeometries, self).energy_kcal_mol(name + part) for part in ("", self.of, self.beside)]
        base, one, other = values
        if base is None or one is None or (other is None and self.beside):
            return None
        return base + one - (other or 0.0) if self.beside else one


@dataclass(frozen=True)
class Cause:
    """One thing that is changed: where energies come from, and how a constant is made of them."""

    folder: Callable[[Folder], Folder] = lambda folder: folder
    scale: Scale = BASE
    #: What it is compared with.
    beside: Scale = BASE
    compute: Callable[[Folder, Anchor, str], None] | None = None

    def change_kcal_mol(self, folder: Folder, anchor: Anchor, metal: str) -> float | None:
        """Return the change of ΔG of M + L → ML, None where something was not computed."""
        values = []
        for scale, place in ((self.scale, self.folder(folder)), (self.beside, folder)):
            best = scale.best(folder, anchor, metal)
            if best is None:
                return None
            value = scale.reaction(place, anchor, metal, number=best[0], aqua_waters=best[1])
            deprotonated = stability_kcal_mol(anchor, value, reference=scale.reference)
            if deprotonated is None or math.isnan(deprotonated):
                return None
            values.append(deprotonated)
        return values[0] - values[1]


def _level(name: str) -> Cause:
    def add(folder: Folder, anchor: Anchor, metal: str) -> None:
        for species in _species(folder, anchor, metal):
            compute_energy(Folder(folder.path, name), species)

    return Cause(lambda folder: Folder(folder.path, name), compute=add)


def _species(folder: Folder, anchor: Anchor, metal: str) -> list[str]:
    """Return what the constant of the base is made of."""
    best = BASE.best(folder, anchor, metal)
    if best is None:
        return []
    return ["water", f"{tag(anchor)}_acid", f"{metal}_aqua_{best[1]}", f"{metal}_{tag(anchor)}_{best[0]}"]


def _relaxed_by_dft(folder: Folder, anchor: Anchor, metal: str) -> None:
    """Compute the energies of a complex and its aqua ion as DFT has relaxed them, and as gfn2-m does from there."""
    with TemporaryDirectory() as place:
        unpack(Path(place))
        for ligand in (anchor.name, "aqua"):
            path = Path(place) / f"{metal}_{PROBES.get(ligand)}.extxyz"
            if not path.is_file():
                return
            name = f"{metal}_{ligand.replace(' ', '-')}_8"
            by_dft = structure_of(frames_of(path)[-1])
            put_structure(folder, f"{name}_dft", by_dft)
            put_structure(folder, f"{name}_here", relax(by_dft, surface=GFN2_M).structure)
            for variant in ("dft", "here"):
                compute_energy(folder, f"{name}_{variant}")


def _with_shell(folder: Folder, anchor: Anchor, metal: str) -> None:
    """Compute the energies of a complex and its aqua ion with a part of their second shell."""
    for name in _species(folder, anchor, metal)[2:]:
        if folder.structure(f"{name}_shell") is None:
            structure = folder.structure(name)
            assert structure is not None
            put_structure(folder, f"{name}_shell", shell_of(structure, waters=SHELL_WATERS))
        compute_energy(folder, f"{name}_shell")


def _searched_anew(folder: Folder, anchor: Anchor, metal: str) -> None:
    compute(Folder(folder.path / ANEW, folder.level), [anchor], [metal], seed=2)


CAUSES = {
    "coordination number 8 throughout": Cause(scale=Scale(numbers=(8,))),
    "coordination number 9 throughout": Cause(scale=Scale(numbers=(9,))),
    "no thermal terms": Cause(scale=Scale(thermal=False)),
    "free anion as the reference": Cause(scale=Scale(reference="anion")),
    "PBE in def2-SVP (quick)": _level("quick"),
    "B3LYP in def2-SVP (workstation)": _level("workstation"),
    "B3LYP in def2-SVPD": _level("b3lyp"),
    "PBE in def2-TZVPD": _level("tzvpd"),
    "paper": _level("paper"),
    "metal's sphere of 2.4 Å for 2.0": _level("radius-2.4"),
    "complexes relaxed by DFT": Cause(
        lambda folder: OnOtherGeometries(folder.path, folder.level, "_dft", "_here"),
        Scale(numbers=(8,)),
        Scale(numbers=(8,)),
        _relaxed_by_dft,
    ),
    f"{SHELL_WATERS} waters of the second shell": Cause(
        lambda folder: OnOtherGeometries(folder.path, folder.level, "_shell"), compute=_with_shell
    ),
    "searched anew": Cause(lambda folder: Folder(folder.path / ANEW, folder.level), compute=_searched_anew),
}


def rows(folder: Folder, anchors: dict[str, Anchor]) -> dict[str, dict[str, dict[str, float]]]:
    """Return the changes of every cause in kcal/mol, of ΔG with gadolinium and of its difference Lu less La."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for name, cause in CAUSES.items():
        change = {
            (ligand, metal): cause.change_kcal_mol(folder, anchors[ligand], metal)
            for ligand, metal in product(LIGANDS, METALS_TOLD)
        }
        gd = {ligand: value for ligand in LIGANDS if (value := change[ligand, "Gd"]) is not None}
        trend = {
            ligand: lu - la
            for ligand in LIGANDS
            if (lu := change[ligand, "Lu"]) is not None and (la := change[ligand, "La"]) is not None
        }
        found[name] = {"gd_kcal_mol": gd, "lu_less_la_kcal_mol": trend}
    return found


def main() -> None:
    """Compute what is asked for and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="where results are kept")
    parser.add_argument("--compute", nargs="+", default=[], metavar="CAUSE", choices=list(CAUSES))
    parser.add_argument("--ligands", nargs="+", default=list(LIGANDS), metavar="NAME")
    parser.add_argument("--metals", default=",".join(METALS_TOLD))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    anchors = {anchor.name: anchor for anchor in read_anchors()}
    with kept_folder(options.keep, "standard") as folder:
        for name, ligand, metal in product(options.compute, options.ligands, options.metals.split(",")):
            if add := CAUSES[name].compute:
                add(folder, anchors[ligand], metal)
        found = rows(folder, anchors)
    console = Console()
    for key, title in (("gd_kcal_mol", "ΔG with Gd"), ("lu_less_la_kcal_mol", "ΔG with Lu less that with La")):
        table = Table(title=f"change of {title}, kcal/mol", box=box.SIMPLE_HEAD)
        table.add_column("cause")
        for ligand in LIGANDS:
            table.add_column(ligand, justify="right")
        for name, values in found.items():
            if values[key]:
                table.add_row(name, *(f"{values[key][one]:+.1f}" if one in values[key] else "" for one in LIGANDS))
        console.print(table)
    if options.json:
        print(json.dumps({"causes": found}))


if __name__ == "__main__":
    main()
