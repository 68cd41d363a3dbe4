"""Molecules with an electron less and one more: the labels that the spin- and charge-aware network learns from.

    python benchmarks/electrons_data.py list [--json]
    python benchmarks/electrons_data.py make --folder F [--level cheap|dft]
    python benchmarks/electrons_data.py pack --folder F

The molecules are fragments of ligands (cores and substituents below), acids of the library's free ligands, and the
molecules of benchmarks/data/eas_sites.csv, 5 to 14 heavy atoms each, those of the reactions up to 40. `make` labels
them in a fixed order on one thread: `cheap` are GFN2-xTB and IPEA1-xTB at the GFN2-xTB minimum and at one displaced
geometry, of larger ones GFN2-xTB alone; `dft` is PBE0/ma-def2-SVP at the minimum, of every molecule with a ring and of
a third of the open chains, up to 14 heavy atoms. Every molecule is one file of the folder, written whole: kill it at
any time, and the same command goes on. `pack` writes all that is there to benchmarks/data/electrons.parquet.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rdkit import Chem
from rdkit.Chem.Scaffolds.MurckoScaffold import MurckoScaffoldSmiles

from reexplore.chemistry.acids import acid_of
from reexplore.chemistry.library import ELEMENTS, SCAFFOLDS, SUBSTITUENTS, Scaffold
from reexplore.chemistry.ligands import Ligand, assemble
from reexplore.electrons.states import ThreeStates
from reexplore.electrons.tight_binding import tight_binding_states
from reexplore.errors import CalculationFailed, InputError
from reexplore.structures.conformers.free_ligand import free_ligand_conformers
from reexplore.structures.quality import check_ligand
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.relax import relax

DATA = Path(__file__).with_name("data") / "electrons.parquet"
SITES = DATA.with_name("eas_sites.csv")
#: Heavy atoms. Molecules of the reactions may be larger: these are for the sites only, and have GFN2-xTB's states at a
#: force field's geometry.
FEWEST, MOST, MOST_OF_REACTIONS = 5, 14, 40
#: Atoms of the displaced geometry are this far from the minimum in each direction, Å (standard deviation).
DISPLACED_ANGSTROM = 0.04

OPEN_CHAIN = "open chain"
FRAGMENTS, LIBRARY, REACTIONS = "fragments", "library", "reactions"
#: In what order they are labelled cheaply; the larger ones are those of the reactions.
_FIRST = (REACTIONS, "larger", LIBRARY, FRAGMENTS)

#: What substituents are put on: rings and chains that ligands of rare earths are made of, by name.
CORES = {
    "benzene": "c1ccc([*:1])cc1",
    "phenol": "Oc1ccc([*:1])cc1",
    "catechol": "Oc1ccc([*:1])cc1O",
    "thiophenol": "Sc1ccc([*:1])cc1",
    "aniline": "Nc1ccc([*:1])cc1",
    "salicylaldehyde": "O=Cc1cc([*:1])ccc1O",
    "tropolone": "O=c1cc([*:1])cccc1O",
    "pyridine": "c1cc([*:1])ccn1",
    "pyridine-N-oxide": "[O-][n+]1ccc([*:1])cc1",
    "pyridone": "O=c1cc([*:1])cc[nH]1",
    "hydroxypyridinone": "O=c1cc([*:1])ccn1O",
    "hydroxypyridinethione": "S=c1cc([*:1])ccn1O",
    "hydroxypyranone": "O=c1cc([*:1])occ1O",
    "pyrimidine": "c1nc([*:1])ncc1",
    "pyrazole": "c1[nH]nc([*:1])c1",
    "imidazole": "Cn1cnc([*:1])c1",
    "pyrrole": "c1c[nH]c([*:1])c1",
    "furan": "c1coc([*:1])c1",
    "thiophene": "c1csc([*:1])c1",
    "oxazole": "c1ocnc1[*:1]",
    "hydroxamic acid": "ONC(=O)[*:1]",
    "N-methylamide": "CNC(=O)[*:1]",
    "acetylacetone": "CC(O)=CC(=O)C[*:1]",
    "acrylic acid": "OC(=O)C=C[*:1]",
    "ethylamine": "NCC[*:1]",
    "methyl phosphonate": "COP(=O)(OC)[*:1]",
}


@dataclass(frozen=True)
class Molecule:
    """One neutral molecule: `scaffold`, Murcko's, is what is held out together; `source` is the list it comes from."""

    smiles: str
    scaffold: str
    source: str

    @property
    def key(self) -> str:
        """Return the name of its files."""
        return hashlib.sha256(self.smiles.encode()).hexdigest()[:16]

    @property
    def is_for_dft(self) -> bool:
        """Return whether PBE0 labels it: every one with a ring, and a third of the open chains."""
        return self.heavy_atoms <= MOST and (self.scaffold != OPEN_CHAIN or int(self.key, 16) % 3 == 0)

    @property
    def heavy_atoms(self) -> int:
        """Return the number of atoms without hydrogens."""
        return int(Chem.MolFromSmiles(self.smiles).GetNumAtoms())

    def ligand(self) -> Ligand:
        """Return it as what conformers are made of."""
        return Ligand(self.smiles, 0, self.scaffold, ())


