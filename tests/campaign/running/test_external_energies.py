"""Energies go out as inputs and come back as a table; the teacher stands in for the other program."""

import csv
import json
from concurrent.futures import Future
from dataclasses import replace
from itertools import islice

import pytest
import yaml

from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.ledger.rows import Pick
from reexplore.campaign.loop import open_campaign
from reexplore.campaign.results.snapshot import campaign_record
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.external_energies import (
    EnergiesAwaited,
    awaited_folder,
    declare_elsewhere,
    export_energies,
    import_energies,
    program_of,
)
from reexplore.campaign.running.progress import Narrator
from reexplore.campaign.steps.choosing import Standing
from reexplore.campaign.steps.labelling import labelling_due, observed_kcal_mol
from reexplore.energies.interchange.importing import COLUMNS
from reexplore.energies.levels import QUICK
from reexplore.energies.teacher import teacher_energy
from reexplore.errors import InputError
from reexplore.execution.kinds import KINDS
from reexplore.execution.store import Outcome, Store
from reexplore.execution.worker_functions import Context
from reexplore.structures.conformers.free_ligand import water
from reexplore.structures.structure import Structure
from tests.campaign.test_loop import SMALL

#: The geometries are the same in every test.
GEOMETRIES = {}


class InProcess:
    """Runs the tasks themselves, without a process for each; energies by the teacher where they are asked for."""

    workers = 1

    def __init__(self, store, folder):
        self.context = Context(
            folder=folder, scratch=folder, checkpoint=folder, store=Store(store), threads=1, memory_gb=1.0
        )
        self.energies = 0

    def submit(self, task):
        future = Future()
        if task.kind == "energy":
            self.energies += 1
            value = teacher_energy(Structure.from_extxyz(task.inputs["extxyz"])).to_dict()
        else:
            if task.key not in GEOMETRIES:
                GEOMETRIES[task.key] = KINDS[task.kind].load()(task.inputs, self.context)
            value = GEOMETRIES[task.key]
        future.set_result(Outcome(value, None, {}))
        return future

    def check(self):
        pass


@pytest.fixture
def context(tmp_path):
    """Return a campaign at level quick with two complexes in its first round; geometries are sketches."""
    file = tmp_path / "small.yaml"
    file.write_text(yaml.safe_dump(SMALL))
    setup = replace(prepare(str(file), workspace=tmp_path), level=QUICK)
    ledger = open_campaign(setup)
    made = CampaignContext(setup, ledger, InProcess(setup.store, tmp_path), Narrator())
    batch = first(made)
    ledger.open_round(0, "seed", [Pick(c.key, 0, i, "seed", None, None, None) for i, c in enumerate(batch)])
    return made


def first(context):
    # Two ligands with La; the pool lists every metal of a ligand before the next one.
    return list(islice(context.pool.values(), 0, 3, 2))


def labelled(context):
    """Label the batch, its candidates side by side."""

    def due(under_way):
        return labelling_due(context, Standing.of(context.ledger).pending, under_way)

    context.dispatcher.side_by_side(due, after_turn=lambda _: None)


def awaiting(context):
    """Return the same campaign, stopped before its energies."""
    declare_elsewhere(context.setup, context.ledger)
    stopped = CampaignContext(context.setup, context.ledger, context.executor, context.narrator)
    with pytest.raises(EnergiesAwaited, match="energies are awaited"):
        labelled(stopped)
    return stopped


