"""Random valid campaigns, run to their end: what `validate` passes must not die on the way.

Loop, ledger, store, acquisition, report and files are real; energies are the teacher's and geometries sketches. The
learned model is a stand-in, because its training takes most of the time and is the same in every campaign.
"""

from __future__ import annotations

import random
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import ase.io
import numpy as np
import pandas as pd
import yaml

from reexplore.campaign.declaration.setup import Setup, prepare
from reexplore.campaign.declaration.space import require_size
from reexplore.campaign.loop import open_campaign, run_campaign
from reexplore.campaign.results.shortcomings import shortcomings
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.lock import sole_driver
from reexplore.campaign.running.progress import Narrator
from reexplore.campaign.steps.screening import recall_screening
from reexplore.chemistry.families import Family
from reexplore.chemistry.library import SCAFFOLDS, SUBSTITUENTS
from reexplore.chemistry.metals import SERIES
from reexplore.errors import InputError
from reexplore.execution import worker_functions
from reexplore.execution.kinds import FORECAST_FILE, KINDS, TaskKind
from reexplore.structures.screening.families import refused
from reexplore.structures.structure import Structure
from reexplore.surrogate.forecast import Forecast
from tests.attacks.trial import in_a_process
from tests.campaign import crashing

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Larger spaces take minutes to enumerate, and are of no other kind.
_LARGEST_SPACE = 300
#: Sketches of ligands with eight donors take minutes as well.
_SCAFFOLDS = sorted(name for name, scaffold in SCAFFOLDS.items() if scaffold.denticity < 4 and scaffold.sites < 3)
_REAL = {name: KINDS[name].load() for name in ("select", "complex")}
_OWN_SCAFFOLDS = (
    ("aceto", "CC(=[O:11])N([*:1])[O-:12]", -1),
    ("malon.1", "[O-:11]C(=O)C([*:1])C(=O)[O-:12]", -2),
    ("pic(o)", "[*:1]c1ccc[n:11]c1C(=O)[O-:12]", -1),
    ("amide", "CN(C)C(=[O:11])C([*:1])([*:2])C(=[O:12])N(C)C", 0),
    ("S,S", "[*:1]P(=S)(OC)[S-:11]", -1),
)
_OWN_SUBSTITUENTS = (
    ("d3", "[2H]C([2H])([2H])[*:1]", 0),
    ("R-butyl", "CC[C@@H](C)[*:1]", 0),
    ("E-styryl", "c1ccccc1/C=C/[*:1]", 0),
    ("ammonio", "C[N+](C)(C)C[*:1]", 1),
    ("sulfo", "[O-]S(=O)(=O)[*:1]", -1),
    ("CF3", "FC(F)(F)[*:1]", 0),
)
_SENTENCES = (
    "",
    "two\nlines, one \"quoted\" and one 'single'",
    "=HYPERLINK(0) [bold]markup[/] :x: \\backslash\\ %s {x} <b>&amp;</b>",
    "Å, °, ½, 铈, 🧪",
    "charge=7 Properties=species:S:1 Lattice",
)


