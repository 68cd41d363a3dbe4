"""Label geometries in series: grafted on the template of the bare scaffold, relaxed from there, never searched for."""

from dataclasses import replace

import numpy as np
import pytest

from reexplore.campaign.ledger.labels import labels
from reexplore.campaign.ledger.rows import Pick
from reexplore.campaign.loop import open_campaign
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.progress import Narrator
from reexplore.campaign.steps.labelling import label
from reexplore.campaign.steps.screening import screen
from reexplore.campaign.steps.series import of_series
from reexplore.campaign.steps.tasks import complex_task
from reexplore.chemistry.space import Coordination
from reexplore.errors import FailureCode
from reexplore.execution.executor import SerialExecutor
from reexplore.execution.recipes import LabelGeometry
from reexplore.structures.structure import Layout, Structure
from tests.campaign.steps.test_screening import Here
from tests.campaign.test_loop import SMALL, small

SERIES = {"theory": SMALL["theory"] | {"geometry": "series"}}
HOPO = SMALL["space"] | {"scaffolds": ["HOPO"], "substituents": ["H", "methyl"]}


def in_series(folder, *, executor=Here, broken=(), **changes):
    setup = small(folder, **(SERIES | {"space": HOPO} | changes))
    options = {"broken": broken} if executor is Here else {"evidence": setup.folder}
    return CampaignContext(setup, open_campaign(setup), executor(store=setup.store, **options), Narrator())


def templates(context):
    """Return the complexes that were searched for."""
    return sorted(each.title for each in context.ledger.calculations() if each.kind == "template")


def labelled(context, batch):
    """Return the calculations of some candidates' labels and the failures of the others."""
    picks = [Pick(each.key, 0, number, "seed", None, None, None) for number, each in enumerate(batch)]
    context.ledger.open_round(0, "seed", picks)
    for candidate in batch:
        context.dispatcher.finish(label(context, candidate))
    return context.ledger.labels(), context.ledger.label_failures()


def test_a_label_stands_on_the_geometry_that_the_model_sees(tmp_path):
    context = in_series(tmp_path)
    seen = context.dispatcher.finish(screen(context)).structures(list(context.pool.values()))
    known, failures = labelled(context, list(context.pool.values()))
    assert not failures
    # A sketch is not relaxed: what is left is the graft with the metal of the candidate.
    for key, keys in known.items():
        geometry = Structure.from_extxyz(context.ledger.value(keys.structure)["extxyz"])
        assert geometry.symbols == seen[key].symbols
        # As text a template has eight decimals.
        np.testing.assert_allclose(geometry.positions_angstrom, seen[key].positions_angstrom, atol=1e-6)
    # No ligand has a template of its own.
    assert templates(context) == ["La(H2O)8", "La(HOPO-H)(H2O)6"]


def test_a_search_has_a_template_for_every_ligand(tmp_path):
    context = in_series(tmp_path, theory=SMALL["theory"])
    labelled(context, list(context.pool.values()))
    assert templates(context) == ["La(H2O)8", "La(HOPO-H)(H2O)6", "La(HOPO-methyl)(H2O)6"]


def test_what_cannot_be_grafted_is_refused_with_the_reason(tmp_path):
    space = SMALL["space"] | {
        "scaffolds": [{"name": "tight", "smiles": "CNC(=O)c1c([*:1])c([*:2])cc(=[O:12])n1[O-:11]", "charge": -1}],
        "substituents": ["H", {"name": "trityl", "smiles": "C(c1ccccc1)(c1ccccc1)(c1ccccc1)[*:1]"}],
        "metals": ["La"],
    }
    context = in_series(tmp_path, space=space)
    refused = dict(context.dispatcher.finish(screen(context)).refused())
    assert refused
    assert len(refused) < len(context.pool)
    known, failures = labelled(context, list(context.pool.values()))
    assert failures == refused
    assert {failure.code for failure in failures.values()} == {FailureCode.CLASH}
    assert known.keys() == context.pool.keys() - refused.keys()


def test_without_the_template_of_the_scaffold_there_is_no_label_and_no_search(tmp_path):
    context = in_series(tmp_path, broken=["HOPO"])
    first, second, *_ = context.pool.values()
    known, failures = labelled(context, [first, second])
    assert not known
    assert failures[first.key].code is failures[second.key].code is FailureCode.BUILD_FAILED
    assert templates(context) == ["La(HOPO-H)(H2O)6"]


def test_open_waters_have_a_graft_of_each_number(tmp_path):
    context = in_series(tmp_path)
    context.setup.__dict__["space"] = replace(context.setup.space, coordinations=(Coordination(1, None),))
    candidate = next(each for each in context.pool.values() if "methyl" in each.name)
    found = context.dispatcher.finish(of_series(context, candidate))
    for each in candidate.settled:
        recipe = LabelGeometry.from_json(complex_task(each, found[each.key].value, context.setup.file.theory).inputs)
        (start,) = recipe.templates
        assert Structure.from_extxyz(start).symbols.count("O") == each.waters + 3
    assert [each.waters for each in candidate.settled] == [6, 7]


@pytest.mark.engine
def test_a_real_series_keeps_the_conformer_of_its_scaffold(tmp_path):
    space = HOPO | {"substituents": ["H", "nitro"], "metals": ["Lu"]}
    theory = {"level": "gfn2", "builders": ["placement"], "placement_starts": 3, "refine": 1, "geometry": "series"}
    context = in_series(tmp_path, executor=SerialExecutor, space=space, theory=theory)
    known, failures = labelled(context, list(context.pool.values()))
    assert not failures
    assert len(known) == 2
    assert templates(context) == ["La(H2O)8", "La(HOPO-H)(H2O)6"]
    distances = {key: _distances(context, keys) for key, keys in known.items()}
    bare, other = distances.values()
    # They do not depend on how a complex is turned.
    assert np.abs(other - bare).max() < 0.3
    found = labels(context.pool, context.ledger)
    binding = {found[key].candidate.ligand.substituents[0]: found[key].binding.energy_kcal_mol for key in known}
    # As Hammett's constants order them (para: H 0, nitro 0.78): the fewer electrons the weaker.
    assert binding["H"] < binding["nitro"]


def _distances(context, keys):
    """Return the distances between the metal and all donors of a label, Å."""
    structure = Structure.from_extxyz(context.ledger.value(keys.structure)["extxyz"])
    candidate = next(c for c in context.pool.values() if context.ledger.labels().get(c.key) == keys)
    layout = Layout.of(candidate)
    positions = structure.positions_angstrom[[0, *layout.donors]]
    return np.linalg.norm(positions[:, None] - positions, axis=-1)
