"""Complexes that a ligand file names: taken in any atom order and with any rare earth, refused when they are others."""

import random
import shutil
from collections import deque
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from reexplore.campaign.declaration.listed_ligands import COPY
from reexplore.campaign.declaration.listed_starts import named_start
from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.loop import open_campaign
from reexplore.campaign.steps.tasks import template_task, templates
from reexplore.chemistry.metals import METALS
from reexplore.chemistry.space import Coordination
from reexplore.config import TheoryEntry
from reexplore.errors import InputError
from reexplore.execution.store import Outcome
from reexplore.structures.builders.placement import place_complexes
from reexplore.structures.matching import arrange
from reexplore.structures.structure import Structure
from tests.campaign.declaration.test_listed_ligands import listed

PICOLINATE = "[O-]C(=O)c1ccccn1"
TWO = {"coordinations": [{"ligands": 1}, {"ligands": 2}]}
THEORY = TheoryEntry(level="quick")


@pytest.fixture(scope="module")
def candidates(tmp_path_factory):
    """Return picolinate's complexes with one and two ligands and lutetium."""
    setup = listed(tmp_path_factory.mktemp("plain"), f"name,smiles\npic,{PICOLINATE}\n", space=TWO)
    return {c.ligands: c for c in setup.space.candidates() if c.metal.symbol == "Lu"}


def placed(candidate, *, metal="Lu"):
    """Return a complex as a file would have it: its atoms in another order."""
    found = place_complexes(candidate, count=1, seed=3)[0]
    order = random.Random(5).sample(range(len(found)), len(found))
    symbols = (metal, *found.symbols[1:])
    return Structure(tuple(symbols[k] for k in order), found.positions_angstrom[order], found.charge)


def reach(structure, metal):
    """Return the distance of every atom from the metal."""
    positions = structure.positions_angstrom
    return np.linalg.norm(positions - positions[structure.symbols.index(metal)], axis=1)


def write(folder, structure, *, comment=""):
    folder.mkdir(exist_ok=True)
    pairs = zip(structure.symbols, structure.positions_angstrom, strict=True)
    lines = [f"{s} {x:.6f} {y:.6f} {z:.6f}" for s, (x, y, z) in pairs]
    (folder / "mine.xyz").write_text("\n".join((str(len(structure)), comment, *lines)) + "\n")


def started(workspace, said="starts/mine.xyz", *, donors="0 8", **changes):
    table = f"name,smiles,donors,start_from\npic,{PICOLINATE},{donors},{said}\nwater,O,,\n"
    return listed(workspace, table, space=TWO, **changes)


@pytest.mark.parametrize(("ligands", "metal"), [(1, "Lu"), (2, "Eu")])
def test_a_complex_starts_the_search_of_its_stoichiometry(tmp_path, candidates, ligands, metal):
    candidate, given = candidates[ligands], placed(candidates[ligands], metal=metal)
    write(tmp_path / "starts", given)
    setup = started(tmp_path)
    found = {
        n: setup.ligands.start_of(other.ligand, stoichiometry=other.group.stoichiometry)
        for n, other in candidates.items()
    }
    assert [n for n, text in found.items() if text] == [ligands]
    task = template_task(candidate, (), THEORY, 1, start=found[ligands])
    begun = Structure.from_extxyz(task.inputs["start"])
    # The same complex in the campaign's order, with lanthanum, a little further out.
    assert begun.symbols[0] == "La"
    there = arrange(begun, candidate=replace(candidate, metal=METALS["La"]))
    assert there.file_atoms == tuple(range(len(begun)))
    moved = np.sort(reach(begun, "La")) - np.sort(reach(given, metal))
    assert 0 < np.abs(moved).max() < 0.3


def test_a_start_of_any_number_is_taken_where_the_waters_are_open(tmp_path, candidates):
    nine = replace(candidates[1], waters=candidates[1].waters + 1)
    write(tmp_path / "starts", placed(nine))
    is_open = Coordination(1, None)
    begun = named_start(nine.ligand, "starts/mine.xyz", beside=tmp_path, coordinations=[is_open])
    # That of nine begins the search of nine, not of eight.
    eight, nine_again = is_open.of(nine.ligand, nine.metal).settled
    assert begun.stoichiometry == nine_again.group.stoichiometry != eight.group.stoichiometry


