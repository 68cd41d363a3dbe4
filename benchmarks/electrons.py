"""The spin-charge network against PBE0 and beside tight binding, and the sites where electrophiles attack.

    python benchmarks/electrons.py [--json] [--quick] [--folder F]
    python benchmarks/electrons.py --write [--folder F]

Labels are benchmarks/data/electrons.parquet (`electrons_data.py`). A network learns charges of GFN2-xTB and energies of
IPEA1-xTB; from there five learn PBE0's charges and by what it differs from a line of IPEA1-xTB. Molecules are held out
in five folds, by lot and by scaffold; the line is fitted to the same molecules as the networks. Errors of ionisation
potentials and affinities are RMSE in kcal/mol, those of charges and spins mean absolute ones over heavy atoms in e.
Anions that hold their electron in diffuse functions alone are neither learned nor counted. `site_top1` is the share of
halogenations (benchmarks/data/eas_sites.csv, from jensengroup/db-regioselectivity, MIT licence) whose first guess is a
listed site: by the largest Fukui function, and by a random forest in five folds of molecules. `--folder` keeps the
first stage of training: killed, the same command goes on. `--quick` trains two networks for a few epochs on a part of
the labels and takes ten minutes. `--write` trains on all labels and writes the weights that come with reexplore.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from electrons_data import DATA, MOST, SITES
from rdkit import Chem
from rich import box
from rich.console import Console
from rich.table import Table
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GroupKFold

from reexplore.chemistry.ligands import Ligand
from reexplore.electrons.ensemble import SHIPPED, Ensemble, Line, Member
from reexplore.electrons.network import NetworkSettings
from reexplore.electrons.reactivity import Reactivity
from reexplore.electrons.states import ANION, HARTREE_TO_EV, ThreeStates
from reexplore.electrons.training import CHEAP, DEAR, Example, TrainingSettings, states_of, train
from reexplore.structures.structure import Structure

Array = np.ndarray

MEMBERS, FOLDS = 5, 5
#: An anion whose heavy atoms have less of its one unpaired electron is none: it is in diffuse functions.
HELD_E = 0.8
EV_TO_KCAL_MOL = 23.060548


@dataclass(frozen=True, eq=False)
class Row:
    """One geometry of the table; `dear` is None where PBE0 has not labelled it.

    Larger molecules have no `ipea1_ev`: they are asked for their charges only.
    """

    smiles: str
    scaffold: str
    structure: Structure
    gfn2: ThreeStates
    ipea1_ev: Array
    dear: ThreeStates | None

    @property
    def holds_electron(self) -> bool:
        """Return whether PBE0's anion has its electron on heavy atoms, not in diffuse functions of its hydrogens."""
        assert self.dear is not None
        return float(self.dear.spins_e[ANION, self.heavy].sum()) > HELD_E

    @property
    def dear_ev(self) -> Array:
        """Return potential and affinity by PBE0, NaN for an affinity of an electron that is not held."""
        assert self.dear is not None
        affinity = self.dear.electron_affinity_ev if self.holds_electron else np.nan
        return np.array([self.dear.ionisation_potential_ev, affinity])

    @property
    def dear_charges_and_spins(self) -> tuple[Array, Array]:
        """Return charges and spins by PBE0, NaN for those of an anion that does not hold its electron."""
        assert self.dear is not None
        charges, spins = self.dear.charges_e.copy(), self.dear.spins_e.copy()
        if not self.holds_electron:
            charges[ANION], spins[ANION] = np.nan, np.nan
        return charges, spins

    @property
    def heavy(self) -> Array:
        """Return which atoms are no hydrogens."""
        return np.array([symbol != "H" for symbol in self.structure.symbols])


def rows() -> list[Row]:
    """Return the table of labels."""
    import pyarrow.parquet as pq

    return [_row(row) for row in pq.read_table(DATA).to_pylist()]


def _row(row: dict[str, Any]) -> Row:
    symbols = tuple(row["symbols"].split())
    structure = Structure(symbols, np.reshape(row["positions_angstrom"], (-1, 3)), 0)
    cation, neutral, anion = np.array(row["ipea1_energies_hartree"] or [np.nan] * 3) * HARTREE_TO_EV
    dear = _states(row, "pbe0", "iao") if row["pbe0_energies_hartree"] is not None else None
    ipea1 = np.array([cation - neutral, neutral - anion])
    return Row(row["smiles"], row["scaffold"], structure, _states(row, "gfn2", "mulliken"), ipea1, dear)


