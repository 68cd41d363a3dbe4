"""A question for stability constants, checked before anything is computed, and its answer beside the anchors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console

from reexplore.anchors.calibration import Calibration, calibration
from reexplore.anchors.comparison import compared
from reexplore.anchors.computed import computed_for, read_computed
from reexplore.anchors.table import shipped_anchors
from reexplore.campaign.declaration.setup import known_level
from reexplore.chemistry.acidity import require_known_kinds
from reexplore.chemistry.acids import acid_of, read_pka
from reexplore.chemistry.ligand_input import SingleLigand
from reexplore.chemistry.metals import OPEN_NUMBERS, Metal, find_metal
from reexplore.config import TheoryEntry
from reexplore.energies.acidity import ComputedPka
from reexplore.energies.levels import Level, comparison_warning
from reexplore.energies.own_levels import require_parts
from reexplore.energies.protons import conditional_log_k, from_deprotonated_kcal_mol, log_k, log_side_reaction
from reexplore.errors import InputError, of_key
from reexplore.workbench.request import chosen_ligand, donor_numbers, require_together
from reexplore.workbench.stability import Bound, StabilityBench

Reference = Literal["anion", "acid"]


@dataclass(frozen=True)
class Question:
    """Which constants are asked for, of which ligand, from which reference and at which level."""

    single: SingleLigand
    metals: tuple[Metal, ...]
    pka: tuple[float, ...]
    ph: float | None
    reference: Reference
    level: Level

    @property
    def protons(self) -> int:
        """Return how many protons the free ligand is computed with."""
        return -self.single.ligand.charge if self.reference == "acid" else 0


@dataclass(frozen=True)
class Constant:
    """The stability constant with one metal: log10 K1 as computed, and calibrated on anchors where there are enough.

    `at_ph` is the better of both as it acts at the pH that was asked for.
    """

    metal: str
    bound: Bound
    log_k1: float
    calibration: Calibration | None
    at_ph: float | None

    @property
    def calibrated_log_k1(self) -> float | None:
        """Return the constant with what anchors of its charge lack."""
        return None if self.calibration is None else self.log_k1 + self.calibration.added_log_units


@dataclass(frozen=True)
class Answer:
    """The constants of a question, in the order of its metals, and the ligand's pKa where they were computed."""

    question: Question
    constants: tuple[Constant, ...]
    computed_pka: tuple[ComputedPka, ...] = ()

    @property
    def caution(self) -> str | None:
        """Return why its metals may not be compared, if so."""
        return comparison_warning(self.question.level, [metal.symbol for metal in self.question.metals])


def asked(
    smiles: str | None,
    *,
    name: str | None,
    donors: str | None,
    metals: str,
    pka: str | None,
    ph: float | None,
    reference: Reference | None,
    level: str,
) -> Question:
    """Return a question whose every part is sound; raise `InputError` with the first that is not."""
    chosen_level = known_level(level, None)
    if chosen_level.is_fake:
        raise InputError(f"level '{level}' is invented: a stability constant of it would mean nothing", key="level")
    single = chosen_ligand(smiles, name=name, donors=donor_numbers(donors), command="reexplore stability")
    symbols = [symbol.strip() for symbol in metals.split(",")]
    if len(set(symbols)) < len(symbols):
        raise InputError("--metals names a metal twice")
    found = tuple(find_metal(symbol) for symbol in symbols)
    denticity = single.ligand.denticity
    for metal in found:
        if not any(denticity <= number for number in OPEN_NUMBERS if number in metal.coordination_numbers):
            raise InputError(f"{denticity} donors and {metal.symbol} make no coordination number of 8 or 9")
    atoms = single.ligand.mol_with_hydrogens.GetAtoms()
    require_parts(chosen_level, {*symbols, *(atom.GetSymbol() for atom in atoms)})
    with of_key("pka"):
        values = () if pka is None else read_pka(pka, single.ligand.mol)
    if ph is not None:
        log_side_reaction(values, ph=ph)
    # Without any they are computed, where a pH asks for them.
    computed = ph is not None and not values
    if computed:
        require_known_kinds(single.ligand)
    protons = -single.ligand.charge
    chosen: Reference = reference or ("acid" if protons > 0 and (computed or len(values) >= protons) else "anion")
    if chosen == "acid":
        acid_of(single.ligand)
        if not computed and len(values) < protons:
            told = f"from the acid {protons} pKa are needed, of the protons that leave, and {len(values)} are known"
            raise InputError(f"{told}: give --pka, or --reference anion", key="pka")
    if smiles is not None:
        require_together(single)
    return Question(single, found, values, ph, chosen, chosen_level)


def answered(question: Question, *, workspace: Path, seed: int, console: Console) -> Answer:
    """Return the constants of a question; raise `CalculationFailed` when a metal has no complex with an energy."""
    theory = TheoryEntry(reference=question.reference)
    bench = StabilityBench(workspace, theory=theory, level=question.level, seed=seed, console=console)
    anchors = shipped_anchors()
    known = computed_for(
        anchors, read_computed(), level=question.level.name, surface=theory.surface, reference=question.reference
    )
    rows = compared(anchors, known)
    computed: tuple[ComputedPka, ...] = ()
    if question.ph is not None and not question.pka:
        computed = bench.pka(question.single.ligand, ph=question.ph, protons=question.protons)
    pka = question.pka or tuple(each.value for each in computed)
    constants = []
    for metal in question.metals:
        bound = bench.bound(question.single, metal)
        free = from_deprotonated_kcal_mol(bound.best.free_kcal_mol, pka, protons=question.protons)
        constant = log_k(free)
        ligand = question.single.ligand
        found = calibration(rows, charge=ligand.charge, metal=metal.symbol, smiles=ligand.canonical_smiles)
        best = constant if found is None else constant + found.added_log_units
        at_ph = None if question.ph is None else conditional_log_k(best, pka, ph=question.ph)
        constants.append(Constant(metal.symbol, bound, constant, found, at_ph))
    return Answer(question, tuple(constants), computed)
