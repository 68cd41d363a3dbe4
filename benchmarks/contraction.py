"""How far a surface moves the donors from lanthanum to lutetium: the constants of the metal exchange.

    python benchmarks/contraction.py [--surface gfn2-m] [--json] [--starts 4] [--crowded]

Each ligand's aqua complex [M(L)(H2O)m] is sketched from several seeds, relaxed with lanthanum
on the surface, and the lowest that passes quality control is relaxed with every other metal.
Coordination number 8 holds yttrium and the lanthanides, 6 lanthanum, neodymium, gadolinium, lutetium and scandium.
With --crowded also two and four HOPO at number 8.
About four minutes on one core. The last line with --json holds slopes, standard errors and offsets.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from functools import partial

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.library import SCAFFOLDS, Scaffold, find_substituent
from reexplore.chemistry.ligands import assemble
from reexplore.chemistry.metals import METALS, SERIES, TEMPLATE_METAL
from reexplore.errors import CalculationFailed
from reexplore.structures.builders.placement import place_complexes
from reexplore.structures.contraction import Contraction, Sphere, fit_contraction, sphere
from reexplore.structures.metal_exchange import exchange_metal
from reexplore.structures.quality import check_complex
from reexplore.structures.structure import Layout, Structure
from reexplore.structures.xtb.relax import relax
from reexplore.structures.xtb.surfaces import DEFAULT, EnergySurface, find_surface

OWN = (
    Scaffold("picolinate", "[O-:11]C(=O)c1cc([*:1])cc[n:12]1", -1, "", ""),
    Scaffold("acetohydroxamate", "[*:1]CC(=[O:11])N[O-:12]", -1, "", ""),
    Scaffold("oxinate", "[O-:11]c1cc([*:1])cc2ccc[n:12]c12", -1, "", ""),
)
NAMED = ("HOPO", "HDEV", "CAM", "thio-HOPO", "thio-CAM")
SIX = ("La", "Nd", "Gd", "Lu", "Sc")
CROWDED = ("La", "Nd", "Gd", "Er", "Lu", "Y")


def lowest(candidate: Candidate, starts: int, surface: EnergySurface) -> Structure | None:
    """Return the lowest of `starts` relaxed sketches that pass quality control, None when none does."""
    passed = []
    for seed in range(starts):
        try:
            relaxed = relax(place_complexes(candidate, count=1, seed=seed)[0], surface=surface)
        except CalculationFailed as failed:
            print(f"# {candidate.name}, seed {seed}: {failed}", file=sys.stderr)
            continue
        if check_complex(relaxed.structure, candidate=candidate).ok:
            passed.append(relaxed)
    return min(passed, key=lambda r: r.energy_hartree).structure if passed else None


def spheres(
    scaffold: Scaffold,
    *,
    number: int,
    metals: tuple[str, ...],
    starts: int,
    surface: EnergySurface,
    ligands: int = 1,
) -> list[Sphere]:
    """Return the donor distances of one ligand's complexes with every metal."""
    ligand = assemble(scaffold, (find_substituent("H"),) * scaffold.sites)
    waters = number - ligands * ligand.denticity
    parent = lowest(Candidate(ligand, TEMPLATE_METAL, ligands, waters), starts, surface)
    if parent is None:
        print(f"# {scaffold.name}: no start passed quality control", file=sys.stderr)
        return []
    found = []
    for symbol in metals:
        candidate = Candidate(ligand, METALS[symbol], ligands, waters)
        layout = Layout.of(candidate)
        try:
            relaxed = relax(
                exchange_metal(parent, layout=layout, old=TEMPLATE_METAL, new=candidate.metal), surface=surface
            )
        except CalculationFailed as failed:
            print(f"# {candidate.name}: {failed}", file=sys.stderr)
            continue
        report = check_complex(relaxed.structure, candidate=candidate)
        if not report.ok:
            print(f"# {candidate.name}: {report.problems[0].message}", file=sys.stderr)
            continue
        found.append(
            sphere(candidate, report.donor_distances_angstrom, series=f"{ligands} {scaffold.name} CN {number}")
        )
    return found


def report(found: Contraction) -> None:
    """Print slopes and offsets."""
    for name, slope in found.series.items():
        print(f"{name:24s} {slope.value:6.3f} ± {slope.standard_error:.3f}   {slope.count} lanthanides, all donors")
    for donor, slope in found.donors.items():
        print(f"{donor:24s} {slope.value:6.3f} ± {slope.standard_error:.3f}   {slope.count} ligands")
    for metal, offsets in found.offsets_angstrom.items():
        print(f"{metal} beside the line:", ", ".join(f"{d} {v:+.3f} Å" for d, v in offsets.items()))


def main() -> None:
    """Make the geometries, fit, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--starts", type=int, default=4)
    parser.add_argument("--crowded", action="store_true")
    parser.add_argument("--surface", default=DEFAULT)
    options = parser.parse_args()
    started = time.process_time()
    at = partial(spheres, starts=options.starts, surface=find_surface(options.surface))
    eight = tuple(m.symbol for m in SERIES if 8 in m.usual_numbers)
    ligands = [SCAFFOLDS[name] for name in NAMED] + list(OWN)
    at_eight = [s for one in ligands for s in at(one, number=8, metals=eight)]
    at_six = [s for one in ligands for s in at(one, number=6, metals=SIX)]
    print("coordination number 8")
    found = fit_contraction(at_eight)
    report(found)
    print("coordination number 6")
    six = fit_contraction(at_six)
    report(six)
    for count in (2, 4) if options.crowded else ():
        print(f"coordination number 8, {count} ligands")
        crowd = at(SCAFFOLDS["HOPO"], number=8, metals=CROWDED, ligands=count)
        report(fit_contraction(crowd))
    figures = {"cn8": asdict(found), "cn6": asdict(six), "cpu_s": round(time.process_time() - started, 1)}
    if options.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
