"""A pool of GFN2-xTB interaction energies on screening geometries, for questions of scale.

    setsid nohup python benchmarks/gfn2_pool.py make --folder FOLDER --candidates 20000 &
    python benchmarks/gfn2_pool.py pack --folder FOLDER [--out benchmarks/data/gfn2_pool.parquet] [--json]
    python benchmarks/gfn2_pool.py export --folder FOLDER [--ligands 20] [--json]

Ligands are drawn by lot from the scaffolds with four sites and the substituents of the library, in turn from each
scaffold. Each is grafted on the relaxed lanthanum template of its bare scaffold (1 ligand, 6 waters) as a campaign does
before any label, and the metal is put in its place. The energy is E(complex) - E(ligand, as it lies there) in
GFN2-xTB/ALPB(water): the interaction, without the price of bending the ligand, and without a constant of the metal.

`make` goes on where it stopped: what was computed stands in FOLDER/energies.csv, a line for each complex, and the
templates beside it. It may be stopped at any time. `pack` writes what is there as Parquet, templates and the way it was
made in the file's metadata. `export` writes a packed pool as a pool file, FOLDER/gfn2.parquet, which `reexplore study`
and `reexplore backtest` read; with `--ligands` only so many of each scaffold, with their screening geometries, grafted
again on the templates of the pool. GFN2-xTB orders metals and substituents otherwise than DFT: no figure from this pool
says anything about chemistry.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
from collections.abc import Iterator
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.families import Family
from reexplore.chemistry.library import SUBSTITUENTS, find_scaffold
from reexplore.chemistry.ligands import Ligand
from reexplore.chemistry.members import Members
from reexplore.chemistry.metals import find_metal
from reexplore.energies.gfn2 import gfn2_energy
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL
from reexplore.errors import CalculationFailed
from reexplore.structures.builders.placement import place_complexes
from reexplore.structures.metal_exchange import NEWEST_CONTRACTION
from reexplore.structures.quality import check_complex
from reexplore.structures.screening.families import refused, screening_geometries
from reexplore.structures.screening.scaffolding import bare_candidate
from reexplore.structures.stoichiometry import formula
from reexplore.structures.structure import Structure, expected_symbols
from reexplore.structures.xtb.relax import relax

SCAFFOLDS = ("HOPO-345N", "CAM-456N", "HDEV-456N", "thio-HOPO-345N", "thio-CAM-456N")
METALS = ("La", "Gd", "Lu")
LIGANDS, WATERS = 1, 6
SITES = 4
SEED = 2026
#: Relaxed sketches of a bare scaffold, of which the lowest is the template.
STARTS = 2
#: Ligands grafted together.
_CHUNK = 64

COLUMNS = ("scaffold", *(f"site_{n}" for n in range(1, SITES + 1)), "metal", "complex_hartree", "ligand_hartree")
ENERGIES = "energies.csv"
DATA = Path(__file__).parent / "data" / "gfn2_pool.parquet"


def drawn(scaffold: str) -> Iterator[tuple[int, ...]]:
    """Yield the substituents' numbers of all ligands of a scaffold, site by site, in an order drawn by lot."""
    random = np.random.default_rng([SEED, SCAFFOLDS.index(scaffold)])
    shape = (len(SUBSTITUENTS),) * SITES
    for code in random.permutation(len(SUBSTITUENTS) ** SITES):
        yield tuple(int(i) for i in np.unravel_index(code, shape))