def random_campaign(dice: random.Random) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return a campaign and a policy of its own, or None; most are valid."""
    own = [
        {"name": name, "smiles": smiles, "charge": charge, "warning": dice.choice(_SENTENCES)}
        for name, smiles, charge in dice.sample(_OWN_SCAFFOLDS, dice.choice((0, 0, 1, 2)))
    ]
    groups = [
        {"name": name, "smiles": smiles, "charge": charge, "warning": dice.choice(_SENTENCES)}
        for name, smiles, charge in dice.sample(_OWN_SUBSTITUENTS, dice.choice((0, 0, 1, 2)))
    ]
    seeds = dice.randrange(2, 7)
    policy = dice.choice(("balanced", "explore", "exploit", "./own.yaml", "./own.yaml"))
    campaign = {
        "name": dice.choice(("x", "a-b-3", "9", "long-" + "n" * 60)),
        "description": dice.choice(_SENTENCES),
        "space": {
            "scaffolds": [*dice.sample(_SCAFFOLDS, dice.randrange(0 if own else 1, 3)), *own],
            "substituents": [*dice.sample(sorted(SUBSTITUENTS), dice.randrange(0 if groups else 1, 5)), *groups],
            "metals": dice.sample([metal.symbol for metal in SERIES], dice.randrange(1, 5)),
            "coordinations": [
                {"ligands": dice.choice((1, 1, 2, 3, 4)), "coordination_number": dice.choice((6, 7, 8, 8, 9))}
                for _ in range(dice.choice((1, 1, 2)))
            ],
        },
        "constraints": _random_constraints(dice),
        "theory": {"level": "teacher", "builders": ["sketch"]},
        "surrogate": {
            "members": dice.randrange(2, 5),
            "readout": dice.choice(("metal", "all")),
            "uncertainty_floor_kcal_mol": dice.choice((1e-9, 0.5, 5.0, 1e4)),
        },
        "policy": policy,
        "steering": dice.choice(("rounds", "asynchronous")),
        "budget": {
            "seed_labels": seeds,
            "batch": dice.choice((1, 2, 3, 50)),
            "labels": seeds + dice.randrange(9),
            "core_hours": dice.choice((None, None, 1e9)),
        },
        "seed": dice.choice((0, 1, 2**31 - 1)),
        "execution": {"parsl": "local", "options": dice.choice(({}, {"workers": 1}))},
    }
    if objective := _random_objective(dice):
        metals = {metal for goal in objective for metal in _metals(goal)}
        campaign["objective"] = objective
        campaign["space"]["metals"] = dice.choice(([], sorted(metals)))
        for key in ("seed_labels", "batch", "labels"):
            campaign["budget"][key] *= len(metals)
    return campaign, _random_policy(dice) if policy == "./own.yaml" else None


def _random_objective(dice: random.Random) -> list[dict[str, Any]]:
    """Return goals of two or three metals, or none; some contradict each other."""
    metals = dice.sample([metal.symbol for metal in SERIES], 3)
    goals = [
        {"property": "selectivity", "metals": metals[:2]},
        {"property": "selectivity", "metals": [metals[0], metals[1:]], "direction": "higher"},
        {"property": "exchange_energy", "metal": metals[0]},
        {"property": "binding_energy", "metal": metals[1], "direction": dice.choice(("lower", "higher"))},
    ]
    return dice.sample(goals, dice.choice((0, 0, 1, 2, 3)))


def _metals(goal: dict[str, Any]) -> list[str]:
    sides = goal["metals"] if "metals" in goal else [goal["metal"]]
    return [metal for side in sides for metal in (side if isinstance(side, list) else [side])]


def _random_constraints(dice: random.Random) -> list[dict[str, Any]]:
    """Return some constraints, or none; most leave something to search."""
    rules = (
        {"sa_score": {"at_most": dice.choice((3, 4.5, 10))}},
        {"molecular_weight": {"at_least": 1, "at_most": dice.choice((150, 400, 2000))}},
        {"without": dice.choice((["F"], ["[N+](=O)[O-]", "S"], ["[#9]", "c1ccccc1"]))},
        {"ligand_charge": dice.choice(([-1, -2], list(range(-9, 3)), [-2]))},
    )
    return dice.sample(rules, dice.choice((0, 0, 0, 1, 2, 4)))


def _random_policy(dice: random.Random) -> dict[str, Any]:
    acquisition = dice.choice((
        "posterior_mean", "qLogExpectedImprovement", "qUpperConfidenceBound", "qPosteriorStandardDeviation"
    ))  # fmt: skip
    beta = {"beta": dice.choice((1e-6, 4.0, 1e6))} if acquisition == "qUpperConfidenceBound" else {}
    return beta | {
        "name": "own",
        "description": dice.choice(_SENTENCES),
        "acquisition": acquisition,
        "samples": dice.choice((16, 64, 500)),
        "shortlist": dice.choice((1, 2, 40)),
        "shortlist_random": dice.choice((0, 1, 40)),
        "random_controls": dice.choice((0, 1, 2, 100)),
    }


def valid_campaigns(folder: Path, *, seed: int, count: int) -> Iterator[Setup]:
    """Yield so many campaigns that `validate` passes, each in a workspace of its own."""
    dice = random.Random(seed)
    number = 0
    while number < count:
        workspace = folder / str(number) / "workspace"
        workspace.mkdir(parents=True, exist_ok=True)
        campaign, policy = random_campaign(dice)
        (workspace / "own.yaml").write_text(yaml.safe_dump(policy))
        (workspace / "campaign.yaml").write_text(yaml.safe_dump(campaign, allow_unicode=True), encoding="utf-8")
        try:
            setup = prepare(str(workspace / "campaign.yaml"), workspace=workspace)
            require_size(setup.space, _LARGEST_SPACE)
        except InputError:
            continue
        number += 1
        yield setup


def end_badly(setup: Setup) -> list[str]:
    """Run a campaign in a process of its own, and return what was wrong with its end."""
    answer = in_a_process(lambda: _run(setup), setup.workspace, limit_s=300)
    return [] if answer.code == 0 else [answer.told[-2000:] or f"ended with {answer.code}"]


def _predict(inputs: dict[str, Any], context: worker_functions.Context) -> dict[str, Any]:
    """Say something of every candidate that has a screening geometry, as the learned model does."""
    family = Family.from_text(context.store.get_text(inputs["family"]))
    gone = refused(family, Structure.from_extxyz(inputs["template"]))
    rows = [row for row in range(len(family.members)) if row not in gone]
    keys = [candidate.key for row in rows for candidate in family.candidates_of(row)]
    dice = random.Random(str(inputs["members"]))
    said = np.array([[dice.gauss(-150, 9) for _ in inputs["members"]] for _ in keys])
    Forecast(tuple(keys), said.reshape(-1, len(inputs["members"]))).save(context.folder / FORECAST_FILE)
    return {"candidates": len(keys)}


@contextmanager
def stand_ins() -> Iterator[None]:
    """Put the learned model's stand-in in its place; all else is real."""
    with ExitStack() as stack:
        stack.enter_context(crashing.stand_ins())
        others, ours = TaskKind.load, _REAL | {"predict": _predict}
        stack.enter_context(patch.object(TaskKind, "load", lambda kind: ours.get(kind.name) or others(kind)))
        yield


