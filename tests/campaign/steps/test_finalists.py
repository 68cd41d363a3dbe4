"""Finalists: the best of every ranking, relaxed with all they are counted from; no model learns from them."""

from itertools import islice

import pytest

from reexplore.campaign.ledger import corrections
from reexplore.campaign.ledger.labels import labels
from reexplore.campaign.ledger.relaxed_labels import relaxed_labels
from reexplore.campaign.ledger.rows import Pick
from reexplore.campaign.loop import open_campaign
from reexplore.campaign.results.shortlists import finalist_tables, shortlists
from reexplore.campaign.results.snapshot import campaign_record
from reexplore.campaign.results.status import campaign_status
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.progress import Narrator
from reexplore.campaign.steps.finalists import chosen_finalists, label_finalists
from reexplore.campaign.steps.labelling import observed_kcal_mol
from reexplore.campaign.steps.tasks import energy_task, relaxation_task
from reexplore.energies.relaxed import CONVERGED_HARTREE_BOHR
from reexplore.errors import Failure, FailureCode
from reexplore.execution.executor import SerialExecutor
from reexplore.properties import Goals, read_goals
from reexplore.structures.conformers.free_ligand import water
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.relax import relax
from reexplore.tracking.exports import finalist_files
from reexplore.tracking.review_page import review_page
from tests.campaign.answers import Remembering, labelled
from tests.campaign.test_loop import small

LOST = Failure(FailureCode.NOT_CONVERGED, "invented relaxation", "no minimum after 60 gradients", {})
THEORY = {"level": "teacher", "builders": ["sketch"], "relax": "dft", "finalists": 2}


def contexts(folder, coordination, *, labels, **theory):
    """Return a context with the first labels of some ligands of one charge with two metals, and their aqua ions."""
    space = {"scaffolds": ["HOPO"], "substituents": ["H", "methyl", "fluoro", "chloro"], "metals": ["La", "Lu"]}
    setup = small(folder, space=space | {"coordinations": [coordination]}, theory=THEORY | theory)
    made = CampaignContext(
        setup, open_campaign(setup), SerialExecutor(store=setup.store, evidence=setup.folder), Narrator()
    )
    batch = list(islice(made.pool.values(), labels))
    made.ledger.open_round(0, "seed", [Pick(c.key, 0, i, "seed", None, None, None) for i, c in enumerate(batch)])
    fail(made, {})
    labelled(made, batch)
    return made


@pytest.fixture
def context(tmp_path):
    """Return a context with the labels of four ligands with two metals."""
    return contexts(tmp_path, {"ligands": 1}, labels=8)


def fail(context, failures):
    context.__dict__["dispatcher"] = Remembering(context.ledger, failures)


def known(context):
    return labels(context.pool, context.ledger)


def lists(context, goals=None):
    return shortlists(known(context), goals or Goals(), context.ledger)


def relaxed(context):
    label_finalists(context, after_turn=lambda _ended: None)
    return lists(context)


def test_the_best_of_every_group_are_finalists(context):
    found = known(context)
    finalists = chosen_finalists(found, Goals(), count=2)
    for metal in ("La", "Lu"):
        mine = {key: label.binding.energy_kcal_mol for key, label in found.items() if _metal(label) == metal}
        assert {key for key in finalists if key in mine} == set(sorted(mine, key=mine.get)[:2])
    assert len(finalists) == 4


def test_with_an_objective_they_are_the_best_of_every_goal_with_all_their_metals(context):
    found = known(context)
    goals = read_goals(
        [
            {"property": "selectivity", "metals": ["Lu", "La"]},
            {"property": "binding_energy", "metal": "La", "direction": "higher"},
        ]
    )
    finalists = chosen_finalists(found, goals, count=1)
    ligands = {found[key].candidate.ligand.identity for key in finalists}
    weakest = max((label for label in found.values() if _metal(label) == "La"), key=lambda x: x.binding.energy_kcal_mol)
    assert weakest.candidate.ligand.identity in ligands
    assert len(finalists) == 2 * len(ligands)
    object.__setattr__(context.setup, "goals", goals)
    context.setup.file.theory.__dict__["finalists"] = 1
    label_finalists(context, after_turn=lambda _ended: None)
    selectivity, binding = lists(context, goals)
    assert {row.name for row in binding.rows} == {found[key].candidate.ligand.name for key in finalists}
    assert len(selectivity.rows[0].complexes) == len(selectivity.rows[0].gradients) == 2
    values = [row.before.value for row in binding.rows]
    assert values == sorted(values, reverse=True)