def molecules() -> list[Molecule]:
    """Return all molecules, smallest first; those of one size are in an order that mixes their sources."""
    found: dict[str, Molecule] = {}
    for molecule in (*_fragments(), *_acids(), *_of_reactions()):
        mol = Chem.MolFromSmiles(molecule.smiles)
        elements = {atom.GetSymbol() for atom in mol.GetAtoms()}
        most = MOST_OF_REACTIONS if molecule.source == REACTIONS else MOST
        if FEWEST <= mol.GetNumAtoms() <= most and elements <= set(ELEMENTS) and not Chem.GetFormalCharge(mol):
            found.setdefault(molecule.smiles, molecule)
    return sorted(found.values(), key=lambda molecule: (molecule.heavy_atoms, molecule.key))


def _molecule(smiles: str, source: str) -> Molecule:
    mol = Chem.MolFromSmiles(smiles)
    # A second reading forgets the order of the atoms.
    return Molecule(Chem.MolToSmiles(mol), MurckoScaffoldSmiles(mol=mol) or OPEN_CHAIN, source)


def _fragments() -> Iterator[Molecule]:
    for name, smiles in CORES.items():
        scaffold = Scaffold(name, smiles, 0, "", "")
        for group in SUBSTITUENTS.values():
            yield _molecule(assemble(scaffold, (group,)).smiles, FRAGMENTS)


def _acids() -> Iterator[Molecule]:
    for scaffold in SCAFFOLDS.values():
        for group in SUBSTITUENTS.values() if scaffold.sites == 1 else ():
            yield _molecule(acid_of(assemble(scaffold, (group,))).smiles, LIBRARY)


def _of_reactions() -> Iterator[Molecule]:
    with SITES.open(encoding="utf-8") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            if Chem.MolFromSmiles(row["smiles"]) is not None:
                yield _molecule(row["smiles"], REACTIONS)


def minimum(molecule: Molecule) -> Structure:
    """Return the GFN2-xTB minimum in the gas phase; raise `CalculationFailed` when its bonds change."""
    ligand = molecule.ligand()
    relaxed = relax(free_ligand_conformers(ligand, count=1, seed=1)[0], solvent="gas").structure
    if problems := check_ligand(relaxed, ligand=ligand).problems:
        raise CalculationFailed.of(problems[0])
    return relaxed


def displaced(structure: Structure, key: str) -> Structure:
    """Return the atoms moved at random, the same way for the same key."""
    random = np.random.default_rng(int(key, 16))
    return structure.moved_to(
        structure.positions_angstrom + random.normal(scale=DISPLACED_ANGSTROM, size=(len(structure), 3))
    )


def cheap_label(molecule: Molecule) -> dict[str, Any]:
    """Return the geometries of a molecule with their tight-binding states."""
    if molecule.heavy_atoms > MOST:
        (here,) = free_ligand_conformers(molecule.ligand(), count=1, seed=1)
        return {"rows": [_geometry("force field", here)]}
    here = minimum(molecule)
    geometries = {"minimum": here, "displaced": displaced(here, molecule.key)}
    return {"rows": [_geometry(name, structure) | _ipea1(structure) for name, structure in geometries.items()]}


def _geometry(name: str, structure: Structure) -> dict[str, Any]:
    return {
        "geometry": name,
        "symbols": " ".join(structure.symbols),
        "positions_angstrom": np.round(structure.positions_angstrom, 5).ravel().tolist(),
        **_columns("gfn2", tight_binding_states(structure, "GFN2-xTB"), "mulliken"),
    }


def _ipea1(structure: Structure) -> dict[str, Any]:
    return {"ipea1_energies_hartree": tight_binding_states(structure, "IPEA1-xTB").energies_hartree.tolist()}