def rows_of(folder):
    with (folder / "index.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def write_rows(folder, rows):
    path = folder / "index.csv"
    with path.open("w", newline="") as stream:
        table = csv.DictWriter(stream, rows[0])
        table.writeheader()
        table.writerows(rows)
    return path


def filled(context, rows, program="ORCA", version="6.0.1"):
    """Return the rows with energies, as another program would have computed them."""
    for row in rows:
        declared = json.loads((awaited_folder(context.setup) / f"{row['calculation']}.json").read_text())
        total = teacher_energy(Structure.from_extxyz(declared["inputs"]["extxyz"])).total_hartree
        row |= {"total_hartree": repr(total), "program": program, "version": version}
    return rows


def test_labels_are_made_of_what_came_back(context, tmp_path):
    stopped = awaiting(context)
    told = export_energies(stopped.setup, stopped.ledger, program="orca", folder=tmp_path / "out")
    # Two complexes, two ligands, one bare and one aqua ion, one water.
    assert (told.inputs, told.awaited) == (7, True)
    rows = rows_of(told.folder)
    assert {row["name"] for row in rows} >= {"H2O", "La3+"}
    assert all((told.folder / row["file"]).read_text().startswith("# Level 'quick'") for row in rows)

    found = import_energies(stopped.setup, stopped.ledger, write_rows(told.folder, filled(stopped, rows)))
    assert (found.program, found.energies, found.failures, found.awaited) == ("ORCA 6.0.1", 7, 0, 0)
    batch = first(stopped)
    labelled(stopped)
    assert stopped.executor.energies == 0
    assert program_of(stopped.ledger) == "ORCA 6.0.1"

    # The same energies, computed here, give the same labels.
    assert set(observed_kcal_mol(stopped)) == {candidate.key for candidate in batch}
    energies = {row["name"]: float(row["total_hartree"]) for row in rows}
    for candidate in batch:
        parts = energies["La3+"] + energies[f"{candidate.ligand.name} (free)"] + candidate.waters * energies["H2O"]
        expected = 627.5094740631 * (energies[candidate.name] - parts)
        assert observed_kcal_mol(stopped)[candidate.key] == pytest.approx(expected, abs=1e-6)


def test_everything_shown_names_the_program_that_computed(context, tmp_path):
    stopped = awaiting(context)
    told = export_energies(stopped.setup, stopped.ledger, program="orca", folder=tmp_path / "out")
    import_energies(stopped.setup, stopped.ledger, write_rows(told.folder, filled(stopped, rows_of(told.folder))))
    labelled(stopped)
    record = campaign_record(stopped.setup, stopped.ledger)
    assert record.engines["energies"] == "imported: ORCA 6.0.1"
    assert any("from ORCA 6.0.1: that they are of level 'quick' is not checked" in told for told in record.warnings)
    # The table named no terms: none are made up.
    (terms,) = {tuple(row.terms_hartree) for row in record.rows if row.status == "labelled"}
    assert terms == ("complex total", "ion total", "ligand total", "water total", "aqua ion total")


def test_an_imported_energy_keeps_its_origin_and_stays_out_of_the_store(context, tmp_path):
    stopped = awaiting(context)
    told = export_energies(stopped.setup, stopped.ledger, program="pyscf", folder=tmp_path / "out")
    path = write_rows(told.folder, filled(stopped, rows_of(told.folder)))
    import_energies(stopped.setup, stopped.ledger, path)
    key = rows_of(told.folder)[0]["calculation"]
    known = stopped.ledger.outcome(key)
    assert known.value["program"] == "ORCA 6.0.1"
    assert known.provenance["imported"]["file"] == str(path)
    assert stopped.store.outcome(key) is None


def test_a_table_may_be_filled_in_little_by_little(context, tmp_path):
    stopped = awaiting(context)
    told = export_energies(stopped.setup, stopped.ledger, program="orca", folder=tmp_path / "out")
    rows = rows_of(told.folder)
    filled(stopped, rows[:2])
    assert import_energies(stopped.setup, stopped.ledger, write_rows(told.folder, rows)).awaited == 5
    filled(stopped, rows)
    again = import_energies(stopped.setup, stopped.ledger, write_rows(told.folder, rows))
    assert (again.energies, again.known, again.awaited) == (5, 2, 0)


def test_a_calculation_that_failed_elsewhere_ends_its_candidate(context, tmp_path):
    stopped = awaiting(context)
    told = export_energies(stopped.setup, stopped.ledger, program="orca", folder=tmp_path / "out")
    rows = filled(stopped, rows_of(told.folder))
    lost = first(stopped)[0]
    broken = next(row for row in rows if row["name"] == lost.name)
    broken |= {"total_hartree": "", "failure": "SCF not converged after 300 cycles"}
    assert import_energies(stopped.setup, stopped.ledger, write_rows(told.folder, rows)).failures == 1
    labelled(stopped)
    assert stopped.ledger.label_failures()[lost.key].message == "SCF not converged after 300 cycles"
    assert len(stopped.ledger.labels()) == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"calculation": "0" * 32}, "row 3: the campaign does not wait for calculation 00000"),
        ({"program": "NWChem"}, r"row 3: NWChem 6.0.1, but this campaign's energies are of ORCA 6.0.1"),
        ({"version": "6.1"}, r"row 3: ORCA 6.1, but"),
        ({"total_hartree": "much"}, "row 3: total_hartree 'much' is not a number"),
    ],
)
def test_a_wrong_row_changes_nothing(context, tmp_path, change, sentence):
    stopped = awaiting(context)
    told = export_energies(stopped.setup, stopped.ledger, program="orca", folder=tmp_path / "out")
    rows = filled(stopped, rows_of(told.folder))
    rows[1] |= change
    with pytest.raises(InputError, match=sentence):
        import_energies(stopped.setup, stopped.ledger, write_rows(told.folder, rows))
    assert all(stopped.ledger.outcome(row["calculation"]) is None for row in rows)