class Spy:
    """Takes the tasks of templates and says that each was built."""

    def __init__(self):
        self.tasks = []

    def run(self, tasks, *, stage):
        self.tasks += tasks
        return {task.key: Outcome({}, None, {}) for task in tasks}
        yield stage


def test_a_campaign_begins_the_search_of_each_metal_with_it(tmp_path, candidates):
    write(tmp_path / "starts", placed(candidates[1]))
    setup = started(tmp_path, theory={"level": "teacher", "builders": ["placement"]})
    spy = Spy()
    asked = [c for c in setup.space.candidates() if c.ligand == candidates[1].ligand]
    deque(templates(SimpleNamespace(setup=setup, dispatcher=spy), asked), maxlen=0)
    begun = {task.title: task.inputs.get("start", "") for task in spy.tasks if task.kind == "template"}
    assert {title: bool(text) for title, text in begun.items()} == {"La(pic)(H2O)6": True, "La(pic)2(H2O)4": False}


def test_without_a_start_the_key_is_what_it_was(candidates):
    task = template_task(candidates[1], (), THEORY, 1)
    assert "start" not in task.inputs


def refused(workspace, *arguments, **more):
    verdict = started(workspace, *arguments, **more).ligands.verdicts[0]
    assert not verdict.is_accepted
    return verdict.reason


def test_what_is_another_complex_is_refused(tmp_path, candidates):
    starts, whole = tmp_path / "starts", placed(candidates[1])
    assert "No such file" in refused(tmp_path)
    write(starts, whole, comment="charge=+1")
    assert "names the charge +1, but it should be +2" in refused(tmp_path)
    zinc = tuple("Zn" if symbol == "Lu" else symbol for symbol in whole.symbols)
    write(starts, Structure(zinc, whole.positions_angstrom, 2))
    assert "holds no rare earth" in refused(tmp_path)
    hydrogen = whole.symbols.index("H")
    keep = [k for k in range(len(whole)) if k != hydrogen]
    write(starts, Structure(tuple(whole.symbols[k] for k in keep), whole.positions_angstrom[keep], 2))
    assert "H instead of" in refused(tmp_path)
    write(starts, whole)
    # Nitrogen binds in this structure, not the other oxygen.
    assert "and in its place N" in refused(tmp_path, donors="0 2")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("../mine.xyz", "lies outside of the folder"),
        ("/etc/hostname", "lies outside of the folder"),
        ("away.xyz", "lies outside of the folder"),
        ("loop.xyz", "cannot read"),
        (".", "it is a folder"),
        ("n" * 250, "is no path of a file"),
        ("a\x07.xyz", "is no path of a file"),
        ("lines.xyz", "is no XYZ file"),
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(tmp_path, said, reason):
    (tmp_path / "lines.xyz").write_text("hello\n")
    (tmp_path / "away.xyz").symlink_to("/etc/hostname")
    (tmp_path / "loop.xyz").symlink_to("loop.xyz")
    assert reason in refused(tmp_path, said)


def test_the_campaign_keeps_what_it_starts_from(tmp_path, candidates):
    write(tmp_path / "starts", placed(candidates[1]))
    setup = started(tmp_path)
    begun = open_campaign(setup)
    declared = begun.meta("campaign")
    begun.close()
    copy = setup.folder / COPY
    assert "starts/2.xyz" in copy.read_text()
    shutil.rmtree(tmp_path / "starts")
    with pytest.raises(InputError, match=r"not what the campaign in .* began with"):
        prepare(str(tmp_path / "listed.yaml"), workspace=tmp_path)
    file = tmp_path / "listed.yaml"
    file.write_text(file.read_text().replace("ligands: ligands.csv", f"ligands: {copy.relative_to(tmp_path)}"))
    again = open_campaign(prepare(str(file), workspace=tmp_path))
    assert again.meta("campaign") == declared
    again.close()
