"""The aquo ion of each labelled metal: its geometry and energy, once for all candidates of the metal."""

from __future__ import annotations

from reexplore.campaign.bench import Bench
from reexplore.campaign.geometries import complex_task, energy_task, templates
from reexplore.campaign.ledger import AquoKeys
from reexplore.chemistry.aquo import aquo_ion
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.metals import SERIES
from reexplore.errors import Failure


def compute_aquo_ions(bench: Bench) -> None:
    """Compute the aquo ion of each metal that has a label, like any complex; enter its energy or why there is none.

    A failure takes no label away: the metal's binding energies stand without exchange energies beside them.
    """
    theory = bench.setup.file.theory
    labelled = {bench.pool[key].metal for key in bench.ledger.labels()}
    ions = {metal.symbol: aquo_ion(metal, waters=theory.aqua_waters) for metal in SERIES if metal in labelled}
    found = templates(bench, list(ions.values()))
    geometry_tasks = {}
    for metal, ion in ions.items():
        template = found[ion.key]
        if template.failure is not None:
            _refuse(bench, ion, template.failure)
        elif template.value is not None:
            geometry_tasks[metal] = complex_task(ion, template.value, theory)
    geometries = bench.calculator.run(list(geometry_tasks.values()), stage="aquo ions")
    energy_tasks = {}
    for metal, task in geometry_tasks.items():
        if failure := geometries[task.key].failure:
            _refuse(bench, ions[metal], failure)
        else:
            energy_tasks[metal] = energy_task(geometries[task.key].extxyz, bench.setup, label=ions[metal].name)
    energies = bench.calculator.run(list(energy_tasks.values()), stage="energies of aquo ions")
    for metal, task in energy_tasks.items():
        if failure := energies[task.key].failure:
            _refuse(bench, ions[metal], failure)
        else:
            bench.ledger.enter_aquo_ion(metal, AquoKeys(geometry_tasks[metal].key, task.key), None)


def _refuse(bench: Bench, ion: Candidate, failure: Failure) -> None:
    known = bench.ledger.aquo_failures().get(ion.metal.symbol)
    bench.ledger.enter_aquo_ion(ion.metal.symbol, None, failure)
    if failure != known:
        bench.narrator.say(why_no_exchange(ion.metal.symbol, failure))


def why_no_exchange(metal: str, failure: Failure) -> str:
    """Return the sentence for a metal whose aquo ion failed."""
    return f"no exchange energies for {metal}: its aquo ion failed in {failure.stage}: {failure.message}"