def test_an_import_that_is_cut_short_enters_nothing(context, tmp_path, monkeypatch):
    stopped = awaiting(context)
    folder = export_energies(stopped.setup, stopped.ledger, program="orca", folder=tmp_path / "out").folder
    path = write_rows(folder, filled(stopped, rows_of(folder)))
    before, entered, finish = stopped.ledger.calculations(), [], stopped.ledger.finish

    def cut_short(key, outcome, *, reused):
        if len(entered) == 2:
            raise KeyboardInterrupt
        entered.append(key)
        finish(key, outcome, reused=reused)

    monkeypatch.setattr(stopped.ledger, "finish", cut_short)
    with pytest.raises(KeyboardInterrupt):
        import_energies(stopped.setup, stopped.ledger, path)
    assert stopped.ledger.calculations() == before


def test_another_result_for_the_same_calculation_is_refused(context, tmp_path):
    stopped = awaiting(context)
    told = export_energies(stopped.setup, stopped.ledger, program="orca", folder=tmp_path / "out")
    rows = filled(stopped, rows_of(told.folder))
    import_energies(stopped.setup, stopped.ledger, write_rows(told.folder, rows))
    rows[0]["total_hartree"] = "-1.0"
    with pytest.raises(InputError, match=r"row 2: calculation .* has another result already"):
        import_energies(stopped.setup, stopped.ledger, write_rows(told.folder, rows))


def test_a_campaign_with_energies_of_its_own_takes_no_others(context, tmp_path):
    labelled(context)
    with pytest.raises(InputError, match="has computed energies itself"):
        declare_elsewhere(context.setup, context.ledger)
    path = tmp_path / "energies.csv"
    path.write_text(",".join(COLUMNS) + "\n")
    with pytest.raises(InputError, match="computes its energies itself"):
        import_energies(context.setup, context.ledger, path)


def test_energies_in_the_store_are_not_mixed_with_imported_ones(context):
    labelled(context)
    computed = [c.key for c in context.ledger.calculations() if c.kind == "energy"]
    for key in computed:
        context.store.publish(context.store.workspace(key), key, context.ledger.outcome(key))
    twin = replace(context.setup, file=context.setup.file.model_copy(update={"name": "twin"}))
    ledger = open_campaign(twin)
    ledger.open_round(0, "seed", context.ledger.picks())
    stopped = awaiting(CampaignContext(twin, ledger, context.executor, context.narrator))
    assert {path.stem for path in awaited_folder(stopped.setup).iterdir()} == set(computed)


def test_energies_computed_here_go_out_with_their_results(context, tmp_path):
    labelled(context)
    keys = {c.key: c.title for c in context.ledger.calculations() if c.kind == "energy"}
    for key, name in keys.items():
        folder = context.store.folder(key)
        folder.mkdir(parents=True)
        # What the geometry is does not matter here.
        inputs = {"extxyz": water().to_extxyz()}
        (folder / "inputs.json").write_text(json.dumps({"label": name, "inputs": inputs}))
    told = export_energies(context.setup, context.ledger, program="pyscf", folder=tmp_path / "out")
    assert (told.inputs, told.awaited) == (len(keys), False)
    for row in rows_of(told.folder):
        assert float(row["total_hartree"]) == context.ledger.value(row["calculation"])["total_hartree"]
    with pytest.raises(InputError, match="exists: name another folder"):
        export_energies(context.setup, context.ledger, program="pyscf", folder=tmp_path / "out")


def test_nothing_to_export(context, tmp_path):
    with pytest.raises(InputError, match="has computed no energies yet"):
        export_energies(context.setup, context.ledger, program="orca", folder=tmp_path / "out")
    assert not (tmp_path / "out").exists()
