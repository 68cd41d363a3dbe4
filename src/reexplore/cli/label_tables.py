"""What `reexplore label` prints: an energy in its parts, and a binding energy in its terms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich import box
from rich.table import Table

from reexplore.chemistry.metals import METALS
from reexplore.energies.levels import Level
from reexplore.energies.reactions import HARTREE_TO_EV, HARTREE_TO_KCAL_MOL
from reexplore.energies.terms import EnergyTerms
from reexplore.structures.stoichiometry import formula
from reexplore.workbench.energies import Bound, Labelled
from reexplore.workbench.magnets import LabelledMagnet

Json = dict[str, Any]

#: The parts of a total energy and the attributes that hold them; electrostatic and CDS (cavity, dispersion,
#: solvent structure) are those of SMD.
_PARTS = (
    ("electronic", "electronic_hartree"),
    ("dispersion", "dispersion_hartree"),
    ("electrostatic", "solvent_electrostatic_hartree"),
    ("CDS", "solvent_cds_hartree"),
)


def labelled_json(found: Labelled) -> Json:
    """Return an energy with its parts as JSON-ready values."""
    return {
        "formula": formula(found.structure),
        "charge": found.structure.charge,
        **found.terms.to_dict(),
        "electronic_hartree": found.terms.electronic_hartree,
        "unpaired": found.terms.multiplicity - 1,
        "key": found.key,
        "reused": found.reused,
        "cpu_s": found.cpu_s,
        "wall_s": found.wall_s,
    }


def bound_json(found: Bound) -> Json:
    """Return a binding energy with all its terms as JSON-ready values."""
    return {
        "binding_energy_kcal_mol": found.reaction.energy_kcal_mol,
        "binding_error_kcal_mol": found.reaction.error_kcal_mol,
        "metal": found.stoichiometry.metal.symbol,
        "ligands": found.stoichiometry.ligands,
        "waters": found.stoichiometry.waters,
        "co_ligands": {formula(part.structure): count for count, part in found.co_ligands},
        "parts": {name: {"count": count, **labelled_json(part)} for name, count, part in found.parts},
    }


def labelled_lines(found: Labelled, level: Level) -> list[str | Table]:
    """Return what to print about one energy, in its order."""
    structure, atoms = found.structure, len(found.structure)
    return [
        f"[bold]{formula(structure)}[/], charge {_signed(structure.charge)}, {atoms} atom{'s' * (atoms > 1)}",
        f"level {level.name}: {level.summary}",
        "",
        _energy_table(found.terms),
        "",
        _facts_table(found),
    ]


def bound_lines(found: Bound, level: Level) -> list[str | Table]:
    """Return what to print about a binding energy: every part, their terms, and the sum."""
    taken, error = found.stoichiometry, found.reaction.error_kcal_mol
    parts = [f"{taken.ligands} ligand{'s' * (taken.ligands > 1)}"]
    parts += [f"{count} {formula(part.structure)}" for count, part in found.co_ligands]
    doubt = "" if error is None else f" ± {error:.2f}"
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("energy / Eh")
    for name, count, _ in found.parts:
        table.add_column(f"{count:+d} {name}", justify="right", no_wrap=True)
    table.add_column("kcal/mol", justify="right", no_wrap=True)
    for name, attribute in (*_PARTS, ("total", "total_hartree")):
        values = [(count, float(getattr(part.terms, attribute))) for _, count, part in found.parts]
        if name != "total" and not any(value for _, value in values):
            continue
        difference = HARTREE_TO_KCAL_MOL * sum(count * value for count, value in values)
        table.add_row(name, *(f"{value:.5f}" for _, value in values), f"{difference:.2f}")
    return [
        *labelled_lines(found.complex, level),
        "",
        table,
        f"[bold]binding energy {found.reaction.energy_kcal_mol:.2f}{doubt} kcal/mol[/] of {taken.metal.symbol}3+ with"
        f" {', '.join(parts)} and {taken.waters} water{'s' * (taken.waters != 1)}",
        "[dim]electronic energies in water: compare within one metal, stoichiometry and ligand charge only[/]",
    ]


def _energy_table(terms: EnergyTerms) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("energy")
    table.add_column("Eh", justify="right")
    table.add_column("kcal/mol", justify="right")
    table.add_row("[bold]total[/]", f"[bold]{terms.total_hartree:.8f}[/]", "")
    if any(getattr(terms, attribute) for _, attribute in _PARTS[1:]):
        for name, attribute in _PARTS:
            value = getattr(terms, attribute)
            kcal = "" if name == "electronic" else f"{HARTREE_TO_KCAL_MOL * value:.3f}"
            table.add_row(f"  {name}", f"{value:.8f}", kcal)
    return table


def _facts_table(found: Labelled) -> Table:
    terms = found.terms
    told = terms.to_dict()
    spin = (terms.multiplicity - 1) / 2
    facts = [
        ("basis functions", str(terms.basis_functions)),
        ("electrons", f"{terms.electrons}, {terms.multiplicity - 1} unpaired (multiplicity {terms.multiplicity})"),
    ]
    if told.get("spin_squared") is not None:
        facts.append(("⟨S²⟩", f"{told['spin_squared']:.4f}, of a pure spin {spin * (spin + 1):.4f}"))
    if told.get("f_population") is not None:
        expected = sum(METALS[symbol].f_electrons for symbol in found.structure.symbols if symbol in METALS)
        unpaired = f", {told['f_unpaired']:.2f} unpaired" if told.get("f_unpaired") is not None else ""
        facts.append(("4f electrons", f"{told['f_population']:.2f}{unpaired}, of the free ion {expected}"))
    if told.get("gap_hartree") is not None:
        facts.append(("gap", f"{told['gap_hartree']:.4f} Eh, {told['gap_hartree'] * HARTREE_TO_EV:.2f} eV"))
    if (curvature := told.get("lowest_curvature_hartree")) is not None:
        # It is an upper bound: a positive one proves nothing.
        told_of = "no lower state found" if curvature > 0 else "a lower state lies downhill"
        facts.append(("least curvature", f"{curvature:.4f} Eh ({told_of})"))
    if told.get("spread_hartree") is not None:
        spread = HARTREE_TO_KCAL_MOL * told["spread_hartree"]
        facts.append(("spread", f"{spread:.2f} kcal/mol over the occupations that converged"))
    if terms.attempts:
        tries = ", ".join(
            f"{attempt['method']} {attempt['cycles']}{'' if attempt['converged'] else ' (not converged)'}"
            for attempt in terms.attempts
        )
        facts.append(("cycles", f"{terms.cycles}: {tries}"))
    facts.append(("program", terms.program))
    return facts_table([*facts, *calculation_facts(found)])


def calculation_facts(found: Labelled | LabelledMagnet) -> list[tuple[str, str]]:
    """Return what a calculation took, where that is known, and its key."""
    facts = [("key", found.key)]
    if found.cpu_s is not None and found.wall_s is not None:
        stored = ", found in the store" if found.reused else ""
        facts.insert(0, ("time", f"{found.cpu_s:.1f} CPU-s, {found.wall_s:.1f} s in all{stored}"))
    return facts


def facts_table(facts: Iterable[tuple[str, str]]) -> Table:
    """Return names with their values, one a line."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column()
    for name, value in facts:
        table.add_row(name, value)
    return table


def _signed(charge: int) -> str:
    return f"{charge:+d}" if charge else "0"
