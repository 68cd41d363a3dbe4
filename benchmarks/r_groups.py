"""Cut the R groups of the enumerated family from the molecules of MOSES, and write the file that is shipped.

    pip download --no-deps molsets==0.3.1 && unzip molsets-0.3.1-py3-none-any.whl moses/dataset/data/train.csv.gz
    python benchmarks/r_groups.py moses/dataset/data/train.csv.gz [--molecules 60000]

An R group is what one acyclic single bond cuts off: held by carbon, at most nine heavy atoms, without a charge, without
a hydrogen that water takes or gives, and without a second strong donor. Kept are those that at least five cuts gave.
MOSES: D. Polykovskiy et al., Front. Pharmacol. 2020, 11, 565644; its licence (MIT) lies beside the file.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rdkit import Chem, RDLogger

from reexplore.chemistry.donors import holding_atoms, strength
from reexplore.chemistry.library import ELEMENTS

OUT = Path(__file__).parents[1] / "src" / "reexplore" / "proposals" / "r_groups.csv"
MOST_HEAVY_ATOMS = 9
FEWEST_CUTS = 5
_PROTIC = Chem.MolFromSmarts("[#7,#8,#16;!H0]")
_STRONG = 1


def cut(mol: Chem.Mol) -> Iterator[str]:
    """Yield the small parts that each acyclic single bond of a molecule cuts off, as SMILES with an open place."""
    for bond in mol.GetBonds():
        if bond.GetBondType() != Chem.BondType.SINGLE or bond.IsInRing():
            continue
        parts = Chem.FragmentOnBonds(mol, [bond.GetIdx()], dummyLabels=[(0, 0)])
        for part in Chem.GetMolFrags(parts, asMols=True, sanitizeFrags=False):
            # The open place is no heavy atom.
            if part.GetNumHeavyAtoms() <= MOST_HEAVY_ATOMS and _is_held_by_carbon(part):
                yield Chem.MolToSmiles(part, isomericSmiles=False)


def _is_held_by_carbon(part: Chem.Mol) -> bool:
    (place,) = [atom for atom in part.GetAtoms() if atom.GetAtomicNum() == 0]
    return place.GetNeighbors()[0].GetSymbol() == "C"


def is_plain(smiles: str) -> bool:
    """Return whether a part has no charge, no acidic hydrogen and no strong donor."""
    mol = Chem.MolFromSmiles(smiles.replace("*", "[CH3]", 1))
    if mol is None or any(atom.GetFormalCharge() for atom in mol.GetAtoms()) or mol.HasSubstructMatch(_PROTIC):
        return False
    if any(atom.GetSymbol() not in ELEMENTS for atom in mol.GetAtoms()):
        return False
    return all(strength(mol, atom) > _STRONG for atom in holding_atoms(mol))


def main() -> None:
    """Write the R groups, the most frequent first."""
    RDLogger.DisableLog("rdApp.*")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("molecules_file", type=Path)
    parser.add_argument("--molecules", type=int, default=60_000)
    given = parser.parse_args()
    found: Counter[str] = Counter()
    with gzip.open(given.molecules_file, "rt", encoding="utf-8") as lines:
        for row in itertools.islice(csv.DictReader(lines), given.molecules):
            found.update(cut(Chem.MolFromSmiles(row["SMILES"])))
    kept = sorted((-count, smiles) for smiles, count in found.items() if count >= FEWEST_CUTS and is_plain(smiles))
    with OUT.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["smiles", "cuts"])
        writer.writerows((smiles.replace("*", "[*:1]", 1), -count) for count, smiles in kept)
    print(f"{len(kept)} R groups of {len(found)} parts, {given.molecules} molecules: {OUT}")


if __name__ == "__main__":
    main()