def _metal(label):
    return label.candidate.metal.symbol


def test_every_part_is_relaxed_and_the_labels_stay_as_they_were(context):
    before = observed_kcal_mol(context)
    rows = [row for each in relaxed(context) for row in each.rows]
    assert observed_kcal_mol(context) == before
    assert len(rows) == 4
    for row in rows:
        assert row.before.value == pytest.approx(before[row.key])
        assert row.gradient_max_hartree_bohr < CONVERGED_HARTREE_BOHR
        assert row.gained_kcal_mol[0] > 0
    found = known(context)
    after = relaxed_labels(found, context.ledger)
    for key, label in after.items():
        for part in ("complex", "ligand", "water"):
            assert label.parts[part].total_hartree < found[key].parts[part].total_hartree
        assert label.parts["ion"] == found[key].parts["ion"]
        assert label.aqua.total_hartree < found[key].aqua.total_hartree
    # Selectivities rest on one aqua ion a metal, relaxed once for all its finalists.
    asked = [task for task in context.dispatcher.asked if task.kind == "dft_relaxation"]
    assert len({task.key for task in asked if task.title.endswith("(H2O)8")}) == 2


def test_ranks_are_told_before_and_after(context):
    context.setup.file.theory.__dict__["finalists"] = 4
    for shortlist in relaxed(context):
        values = [row.after.value for row in shortlist.rows]
        assert [row.rank_before for row in shortlist.rows] == [1, 2, 3, 4]
        assert [row.rank_after for row in shortlist.rows] == [sorted(values).index(v) + 1 for v in values]
        moved = [row.rank_after - row.rank_before for row in shortlist.rows]
        # Spearman's formula for four ranks without ties.
        assert shortlist.spearman == pytest.approx(1 - 6 * sum(d * d for d in moved) / (4 * 15))


def test_a_finalist_that_fails_is_shown_with_its_code_and_stops_nothing(context):
    first = next(c for c in context.pool.values() if c.key == chosen_finalists(known(context), Goals(), count=1)[0])
    fail(context, {("dft_relaxation", first.name): LOST})
    rows = {row.key: row for each in relaxed(context) for row in each.rows}
    assert (rows[first.key].after, rows[first.key].rank_after) == (None, None)
    assert "not_converged in invented relaxation: no minimum after 60 gradients" in rows[first.key].reason
    assert sum(row.after is not None for row in rows.values()) == 3
    assert first.key in context.ledger.labels()
    status = campaign_status(context.setup, context.ledger)
    assert (status.finalists_relaxed, status.finalists_failed_by_code) == (3, {"not_converged": 1})


def test_an_aqua_ion_that_fails_takes_the_exchange_energy_away_and_says_so(context):
    fail(context, {("dft_relaxation", "Lu(H2O)8"): LOST})
    label_finalists(context, after_turn=lambda _ended: None)
    after = relaxed_labels(known(context), context.ledger)
    assert {_metal(label): label.exchange is not None for label in after.values()} == {"La": True, "Lu": False}
    (selectivity,) = lists(context, read_goals([{"property": "selectivity", "metals": ["Lu", "La"]}]))
    assert "no exchange energies for Lu" in selectivity.rows[0].reason
    assert selectivity.rows[0].after is None


def test_free_parts_that_fail_are_named(context):
    fail(context, {("dft_relaxation", "H2O"): LOST})
    label_finalists(context, after_turn=lambda _ended: None)
    failures = context.ledger.finalist_failures().values()
    assert {failure.stage for failure in failures} == {"invented relaxation of H2O"}
    assert len(failures) == 4
    change = corrections.invalidate(context.ledger, "label=H2O and kind=dft_relaxation")
    assert len(change.finalists) == 4


def test_co_ligands_are_relaxed_as_well(tmp_path):
    coordination = {"ligands": 1, "waters": 3, "co_ligands": {"nitrate": 1, "chloride": 1}}
    context = contexts(tmp_path, coordination, labels=2)
    rows = [row for each in relaxed(context) for row in each.rows]
    assert len(rows) == 2
    found, after = known(context), relaxed_labels(known(context), context.ledger)
    for key, label in after.items():
        assert label.parts.keys() == {"complex", "ion", "ligand", "water", "nitrate", "chloride"}
        assert label.parts["nitrate"].total_hartree < found[key].parts["nitrate"].total_hartree
        # One atom has nothing to relax.
        assert label.parts["chloride"].total_hartree == pytest.approx(found[key].parts["chloride"].total_hartree)


