"""GFN2-xTB energies before any label: drawn from the pool, computed once, and nothing where nothing is asked for."""

import json

import numpy as np
import pytest

from reexplore.campaign.loop import open_campaign
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.progress import Narrator
from reexplore.campaign.steps import groundwork as step
from reexplore.campaign.steps.screening import screen
from reexplore.energies.gfn2 import gfn2_interaction_kcal_mol
from reexplore.execution.kinds import KINDS, MEMBER_FILE
from reexplore.execution.recipes import Training
from reexplore.execution.store import Outcome
from reexplore.execution.task import Task
from reexplore.execution.worker_functions import Context
from reexplore.structures.screening.families import screening_geometries
from reexplore.structures.structure import Layout
from reexplore.surrogate.base import leans_on_groundwork
from reexplore.surrogate.composition import Composition
from reexplore.surrogate.groundwork import Groundwork
from reexplore.surrogate.kernels import TERMS
from reexplore.surrogate.samples import samples_to_text
from tests.campaign.steps.test_screening import Here
from tests.campaign.test_loop import SMALL, small
from tests.surrogate.sample import make_samples, read_complex

TEMPLATE = read_complex("La_HOPO-H_1_6")
SPACE = SMALL["space"] | {"scaffolds": ["HOPO"], "substituents": ["H", "fluoro", "methyl", "nitro"]}


def begun(tmp_path, monkeypatch, **changes):
    """Return a campaign whose template is found without a search, and what screening came to."""

    def found(_context, candidates):
        yield from ()
        return {candidate.key: Outcome({"extxyz": TEMPLATE.to_extxyz()}, None, {}) for candidate in candidates}

    monkeypatch.setattr(step, "templates", found)
    monkeypatch.setattr(step, "FEWEST", 4)
    surrogate = {"model": "tabular", "gfn2_labels": 5}
    setup = small(tmp_path, **({"space": SPACE, "theory": {"level": "gfn2"}, "surrogate": surrogate} | changes))
    executor = Here(setup.store)
    context = CampaignContext(setup, open_campaign(setup), executor, Narrator())
    return context, executor, context.dispatcher.finish(screen(context))


@pytest.mark.engine
def test_energies_of_some_candidates_are_computed_once_and_fitted(tmp_path, monkeypatch):
    context, executor, screening = begun(tmp_path, monkeypatch)
    digest = context.dispatcher.finish(step.groundwork(context, screening))
    found = Groundwork.from_dict(json.loads(context.store.get_text(digest)))
    assert len(found.known) == len(set(found.known)) == 5
    assert len(found.weights) == len(TERMS) + 1
    pool = {
        (screening.parts_of(key), context.pool[key].metal.symbol): context.pool[key] for key in screening.available()
    }
    (smiles, around), energy = found.known[0], found.energies_kcal_mol[0]
    candidate = pool[smiles, around.metal]
    family = screening.parts[0].family
    (geometry,) = screening_geometries(family, TEMPLATE, [candidate], contraction=screening.parts[0].contraction)
    assert energy == pytest.approx(gfn2_interaction_kcal_mol(geometry, Layout.of(candidate), candidate.bound), abs=1e-4)
    before = list(executor.kinds)
    assert {"interactions", "groundwork"} <= set(before)
    assert context.dispatcher.finish(step.groundwork(context, screening)) == digest
    assert executor.kinds == before
    samples = context.store.put_text(samples_to_text(make_samples(6)))
    task = Task.of(Training(samples, {}, 0, 2, 7, True, "tabular", groundwork=digest), title="")
    KINDS["member"].load()(task.inputs, Context(tmp_path, tmp_path, tmp_path, context.store, 1, 8.0))
    kept = json.loads((tmp_path / MEMBER_FILE).read_text())
    assert kept["groundwork"]["energies_kcal_mol"] == list(found.energies_kcal_mol)


@pytest.mark.parametrize(
    "changes",
    [
        {"surrogate": {"model": "tabular", "gfn2_labels": 0}},
        {"theory": SMALL["theory"]},
    ],
    ids=["none asked for", "sketches"],
)
def test_there_is_none_where_it_would_say_nothing(tmp_path, monkeypatch, changes):
    context, executor, screening = begun(tmp_path, monkeypatch, **changes)
    before = list(executor.kinds)
    assert context.dispatcher.finish(step.groundwork(context, screening)) == ""
    assert executor.kinds == before


def test_there_is_none_for_a_model_that_does_not_lean_on_it(tmp_path, monkeypatch):
    context, executor, screening = begun(tmp_path, monkeypatch)
    monkeypatch.setattr(step, "leans_on_groundwork", lambda _: leans_on_groundwork(Composition))
    before = list(executor.kinds)
    assert context.dispatcher.finish(step.groundwork(context, screening)) == ""
    assert executor.kinds == before


def test_every_candidate_is_drawn_alike_and_none_twice(tmp_path, monkeypatch):
    _, _, screening = begun(tmp_path, monkeypatch)
    size = sum(len(part.family.members) * len(part.family.metals) for part in screening.parts)
    drawn = [
        (part.digest, *pair)
        for seed in range(300)
        for part, some in step._drawn(screening.parts, 2, seed)
        for pair in some
    ]
    counts = np.array([drawn.count(each) for each in set(drawn)])
    assert len(counts) == size
    assert counts.max() < 2 * counts.mean()
    everyone = [(part.digest, *pair) for part, some in step._drawn(screening.parts, 9999, 0) for pair in some]
    assert len(everyone) == len(set(everyone)) == size
