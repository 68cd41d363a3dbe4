"""A campaign that an older version began goes on as it was declared: same keys, same picks."""

import json
import shutil
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import yaml

from reexplore.campaign.declaration.begun import declaration, written_out
from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.driver import open_ledger
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.loop import open_campaign, run_campaign
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.progress import Narrator
from reexplore.campaign.steps.screening import Screening
from reexplore.errors import InputError
from reexplore.surrogate.samples import samples_from_text
from tests.campaign.test_loop import SMALL, small

#: Begun by versions before: before there were surfaces, and before there were properties. Each with GFN2-xTB energies,
#: four of eight labels, and the store and the ledger of the same campaign undisturbed.
DATA = Path(__file__).parents[2] / "data"
BEFORE = ("before-surfaces", "before-properties")


class _Refusing:
    """An executor that may not be asked for anything: every key has to be in the store."""

    workers = 1

    def submit(self, task):
        raise AssertionError(f"{task.kind} of {task.title} has another key than the version before gave it")

    def check(self):
        pass


@pytest.fixture
def begun(tmp_path):
    return unpacked("before-surfaces", tmp_path)


def unpacked(name, folder):
    with tarfile.open(DATA / f"{name.replace('-', '_')}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder


def _kept_structures(begun):
    """Return the geometries that the version before has shown to its models, by candidate."""
    texts = [path for path in (begun / "runs" / "_store" / "_texts").rglob("*") if path.is_file()]
    samples = [
        sample
        for path in texts
        if "target_kcal_mol" in (text := path.read_text(encoding="utf-8"))
        for sample in samples_from_text(text)
    ]
    return {sample.key: sample.structure for sample in samples}


def _as_kept(grafted, kept):
    """Return a kept geometry that is the grafted one but for rounding and the order of hydrogens.

    Kinds of processors differ in the last digits of RDKit's force field, and a methyl's hydrogens may take turns.
    """
    assert grafted.symbols == kept.symbols
    for positions, others in ((grafted, kept), (kept, grafted)):
        away = np.linalg.norm(positions.positions_angstrom[:, None] - others.positions_angstrom, axis=-1)
        same = np.array([[a == b for b in others.symbols] for a in positions.symbols])
        assert np.where(same, away, np.inf).min(axis=1).max() < 1e-4
    heavy = [symbol != "H" for symbol in kept.symbols]
    assert kept.positions_angstrom[heavy] == pytest.approx(grafted.positions_angstrom[heavy], abs=1e-4)
    return kept


def _decisions(ledger):
    with closing(Ledger(ledger, read_only=True)) as read:
        picks = [(p.candidate, p.round, p.position, p.role, p.value) for p in read.picks()]
        keys = sorted(calculation.key for calculation in read.calculations())
        return picks, read.labels(), keys


@pytest.mark.parametrize("name", BEFORE)
def test_a_half_done_campaign_of_a_version_before_ends_where_it_would_have_ended(name, tmp_path, monkeypatch):
    begun = unpacked(name, tmp_path)
    kept, structures = _kept_structures(begun), Screening.structures

    def on_that_machine(screening, candidates):
        return {key: _as_kept(one, kept.get(key, one)) for key, one in structures(screening, candidates).items()}

    monkeypatch.setattr(Screening, "structures", on_that_machine)
    setup = prepare(str(begun / f"{name}.yaml"), workspace=begun)
    with closing(open_campaign(setup)) as ledger:
        assert len(ledger.labels()) == 4
        run_campaign(CampaignContext(setup, ledger, _Refusing(), Narrator()))
    ours, theirs = _decisions(setup.ledger_path), _decisions(begun / "undisturbed.sqlite")
    assert len(theirs[1]) == 8
    assert ours == theirs


def test_what_its_file_leaves_open_is_as_it_was_begun(begun):
    setup = prepare(str(begun / "before-surfaces.yaml"), workspace=begun)
    assert setup.surface.name == "gfn2"
    assert (setup.file.theory.checks, setup.file.theory.placement_order) == (1, 1)
    assert (setup.file.theory.core_potentials, setup.file.theory.force_field) == (1, 1)
    shutil.rmtree(begun / "runs" / "before-surfaces")
    anew = prepare(str(begun / "before-surfaces.yaml"), workspace=begun)
    assert (anew.surface.name, anew.file.theory.checks, anew.file.theory.placement_order) == ("gfn2-m", 2, 2)
    assert (anew.file.theory.core_potentials, anew.file.theory.force_field) == (2, 2)


@pytest.mark.parametrize("said", [{"relaxation": "tblite"}, {"surface": "gfn2"}])
def test_its_file_may_say_what_it_did_in_old_words_or_new(begun, said):
    file = begun / "before-surfaces.yaml"
    data = yaml.safe_load(file.read_text())
    data["theory"] |= said
    file.write_text(yaml.safe_dump(data))
    open_campaign(prepare(str(file), workspace=begun)).close()


def test_another_surface_is_another_campaign(begun):
    file = begun / "before-surfaces.yaml"
    data = yaml.safe_load(file.read_text())
    data["theory"]["surface"] = "gfn2-m"
    file.write_text(yaml.safe_dump(data))
    setup = prepare(str(file), workspace=begun)
    before = setup.ledger_path.read_bytes()
    with pytest.raises(InputError, match=r"theory\.surface: 'gfn2' -> 'gfn2-m'"):
        open_campaign(setup)
    assert setup.ledger_path.read_bytes() == before


def test_an_old_declaration_is_read_in_todays_words(begun):
    declared = declaration(begun / "runs" / "before-surfaces" / "ledger.sqlite")
    assert declared["theory"]["surface"] == "gfn2"
    assert "relaxation" not in declared["theory"]
    assert declared["steering"] == "rounds"
    assert declaration(begun / "nowhere.sqlite") is None


def test_a_declaration_of_today_is_read_as_it_is(begun):
    shutil.rmtree(begun / "runs")
    setup = prepare(str(begun / "before-surfaces.yaml"), workspace=begun)
    open_campaign(setup).close()
    with closing(open_ledger(setup)) as ledger:
        kept = json.loads(ledger.meta("campaign"))
    assert written_out(kept) == kept
    assert {"surface", "level", "checks", "placement_order", "force_field", "core_potentials"} <= kept["theory"].keys()
    assert "readout" in kept["surrogate"]


def test_a_ledger_that_was_made_and_holds_nothing_has_not_begun(tmp_path):
    for name, content in (("empty.sqlite", b""), ("made.sqlite", None)):
        path = tmp_path / name
        if content is None:
            with closing(sqlite3.connect(path)) as db:
                db.execute("PRAGMA journal_mode = WAL")
        else:
            path.write_bytes(content)
        assert declaration(path) is None


def test_a_series_goes_on_as_one_and_a_search_becomes_none(tmp_path):
    setup = small(tmp_path, theory=SMALL["theory"] | {"geometry": "series"})
    open_campaign(setup).close()
    assert small(tmp_path).file.theory.geometry == "series"
    shutil.rmtree(tmp_path / "runs")
    open_campaign(small(tmp_path)).close()
    with pytest.raises(InputError, match=r"theory\.geometry: 'absent' -> 'series'"):
        open_campaign(small(tmp_path, theory=SMALL["theory"] | {"geometry": "series"}))
