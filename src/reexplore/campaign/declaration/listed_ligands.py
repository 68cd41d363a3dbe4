"""The ligand file of a campaign: its rows judged for the campaign's coordinations, and kept from its beginning on."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from reexplore.campaign.declaration.buildable import require_computable_pka
from reexplore.campaign.declaration.listed_starts import named_start
from reexplore.campaign.declaration.space import declared_coordinations, scaffold_names
from reexplore.chemistry.acids import acid_of
from reexplore.chemistry.candidates import co_ligands_name
from reexplore.chemistry.complexes import require_complex
from reexplore.chemistry.ligand_input import SingleLigand
from reexplore.chemistry.ligands import Ligand
from reexplore.chemistry.metals import TEMPLATE_METAL, Metal, find_metal
from reexplore.chemistry.space import Coordination
from reexplore.config import CampaignFile, CoordinationEntry
from reexplore.constraints import Rules
from reexplore.errors import InputError
from reexplore.sources.base import DONORS, NAME, SMILES, START, LigandTable, Source
from reexplore.sources.known import table_of
from reexplore.sources.ligand_file import LigandFile
from reexplore.sources.ligand_list import LigandList, judge, named_donors
from reexplore.structures.builders.proposed_donors import best_donors
from reexplore.structures.xtb.surfaces import EnergySurface

#: The accepted rows in a campaign's folder, every donor written out.
COPY = "ligands.csv"
#: Beside it the structures that they name, each under the number of its line.
_STARTS = "starts"


def listed_ligands(
    source: Source, file: CampaignFile, symbols: Sequence[str], surface: EnergySurface, *, copy: Path | None
) -> LigandList:
    """Return the verdict on every row of a source; raise `InputError` when it has none or nothing is accepted.

    `symbols` are the metals of the space. `copy` is that of a campaign that has begun, which knows its donors.
    """
    try:
        table = table_of(source)
    except InputError as error:
        if copy is not None and copy.is_file():
            raise InputError(f"{error}; the campaign has a copy: name {copy} in space.ligands") from None
        raise
    return judged_rows(table, file, symbols, surface, copy=copy)


def judged_rows(
    table: LigandTable, file: CampaignFile, symbols: Sequence[str], surface: EnergySurface, *, copy: Path | None = None
) -> LigandList:
    """Return the verdict on every row for the coordinations of a campaign; raise `InputError` as `listed_ligands`."""
    if len(table.rows) > file.space.limit:
        raise InputError(
            f"{table.title} has {len(table.rows):,} rows, more than space.limit = {file.space.limit:,}: narrow it"
            " or raise the limit"
        )
    coordinations = declared_coordinations(file.space)
    metals = [TEMPLATE_METAL, *(find_metal(symbol) for symbol in symbols)]

    def fits(single: SingleLigand) -> str:
        for entry, coordination in zip(file.space.coordinations, coordinations, strict=True):
            if reason := _does_not_fit(single, entry, coordination, metals):
                return reason
        try:
            if file.theory.reference == "acid":
                acid_of(single.ligand)
            if not file.theory.sketch:
                donors = [single.ligand.mol.GetAtomWithIdx(a).GetSymbol() for a in single.ligand.donors]
                surface.require((metal.symbol for metal in metals), donors)
        except InputError as error:
            return str(error)
        return ""

    return judge(
        table,
        fits=fits,
        choose=best_donors,
        lacks_pka=partial(_lacks_pka, file),
        begin=partial(named_start, beside=table.folder, coordinations=coordinations),
        taken=scaffold_names(file.space),
        known=_known_donors(copy),
    )


def _lacks_pka(file: CampaignFile, ligand: Ligand, given: int) -> str:
    """Return why a ligand with so many given pKa cannot be counted at the campaign's pH, or nothing.

    One is needed there, and from the acid one for each proton that leaves; of a ligand without any they are computed.
    """
    at_ph = file.theory.conditional
    if at_ph is None:
        return ""
    if not given and at_ph.pka == "computed":
        try:
            require_computable_pka(ligand, file.theory)
        except InputError as error:
            return str(error)
        return ""
    needed = max(1, -ligand.charge if file.theory.reference == "acid" else 1)
    return "" if given >= needed else f"the column pka has {given} of it, and theory.conditional needs {needed}"


def bound_rules(rules: Rules, ligands: LigandList | None) -> Rules:
    """Return the constraints with what they read of the ligand file; raise `InputError` with the line that is wrong."""
    needed = rules.columns
    if not needed:
        return rules
    name, column = next(iter(needed.items()))
    if ligands is None:
        raise InputError(
            f"it reads the column '{column}' of a ligand file: name one in space.ligands", key=f"constraints.{name}"
        )
    for name, column in needed.items():
        if column not in ligands.table.columns:
            there = ", ".join(ligands.table.columns)
            raise InputError(
                f"{ligands.table.title} has no column '{column}': it has {there}", key=f"constraints.{name}"
            )
    return rules.bound({name: _values(rules, name, column, ligands) for name, column in needed.items()})


def require_same(declared: Mapping[str, Any], digest: str, *, title: str, folder: Path) -> None:
    """Raise `InputError` when the ligands of a campaign that has begun are not those of its source any more."""
    begun = declared["space"].get("ligands")
    if begun is not None and begun != digest:
        raise InputError(
            f"{title} is not what the campaign in {folder} began with: bring its rows back, or name their"
            f" copy {folder / COPY} in space.ligands"
        )


def keep_copy(ligands: LigandList, folder: Path, *, anew: bool) -> None:
    """Write the accepted rows with their donors into the campaign's folder, and the structures that they name.

    What is there stays, unless `anew`.
    """
    copy = folder / COPY
    if copy.is_file() and not anew:
        return
    columns = [*ligands.table.columns, *(() if DONORS in ligands.table.columns else (DONORS,))]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for verdict in ligands.accepted:
        assert verdict.single is not None
        known = {**verdict.row.texts, SMILES: verdict.single.smiles, DONORS: verdict.donor_numbers}
        if verdict.start is not None:
            known[START] = f"{_STARTS}/{verdict.row.line}.xyz"
            (folder / _STARTS).mkdir(exist_ok=True)
            shutil.copyfile(verdict.start.path, folder / known[START])
        writer.writerow([known[column] for column in columns])
    partial = copy.with_name(f"{COPY}.partial")
    partial.write_text(text.getvalue(), encoding="utf-8")
    partial.replace(copy)


def _known_donors(copy: Path | None) -> dict[tuple[str, str], str]:
    if copy is None or not copy.is_file():
        return {}
    try:
        rows = LigandFile(copy).table().rows
    except InputError:
        # Whatever happened to the copy, the file itself is judged and held against the ledger.
        return {}
    return {(row[NAME], row[SMILES]): row[DONORS] for row in rows}


def _does_not_fit(
    single: SingleLigand, entry: CoordinationEntry, coordination: Coordination, metals: Sequence[Metal]
) -> str:
    """Return why a ligand cannot have a coordination of the campaign, or nothing."""
    count = single.ligand.denticity
    number, waters = coordination.number(count), coordination.waters(count)
    named = f"its {count} donors {named_donors(single)}" if count > 1 else f"its donor {named_donors(single)}"
    bound = f"{coordination.ligands} × {named}" if coordination.ligands > 1 else named
    bound += f" and {co_ligands_name(coordination.co_ligands)}" if coordination.co_ligands else ""
    if waters < 0:
        return f"{bound} are more than the coordination number {number}: name those that bind in the column donors"
    if isinstance(entry.waters, int) and entry.waters != waters:
        return f"{bound} leave {waters} places for water at coordination number {number}, not {entry.waters}"
    for metal in metals if coordination.coordination_number is None else ():
        if number not in metal.coordination_numbers:
            made = f"{bound} and {waters} waters make the coordination number {number}"
            return f"{made}, but {metal.symbol} is held in {metal.held_in}"
    try:
        for candidate in coordination.of(single.ligand, TEMPLATE_METAL).settled:
            require_complex(candidate)
    except InputError as error:
        return str(error)
    return ""


def _values(rules: Rules, name: str, column: str, ligands: LigandList) -> dict[str, Any]:
    """Return what a constraint reads in its column, by the ligand's identity; nothing where a row leaves it empty."""
    found = {}
    for verdict in ligands.accepted:
        assert verdict.single is not None
        if not (text := verdict.row[column]):
            continue
        try:
            found[verdict.single.ligand.identity] = rules.read_value(name, text)
        except ValueError as error:
            raise InputError(f"{ligands.table.title}, line {verdict.row.line}, column '{column}': {error}") from None
    return found
