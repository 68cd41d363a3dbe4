"""A campaign whose space grows: ligands are proposed from labels, join it, are chosen and labelled."""

from contextlib import closing

import pytest

from reexplore.campaign.declaration.assembled import pool_of
from reexplore.campaign.driver import open_ledger
from reexplore.campaign.results.snapshot import campaign_record
from reexplore.campaign.results.status import campaign_status, status_lines
from reexplore.errors import InputError
from tests.campaign.test_loop import decisions, small
from tests.campaign.test_tabular import run

pytestmark = pytest.mark.engine

GENERATOR = {"strings": 150, "epochs": 2, "refine_epochs": 1}


def growing(folder, *, by="bred", **changes):
    propose = {
        "by": by,
        "each_round": 4,
        "classes": ["carboxylate", "pyridine oxide"],
        "heavy_atoms": 12,
        "generator": GENERATOR,
    }
    folder.mkdir(exist_ok=True)
    space = {
        "ligands": {"enumerated": {"count": 8, "classes": ["carboxylate"], "heavy_atoms": 9}},
        "propose": propose,
        "metals": ["La"],
        "coordinations": [{"ligands": 1}],
    }
    budget = {"seed_labels": 6, "batch": 3, "labels": 9}
    return small(
        folder, **({"space": space, "surrogate": {"model": "tabular", "members": 2}, "budget": budget} | changes)
    )


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    setup = growing(tmp_path_factory.mktemp("grown"))
    run(setup)
    return setup


def test_what_is_proposed_has_parents_and_can_be_chosen(grown):
    with closing(open_ledger(grown)) as ledger:
        proposed = ledger.proposed()
        assert {one.round for one in proposed} == {0, 1}
        assert len({one.identity for one in proposed}) == len(proposed)
        pool = pool_of(grown, proposed)
        labelled = {pool[key].ligand.identity: number for number, key in enumerate(ledger.labels())}
        # A parent was labelled before; ligands that were proposed are labelled with the others.
        assert all(parent in labelled for one in proposed for parent in one.parents)
        assert all(one.parents for one in proposed)
        assert {one.identity for one in proposed} & set(labelled)
        assert set(ledger.candidates()) >= {
            candidate.key for candidate in pool.candidates() if candidate.ligand.name == proposed[0].name
        }
        status = campaign_status(grown, ledger)
        assert status.ligands_proposed == len(proposed)
        assert any("proposed ligands have joined" in line for line in status_lines(status))
        assert status.candidates == 8 + len(proposed) == len(pool)
        assert campaign_record(grown, ledger).candidates == status.candidates


def test_one_that_is_killed_proposes_the_same(grown, tmp_path):
    setup = growing(tmp_path)
    for after in (9, 17, 12):
        try:
            run(setup, after=after)
        except KeyboardInterrupt:
            with closing(open_ledger(setup)) as ledger:
                # What readers are told of a campaign that was killed anywhere.
                campaign_record(setup, ledger)
    run(setup)
    assert decisions(setup) == decisions(grown)
    with closing(open_ledger(setup)) as mine, closing(open_ledger(grown)) as theirs:
        assert mine.proposed() == theirs.proposed()


def test_a_generator_is_trained_once_then_refined_with_the_labels(tmp_path):
    setup = growing(tmp_path, by="decoded", budget={"seed_labels": 6, "batch": 1, "labels": 8})
    run(setup)
    with closing(open_ledger(setup)) as ledger:
        trained = [c for c in ledger.calculations() if c.kind == "generator"]
        assert [ledger.value(c.key)["epochs"] for c in trained] == [2, 1, 1]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"space": {"propose": {"classes": ["alkoxid"]}}}, "did you mean 'alkoxide'"),
        ({"space": {"metals": ["La", "Lu"]}}, "one metal without an objective"),
        ({"space": {"coordinations": [{"ligands": 1}, {"ligands": 2}]}}, "give one coordination"),
        ({"space": {"propose": {"by": "decoded", "heavy_atoms": 6}}}, "fewer than the 100"),
        ({"steering": "asynchronous"}, "at the end of a round"),
    ],
)
def test_what_cannot_be_proposed_from_is_refused(tmp_path, said, why):
    space = {
        "ligands": {"enumerated": {"count": 3, "classes": ["carboxylate"], "heavy_atoms": 9}},
        "propose": {"by": "bred", "each_round": 4, "classes": ["alkoxide"]} | said.get("space", {}).get("propose", {}),
        "metals": ["La"],
        "coordinations": [{"ligands": 1}],
    }
    space |= {key: value for key, value in said.get("space", {}).items() if key != "propose"}
    with pytest.raises(InputError, match=why):
        small(tmp_path, **({"space": space} | {k: v for k, v in said.items() if k != "space"}))
