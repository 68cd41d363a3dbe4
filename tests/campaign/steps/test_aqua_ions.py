"""The aqua ions of a campaign: once for each labelled metal, and no label is lost with them."""

from itertools import islice

import pytest
import yaml

from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.ledger.labels import labels
from reexplore.campaign.ledger.rows import Pick
from reexplore.campaign.loop import open_campaign
from reexplore.campaign.results.snapshot import campaign_record
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.progress import Narrator
from reexplore.campaign.steps.aqua_ions import compute_aqua_ions
from reexplore.errors import ExecutionError, Failure, FailureCode
from reexplore.execution.executor import SerialExecutor
from reexplore.structures.structure import Structure
from tests.campaign.answers import Remembering, labelled
from tests.campaign.test_loop import SMALL

LOST = Failure(FailureCode.WATER_LOST, "quality", "O 4 is 3.9 Å from La", {"distance_angstrom": 3.9})
CRASHED = Failure(FailureCode.CRASHED, "energy", "ended by signal SIGSEGV", {"path": "somewhere"})


@pytest.fixture
def unlabelled(tmp_path):
    """Return a context and a batch of one ligand with each of two metals."""
    file = tmp_path / "small.yaml"
    file.write_text(yaml.safe_dump(SMALL))
    setup = prepare(str(file), workspace=tmp_path)
    ledger = open_campaign(setup)
    made = CampaignContext(setup, ledger, SerialExecutor(store=setup.store, evidence=setup.folder), Narrator())
    batch = list(islice(made.pool.values(), 2))
    ledger.open_round(0, "seed", [Pick(c.key, 0, i, "seed", None, None, None) for i, c in enumerate(batch)])
    fail(made, {})
    return made, batch


@pytest.fixture
def context(unlabelled):
    """Return a context with both labels and their aqua ions."""
    labelled(*unlabelled)
    return unlabelled[0]


def fail(context, failures):
    context.__dict__["dispatcher"] = Remembering(context.ledger, failures)


def found(context):
    """Return the labels by metal."""
    return {v.candidate.metal.symbol: v for v in labels(context.pool, context.ledger).values()}


def test_one_for_each_metal_like_any_complex(context):
    asked = {(task.kind, task.title) for task in context.dispatcher.asked if "(H2O)8" in task.title}
    # Lutetium's template is lanthanum's aqua ion, as it is for every complex.
    assert asked == {
        ("template", "La(H2O)8"),
        ("complex", "La(H2O)8"),
        ("complex", "Lu(H2O)8"),
        ("energy", "La(H2O)8"),
        ("energy", "Lu(H2O)8"),
    }
    assert list(context.ledger.aqua_ions()) == ["La", "Lu"]


def test_the_exchange_energy_is_the_reaction_s(context):
    one = found(context)["Lu"]
    reaction = one.parts["complex"].total_hartree + 2 * one.parts["water"].total_hartree
    reaction -= one.aqua.total_hartree + one.parts["ligand"].total_hartree
    assert one.exchange.energy_kcal_mol == pytest.approx(627.5095 * reaction, abs=1e-3)
    structure = Structure.from_extxyz(context.ledger.value(context.ledger.aqua_ions()["Lu"].structure)["extxyz"])
    assert (structure.symbols, structure.charge) == (("Lu", *"OHH" * 8), 3)


@pytest.mark.parametrize("kind", ["complex", "energy"])
def test_a_failure_leaves_the_binding_energy_and_says_why(unlabelled, kind, capsys):
    context, batch = unlabelled
    fail(context, {(kind, "Lu(H2O)8"): LOST})
    labelled(context, batch)
    context.dispatcher.finish(compute_aqua_ions(context))
    assert all(one.binding.energy_kcal_mol < 0 for one in found(context).values())
    assert found(context)["La"].exchange is not None
    assert found(context)["Lu"].exchange is None
    sentence = "no exchange energies for Lu: its aqua ion failed in quality: O 4 is 3.9 Å from La"
    assert campaign_record(context.setup, context.ledger).why_exchange == (sentence,)
    # Told when it happens, not in every round.
    assert capsys.readouterr().out.count(sentence) == 1


def test_without_a_template_no_metal_has_one(unlabelled):
    context, batch = unlabelled
    fail(context, {("template", "La(H2O)8"): LOST})
    labelled(context, batch)
    assert context.ledger.aqua_failures() == {"La": LOST, "Lu": LOST}
    assert len(context.ledger.labels()) == 2


def test_what_failed_by_the_run_alone_has_another_turn(unlabelled):
    context, batch = unlabelled
    fail(context, {("energy", "Lu(H2O)8"): CRASHED})
    labelled(context, batch)
    assert list(context.ledger.aqua_ions()) == ["La"]
    context.ledger.plan_again(c.key for c in context.ledger.calculations() if c.state == "failed")
    fail(context, {})
    context.dispatcher.finish(compute_aqua_ions(context))
    assert list(context.ledger.aqua_ions()) == ["La", "Lu"]
    assert context.ledger.aqua_failures() == {}


def test_what_an_objective_needs_comes_before_the_first_label_or_stops_the_campaign(tmp_path):
    space = {key: value for key, value in SMALL["space"].items() if key != "metals"}
    file = tmp_path / "small.yaml"
    objective = [{"property": "selectivity", "metals": ["Lu", "La"]}]
    file.write_text(yaml.safe_dump(SMALL | {"space": space, "objective": objective}))
    setup = prepare(str(file), workspace=tmp_path)
    ledger = open_campaign(setup)
    context = CampaignContext(setup, ledger, SerialExecutor(store=setup.store, evidence=setup.folder), Narrator())
    fail(context, {("complex", "Lu(H2O)8"): LOST})
    with pytest.raises(ExecutionError, match="the objective cannot be computed: no exchange energies for Lu"):
        context.dispatcher.finish(compute_aqua_ions(context))
    assert set(ledger.aqua_ions()) == {"La"}
    assert ledger.picks() == []