def test_a_ligand_that_is_counted_from_its_acid_is_relaxed_as_its_acid(tmp_path):
    context = contexts(tmp_path, {"ligands": 1}, labels=2, reference="acid")
    (key, *_) = chosen_finalists(known(context), Goals(), count=1)
    label_finalists(context, after_turn=lambda _ended: None)
    before, after = known(context)[key], relaxed_labels(known(context), context.ledger)[key]
    fell = before.parts["ligand"].total_hartree - after.parts["ligand"].total_hartree
    # The invented minimum is near; a proton more or less would be 0.4 Hartree.
    assert 0 < fell < 0.1


def test_it_is_on_the_page_in_the_files_and_in_the_terminal(context, capsys):
    relaxed(context)
    record = campaign_record(context.setup, context.ledger)
    page = review_page(record, top=5)
    assert "Finalists relaxed at the level" in page
    assert "RELAXED ON THE INVENTED ENERGY" in page
    files = finalist_files(record)
    assert files["finalists.csv"].count("\n") == 1 + 4
    assert files["finalists.extxyz"].count("gained_kcal_mol=") == 4
    Narrator()._console.print(*finalist_tables(record.shortlists, level="teacher"))
    assert "2 of 2 relaxed" in capsys.readouterr().out


def test_a_mirror_that_was_up_to_date_hears_of_news_only(context):
    ledger = context.ledger
    ledger._db.execute("UPDATE round SET finished_at = 1.0")
    ledger._db.execute("INSERT INTO outbox VALUES (0, 1.0)")
    relaxed(context)
    assert ledger.unsent_rounds() == [0]
    ledger.mark_sent()
    relaxed(context)
    assert ledger.unsent_rounds() == []


def test_without_the_key_nothing_is_relaxed(tmp_path):
    setup = small(tmp_path)
    executor = SerialExecutor(store=setup.store, evidence=tmp_path)
    made = CampaignContext(setup, open_campaign(setup), executor, Narrator())
    assert relaxed(made) == ()


#: Its oxygen 2.4 Å from the metal, its hydrogens behind it.
_BESIDE = (0.0, 0.0, 2.4)
#: As coarse as a level may be.
_COARSE = {"name": "coarse", "based_on": "quick", "grid_level": 0, "cavity_points_per_sphere": 110}


@pytest.mark.engine
def test_the_energy_that_is_compared_falls_where_a_real_level_relaxes(tmp_path):
    setup = small(tmp_path, theory={"level": "coarse", "levels": [_COARSE], "relax": "dft"})
    executor = SerialExecutor(store=setup.store, evidence=tmp_path / "evidence")
    oxygen = water()
    ion = Structure(("La", *oxygen.symbols), [(0.0, 0.0, 0.0), *(oxygen.positions_angstrom + _BESIDE)], 3)
    alone = Structure(("Cl",), [(0.0, 0.0, 0.0)], -1)
    unmoved = executor.submit(relaxation_task(alone.to_extxyz(), setup, title="chloride")).result()
    assert (unmoved.failure, unmoved.value["gradients"]) == (None, 1)
    for name, start in (("H2O", oxygen), ("La(H2O)", ion)):
        minimum = relax(start, surface=setup.surface).structure.to_extxyz()
        outcome = executor.submit(relaxation_task(minimum, setup, title=name)).result()
        assert outcome.failure is None
        assert outcome.value["gradient_max_hartree_bohr"] < CONVERGED_HARTREE_BOHR
        assert outcome.value["energy_hartree"] < outcome.value["start_hartree"]
        # The energy of a label has another Coulomb operator in its solvent's term, and one term more.
        energies = [
            executor.submit(energy_task(extxyz, setup, title=name)).result().value["total_hartree"]
            for extxyz in (minimum, outcome.extxyz)
        ]
        fell = outcome.value["start_hartree"] - outcome.value["energy_hartree"]
        assert energies[0] - energies[1] == pytest.approx(fell, abs=3e-4)