def _states(row: dict[str, Any], level: str, scheme: str) -> ThreeStates:
    both = (np.reshape(row[f"{level}_{what}_{scheme}_e"], (3, -1)).astype(float) for what in ("charges", "spins"))
    return ThreeStates(np.array(row[f"{level}_energies_hartree"]), *both)


def cheap_weights(table: Sequence[Row], *, plan: TrainingSettings, folder: Path) -> dict[str, Any]:
    """Return the weights of a network that has learned the cheap level."""
    small = [row for row in table if row.heavy.sum() <= MOST]
    mean = np.mean([row.ipea1_ev for row in small], axis=0)
    examples = [Example(row.structure, row.ipea1_ev - mean, row.gfn2.charges_e, row.gfn2.spins_e) for row in small]
    checkpoint = folder / f"cheap-{len(examples)}-{plan.epochs}.pt"
    return train(examples, settings=NetworkSettings(), plan=plan, seed=0, checkpoint=checkpoint).state_dict()


def dear_ensemble(table: Sequence[Row], start: dict[str, Any], *, plan: TrainingSettings, members: int) -> Ensemble:
    """Return networks that have learned what PBE0 says of some molecules; each has not seen one part of them."""
    line = Line.of(np.array([row.ipea1_ev for row in table]), np.array([row.dear_ev for row in table]))
    examples = [
        Example(row.structure, row.dear_ev - line.said_ev(row.ipea1_ev), *row.dear_charges_and_spins) for row in table
    ]
    found = []
    for seed, out in enumerate(folds([row.smiles for row in table], members)):
        seen = [example for example, held in zip(examples, out, strict=True) if not held]
        found.append(Member(line, train(seen, settings=NetworkSettings(), plan=plan, seed=seed, start=start)))
    return Ensemble(found)


def folds(groups: Sequence[str], count: int) -> Iterator[Array]:
    """Yield which rows are held out each time, whole groups together."""
    for _, held in GroupKFold(count, shuffle=True, random_state=0).split(groups, groups=groups):
        yield np.isin(np.arange(len(groups)), held)


def held_out(
    table: Sequence[Row], start: dict[str, Any], groups: Sequence[str], *, plan: TrainingSettings, members: int
) -> dict[str, Any]:
    """Return the errors on what was held out, of the ensemble and of lines and charges that cost nothing."""
    wanted = np.array([row.dear_ev for row in table])
    cheap = {
        "ipea1": np.array([row.ipea1_ev for row in table]),
        "gfn2": np.array([[row.gfn2.ionisation_potential_ev, row.gfn2.electron_affinity_ev] for row in table]),
    }
    said = {name: np.zeros_like(wanted) for name in ("network", *cheap)}
    charges, spins = [np.zeros(0)] * len(table), [np.zeros(0)] * len(table)
    for out in folds(groups, FOLDS):
        seen = [row for row, held in zip(table, out, strict=True) if not held]
        asked = [row for row, held in zip(table, out, strict=True) if held]
        ensemble = dear_ensemble(seen, start, plan=plan, members=members)
        found = ensemble.said([row.structure for row in asked], cheap["ipea1"][out])
        said["network"][out] = found.differences_ev.mean(axis=0)
        for name, values in cheap.items():
            said[name][out] = Line.of(values[~out], wanted[~out]).said_ev(values[out])
        for number, q, s in zip(np.flatnonzero(out), found.charges_e, found.spins_e, strict=True):
            charges[number], spins[number] = q.mean(axis=0), s.mean(axis=0)
    rmse = {name: EV_TO_KCAL_MOL * np.sqrt(np.nanmean((each - wanted) ** 2, axis=0)) for name, each in said.items()}
    known = [row.dear_charges_and_spins for row in table]
    return {
        "molecules": len(table),
        "anions": sum(row.holds_electron for row in table),
        "rmse_kcal_mol": {name: {"ip": float(pair[0]), "ea": float(pair[1])} for name, pair in rmse.items()},
        "charge_mae": _mae(charges, [q for q, _ in known], table),
        "spin_mae": _mae([spin[::2] for spin in spins], [s[::2] for _, s in known], table),
        "charge_mae_gfn2": _mae([row.gfn2.charges_e for row in table], [q for q, _ in known], table),
        "spin_mae_gfn2": _mae([row.gfn2.spins_e[::2] for row in table], [s[::2] for _, s in known], table),
    }


