"""What `reexplore structures` prints: tables for people, one JSON object for programs."""

from __future__ import annotations

from typing import Any

from rich.markup import escape
from rich.table import Table

from reexplore.chemistry.candidates import Candidate
from reexplore.energies import HARTREE_TO_KCAL_MOL
from reexplore.errors import Failure
from reexplore.structures.holding import donor_limit_angstrom
from reexplore.structures.quality import QualityReport, check_complex
from reexplore.structures.xtb.surfaces import DEFAULT, EnergySurface
from reexplore.workbench.complexes import Built, Donor, Relaxation, Verdict, named_donors
from reexplore.workbench.energies import RelaxedAtLevel

Json = dict[str, Any]


def surface_table(surfaces: tuple[EnergySurface, ...]) -> Table:
    """Return the energy surfaces as a table."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("surface", "what it is"):
        table.add_column(column)
    for surface in surfaces:
        table.add_row(surface.name + (" (default)" if surface.name == DEFAULT else ""), escape(surface.summary))
    return table


def surface_json(surfaces: tuple[EnergySurface, ...]) -> list[Json]:
    """Return the energy surfaces as JSON-ready values, with the correction's numbers."""
    return [
        {
            "name": surface.name,
            "default": surface.name == DEFAULT,
            "summary": surface.summary,
            "version": surface.version,
            "correction": [push.to_dict() for push in surface.pushes],
        }
        for surface in surfaces
    ]


def built_json(built: Built, files: dict[str, str]) -> Json:
    """Return a built complex as JSON-ready values."""
    candidate, template = built.candidate, built.template
    return {
        "name": candidate.name,
        "smiles": built.single.smiles,
        "metal": candidate.metal.symbol,
        "ligands": candidate.ligands,
        "waters": candidate.waters,
        "co_ligands": {ligand.name: count for ligand, count in candidate.co_ligands},
        "coordination_number": candidate.coordination_number,
        "charge": candidate.charge,
        "energy_hartree": built.complex["energy_hartree"],
        "inchikey": candidate.ligand.inchikey,
        "warnings": list(candidate.ligand.warnings),
        "donors": [_donor_json(donor) for donor in _donors(built)],
        "quality": "passed",
        "warnings_of_quality": [warning.to_dict() for warning in _report(built).warnings],
        "coordination_number_found": _report(built).coordination_number,
        "surface": built.complex["engine"],
        "template": {key: template[key] for key in ("builder", "energy_hartree", "minima", "rejected", "starts")},
        "ligand_energy_hartree": built.ligand["energy_hartree"],
        "ligand_conformer_energies_hartree": built.ligand["conformer_energies_hartree"],
        "reused": list(built.reused),
        "files": files,
    }


def built_lines(built: Built, files: dict[str, str]) -> list[str | Table]:
    """Return what to print about a built complex, in its order."""
    candidate, template = built.candidate, built.template
    ligand = built.ligand
    shown: list[str | Table] = [
        f"[bold]{candidate.name}[/], charge {candidate.charge:+d}, coordination number {candidate.coordination_number}",
        f"ligand   {escape(built.single.smiles)}",
        f"InChIKey {candidate.ligand.inchikey}",
        f"energy   {built.complex['energy_hartree']:.6f} Eh, {escape(built.complex['engine'])}",
        _origin_sentence(built),
        "",
        _minima_table(template),
        _search_sentence(template),
        "",
        donor_table(_donors(built), candidate),
        quality_sentence(candidate),
        *warning_lines(_report(built).warnings, _report(built).coordination_number),
        f"free ligand: {ligand['energy_hartree']:.6f} Eh, the lowest of"
        f" {len(ligand['conformer_energies_hartree'])} relaxed conformers",
    ]
    shown += [f"[yellow]note:[/] {escape(warning)}" for warning in candidate.ligand.warnings]
    return [*shown, "", *(f"{kind:<8} {escape(path)}" for kind, path in files.items())]


def donor_table(donors: tuple[Donor, ...], candidate: Candidate) -> Table:
    """Return the metal-donor distances as a table."""
    metal = candidate.metal
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("donor")
    table.add_column("of")
    table.add_column("atom in file", justify="right")
    table.add_column(f"{metal.symbol}-donor / Å", justify="right")
    table.add_column("limit / Å", justify="right")
    for donor in donors:
        limit = _limit_angstrom(donor, candidate)
        distance = f"{donor.distance_angstrom:.3f}"
        shown = distance if donor.distance_angstrom <= limit else f"[red]{distance}[/]"
        table.add_row(donor.name, donor.part, str(donor.atom), shown, f"{limit:.2f}")
    return table


def quality_sentence(candidate: Candidate) -> str:
    """Return what it means that a complex has passed."""
    return (
        f"quality: [green]passed[/]: the bonds are those of the formula, no atoms clash, and all"
        f" {candidate.coordination_number} donors are within their limits"
    )


def problem_lines(problems: tuple[Failure, ...]) -> list[str]:
    """Return a line for each problem, with the numbers it rests on."""
    return [f"  [red]{p.code.value}[/] {escape(p.message + _evidence(p))}" for p in problems]


def warning_lines(warnings: tuple[Failure, ...], coordination_number: int) -> list[str]:
    """Return a line for each atom that holds the metal without having been named, and the number they make."""
    lines = [f"  [yellow]{w.code.value}[/] {escape(w.message + _evidence(w))}" for w in warnings]
    number = (
        f"  [yellow]the coordination number is {coordination_number}[/]: name these donors, or read it as another"
        " complex"
    )
    return [*lines, number] if warnings else []


