"""Computed pKa of the reference acids, each from the others, and of the anchors' acids, beside measured ones.

    python benchmarks/acidity.py [--level standard] [--compute] [--json]

What was computed lies in benchmarks/acidity.csv: the energy and the thermal terms of every acid and base on its lowest
minimum of gfn2-m, by level. `--compute` adds what is missing there, line by line: 1 to 6 CPU seconds a molecule. Of the
anchors that are no amines the energies are those of benchmarks/experiment.tar.xz, and the sum of the pKa of all their
protons is compared. Some ligands are protonated step by step, as in a campaign. With --json the last line is JSON.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from rdkit import Chem
from rich import box
from rich.console import Console
from rich.table import Table

from reexplore.anchors.table import read_anchors
from reexplore.chemistry.acidity import AMMONIUM, KINDS, PYRIDINIUM, REFERENCE_ACIDS, sites
from reexplore.chemistry.ligands import Ligand
from reexplore.energies.acidity import Lost, Scales, Step, left_out, stepwise
from reexplore.energies.dft.single_point import single_point
from reexplore.energies.levels import find_level
from reexplore.energies.protons import KCAL_MOL_PER_LOG_UNIT
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL
from reexplore.energies.thermal import gibbs_correction_hartree
from reexplore.structures.conformers.free_ligand import lowest_conformer
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.minimum import settled_minimum
from reexplore.structures.xtb.surfaces import GFN2_M

KEPT = Path(__file__).with_suffix(".csv")
ANCHORS = Path(__file__).with_name("experiment.tar.xz")
#: Ligands as they bind, with their stepwise pKa, the last proton to leave first: W. R. Harris, C. J. Carrano, K. N.
#: Raymond, J. Am. Chem. Soc. 1979, 101, 2722; the others from the table of anchors.
LIGANDS = (
    ("2,3-dihydroxy-N,N-dimethylbenzamide", "CN(C)C(=O)c1cccc([O-])c1[O-]", (12.1, 8.4)),
    ("iminodiacetic acid", "O=C([O-])CNCC(=O)[O-]", (9.34, 2.61)),
    ("picolinic acid", "O=C([O-])c1ccccn1", (5.21, 1.0)),
)
COLUMNS = ("level", "smiles", "total_hartree", "gibbs_correction_hartree", "cpu_s")
#: At this pH every proton that is compared is looked for.
_PH = 3.0
_SEED, _CONFORMERS = 1, 10


def kept(level: str) -> dict[str, float]:
    """Return the free energies in hartree of what was computed at a level, by SMILES."""
    if not KEPT.is_file():
        return {}
    with KEPT.open(encoding="utf-8", newline="") as opened:
        rows = [row for row in csv.DictReader(opened) if row["level"] == level]
    return {row["smiles"]: float(row["total_hartree"]) + float(row["gibbs_correction_hartree"]) for row in rows}


def compute(level: str, console: Console) -> None:
    """Compute the acids and bases that are missing, and keep each."""
    if not KEPT.is_file():
        KEPT.write_text(",".join(COLUMNS) + "\n", encoding="utf-8")
    for molecule in (form for acid in REFERENCE_ACIDS for form in (acid.acid, acid.base)):
        _computed(molecule, level, console)
    for _, smiles, measured in LIGANDS:
        _steps(smiles, len(measured), lambda molecule: _computed(molecule, level, console))


def _computed(molecule: Ligand, level: str, console: Console) -> float:
    if molecule.identity not in kept(level):
        started = time.process_time()
        total, gibbs = _terms(molecule, level)
        row = (level, molecule.identity, repr(total), repr(gibbs), f"{time.process_time() - started:.0f}")
        with KEPT.open("a", encoding="utf-8", newline="") as opened:
            csv.writer(opened, lineterminator="\n").writerow(row)
        console.print(f"{molecule.name}: {row[-1]} s")
    return kept(level)[molecule.identity]


def _steps(smiles: str, protons: int, hartree: Callable[[Ligand], float]) -> tuple[Step, ...]:
    """Return the protons that a ligand takes up, from the free energies of the molecules that are asked for."""
    mol = Chem.MolFromSmiles(smiles)
    ligand = Ligand(Chem.MolToSmiles(mol), Chem.GetFormalCharge(mol), scaffold=smiles, substituents=())
    asking = stepwise(ligand, ph=_PH, protons=protons)
    try:
        wanted = next(asking)
        while True:
            wanted = asking.send({each.identity: hartree(each) * HARTREE_TO_KCAL_MOL for each in wanted})
    except StopIteration as ended:
        return tuple(ended.value)


def _terms(molecule: Ligand, level: str) -> tuple[float, float]:
    lowest = lowest_conformer(molecule, count=_CONFORMERS, seed=_SEED, surface=GFN2_M)
    minimum = settled_minimum(lowest.relaxed.structure, surface=GFN2_M)
    gibbs = gibbs_correction_hartree(minimum.structure, minimum.vibrations.frequencies_cm1)
    return single_point(minimum.structure, level=find_level(level)).total_hartree, gibbs


def reference_acids(level: str) -> list[Lost]:
    """Return the reference acids that were computed."""
    free = kept(level)
    known = [acid for acid in REFERENCE_ACIDS if {acid.acid.identity, acid.base.identity} <= free.keys()]
    return [Lost(a, HARTREE_TO_KCAL_MOL * (free[a.base.identity] - free[a.acid.identity])) for a in known]


def _without_slope(lost: Sequence[Lost]) -> float:
    """Return the error of acids of one kind, each left out, where a proton is exchanged with the others as it is."""
    offsets = np.array([each.acid.pka - each.free_kcal_mol / KCAL_MOL_PER_LOG_UNIT for each in lost])
    return float(offsets.std() * len(lost) / (len(lost) - 1))


def anchors(level: str, scales: Scales) -> Iterator[tuple[str, float, float]]:
    """Yield name, measured and computed sum of the pKa of each anchor whose protons are all its anions'."""
    with tempfile.TemporaryDirectory() as unpacked:
        with tarfile.open(ANCHORS) as archive:
            archive.extractall(unpacked, filter="data")
        for anchor in read_anchors():
            kinds = [site.kind for site in sites(anchor.single.ligand)]
            names = [f"{anchor.name.replace(' ', '-')}_{form}" for form in ("free", "acid")]
            base, acid = (_anchor_kcal_mol(Path(unpacked), level, name) for name in names)
            protons = -anchor.charge
            if base is None or acid is None or AMMONIUM in kinds or not 0 < protons <= len(anchor.pka):
                continue
            # One free energy for all protons; each has the offset of its kind.
            offsets = sum(scales.offsets[kind] for kind in kinds if kind != PYRIDINIUM)
            computed = scales.slope * (base - acid) / KCAL_MOL_PER_LOG_UNIT + offsets
            yield anchor.name, sum(anchor.pka[:protons]), computed