def make(folder: Path, *, candidates: int) -> None:
    """Compute until so many complexes have an energy; what is there already is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    templates = {name: _template(folder, name) for name in SCAFFOLDS}
    known = _known(folder)
    # Only here, where nobody else writes: lines that a stop cut short go, and whoever packs just reads.
    kept = (folder / ENERGIES).with_suffix(".kept")
    with kept.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(known)
    kept.replace(folder / ENERGIES)
    done = {(row[0], *row[1 : 1 + SITES]) for row in known}
    count = sum(row[-1] != "" for row in known)
    order = {name: drawn(name) for name in SCAFFOLDS}
    with (folder / ENERGIES).open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        while count < candidates:
            for name in SCAFFOLDS:
                for rows in _energies(name, templates[name], list(islice(order[name], _CHUNK)), done):
                    # All metals of a ligand at once: a stop leaves no ligand with some of them.
                    writer.writerows(rows)
                    file.flush()
                    os.fsync(file.fileno())
                    count += sum(row[-1] != "" for row in rows)
            print(f"{count} complexes", flush=True)


def _known(folder: Path) -> list[list[str]]:
    """Return the lines of an earlier run without those of a ligand that a stop cut short."""
    path = folder / ENERGIES
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file) if len(row) == len(COLUMNS)]
    size: dict[tuple[str, ...], int] = {}
    for row in rows:
        size[tuple(row[: 1 + SITES])] = size.get(tuple(row[: 1 + SITES]), 0) + 1
    return [row for row in rows if size[tuple(row[: 1 + SITES])] == len(METALS)]


def _template(folder: Path, name: str) -> Structure:
    """Return the lowest of a few relaxed sketches of the bare scaffold with lanthanum, kept in the folder."""
    path = folder / f"{name}.extxyz"
    if path.exists():
        return Structure.from_extxyz(path.read_text(encoding="utf-8"))
    candidate = bare_candidate(find_scaffold(name), ligands=LIGANDS, waters=WATERS)
    passed = []
    for seed in range(STARTS):
        try:
            found = relax(place_complexes(candidate, count=1, seed=seed)[0])
        except CalculationFailed as failed:
            print(f"{name}, start {seed}: {failed}", flush=True)
            continue
        if check_complex(found.structure, candidate=candidate).ok:
            passed.append(found)
    if not passed:
        raise SystemExit(f"no start of {name} gave its complex")
    template = min(passed, key=lambda each: each.energy_hartree).structure
    path.write_text(template.to_extxyz(), encoding="utf-8")
    print(f"template of {name}", flush=True)
    return template


def _energies(
    name: str, template: Structure, choices: list[tuple[int, ...]], done: set[tuple[str, ...]]
) -> Iterator[list[list[str]]]:
    """Yield the lines of each ligand that has none yet; without a geometry or a density the energies are empty."""
    scaffold, substituents = find_scaffold(name), tuple(SUBSTITUENTS.values())
    metals = tuple(map(find_metal, METALS))
    named = [tuple(substituents[i].name for i in choice) for choice in choices]
    new = [i for i, names in enumerate(named) if (name, *names) not in done]
    if not new:
        return
    kept = tuple(choices[i] for i in new)
    family = Family(Members.made(scaffold, substituents, kept), metals, LIGANDS, WATERS)
    without = refused(family, template)
    for row, member in enumerate(family.members):
        energies = [("", "")] * len(metals) if row in without else _of_ligand(family, template, row)
        yield [[name, *member.substituents, metal.symbol, *pair] for metal, pair in zip(metals, energies, strict=True)]


def _of_ligand(family: Family, template: Structure, row: int) -> list[tuple[str, str]]:
    """Return E(complex) and E(ligand) in hartree as text, metal by metal."""
    candidates = list(family.candidates_of(row))
    geometries = screening_geometries(family, template, candidates)
    # The metal is exchanged by moving the ligand as a whole: its own energy is the same in all of them.
    alone = _ligand_in(geometries[0], candidates[0])
    try:
        ligand = gfn2_energy(alone).total_hartree
        return [(f"{gfn2_energy(each).total_hartree:.8f}", f"{ligand:.8f}") for each in geometries]
    except CalculationFailed as failed:
        print(f"{candidates[0].name}: {failed}", flush=True)
        return [("", "")] * len(candidates)


def _ligand_in(geometry: Structure, candidate: Candidate) -> Structure:
    ligand: Ligand = candidate.ligand
    atoms = slice(1, 1 + ligand.mol_with_hydrogens.GetNumAtoms())
    return Structure(geometry.symbols[atoms], geometry.positions_angstrom[atoms], ligand.charge)


def read_pool(path: Path = DATA) -> list[dict[str, Any]]:
    """Return the pool's complexes as plain rows; `interaction_kcal_mol` is None where there is no geometry."""
    import pyarrow.parquet as pq

    return list(pq.read_table(path).to_pylist())


