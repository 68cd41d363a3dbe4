"""A campaign on ligands of a file that share no scaffold: what templates, screening and prediction take.

    python benchmarks/ligand_file.py [--json] [--ligands 200] [--keep FOLDER]

Invented energies and sketched geometries, one round after the seed. Prints the wall time in seconds of each kind of
calculation, from the first that was planned to the last that came back, and of each prediction by itself.
"""

import argparse
import csv
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing, nullcontext
from itertools import islice, product
from pathlib import Path

import yaml

#: Ways to hold a metal, and what is fastened to them at R.
HEADS = {
    "carboxylate": "[O-]C(=O){R}",
    "hydroxyacid": "OC({R})C(=O)[O-]",
    "hydroxamate": "[O-]NC(=O){R}",
    "diketonate": "CC([O-])=CC(=O){R}",
    "phosphinate": "[O-]P(=O)(C){R}",
    "malonamide": "CN(C)C(=O)C({R})C(=O)N(C)C",
    "picolinate": "[O-]C(=O)c1cc({R})ccn1",
    "quinolinolate": "[O-]c1ccc({R})c2cccnc12",
    "phosphine-oxide": "O=P(C)(C){R}",
    "sulfoxide": "O=S(C){R}",
}
TAILS = (
    *("C", "CC", "CCC", "CCCC", "CCCCC", "C(C)C", "CC(C)C", "C(C)(C)C", "C9CCCC9", "C9CCCCC9", "C(F)(F)F", "COC"),
    *("CCOC", "CCC#N", "C=C", "c9ccccc9", "Cc9ccccc9", "c9ccc(F)cc9", "c9ccc(C)cc9", "c9cccs9"),
)


def write_campaign(folder: Path, ligands: int) -> Path:
    """Write the ligand file and the campaign file and return the latter."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = islice(((tail, head) for tail, head in product(TAILS, HEADS)), ligands)
    with (folder / "ligands.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["name", "smiles"])
        rows.writerows([f"{head} {TAILS.index(tail)}", HEADS[head].replace("{R}", tail)] for tail, head in pairs)
    campaign = folder / "listed.yaml"
    space = {"ligands": "ligands.csv", "metals": ["La", "Eu", "Lu"], "coordinations": [{"ligands": 1}]}
    budget = {"seed_labels": 4, "batch": 2, "labels": 6}
    theory = {"level": "teacher", "builders": ["sketch"]}
    declared = {"name": "listed", "space": space, "theory": theory, "budget": budget, "surrogate": {"members": 2}}
    campaign.write_text(yaml.safe_dump(declared | {"execution": {"options": {"workers": 2}}}), encoding="utf-8")
    return campaign


def figures(ledger: Path) -> dict[str, float]:
    """Return wall times in seconds and counts, by kind of calculation."""
    found: dict[str, float] = {}
    with closing(sqlite3.connect(ledger)) as known:
        asked = "SELECT kind, count(*), min(planned_at), max(finished_at) FROM calculation GROUP BY kind"
        for kind, count, began, ended in known.execute(asked):
            found |= {f"{kind}/tasks": count, f"{kind}/wall_s": round(ended - began, 1)}
        each = known.execute(
            "SELECT finished_at - planned_at FROM calculation WHERE kind = 'predict' ORDER BY planned_at"
        )
        found |= {f"predict/{number}_s": round(seconds, 1) for number, (seconds,) in enumerate(each)}
    return found


def main() -> None:
    """Run the campaign and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--ligands", type=int, default=200)
    parser.add_argument("--keep", type=Path, help="run in this folder and leave it, instead of a temporary one")
    options = parser.parse_args()
    temporary = nullcontext(options.keep) if options.keep else tempfile.TemporaryDirectory(prefix="reexplore-listed-")
    with temporary as name:
        folder = Path(name).resolve()
        campaign = write_campaign(folder, options.ligands)
        command = "from reexplore.cli.app import main; main()"
        found: dict[str, float] = {}
        for action in ("plan", "run"):
            started = time.monotonic()
            arguments = ["campaign", action, str(campaign), "-w", str(folder)]
            subprocess.run([sys.executable, "-c", command, *arguments], check=True, stdout=sys.stderr)
            found[f"{action}_s"] = round(time.monotonic() - started, 1)
        found |= figures(folder / "runs" / "listed" / "ledger.sqlite")
    for key, value in found.items():
        print(f"{key:20s} {value}")
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
