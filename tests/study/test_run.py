"""Studies whose result is known, killed and gone on with; what a file does not allow is left out in sentences."""

import json

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from reexplore.campaign.running.progress import Narrator
from reexplore.dataset.files import read_pool, write_pool
from reexplore.errors import CalculationFailed, ExecutionError, FailureCode, InputError
from reexplore.study import models as models_module
from reexplore.study import run as run_module
from reexplore.study.run import study
from reexplore.surrogate.composition import Composition
from reexplore.surrogate.known import SURROGATES
from tests.dataset.sample import geometries_of, pool, rows
from tests.study.sample import COLUMN, asked, pool_file


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return pool_file(tmp_path_factory.mktemp("pool"), count=48)


def run(file, folder, *, workers=1, **changes):
    quiet = Narrator(Console(quiet=True))
    return study(asked(file, **changes), folder, workers=workers, narrator=quiet)


def row(record, model, strategy="binding", split="random"):
    (found,) = [r for r in record.rows if (r.model, r.strategy, r.split) == (model, strategy, split)]
    return found


def test_models_and_baselines_stand_side_by_side(file, tmp_path):
    record = run(file, tmp_path, models=("tabular",), splits=("random", "metal")).record
    models = ["mean", "composition", "one-hot", "boosting", "tabular"]
    assert [(r.model, r.split) for r in record.rows] == [(m, s) for s in ("random", "metal") for m in models]
    assert (record.candidates, record.ligands, record.metals) == (48, 8, 8)
    assert row(record, "mean").tested == 10
    # The invented energy hangs on composition and radius: the mean knows neither.
    assert row(record, "tabular").measures["mae"].mean < 0.6 * row(record, "mean").measures["mae"].mean


def test_labels_of_what_is_tested_are_never_handed_over(file, tmp_path, monkeypatch):
    seen = []

    def spy(known, asked, settings, seed):
        seen.append(([s.target_kcal_mol for s in known], [s.target_kcal_mol for s in asked]))
        return np.zeros(len(asked))

    monkeypatch.setattr(models_module, "_of_surrogate", spy)
    run(file, tmp_path, models=("tabular",))
    assert len(seen) == 2
    for known, tested in seen:
        assert all(target is not None for target in known)
        assert set(tested) == {None}


def test_the_energy_of_a_complex_is_judged_by_the_binding_energy_in_it(file, tmp_path):
    studied = run(file, tmp_path, strategies=("binding", "absolute"))
    labels = read_pool(file).values(COLUMN)
    for _, some in studied.predictions:
        assert all(each.label_kcal_mol == labels[each.key] for each in some)
    # Its label is a sum over atoms and the binding energy: the line of atoms leaves what a composition line leaves.
    line, composition = row(studied.record, "mean", "absolute"), row(studied.record, "composition")
    assert line.measures["mae"].mean == pytest.approx(composition.measures["mae"].mean, rel=0.1)


def test_what_a_line_of_atoms_cannot_know_is_left_out(file, tmp_path):
    record = run(file, tmp_path, strategies=("binding", "absolute"), splits=("random", "metal=Lu")).record
    assert record.panels == (("binding", "random"), ("binding", "metal"), ("absolute", "random"))
    assert any(note.startswith("absolute on metal is left out") for note in record.notes)


def test_a_study_that_was_killed_ends_as_if_it_had_not_been(file, tmp_path, monkeypatch):
    undisturbed = run(file, tmp_path / "one")
    made = []

    def killed_after_five(fit, path):
        if len(made) == 5:
            raise KeyboardInterrupt
        made.append(original(fit, path))

    original = run_module.run_fit
    monkeypatch.setattr(run_module, "run_fit", killed_after_five)
    with pytest.raises(KeyboardInterrupt):
        run(file, tmp_path / "two")
    monkeypatch.setattr(run_module, "run_fit", original)
    assert run(file, tmp_path / "two") == undisturbed
    # What is there is not made again, and more is added to it.
    monkeypatch.setattr(run_module, "run_fit", lambda *_: pytest.fail("made again"))
    assert run(file, tmp_path / "two") == undisturbed


def test_a_damaged_fit_is_named(file, tmp_path):
    run(file, tmp_path)
    fit = next((tmp_path / "fits").iterdir())
    fit.write_text(fit.read_text()[:-9])
    with pytest.raises(ExecutionError, match=f"{fit.name} is damaged: remove it"):
        run(file, tmp_path)


def test_a_training_that_fails_takes_its_row_and_nothing_else(file, tmp_path, monkeypatch):
    def fails(*_):
        raise CalculationFailed(FailureCode.NOT_CONVERGED, "training", "the network's error is not a number")

    failing = type("Failing", (Composition,), {"train": staticmethod(fails)})
    monkeypatch.setitem(SURROGATES.here, "failing", failing)
    record = run(file, tmp_path, models=("composition", "failing")).record
    assert "failing" not in {r.model for r in record.rows}
    assert any("its training failed in part 1: not_converged" in note for note in record.notes)


