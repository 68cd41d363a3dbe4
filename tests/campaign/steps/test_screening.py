"""Screening a pool: one template a scaffold, and every candidate either seen or refused with its reason."""

from concurrent.futures import Future

import pytest

from reexplore.campaign.loop import open_campaign
from reexplore.campaign.results.status import campaign_status
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.progress import Narrator
from reexplore.campaign.steps.screening import Screening, keep_screening, recall_screening, screen
from reexplore.chemistry.library import SCAFFOLDS, SUBSTITUENTS
from reexplore.errors import CalculationFailed, Failure, FailureCode
from reexplore.execution.kinds import KINDS
from reexplore.execution.store import Outcome, Store
from reexplore.execution.worker_functions import Context
from reexplore.structures.structure import Layout
from tests.campaign.test_loop import SMALL, small

SPACE = SMALL["space"]


class Here:
    """Runs tasks in this process; templates of scaffolds in `broken` fail."""

    workers = 1

    def __init__(self, store, broken=()):
        self.store = Store(store)
        self.broken = broken
        self.kinds = []

    def submit(self, task):
        self.kinds.append(task.kind)
        folder = self.store.workspace(task.key)
        value = failure = None
        try:
            value = KINDS[task.kind].load()(task.inputs, Context(folder, folder, folder, self.store, 1, 8.0))
        except CalculationFailed as failed:
            failure = failed.failure
        if task.kind == "template" and any(name in task.title for name in self.broken):
            value, failure = None, Failure(FailureCode.BUILD_FAILED, "builder", "no place", {})
        future = Future()
        future.set_result(Outcome(value, failure, {}))
        return future

    def check(self):
        """Nothing can be lost."""


def screened(tmp_path, *, changes=None, **options):
    setup = small(tmp_path, **(changes or {}))
    executor = Here(setup.store, **options)
    ledger = open_campaign(setup)
    context = CampaignContext(setup, ledger, executor, Narrator())
    screening = context.dispatcher.finish(screen(context))
    keep_screening(context, screening)
    return context, executor, screening


def test_one_template_a_scaffold_serves_the_pool(tmp_path):
    context, executor, screening = screened(tmp_path)
    assert sorted(executor.kinds) == ["screen"] * 2 + ["template"] * 2
    assert len(context.pool) == 12
    assert set(screening.available()) == set(context.pool)
    structures = screening.structures(list(context.pool.values()))
    for key, candidate in context.pool.items():
        assert structures[key].symbols[0] == candidate.metal.symbol
        assert structures[key].charge == candidate.charge
        assert len(structures[key]) == len(Layout.of(candidate))


def test_a_scaffold_without_template_fails_all_its_candidates(tmp_path):
    context, _, screening = screened(tmp_path, broken=["CAM"])
    refused = dict(screening.refused())
    for key, candidate in context.pool.items():
        failure = refused.get(key)
        assert (failure is not None) == (candidate.ligand.scaffold == "CAM") == (key not in set(screening.available()))
        if failure is not None:
            assert failure.code is FailureCode.BUILD_FAILED
    assert len(screening.structures(list(context.pool.values()))) == 6


def test_the_ledger_remembers_what_screening_came_to(tmp_path):
    context, _, screening = screened(tmp_path, broken=["HOPO"])
    again = recall_screening(context.setup, context.ledger)
    assert again is not None
    assert again.refused_by_code == {"build_failed": 3}
    assert campaign_status(context.setup, context.ledger).ligands_refused_by_code == {"build_failed": 3}
    assert list(again.available()) == list(screening.available())
    assert again.count == screening.count == len(list(again.available()))
    assert dict(again.refused()) == dict(screening.refused())


def test_ligands_that_all_clash_are_not_predicted(tmp_path):
    """Three bulky ligands about one metal may leave nothing of a scaffold to predict."""
    _, _, screening = screened(tmp_path)
    first, second = screening.parts
    clash = Failure(FailureCode.CLASH, "grafting", "no pose", {})
    first.refused.update(dict.fromkeys(range(len(first.family.members) - 1), clash))
    assert screening.seen == [first, second]
    first.refused[len(first.family.members) - 1] = clash
    assert screening.seen == [second]


def test_refusals_survive_being_written(tmp_path):
    context, _, screening = screened(tmp_path)
    clash = Failure(FailureCode.CLASH, "grafting", "no pose", {"substituents": ["phenyl at site 1"]})
    first, *others = screening.parts
    first.refused[1] = clash
    again = Screening.from_text(Screening((first, *others)).to_text(), context.store)
    lost = [c.key for c in first.family.candidates_of(1)]
    assert dict(again.refused()) == dict.fromkeys(lost, clash)
    assert again.refused_by_code == {"clash": 1}
    assert set(again.available()) == set(context.pool) - set(lost)


def test_nothing_is_screened_twice(tmp_path):
    context, executor, screening = screened(tmp_path)
    executor.kinds.clear()
    assert list(context.dispatcher.finish(screen(context)).available()) == list(screening.available())
    assert executor.kinds == []


@pytest.mark.parametrize("shuffled", [{"scaffolds": ["CAM", "HOPO"]}, {"metals": ["Lu", "La"]}])
def test_the_order_of_the_lists_does_not_matter(tmp_path, shuffled):
    _, _, first = screened(tmp_path)
    setup = small(tmp_path, name="other", space=SPACE | shuffled)
    context = CampaignContext(setup, open_campaign(setup), Here(setup.store), Narrator())
    second = context.dispatcher.finish(screen(context))
    ours = first.structures(list(context.pool.values()))
    theirs = second.structures(list(context.pool.values()))
    assert {key: s.key for key, s in ours.items()} == {key: s.key for key, s in theirs.items()}


def test_a_model_that_sees_ligands_needs_no_geometry_and_loses_nobody(tmp_path):
    surrogate = {"surrogate": {"members": 2, "model": "tabular"}}
    context, executor, screening = screened(tmp_path, changes=surrogate)
    assert "template" not in executor.kinds
    assert "screen" not in executor.kinds
    assert screening.count == len(context.pool) == len(list(screening.available()))
    assert list(screening.refused()) == []
    again = recall_screening(context.setup, context.ledger)
    assert again.sees_all
    assert again.to_text() == screening.to_text()
    key = next(screening.available())
    scaffold, *substituents = again.parts_of(key)
    candidate = context.pool[key]
    assert SCAFFOLDS[candidate.ligand.scaffold].smiles == scaffold
    assert [SUBSTITUENTS[name].smiles for name in candidate.ligand.substituents] == substituents
    assert screening.structures([candidate]) == {}


def test_a_stack_keeps_what_has_no_template(tmp_path):
    surrogate = {"surrogate": {"members": 2, "model": "stack"}}
    context, executor, screening = screened(tmp_path, changes=surrogate, broken=("CAM",))
    assert "template" in executor.kinds
    assert screening.count == len(context.pool)
    shown = screening.structures(list(context.pool.values()))
    assert {context.pool[key].ligand.scaffold for key in shown} == {"HOPO"}
