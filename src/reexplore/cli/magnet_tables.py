"""What `reexplore label --property kramers_gap` prints: the doublets of a magnet, and what they hang on."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.table import Table

from reexplore.cli.label_tables import calculation_facts, facts_table
from reexplore.energies.kramers.label import KramersLabel
from reexplore.structures.stoichiometry import formula
from reexplore.workbench.magnets import LabelledMagnet

Json = dict[str, Any]


def magnet_json(found: LabelledMagnet) -> Json:
    """Return the doublets and everything beside them as JSON-ready values."""
    label = found.label
    return {
        "formula": formula(found.structure),
        "gap_cm": label.gap_cm,
        "tilt_degrees": label.tilt_degrees,
        "transversal_g": label.transversal_g,
        "doubts": label.doubts,
        **label.to_json(),
        "key": found.key,
        "reused": found.reused,
        "cpu_s": found.cpu_s,
        "wall_s": found.wall_s,
    }


def magnet_lines(found: LabelledMagnet) -> list[str | Table]:
    """Return what to print about one magnet, in its order."""
    label, structure = found.label, found.structure
    method = label.method
    lines: list[str | Table] = [
        f"[bold]{formula(structure)}[/], charge {label.charge:+d}, {len(structure)} atoms, {label.metal}3+",
        f"configuration-averaged Hartree-Fock, sf-X2C, {method.metal_basis} on {label.metal}, {method.ligand_basis};"
        " all states of the 4f shell with spin-orbit coupling; gas phase",
        "",
        f"[bold]first Kramers gap {label.gap_cm:.1f} cm⁻¹[/]",
        "",
        _doublet_table(label),
        "",
        _facts_table(found),
    ]
    lines += [f"[yellow]doubt:[/] {code}: {told}" for code, told in label.doubts.items()]
    return lines


def _doublet_table(label: KramersLabel) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name in ("doublet", "cm⁻¹", "g1", "g2", "g3", "g3's axis"):
        table.add_column(name, justify="left" if name == "g3's axis" else "right", no_wrap=True)
    for number, doublet in enumerate(label.doublets, start=1):
        axis = " ".join(f"{part:+.2f}" for part in doublet.axis)
        table.add_row(str(number), f"{doublet.energy_cm:.1f}", *(f"{g:.2f}" for g in doublet.g), axis)
    return table


def _facts_table(found: LabelledMagnet) -> Table:
    label, structure = found.label, found.structure
    facts = []
    if label.axis is not None:
        ends = " and ".join(
            f"{structure.symbols[atom]} {atom + 1} at {distance:.3f} Å"
            for atom, distance in zip(label.axis.donors, label.axis.distances_angstrom, strict=True)
        )
        facts.append(("axis of the donors", f"{ends}, {label.axis.angle_degrees:.1f}° apart"))
        facts.append(("magnetic axis", f"{label.tilt_degrees:.1f}° off it (ground doublet)"))
    others = [d for atom, d in label.donor_distances_angstrom.items() if label.axis and atom not in label.axis.donors]
    if others:
        facts.append(("other donors", ", ".join(f"{distance:.2f}" for distance in others) + " Å"))
    facts.append(("transversal g", f"{label.transversal_g:.4f} (ground doublet)"))
    if label.next_multiplet_cm is not None:
        facts.append(("next multiplet", f"from {label.next_multiplet_cm:.0f} cm⁻¹"))
    facts.append(("4f shell", f"⟨l²⟩ {label.l_squared:.3f} (free ion 12), {label.f_population:.2f} electrons in it"))
    tries = ", ".join(f"{attempt['method']} {attempt['steps']} steps" for attempt in label.attempts)
    facts.append(("orbitals", f"{tries}; gradient {label.gradient_norm:.1e}"))
    facts.append(("functions", f"{label.basis_functions}, {label.fitting_functions} for the fit"))
    return facts_table([*facts, *calculation_facts(found)])
