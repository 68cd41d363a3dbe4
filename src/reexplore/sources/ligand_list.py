"""The ligands of a file: which rows are accepted, with which donors, and which are refused and why."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from rdkit import Chem

from reexplore.chemistry.acids import read_pka
from reexplore.chemistry.donors import propose_donors
from reexplore.chemistry.library import LIGAND_FILE, Scaffold
from reexplore.chemistry.ligand_input import SingleLigand, plain_ligand, read_ligand
from reexplore.chemistry.ligands import Ligand
from reexplore.chemistry.metals import METALS
from reexplore.errors import InputError
from reexplore.sources.base import CHARGE, DONORS, PKA, SMILES, START, LigandTable, Row

#: Names stand in tables, file formats and terminals: what else a row has there becomes a hyphen.
_NOT_IN_NAMES = re.compile(r"[^\w.,+()-]+")
_LONGEST_NAME = 100
_WHOLE_NUMBER = re.compile(r"[+\-−]?\d{1,3}(\.0*)?")
_LONGEST_REASON = 300

#: What a campaign makes of a ligand: the reason why it cannot be in it, or nothing.
Fits = Callable[[SingleLigand], str]
#: Why a ligand with so many given pKa cannot be in a campaign, or nothing.
LacksPka = Callable[[Ligand, int], str]
#: The structure in a file that a row names, as a start for its ligand; raises `InputError` with what is wrong.
Begin = Callable[[Ligand, str], "Start"]
#: What becomes of proposed sets of donors, best first: those that hold one metal.
Choose = Callable[[str, Sequence[tuple[int, ...]]], tuple[int, ...]]


@dataclass(frozen=True)
class Start:
    """A complex from a file that the search of a ligand begins with, beside what the builders make.

    `extxyz` is the complex with the file's metal in the atom order of its candidate; `path` is the file,
    `stoichiometry` what is around the metal (`Group.stoichiometry`).
    """

    path: Path
    stoichiometry: str
    extxyz: str


@dataclass(frozen=True)
class Verdict:
    """A row of a file and what became of it: accepted with donors, the same as another row, or refused.

    `single` is the ligand of an accepted or repeated row, `given` whether its donors stood in the file. `reason`
    says why a row is refused, or what it repeats; of an accepted row what is left out of its donors. `start` is the
    structure that the row names, `pka` its measured ones, the last proton to leave first.
    """

    row: Row
    name: str
    single: SingleLigand | None = None
    given: bool = False
    reason: str = ""
    repeats: int | None = None
    start: Start | None = None
    pka: tuple[float, ...] = ()

    @property
    def is_accepted(self) -> bool:
        """Return whether it is a ligand of the campaign."""
        return self.single is not None and self.repeats is None

    @property
    def status(self) -> str:
        """Return what became of it in a word."""
        return "accepted" if self.is_accepted else "refused" if self.single is None else "repeated"

    @property
    def donors(self) -> str:
        """Return the donors as element and number in the SMILES, such as `O0 N8`; empty without a ligand."""
        return named_donors(self.single) if self.single is not None else ""

    @property
    def donor_numbers(self) -> str:
        """Return the donors as the column `donors` has them."""
        return " ".join(map(str, _donor_numbers(self.single))) if self.single is not None else ""

    @property
    def origin(self) -> str:
        """Return whether donors were given or proposed."""
        return "" if self.single is None else "given" if self.given else "proposed"


def named_donors(single: SingleLigand) -> str:
    """Return the donors of a ligand as element and number in its SMILES, such as `O0 N8`."""
    names = {single.numbers[atom]: single.name_of(atom) for atom in single.ligand.donors}
    return " ".join(names[number] for number in sorted(names))


def _donor_numbers(single: SingleLigand) -> tuple[int, ...]:
    return tuple(sorted(single.numbers[atom] for atom in single.ligand.donors))


@dataclass(frozen=True)
class LigandList:
    """A ligand file with the verdict on each of its rows."""

    table: LigandTable
    verdicts: tuple[Verdict, ...]

    @property
    def accepted(self) -> tuple[Verdict, ...]:
        """Return the rows that are ligands of the campaign, each molecule with its donors once."""
        return tuple(verdict for verdict in self.verdicts if verdict.is_accepted)

    @property
    def scaffolds(self) -> tuple[Scaffold, ...]:
        """Return each accepted ligand as a scaffold without sites."""
        return tuple(_scaffold(verdict) for verdict in self.accepted)

    def start_of(self, ligand: Ligand, *, stoichiometry: str) -> str:
        """Return the structure that the search of a complex begins with; empty where no row names one."""
        start = self._starts.get(ligand.identity)
        return start.extxyz if start is not None and start.stoichiometry == stoichiometry else ""

    @property
    def pka(self) -> dict[str, tuple[float, ...]]:
        """Return the pKa of the ligands that have some, by identity."""
        return {v.single.ligand.identity: v.pka for v in self.accepted if v.single is not None and v.pka}

    @cached_property
    def _starts(self) -> dict[str, Start]:
        return {v.single.ligand.identity: v.start for v in self.accepted if v.single is not None and v.start}

    def count(self) -> str:
        """Return how many rows were accepted, in words."""
        told = [f"{len(self.accepted):,} of {len(self.verdicts):,} rows accepted"]
        for status in ("repeated", "refused"):
            if number := sum(verdict.status == status for verdict in self.verdicts):
                told.append(f"{number:,} {status}")
        return ", ".join(told)

    def digest(self, bound: Mapping[str, Mapping[str, object]], *, with_pka: bool = False) -> str:
        """Return a hash of what a campaign takes from the file, whatever the order of rows and columns.

        `bound` are the values that constraints read of it; the pKa count where labels are made with them.
        """
        taken = sorted(
            [
                v.name,
                v.single.ligand.identity,
                *([v.start.extxyz] if v.start else []),
                *(map(str, v.pka) if with_pka else []),
            ]
            for v in self.accepted
            if v.single is not None
        )
        text = json.dumps([taken, bound] if bound else taken, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def judge(
    table: LigandTable,
    *,
    fits: Fits,
    choose: Choose,
    begin: Begin,
    lacks_pka: LacksPka,
    taken: Sequence[str],
    known: Mapping[tuple[str, str], str],
) -> LigandList:
    """Return the verdict on every row; raise `InputError` when none is accepted.

    `begin` reads the structure that a row names. `taken` are the names of the campaign's scaffolds. `known` are donors
    that were chosen before, by name and SMILES, written as in the column: these are not looked for again.
    """
    verdicts: list[Verdict] = []
    first: dict[str, Verdict] = {}
    names: dict[str, Verdict | None] = dict.fromkeys(taken)
    for row in table.rows:
        verdict = _with_pka(_judge(row, fits, choose, begin, known), lacks_pka)
        if verdict.single is not None:
            identity = verdict.single.ligand.identity
            if identity in first:
                same = first[identity]
                reason = f"the same ligand as {same.name} in line {same.row.line}: counted once"
                verdict = Verdict(row, verdict.name, verdict.single, verdict.given, reason, same.row.line)
            elif verdict.name in names:
                other = names[verdict.name]
                whose = f"line {other.row.line}" if other else "a scaffold of this campaign"
                verdict = Verdict(row, verdict.name, reason=f"its name, {verdict.name}, is that of {whose}: rename it")
            else:
                first[identity] = names[verdict.name] = verdict
        verdicts.append(verdict)
    found = LigandList(table, tuple(verdicts))
    if not found.accepted:
        why = next(v for v in found.verdicts if v.single is None)
        raise InputError(
            f"no row of {table.title} is accepted, the first of {len(verdicts):,}, line {why.row.line},"
            f" because {why.reason}"
        )
    return found


def _judge(row: Row, fits: Fits, choose: Choose, begin: Begin, known: Mapping[tuple[str, str], str]) -> Verdict:
    name = _NOT_IN_NAMES.sub("-", row.name).strip("-+.,")[:_LONGEST_NAME]
    if row.fault or not name:
        return Verdict(row, name, reason=row.fault or "it has no name")
    try:
        single, given, reason = _ligand(row, fits, choose, known)
        start = begin(single.ligand, row[START]) if row[START] else None
    except InputError as error:
        told = str(error).removeprefix("the ligand: ")
        return Verdict(row, name, reason=told if len(told) <= _LONGEST_REASON else f"{told[:_LONGEST_REASON]}…")
    return Verdict(row, name, single, given, reason, start=start)


def _with_pka(verdict: Verdict, lacks_pka: LacksPka) -> Verdict:
    """Return an accepted row with its pKa, or refused for want of them."""
    if verdict.single is None:
        return verdict
    row, ligand = verdict.row, verdict.single.ligand
    try:
        pka = read_pka(row[PKA], ligand.mol) if row[PKA] else ()
    except InputError as error:
        return Verdict(row, verdict.name, reason=str(error))
    if reason := lacks_pka(ligand, len(pka)):
        return Verdict(row, verdict.name, reason=reason)
    return replace(verdict, pka=pka)


def _ligand(
    row: Row, fits: Fits, choose: Choose, known: Mapping[tuple[str, str], str]
) -> tuple[SingleLigand, bool, str]:
    smiles = row[SMILES]
    _require_free(smiles)
    mol = read_ligand(smiles)
    text = row[DONORS]
    mapped = any(a.GetAtomMapNum() for a in mol.GetAtoms())
    if text and mapped:
        raise InputError("its donors are named twice, by atom maps and in the column donors: leave one out")
    if given := bool(text) or mapped:
        single = plain_ligand(smiles, donors=donor_numbers_of(text) if text else None)
    elif remembered := known.get((row.name, smiles)):
        single = plain_ligand(smiles, donors=donor_numbers_of(remembered))
    else:
        return _proposed(row, mol, fits, choose)
    _require_charge(row, single.ligand.charge)
    if reason := fits(single):
        raise InputError(reason)
    donors = _donor_numbers(single)
    if given and len(choose(single.smiles, [donors])) < len(donors):
        raise InputError(f"its donors {named_donors(single)} cannot hold one metal together")
    return single, given, ""


def _proposed(row: Row, mol: Chem.Mol, fits: Fits, choose: Choose) -> tuple[SingleLigand, bool, str]:
    proposals = propose_donors(mol, most=mol.GetNumAtoms())
    # Without a proposal this raises with the reason.
    whole = plain_ligand(row[SMILES], donors=proposals[0] if proposals else None)
    _require_charge(row, whole.ligand.charge)
    # Before anything is left out: a part of too many donors would be another ligand.
    if reason := fits(whole):
        raise InputError(reason)
    donors = choose(row[SMILES], proposals)
    if set(donors) == set(proposals[0]):
        return whole, False, ""
    return (
        plain_ligand(row[SMILES], donors=donors),
        False,
        f"{named_donors(whole)} cannot hold one metal together",
    )


def _require_free(smiles: str) -> None:
    """Raise `InputError` for a molecule that holds a metal already."""
    bracketed = re.findall(r"\[\d*([A-Z][a-z]?)", smiles) if "." not in smiles else ()
    if metals := [symbol for symbol in bracketed if symbol in METALS]:
        raise InputError(f"'{smiles[:_LONGEST_NAME]}' holds the metal {metals[0]}: write the free ligand")


def _require_charge(row: Row, charge: int) -> None:
    text = row[CHARGE]
    if not text:
        return
    if not _WHOLE_NUMBER.fullmatch(text):
        raise InputError(f"its charge '{text}' is no whole number, such as -1")
    said = int(float(text.replace("−", "-")))
    if said != charge:
        raise InputError(f"the SMILES has charge {charge}, the column says {said}")


def donor_numbers_of(text: str) -> list[int]:
    """Return the donors of a cell, numbers of atoms counted from 0; raise `InputError` for anything else."""
    parts = [part for part in re.split(r"[\s;,]+", text) if part]
    if not all(re.fullmatch(r"\d{1,4}", part) for part in parts):
        raise InputError(f"its donors '{text[:_LONGEST_NAME]}' are no numbers of atoms counted from 0, such as 0 8")
    return [int(part) for part in parts]


def _scaffold(verdict: Verdict) -> Scaffold:
    assert verdict.single is not None
    ligand = verdict.single.ligand
    return Scaffold(verdict.name, ligand.as_scaffold, ligand.charge, "as written", LIGAND_FILE, sites=0)
