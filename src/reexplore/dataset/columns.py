"""What each column of a pool file is, and in which unit."""

from __future__ import annotations

from collections.abc import Iterable

#: Raised when a column changes its meaning.
FORMAT_VERSION = 1

#: What every pool file has, with a value in every row.
REQUIRED = ("key", "metal", "ligands", "ligand_charge", "charge", "scaffold", "substituents")

#: Every column but those of terms, in the order they are written.
MEANING = {
    "key": "the candidate's key: a hash of ligand, donors, charge, metal and stoichiometry",
    "name": "a name to read",
    "scaffold": "the scaffold's name",
    "substituents": "the substituents' names, position by position",
    "scaffold_smiles": "the scaffold: attachment points [*:1], [*:2], ..., donors with the atom maps 11, 12, ...",
    "substituent_smiles": "the substituents position by position: each with the attachment point [*:1]",
    "smiles": "the free ligand, canonical SMILES",
    "ligand": "the free ligand with its donors: canonical SMILES, donors with the atom map 1",
    "metal": "the metal's symbol",
    "ligands": "how many ligands",
    "waters": "how many waters; absent where it was open and free energies decided",
    "co_ligands": "what else holds the metal, such as 3 nitrate",
    "ligand_charge": "the charge of one ligand, in e",
    "charge": "the charge of the complex, in e",
    "coordination_number": "donor atoms around the metal, those that were not named among them",
    "formula": "the complex in Hill's order, the metal first",
    "level": "the level of theory of every energy of the row",
    "level_version": "the version of that level",
    "program": "what computed the energies",
    "surface": "the energy surface that label geometries are relaxed on",
    "geometry": "how label geometries are found",
    "positions": "which geometry the extended XYZ file has: label, or screening, which learned models see",
    "campaign": "the campaign that the label comes from",
    "reexplore": "the version that wrote the row",
    "binding_energy_kcal_mol": "M3+ + n L + m H2O to the complex, kcal/mol; more negative binds stronger",
    "exchange_energy_kcal_mol": "n L + [M(H2O)a]3+ to the complex + (a - m) H2O, kcal/mol",
    "complexation_free_energy_kcal_mol": "the exchange as a free energy at 25 C and 1 mol/l, kcal/mol",
    "binding_energy_error_kcal_mol": "what the spreads of its terms leave in it, kcal/mol",
    "exchange_energy_error_kcal_mol": "what the spreads of its terms leave in it, kcal/mol",
    "complexation_free_energy_error_kcal_mol": "what the spreads of its terms leave in it, kcal/mol",
    "aqua_waters": "the waters of the metal's aqua ion, the a of the exchange",
    "core_hours": "its own calculations and an even share of what the campaign's labels have in common, core-hours",
    "doubts": "what a reader has to know of the row",
}

#: Every row of a pool is computed in one way: these are the same in all of them.
ALIKE = ("level", "level_version", "program", "surface", "geometry")

_TERMS = {
    "total": "the energy of the level, solvent and dispersion in it",
    "dispersion": "the dispersion correction in the total",
    "solvent_electrostatic": "the interaction with the polarised continuum in the total",
    "solvent_cds": "cavity, dispersion and solvent structure in the total",
    "thermal": "what makes the total a free energy at 25 C",
}
TERMS = tuple(_TERMS)
_HARTREE = "_hartree"
#: Units that a property's name ends with.
_UNITS = ("_kcal_mol", "_log_units")


def term_column(part: str, term: str) -> str:
    """Return the column of one term of one part of a label, such as `complex_total_hartree`."""
    return f"{part.replace(' ', '_')}_{term}{_HARTREE}"


def properties(columns: Iterable[str]) -> tuple[str, ...]:
    """Return those of some columns that a ligand may be ranked by."""
    return tuple(c for c in columns if c.endswith(_UNITS) and "_error_" not in c)


def unit(column: str) -> str:
    """Return the unit of a property, as it is read."""
    return "log units" if column.endswith("_log_units") else "kcal/mol"


def meaning(column: str) -> str:
    """Return what a column holds; a column of another program's file has no meaning known here."""
    if column in MEANING:
        return MEANING[column]
    for term, said in _TERMS.items():
        if column.endswith(end := f"_{term}{_HARTREE}"):
            return f"{column.removesuffix(end).replace('_', ' ')}: {said}, hartree"
    return "as in the file that was imported"