def _anchor_kcal_mol(folder: Path, level: str, name: str) -> float | None:
    minimum, energy = folder / "minima" / f"{name}.json", folder / level / f"{name}.json"
    if not (minimum.is_file() and energy.is_file()):
        return None
    found = json.loads(minimum.read_text())
    structure = Structure(tuple(found["symbols"]), np.array(found["positions_angstrom"]), found["charge"])
    gibbs = gibbs_correction_hartree(structure, found["frequencies_cm1"])
    return float(json.loads(energy.read_text())["total_hartree"] + gibbs) * HARTREE_TO_KCAL_MOL


def main() -> None:
    """Print the tables, and what they come to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--level", default="standard")
    parser.add_argument("--compute", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    console = Console(stderr=asked.json)
    if asked.compute:
        compute(asked.level, console)
    known = reference_acids(asked.level)
    scales, off = Scales.of(known), left_out(known)
    table = Table("kind", "acid", "measured", "off", box=box.SIMPLE_HEAD, title=f"pKa at {asked.level}")
    for kind in KINDS:
        for each, error in zip([one for one in known if one.acid.kind == kind], off[kind], strict=True):
            table.add_row(kind, each.acid.name, f"{each.acid.pka:.2f}", f"{error:+.2f}")
    console.print(table)
    console.print(f"slope {scales.slope:.2f}")
    plain = {kind: _without_slope([each for each in known if each.acid.kind == kind]) for kind in KINDS}
    for kind in KINDS:
        told = f"{scales.errors[kind]:.2f} root mean square of {len(off[kind])}, {plain[kind]:.2f} with the slope 1"
        console.print(f"{kind}: {told}")
    beside = Table("anchor", "measured", "computed", box=box.SIMPLE_HEAD, title="sum of the pKa of all protons")
    found = list(anchors(asked.level, scales))
    for name, measured, computed in found:
        beside.add_row(name, f"{measured:.2f}", f"{computed:.2f}")
    console.print(beside)
    one_by_one = Table("ligand", "measured", "computed", box=box.SIMPLE_HEAD, title="stepwise pKa")
    free = kept(asked.level)
    for name, smiles, measured in LIGANDS:
        try:
            steps = _steps(smiles, len(measured), lambda molecule: free[molecule.identity])
        except KeyError:
            continue
        told = ", ".join(f"{step.pka}" for step in steps[: len(measured)])
        one_by_one.add_row(name, ", ".join(f"{pka:.2f}" for pka in measured), told)
    console.print(one_by_one)
    errors = [computed - measured for _, measured, computed in found]
    of_anchors = math.hypot(*errors) / math.sqrt(len(errors)) if errors else None
    if of_anchors is not None:
        console.print(f"anchors: {of_anchors:.2f} root mean square of {len(errors)}")
    if asked.json:
        figures = {"level": asked.level, "slope": scales.slope, "left_out_error_log_units": dict(scales.errors)}
        print(json.dumps(figures | {"anchors_error_log_units": of_anchors}))


if __name__ == "__main__":
    main()