def _mae(said: Sequence[Array], wanted: Sequence[Array], table: Sequence[Row]) -> float:
    """Return the mean absolute error over heavy atoms of the states that are known."""
    errors = [np.abs(a - b)[:, row.heavy].ravel() for a, b, row in zip(said, wanted, table, strict=True)]
    return float(np.nanmean(np.concatenate(errors)))


@torch.no_grad()
def conservation(ensemble: Ensemble, structures: Sequence[Structure]) -> float:
    """Return by how much charge or spin is off at most, after any pass of any member, in e."""
    batch = states_of(structures)
    return max(
        float((passed.spin_charges.sum(1) - batch.totals).abs().max())
        for member in ensemble.members
        for passed in member.network.cpu()(batch)
    )


def molecules_per_minute(ensemble: Ensemble, table: Sequence[Row]) -> float:
    """Return how many molecules one core does in a minute of its time, three states each by all members."""
    start = time.process_time()
    ensemble.said([row.structure for row in table], np.array([row.ipea1_ev for row in table]))
    return len(table) / (time.process_time() - start) * 60


def site_top1(ensemble: Ensemble, table: Sequence[Row], *, most: int) -> dict[str, Any]:
    """Return the share of reactions whose first guess is a listed site, by what it is guessed from."""
    by_smiles = {row.smiles: row for row in reversed(table)}
    reactions = list(_reactions(by_smiles))[:most]
    kept = [row for row, _, _ in reactions]
    said = ensemble.said([row.structure for row in kept], np.array([row.ipea1_ev for row in kept]))
    nothing = np.zeros(3)
    states = {
        "gfn2": [row.gfn2 for row in kept],
        "network": [
            ThreeStates(nothing, q.mean(axis=0), s.mean(axis=0))
            for q, s in zip(said.charges_e, said.spins_e, strict=True)
        ],
    }
    sizes = [len(candidates) for _, candidates, _ in reactions]
    group = np.repeat(np.arange(len(reactions)), sizes)
    hit = np.concatenate([np.isin(candidates, listed) for _, candidates, listed in reactions])
    features = {
        name: np.concatenate(
            [_of_sites(row, each, sites) for (row, sites, _), each in zip(reactions, found, strict=True)]
        )
        for name, found in states.items()
    }
    features["both"] = np.concatenate([features["gfn2"], features["network"]], axis=1)
    top1 = {"lot": float(np.mean([hit[group == g].mean() for g in range(len(reactions))]))}
    for name in states:
        top1[f"{name} Fukui function alone"] = _top1(features[name][:, 1], hit, group)
    for name, values in features.items():
        top1[f"forest on {name}"] = _top1(_forest(values, hit, group), hit, group)
    return {"reactions": len(reactions), "sites": len(hit), "top1": top1}


def _reactions(by_smiles: dict[str, Row]) -> Iterator[tuple[Row, Array, Array]]:
    """Yield each reaction with its candidates and listed sites, those that symmetry makes equal among them.

    Candidates are aromatic carbons with a hydrogen. Atoms are numbered as in the geometry.
    """
    with SITES.open(encoding="utf-8") as file:
        for entry in csv.DictReader(line for line in file if not line.startswith("#")):
            mol = Chem.MolFromSmiles(entry["smiles"])
            row = by_smiles.get(Chem.MolToSmiles(mol)) if mol is not None else None
            if mol is None or row is None:
                continue
            ranks = list(Chem.CanonicalRankAtoms(mol, breakTies=False))
            listed = {ranks[int(site)] for site in entry["sites"].replace(";", " ").replace(",", " ").split()}
            in_geometry = Ligand(row.smiles, 0, "", ()).mol
            places = mol.GetSubstructMatch(in_geometry)
            carbons = [
                atom.GetIdx()
                for atom in in_geometry.GetAtoms()
                if atom.GetIsAromatic() and atom.GetSymbol() == "C" and atom.GetTotalNumHs() == 1
            ]
            hits = [atom for atom in carbons if ranks[places[atom]] in listed]
            if hits:
                yield row, np.array(carbons), np.array(hits)