def verdict_json(verdict: Verdict, candidate: Candidate) -> Json:
    """Return a verdict as JSON-ready values."""
    return {
        "name": candidate.name,
        "ok": not verdict.report.problems,
        "problems": [problem.to_dict() for problem in verdict.report.problems],
        "warnings": [warning.to_dict() for warning in verdict.report.warnings],
        "coordination_number": verdict.report.coordination_number,
        "donors": [_donor_json(donor) for donor in verdict.donors],
        "donor_spread_angstrom": verdict.report.donor_spread_angstrom,
        "inchikey": verdict.report.inchikey,
    }


def relaxation_json(found: Relaxation) -> Json:
    """Return a relaxation as JSON-ready values."""
    relaxed = found.relaxed
    told: Json = {
        "engine": relaxed.engine,
        "energy_hartree": relaxed.energy_hartree,
        "gradient_norm_hartree_bohr": found.gradient_norm_hartree_bohr,
        "gradient_max_hartree_bohr": relaxed.gradient_max_hartree_bohr,
        "steps": relaxed.steps,
        "seconds": found.seconds,
    }
    return told | ({"vibrations": found.vibrations.to_dict()} if found.vibrations else {})


def relaxation_lines(found: Relaxation) -> list[str]:
    """Return what to print about a relaxation."""
    relaxed, vibrations = found.relaxed, found.vibrations
    shown = [
        f"engine    {relaxed.engine}",
        f"energy    {relaxed.energy_hartree:.6f} Eh",
        f"gradient  {found.gradient_norm_hartree_bohr:.1e} Eh/bohr (norm), {relaxed.gradient_max_hartree_bohr:.1e}"
        " (largest component)",
        f"steps     {relaxed.steps} gradients in {found.seconds:.1f} s",
    ]
    if vibrations:
        verdict = "[green]a minimum[/]" if vibrations.is_minimum else "[red]no minimum[/]"
        lowest = " ".join(f"{frequency:.0f}" for frequency in vibrations.frequencies_cm1[:6])
        shown.append(f"vibrations {lowest} … cm⁻¹ (negative: imaginary): {verdict}")
    return shown


def level_relaxation_json(found: RelaxedAtLevel) -> Json:
    """Return a relaxation at a level as JSON-ready values."""
    return {
        "level": found.level.name,
        "energy_hartree": found.energy_hartree,
        "gained_kcal_mol": found.gained_kcal_mol,
        "gradient_max_hartree_bohr": found.gradient_max_hartree_bohr,
        "gradients": found.gradients,
        "cpu_s": found.cpu_s,
        "reused": found.reused,
    }


def level_relaxation_lines(found: RelaxedAtLevel) -> list[str]:
    """Return what to print about a relaxation at a level."""
    cost = "" if found.cpu_s is None else f" in {found.cpu_s:.0f} CPU-s"
    return [
        f"level     {found.level.name}: {found.level.summary}",
        f"energy    {found.energy_hartree:.6f} Eh, without the solvent's non-electrostatic term",
        f"gained    {found.gained_kcal_mol:.2f} kcal/mol from the surface's minimum",
        f"gradient  {found.gradient_max_hartree_bohr:.1e} Eh/bohr (largest component)",
        f"steps     {found.gradients} gradients{cost}{', found in the store' if found.reused else ''}",
    ]


def _donors(built: Built) -> tuple[Donor, ...]:
    return named_donors(built.single, built.candidate, _report(built))


def _report(built: Built) -> QualityReport:
    return check_complex(built.structure, candidate=built.candidate)


def _donor_json(donor: Donor) -> Json:
    return {
        "name": donor.name,
        "part": donor.part,
        "atom": donor.atom,
        "distance_angstrom": donor.distance_angstrom,
    }


def _limit_angstrom(donor: Donor, candidate: Candidate) -> float:
    element = donor.name.rstrip("0123456789")
    return donor_limit_angstrom(candidate.metal, element)


def _minima_table(template: Json) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("minimum of La", justify="right")
    table.add_column("builder")
    table.add_column("energy / Eh", justify="right")
    table.add_column("above the lowest / kcal/mol", justify="right")
    for number, minimum in enumerate(template["minima"], start=1):
        table.add_row(
            str(number),
            minimum["builder"],
            f"{minimum['energy_hartree']:.6f}",
            f"{minimum['relative_kcal_mol']:.2f}",
        )
    return table


def _origin_sentence(built: Built) -> str:
    """Return which of lanthanum's minima a complex comes from, and what the others led to."""
    energies = built.complex["energies_hartree"]
    others = [HARTREE_TO_KCAL_MOL * (e - built.complex["energy_hartree"]) for e in energies]
    also = [f"{e:.2f}" for e in others if e > 0.0]
    origin = f"from minimum {built.complex['template'] + 1} of La"
    return f"[dim]{origin}" + (f"; other minima led {', '.join(also)} kcal/mol above it[/]" if also else "[/]")


def _search_sentence(template: Json) -> str:
    starts = ", ".join(f"{count} by {name}" for name, count in template["starts"].items())
    rejected = ", ".join(f"{r['count']} {r['code']} in {r['stage']}" for r in template["rejected"])
    return f"[dim]out of {starts}, {template['distinct']} distinct" + (
        f"; left out: {rejected}[/]" if rejected else "[/]"
    )


def _evidence(problem: Failure) -> str:
    figures = ", ".join(f"{key} {value}" for key, value in problem.evidence.items() if key != "atoms")
    return f" ({figures})" if figures else ""