def pack(folder: Path, out: Path) -> dict[str, Any]:
    """Write what was computed as Parquet and return the figures of it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = _known(folder)
    energy = [(float(row[-2]) - float(row[-1])) * HARTREE_TO_KCAL_MOL if row[-1] else None for row in rows]
    names = COLUMNS[: 2 + SITES]
    table = pa.table(
        {name: pa.array([row[i] for row in rows]).dictionary_encode() for i, name in enumerate(names)}
        | {"interaction_kcal_mol": pa.array([None if e is None else round(e, 4) for e in energy], pa.float64())}
    )
    made = {
        "energy": "E(complex) - E(ligand in the complex), GFN2-xTB/ALPB(water), kcal/mol",
        "geometry": f"screening geometry, 1 ligand, {WATERS} H2O, contraction {NEWEST_CONTRACTION}",
        "script": "benchmarks/gfn2_pool.py",
        "seed": SEED,
        "programs": {name: version(name) for name in ("reexplore", "tblite", "rdkit")},
        "templates": {name: (folder / f"{name}.extxyz").read_text(encoding="utf-8") for name in SCAFFOLDS},
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.replace_schema_metadata({"made": json.dumps(made)}), out, compression="zstd")
    return {
        "complexes": len(rows),
        "with_energy": sum(e is not None for e in energy),
        "ligands": len(rows) // len(METALS),
        "kilobytes": round(out.stat().st_size / 1000),
    }


def export(packed: Path, folder: Path, *, ligands: int | None) -> dict[str, Any]:
    """Write a packed pool as a pool file; `ligands` of each scaffold with their geometries, all without where None."""
    import pandas as pd
    import pyarrow.parquet as pq

    from reexplore.dataset.files import provenance, write_pool
    from reexplore.dataset.pool import LabelledPool, checked

    made = json.loads(pq.read_schema(packed).metadata[b"made"])
    by_scaffold: dict[str, dict[tuple[str, ...], dict[str, float]]] = {}
    for row in read_pool(packed):
        if (energy := row["interaction_kcal_mol"]) is not None:
            names = tuple(row[f"site_{n}"] for n in range(1, SITES + 1))
            by_scaffold.setdefault(row["scaffold"], {}).setdefault(names, {})[row["metal"]] = energy
    rows, geometries = [], {}
    for name, energies in by_scaffold.items():
        kept = list(energies)[:ligands]
        family = _family(name, kept)
        template = Structure.from_extxyz(made["templates"][name])
        for number, names in enumerate(kept):
            candidates = [c for c in family.candidates_of(number) if c.metal.symbol in energies[names]]
            if ligands is not None:
                found = screening_geometries(family, template, candidates)
                geometries |= {c.key: each for c, each in zip(candidates, found, strict=True)}
            rows += [_row(candidate, family, energies[names][candidate.metal.symbol]) for candidate in candidates]
    table = checked(pd.DataFrame(rows), source=packed.name)
    pool = LabelledPool(table, provenance(table, made_from=packed.name), lambda: geometries)
    files = write_pool(pool, folder / "gfn2", energy_key="total_energy", energy=pool.properties[0])
    return {"complexes": len(pool), "geometries": len(geometries), "files": [str(file) for file in files]}


def _family(name: str, named: list[tuple[str, ...]]) -> Family:
    scaffold, substituents = find_scaffold(name), tuple(SUBSTITUENTS.values())
    order = list(SUBSTITUENTS)
    choices = tuple(tuple(order.index(each) for each in names) for names in named)
    members = Members.made(scaffold, substituents, choices)
    return Family(members, tuple(map(find_metal, METALS)), LIGANDS, WATERS)


def _row(candidate: Candidate, family: Family, energy: float) -> dict[str, Any]:
    ligand, symbols = candidate.ligand, expected_symbols(candidate)
    return {
        "key": candidate.key,
        "name": candidate.name,
        "scaffold": ligand.scaffold,
        "substituents": list(ligand.substituents),
        "scaffold_smiles": family.scaffold.smiles,
        "substituent_smiles": [SUBSTITUENTS[each].smiles for each in ligand.substituents],
        "metal": candidate.metal.symbol,
        "ligands": candidate.ligands,
        "waters": candidate.waters,
        "ligand_charge": ligand.charge,
        "charge": candidate.charge,
        "formula": formula(Structure(symbols, np.zeros((len(symbols), 3)), candidate.charge)),
        "level": "gfn2",
        "interaction_energy_kcal_mol": energy,
    }


def main() -> None:
    """Make the pool, pack it, or write it as a pool file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("make", "pack", "export"))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--candidates", type=int, default=20_000)
    parser.add_argument("--out", type=Path, default=DATA)
    parser.add_argument("--ligands", type=int, help="of each scaffold, with their geometries")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.step == "make":
        make(options.folder, candidates=options.candidates)
        return
    if options.step == "export":
        figures = export(options.out, options.folder, ligands=options.ligands)
    else:
        figures = pack(options.folder, options.out)
    for name, value in figures.items():
        print(f"{name:16s} {value}")
    if options.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