def _run(setup: Setup) -> int:
    with stand_ins(), sole_driver(setup.folder), closing(open_campaign(setup)) as ledger:
        run_campaign(CampaignContext(setup, ledger, crashing.InProcess(setup), Narrator()))
        picks, labels, failed = ledger.picks(), ledger.labels(), ledger.label_failures()
        missing = shortcomings(setup, ledger)
        screening = recall_screening(setup, ledger)
        # Left out by a constraint, or clashing wherever it is put: neither can be bought.
        unavailable = dict(screening.left_out()) | dict(screening.refused()) if screening else {}
    open_ended = [pick.candidate for pick in picks if pick.candidate not in labels and pick.candidate not in failed]
    if open_ended:
        raise AssertionError(f"chosen and neither labelled nor failed: {open_ended}")
    wanted = min(setup.file.budget.labels, setup.space.size - len(failed) - len(unavailable))
    wanted -= wanted % setup.goals.unit_size
    if len(labels) < wanted and not missing and not failed:
        raise AssertionError(f"{len(labels)} labels of {wanted}, and nothing is said to be missing")
    report = setup.folder / "report"
    frames = ase.io.read(report / "labels.extxyz", ":") if labels else []
    table = pd.read_csv(report / "candidates.csv")
    if setup.goals and len(pd.read_csv(report / "objective.csv")) < len(labels) // setup.goals.unit_size:
        raise AssertionError(f"{len(labels)} labels and fewer ligands are written")
    if len(frames) != len(labels) or len(table) < len(labels):
        raise AssertionError(f"{len(labels)} labels, {len(frames)} structures and {len(table)} rows are written")
    return 0
