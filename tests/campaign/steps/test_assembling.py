"""The ligands of a large space are made once, and candidates are the same wherever they come from."""

from unittest.mock import patch

import pytest

from reexplore.campaign.declaration import assembled
from reexplore.campaign.declaration.assembled import assemblies, pool_of
from reexplore.campaign.loop import open_campaign
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.progress import Narrator
from reexplore.campaign.steps.assembling import assemble
from reexplore.chemistry.members import Members
from reexplore.execution.kinds import LIGANDS_FILE
from reexplore.execution.store import Store
from tests.campaign import crashing
from tests.campaign.test_loop import SMALL, small

# CAM-H stands in both scaffolds; charges and warnings differ between ligands.
SPACE = SMALL["space"] | {
    "scaffolds": ["CAM", "CAM-456N", "TREN-CAM"],
    "substituents": ["H", "methyl", "carboxylic-acid"],
    "coordinations": [{"ligands": 1, "coordination_number": 8}],
}


def told(pool):
    return [(c.key, c.name, c.charge, c.waters, c.ligand.warnings) for c in pool.candidates()]


@pytest.fixture
def setup(tmp_path):
    return small(tmp_path, space=SPACE)


@pytest.fixture
def large(monkeypatch):
    """Let spaces count as large, and tasks be small."""
    monkeypatch.setattr(assembled, "_MADE_AT_ONCE", 50)
    monkeypatch.setattr(assembled, "_TOGETHER", 40)


def counted():
    return patch.object(Members, "assembled", side_effect=Members.assembled)


def test_a_large_space_is_made_by_tasks_once(setup, monkeypatch, large):
    with monkeypatch.context() as patched:
        patched.setattr(assembled, "_MADE_AT_ONCE", 1000)
        assert assemblies(setup.space) == []
        expected = told(pool_of(setup, ()))
    tasks = assemblies(setup.space)
    assert [len(tasks), len({task.key for task in tasks})] == [1 + 3 + 1, 1 + 3 + 1]
    # Whoever looks before they are made makes them on the spot.
    assert told(pool_of(setup, ())) == expected
    with crashing.stand_ins():
        context = CampaignContext(setup, open_campaign(setup), crashing.InProcess(setup), Narrator())
        context.dispatcher.finish(assemble(context))
    with counted() as made:
        assert told(pool_of(setup, ())) == expected
        assert made.call_count == 0
        # A damaged file is made again where it is read, and by the next run for good.
        file = Store(setup.store).folder(tasks[1].key) / LIGANDS_FILE
        whole = file.read_bytes()
        file.write_bytes(whole[: len(whole) // 2])
        assert told(pool_of(setup, ())) == expected
        assert made.call_count == 1
    with crashing.stand_ins():
        again = CampaignContext(setup, open_campaign(setup), crashing.InProcess(setup), Narrator())
        again.dispatcher.finish(assemble(again))
    assert file.read_bytes() == whole


def test_a_space_drawn_by_lot_is_made_as_it_is_drawn(tmp_path, large):
    drawn = small(tmp_path, space=SPACE | {"sample": 60})
    assert drawn.space.ligand_count > 50
    assert assemblies(drawn.space) == []
    assert len({c.ligand.identity for c in pool_of(drawn, ()).candidates()}) == 60