def test_what_the_file_does_not_tell_is_left_out_with_a_sentence(tmp_path):
    def bare(table):
        lacking = ["scaffold_smiles", "substituent_smiles", "complex_total_hartree"]
        return table.drop(columns=lacking).assign(substituents=[[] for _ in range(len(table))])

    file = pool_file(tmp_path, geometries=False, change=bare)
    changes = {"strategies": ("binding", "absolute", "delta-binding"), "splits": ("random", "scaffold")}
    with pytest.raises(InputError, match="tabular is left out: the surrogate reads the parts"):
        run(file, tmp_path / "out", models=("tabular",), **changes)
    assert not (tmp_path / "out").exists()
    record = run(file, tmp_path / "out", models=("composition", "allegro"), **changes).record
    assert {r.model for r in record.rows} == {"mean", "one-hot", "composition"}
    assert record.panels == (("binding", "random"),)
    for told in (
        "the split scaffold is left out: the file tells ligands as wholes",
        "allegro is left out: 32 of 32 complexes have no geometry",
        "boosting is left out: the surrogate reads the parts of ligands",
        "absolute is left out: the file has no energy of every complex, the column complex_total_hartree",
        "delta-binding is left out: 32 of 32 complexes have no geometry",
    ):
        assert any(note.startswith(told) for note in record.notes), told


@pytest.mark.parametrize(
    ("change", "changes", "message"),
    [
        (lambda t: t.assign(**{COLUMN: -1.0}), {}, "is the same in all 32 rows"),
        (lambda t: t.iloc[:12], {}, "there are 12 labels"),
        (lambda t: t, {"models": ("alegro",)}, "did you mean 'allegro'"),
        (lambda t: t, {"strategies": ("abs",)}, "unknown strategy 'abs'"),
        (lambda t: t, {"strategies": ("absolute",), "splits": ("metal",)}, "absolute on metal is left out"),
    ],
)
def test_what_cannot_be_studied(tmp_path, change, changes, message):
    file = pool_file(tmp_path, change=change)
    with pytest.raises(InputError) as refused:
        run(file, tmp_path / "out", **changes)
    assert message in str(refused.value)


def test_gfn2_is_taken_off_and_what_it_cannot_compute_is_in_no_strategy(file, tmp_path, monkeypatch):
    labels = read_pool(file)
    first = min(labels.traits)

    def kept(structure, group, path):
        key = next(k for k, s in labels.geometries.items() if s.key == structure.key)
        value = 0.1 * sum(map(ord, key)) / 627.5
        told = {"complex_hartree": value, "parts_hartree": 0.0, "failure": "no density" if key == first else ""}
        path.write_text(json.dumps(told))

    monkeypatch.setattr(run_module, "keep_gfn2", kept)
    record = run(file, tmp_path, strategies=("binding", "delta-binding")).record
    assert record.candidates == 47
    why = f"1 of 48 complexes are left out: GFN2-xTB could not compute them, {first} for one: no density"
    assert why in record.notes
    assert len(list((tmp_path / "gfn2").iterdir())) == 48
    # What is learned is another number by a spread of some kcal/mol that no model can know.
    one, other = row(record, "mean"), row(record, "mean", "delta-binding")
    assert one.tested == other.tested
    assert one.measures["mae"].mean != other.measures["mae"].mean


def test_another_models_numbers_are_tested_alike(file, tmp_path):
    known = read_pool(file)
    labels = known.values(COLUMN)
    atoms = {key: sum(map(ord, structure.symbols[0])) for key, structure in known.geometries.items()}
    lines = ["key,potential,off"] + [f"{k},{v},{v + 50 + atoms[k]}" for k, v in labels.items()]
    beside = tmp_path / "beside.csv"
    beside.write_text("\n".join(lines) + "\n")
    record = run(file, tmp_path / "out", beside=beside, strategies=("binding", "absolute")).record
    assert row(record, "potential").measures["mae"].mean == pytest.approx(0, abs=1e-9)
    assert row(record, "off").measures["mae"].mean > 100
    # A constant of each metal is what a line of atoms takes away.
    assert row(record, "off + atoms").measures["mae"].mean == pytest.approx(0, abs=1e-6)
    assert not any(r.model.startswith("off") for r in record.rows if r.strategy == "absolute")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "needs the column key"),
        ("key\n1\n", "needs the column key and one for each model"),
        ("key,p\nx,1\n", "has no row for 48 complexes"),
        ("key,p\nx,1\nx,2\n", "has x twice"),
        ("key,composition\n{all}", "calls a column 'composition'"),
        ("key,p\n{all}", "is no finite number"),
        ("", "is no CSV file that can be read"),
    ],
)
def test_another_models_table_that_is_wrong(file, tmp_path, text, message):
    keys = list(read_pool(file).traits)
    beside = tmp_path / "beside.csv"
    beside.write_text(text.replace("{all}", "\n".join(f"{key},nan" for key in keys)))
    with pytest.raises(InputError) as refused:
        run(file, tmp_path / "out", beside=beside)
    assert message in str(refused.value)


@pytest.mark.engine
def test_the_published_network_learns_every_atom_of_a_few_frames(tmp_path):
    # Frames of three atoms, whose binding energy is their distance: side by side in processes of their own.
    table = pd.DataFrame(rows(1, 20, metals=("La",))).assign(formula="LaO2")
    table[COLUMN] = [-100.0 + number for number in range(20)]
    near = geometries_of(table).items()
    shapes = {key: each.moved_to(each.positions_angstrom * (1 + 0.02 * n)) for n, (key, each) in enumerate(near)}
    made = pool(table, shapes)
    file = write_pool(made, tmp_path / "tiny", energy_key="total_energy", energy=COLUMN)[0]
    record = run(file, tmp_path / "out", models=("published-2",), seeds=2, workers=2).record
    assert row(record, "published-2").measures["mae"].mean < 0.5 * row(record, "composition").measures["mae"].mean
    assert any("published-2 reads the edges of every atom" in note for note in record.notes)
