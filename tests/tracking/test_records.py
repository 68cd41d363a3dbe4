from dataclasses import replace

from reexplore.tracking.records import CandidateRow
from tests.tracking.sample import campaign, selectivity_rows


def test_errors_are_listed_with_the_ensemble_first():
    errors = campaign().rounds[1].mean_absolute_errors
    assert list(errors) == ["ensemble", "Morgan + ridge", "composition"]
    assert errors["composition"] == 10.0


def test_best_label_never_gets_weaker_and_ends_at_the_minimum():
    record = campaign()
    for group, curve in record.best_by_round().items():
        energies = [energy for _, energy in curve]
        labels = [r.dft_kcal_mol for r in record.rows if r.group == group and r.dft_kcal_mol is not None]
        assert energies == sorted(energies, reverse=True)
        assert energies[-1] == min(labels)


def test_a_round_that_still_runs_is_not_in_the_best_labels():
    record = campaign()
    running = replace(record, rounds=(*record.rounds[:2], replace(record.rounds[2], finished_at_ms=None)))
    assert {n for curve in running.best_by_round().values() for n, _ in curve} == {0, 1}


def test_verdict_names_the_failure_code():
    failed = next(row for row in campaign().rows if row.failure)
    assert failed.verdict == "failed: water_lost"
    assert CandidateRow("k", "n", "g", "l", "C", "La", 1, 6, 1, status="selected").verdict == "selected"


def test_a_ligand_s_metals_stand_against_the_first():
    rows = selectivity_rows("thiol") + selectivity_rows("methyl")
    lines = replace(campaign(), selectivity=rows).selectivity_lines
    # Europium against lutetium follows from the other two.
    assert [[(r.first_metal, r.second_metal) for r in line] for line in lines] == [[("La", "Eu"), ("La", "Lu")]] * 2


def test_metals_that_are_not_compared_make_a_line_of_their_own():
    rows = [row for row in selectivity_rows() if row.second_metal == "Eu"]
    rows += [replace(rows[0], first_metal="Y", second_metal="Sc")]
    lines = replace(campaign(), selectivity=tuple(rows)).selectivity_lines
    assert [line[0].first_metal for line in lines] == ["La", "Y"]


def test_labels_are_counted():
    record = campaign(metals=("La",), substituents=8)
    assert record.labels == sum(row.status == "labelled" for row in record.rows) == 4


def test_free_energies_are_not_said_to_be_electronic():
    electronic = campaign()
    assert "without entropy" in electronic.exchange_note
    assert "free energies at 25 °C" in replace(electronic, is_free=True).exchange_note
