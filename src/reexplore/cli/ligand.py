"""`reexplore ligand`: what happens to a free ligand that loses or takes up an electron."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from reexplore.cli.options import JsonOption
from reexplore.cli.structures import failures_shown
from reexplore.terminal import new_console

if TYPE_CHECKING:
    from reexplore.electrons.of_ligand import LigandElectrons

console = new_console()


def ligand(
    smiles: Annotated[str, typer.Argument(metavar="SMILES", help="A free ligand, as it binds or as its acid.")],
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw both Fukui functions into this .svg or .png file.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say how easily a ligand loses or takes up an electron, and at which atoms.

    Networks that learned PBE0/ma-def2-SVP say ionisation potential, electron affinity, charges and Fukui functions;
    it takes seconds. Anions are described by their neutral acid in the gas phase, which alone has an affinity. All
    numbers are vertical: the geometry, a GFN2-xTB minimum, stays. f− is large where electrophiles attack, f+ where
    nucleophiles do.

    Examples:

    * `reexplore ligand 'CNC(=O)c1cccc([O-])c1[O-]' --picture cam.svg`

    * `reexplore ligand 'Oc1ccccc1O' --json`
    """
    from rdkit import Chem

    from reexplore.chemistry.ligand_input import read_ligand
    from reexplore.chemistry.ligands import Ligand
    from reexplore.electrons.of_ligand import ligand_electrons
    from reexplore.electrons.picture import require_picture, write_picture

    if picture is not None:
        require_picture(picture)
    mol = read_ligand(smiles)
    for atom in mol.GetAtoms():
        atom.SetAtomMapNum(0)
    given = Ligand(Chem.MolToSmiles(mol), Chem.GetFormalCharge(mol), scaffold=smiles, substituents=())
    with failures_shown(as_json=as_json):
        found = ligand_electrons(given)
    if picture is not None:
        write_picture(found, picture)
    if as_json:
        print(json.dumps(found.to_dict()))
        return
    for shown in (_molecule_table(found), _atom_table(found)):
        console.print(shown)
    if picture is not None:
        console.print(f"drawn: {picture}", markup=False)


def _molecule_table(found: LigandElectrons) -> Table:
    title = f"{found.acid.smiles}, the neutral acid in the gas phase"
    table = _table(escape(title), "", "eV", "spread of the networks")
    reactivity = found.reactivity
    potential, affinity = (f"{value:.2f}" for value in found.spread_ev)
    for name, value, spread in (
        ("ionisation potential", reactivity.states.ionisation_potential_ev, potential),
        ("electron affinity", reactivity.states.electron_affinity_ev, affinity),
        ("electronegativity (IP + EA) / 2", reactivity.electronegativity_ev, ""),
        ("hardness IP − EA", reactivity.hardness_ev, ""),
        ("electrophilicity", reactivity.electrophilicity_ev, ""),
    ):
        table.add_row(name, f"{value:.2f}", spread)
    return table


def _atom_table(found: LigandElectrons) -> Table:
    title = "heavy atoms with their hydrogens, numbered in that SMILES from 0"
    table = _table(title, "atom", "charge (IAO), e", "f−", "f+", "philicity ω f−, eV", "philicity ω f+, eV")
    columns = found.of_heavy_atoms
    for number, atom in enumerate(found.acid.mol.GetAtoms()):
        values = (f"{values[number]:.2f}" for values in columns.values())
        table.add_row(f"{atom.GetSymbol()}{number}", *values)
    return table


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first)
    for heading in others:
        table.add_column(heading, justify="right")
    return table