def _of_sites(row: Row, states: ThreeStates, sites: Array) -> Array:
    """Return the descriptors of the candidates of one molecule, shape (candidates, features)."""
    mol = Ligand(row.smiles, 0, "", ()).mol_with_hydrogens
    found = Reactivity(states)
    charge, minus, plus, spin = states.charges_e[1], found.fukui_minus, found.fukui_plus, states.spins_e[0]
    neighbours = [[near.GetIdx() for near in mol.GetAtomWithIdx(int(site)).GetNeighbors()] for site in sites]
    hydrogen = [[n for n in near if mol.GetAtomWithIdx(n).GetSymbol() == "H"] for near in neighbours]
    heavy = [[n for n in near if mol.GetAtomWithIdx(n).GetSymbol() != "H"] for near in neighbours]
    columns = [charge[sites], minus[sites], plus[sites], spin[sites]]
    for values in (charge, minus, spin):
        columns.append(values[sites] + [values[near].sum() for near in hydrogen])
        columns.append([values[near].mean() for near in heavy])
        columns.append(values[sites] - values[sites].max())
    columns.append([(minus[sites] > minus[site]).sum() for site in sites])
    columns.append([(charge[sites] < charge[site]).sum() for site in sites])
    return np.array(columns, dtype=float).T


def _forest(features: Array, hit: Array, group: Array) -> Array:
    said = np.zeros(len(hit))
    for seen, out in GroupKFold(FOLDS, shuffle=True, random_state=0).split(features, groups=group):
        forest = RandomForestClassifier(300, min_samples_leaf=2, class_weight="balanced_subsample", random_state=0)
        said[out] = forest.fit(features[seen], hit[seen]).predict_proba(features[out])[:, 1]
    return said


def _top1(said: Array, hit: Array, group: Array) -> float:
    return float(np.mean([hit[group == g][said[group == g].argmax()] for g in np.unique(group)]))


def measured(*, quick: bool, folder: Path) -> dict[str, Any]:
    """Return everything that is measured."""
    table = rows()
    dear = [row for row in table if row.dear is not None]
    if quick:
        table, members, cheap, plan = table[::8], 2, replace(CHEAP, epochs=3), replace(DEAR, epochs=10)
    else:
        members, cheap, plan = MEMBERS, CHEAP, DEAR
    start = cheap_weights(table, plan=cheap, folder=folder)
    by_lot = held_out(dear, start, [row.smiles for row in dear], plan=plan, members=members)
    by_scaffold = held_out(dear, start, [row.scaffold for row in dear], plan=plan, members=members)
    shipped = Ensemble.load()
    sites = site_top1(shipped, rows(), most=100 if quick else 10_000)
    rmse = by_lot["rmse_kcal_mol"]
    return {
        "quick": quick,
        "geometries": len(table),
        "dft_molecules": len(dear),
        "dft_anions": by_lot["anions"],
        "conservation": conservation(shipped, [row.structure for row in dear]),
        "rmse_kcal_mol": {
            **rmse["network"],
            **{f"{what}_{name}": rmse[name][what] for name in ("ipea1", "gfn2") for what in ("ip", "ea")},
            "unseen_scaffold": by_scaffold["rmse_kcal_mol"]["network"],
            "unseen_scaffold_ipea1": by_scaffold["rmse_kcal_mol"]["ipea1"],
        },
        "charge_mae": by_lot["charge_mae"],
        "spin_mae": by_lot["spin_mae"],
        "charge_mae_gfn2": by_lot["charge_mae_gfn2"],
        "spin_mae_gfn2": by_lot["spin_mae_gfn2"],
        "site_top1": sites["top1"],
        "site_reactions": sites["reactions"],
        "molecules_per_minute": molecules_per_minute(shipped, table),
    }


def write(folder: Path) -> None:
    """Train on all labels and write the weights."""
    table = rows()
    start = cheap_weights(table, plan=CHEAP, folder=folder)
    dear = [row for row in table if row.dear is not None]
    dear_ensemble(dear, start, plan=DEAR, members=MEMBERS).save(SHIPPED)


def show(found: dict[str, Any], console: Console) -> None:
    """Print the measurements as a table."""
    table = Table("measurement", "value", box=box.SIMPLE_HEAD)
    for name, value in found.items():
        for label, number in value.items() if isinstance(value, dict) else [("", value)]:
            table.add_row(f"{name} {label}".strip(), json.dumps(number))
    console.print(table)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="the last line is the result as JSON")
    parser.add_argument("--quick", action="store_true", help="a sample, in ten minutes")
    parser.add_argument("--write", action="store_true", help="train on all labels and write the shipped weights")
    parser.add_argument("--folder", type=Path, help="where the first stage of training is kept")
    given = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if given.write:
            write(folder)
            return
        found = measured(quick=given.quick, folder=folder)
    show(found, Console())
    if given.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