def dear_label(cheap: dict[str, Any]) -> dict[str, Any]:
    """Return the PBE0/ma-def2-SVP states at the minimum of a cheap label."""
    from reexplore.electrons.density_functional import density_functional_states

    row = cheap["rows"][0]
    start = time.process_time()
    positions = np.reshape(row["positions_angstrom"], (-1, 3))
    found = density_functional_states(Structure(tuple(row["symbols"].split()), positions, 0))
    return {
        **_columns("pbe0", found.iao, "iao"),
        "pbe0_charges_hirshfeld_e": np.round(found.hirshfeld_charges_e, 5).ravel().tolist(),
        "pbe0_spins_hirshfeld_e": np.round(found.hirshfeld_spins_e, 5).ravel().tolist(),
        "pbe0_spin_squared": np.round(found.spin_squared, 4).tolist(),
        "pbe0_cpu_seconds": round(time.process_time() - start, 1),
    }


def _columns(level: str, states: ThreeStates, scheme: str) -> dict[str, list[float]]:
    return {
        f"{level}_energies_hartree": states.energies_hartree.tolist(),
        f"{level}_charges_{scheme}_e": np.round(states.charges_e, 5).ravel().tolist(),
        f"{level}_spins_{scheme}_e": np.round(states.spins_e, 5).ravel().tolist(),
    }


def make(folder: Path, level: str) -> None:
    """Label what has no file yet: with PBE0 smallest first, cheaply by source and in an order that mixes sizes."""
    listed = molecules()
    if level == "cheap":
        listed.sort(key=lambda one: (_FIRST.index(one.source if one.heavy_atoms <= MOST else "larger"), one.key))
    for molecule in listed:
        place, cheap = (folder / kind / f"{molecule.key}.json" for kind in (level, "cheap"))
        if place.is_file() or (level == "dft" and not molecule.is_for_dft):
            continue
        try:
            if level == "cheap":
                found = cheap_label(molecule)
            elif not cheap.is_file():
                _write(cheap, found := _or_failure(molecule))
                found = found if "failed" in found else dear_label(found)
            else:
                known = json.loads(cheap.read_text(encoding="utf-8"))
                found = known if "failed" in known else dear_label(known)
        except (CalculationFailed, InputError) as error:
            found = {"failed": str(error)}
        _write(place, found)
        print(level, molecule.heavy_atoms, molecule.smiles, found.get("failed", ""), flush=True)


def _or_failure(molecule: Molecule) -> dict[str, Any]:
    try:
        return cheap_label(molecule)
    except (CalculationFailed, InputError) as error:
        return {"failed": str(error)}


def _write(place: Path, found: dict[str, Any]) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_suffix(".part")
    part.write_text(json.dumps(found), encoding="utf-8")
    part.replace(place)


def pack(folder: Path) -> dict[str, int]:
    """Write all labels of a folder to `DATA`; return how many there are."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = []
    for molecule in molecules():
        cheap, dear = (folder / kind / f"{molecule.key}.json" for kind in ("cheap", "dft"))
        known = json.loads(cheap.read_text(encoding="utf-8")) if cheap.is_file() else {}
        more = json.loads(dear.read_text(encoding="utf-8")) if dear.is_file() else {}
        told = {"smiles": molecule.smiles, "scaffold": molecule.scaffold, "source": molecule.source}
        for number, row in enumerate(known.get("rows", ())):
            rows.append(told | row | (more if number == 0 and "failed" not in more else {}))
    names = list(dict.fromkeys(name for row in rows for name in row))
    single = pa.float32()
    types = {"smiles": pa.string(), "scaffold": pa.string(), "source": pa.string(), "geometry": pa.string()} | {
        "symbols": pa.string(),
        "pbe0_cpu_seconds": single,
    }
    schema = pa.schema(
        [(name, types.get(name, pa.list_(pa.float64() if name.endswith("hartree") else single))) for name in names]
    )
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), DATA, compression="zstd", compression_level=19)
    return {
        "geometries": len(rows),
        "dft": sum("pbe0_energies_hartree" in row for row in rows),
    }


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=("list", "make", "pack"))
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--level", choices=("cheap", "dft"), default="cheap")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.verb != "list" and given.folder is None:
        parser.error("--folder is where the labels of single molecules lie")
    if given.verb == "list":
        for molecule in molecules():
            print(json.dumps(molecule.__dict__) if given.json else f"{molecule.heavy_atoms:3d} {molecule.smiles}")
    elif given.verb == "make":
        make(given.folder, given.level)
    else:
        print(json.dumps(pack(given.folder)))


if __name__ == "__main__":
    main()
