"""Other packages bring constraints and surfaces: `campaign validate` takes what works and says what does not."""

import importlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.loop import open_campaign
from reexplore.constraints.base import CONSTRAINTS
from reexplore.errors import ExecutionError, InputError, MissingEngineError
from reexplore.execution.recipes import Training
from reexplore.execution.store import Store
from reexplore.execution.worker_functions import Context, member
from reexplore.properties import PROPERTIES
from reexplore.structures.conformers.free_ligand import water
from reexplore.structures.xtb.relax import relax
from reexplore.structures.xtb.surfaces import SURFACES, find_surface, known_surfaces, surface_of_recipe
from reexplore.surrogate.known import SURROGATES
from reexplore.surrogate.samples import samples_to_text
from tests.campaign.test_loop import SMALL
from tests.constraints.suite import ConstraintSuite, ligand
from tests.plug_ins import install
from tests.properties.suite import PropertySuite
from tests.sources.suite import SourceSuite
from tests.surrogate.sample import make_samples
from tests.surrogate.suite import SurrogateSuite

MODULE = """
from dataclasses import dataclass

import numpy as np
from ase.calculators.calculator import Calculator


@dataclass(frozen=True)
class Carbons:
    most: int

    @classmethod
    def read(cls, said):
        if type(said) is not int:
            raise ValueError(f"give a number of carbons, not {said!r}")
        return cls(said)

    def say(self):
        return self.most

    def reason(self, ligand):
        carbons = sum(atom.GetSymbol() == "C" for atom in ligand.mol.GetAtoms())
        return f"{carbons} carbons, at most {self.most}" if carbons > self.most else None


class Shapeless:
    pass


class Spring(Calculator):
    # The first two atoms want to be 1 Å apart, 1 eV/Å².
    implemented_properties = ("energy", "forces")

    def __init__(self, *, charge):
        super().__init__()
        self.charge = charge

    def calculate(self, atoms=None, properties=("energy",), system_changes=("positions",)):
        super().calculate(atoms, properties, system_changes)
        arm = atoms.positions[1] - atoms.positions[0]
        length = np.linalg.norm(arm)
        forces = np.zeros((len(atoms), 3))
        forces[1] = -(length - 1.0) * arm / length
        forces[0] = -forces[1]
        self.results = {"energy": 0.5 * (length - 1.0) ** 2 + self.charge, "forces": forces}


def chargeless():
    return Spring(charge=0)


class Hydration:
    # A property that is the aqua ion's own: the same for every ligand.
    name, unit, ranks_across_charges, needs_aqua_ions = "hydration", "kcal/mol", True, True
    needs_thermal_terms = False
    title, meaning, metals = "hydration La", "the lower, the more strongly La holds water", ("La",)

    @classmethod
    def read(cls, said):
        if said:
            raise ValueError(f"it takes nothing, not {sorted(said)}")
        return cls()

    def say(self):
        return {}

    def __eq__(self, other):
        return type(self) is type(other)

    def require_comparable(self, level):
        pass

    def value(self, labels):
        from reexplore.properties import Measured

        reaction = labels["La"].hydration
        return None if reaction is None else Measured.of(reaction)

    def samples(self, binding_kcal_mol, hydration_kcal_mol):
        return np.full_like(binding_kcal_mol["La"], hydration_kcal_mol["La"])


class Level:
    # A surrogate that says one number for all, and takes only the settings that it declares.
    title = "one level"

    @staticmethod
    def settings(declared):
        return {"offset_kcal_mol": 0.0}

    @staticmethod
    def train(samples, out, settings, path):
        from reexplore.surrogate.base import MemberReport

        assert set(settings) == {"offset_kcal_mol"}
        held_out = out.is_held_out(samples)
        mean = float(np.mean([s.target_kcal_mol for s, gone in zip(samples, held_out) if not gone]))
        path.write_text(str(mean))
        said = {s.key: mean for s, gone in zip(samples, held_out) if gone}
        return MemberReport(out.member, len(samples) - len(said), 0, 0, 0.0, None, said)

    @staticmethod
    def load(paths):
        return Levels([float(path.read_text()) for path in paths])


class Levels:
    def __init__(self, levels):
        self.levels = levels

    def predict(self, complexes):
        return np.broadcast_to(self.levels, (*complexes.shape, len(self.levels)))


class Shelf:
    # The carboxylates of so many carbons that stand on a shelf.
    def __init__(self, most, beside):
        self.most, self.beside = most, beside

    @classmethod
    def read(cls, said, *, beside):
        if type(said) is not int:
            raise ValueError("give a number of carbons")
        return cls(said, beside)

    def table(self):
        from reexplore.sources.base import LigandTable

        rows = [{"name": f"acid-{n}", "smiles": "C" * n + "C(=O)[O-]", "cost": n} for n in range(1, self.most + 1)]
        return LigandTable.of(rows, title="the shelf", folder=self.beside)


class Broken(Shelf):
    def table(self):
        return self.nothing


class Listless(Shelf):
    def table(self):
        return []


def heavy_first():
    return [{"property": "selectivity", "metals": ["Lu", "La"]}, {"property": "exchange_energy", "metal": "Lu"}]


def stumbling():
    return {}["name"]


def aimless():
    return {"property": "selectivity"}


def bold():
    return {"name": "bold", "description": "", "acquisition": "qUpperConfidenceBound", "beta": 9.0}


def boundless():
    return {"name": "boundless", "description": "", "acquisition": "qUpperConfidenceBound"}


NUMBER = 7
"""
ANNOUNCED = {
    "reexplore.constraints": {
        "carbons": "small_package:Carbons",
        "unshaped": "small_package:Shapeless",
        "unheard": "nowhere_at_all:Rule",
    },
    "reexplore.objectives": {
        "heavy-first": "small_package:heavy_first",
        "aimless": "small_package:aimless",
        "stumbling": "small_package:stumbling",
        "number": "small_package:NUMBER",
        "unheard": "nowhere_at_all:objective",
    },
    "reexplore.properties": {
        "hydration": "small_package:Hydration",
        "unshaped": "small_package:Shapeless",
        "unheard": "nowhere_at_all:Property",
    },
    "reexplore.policies": {
        "bold": "small_package:bold",
        "boundless": "small_package:boundless",
        "stumbling": "small_package:stumbling",
        "unheard": "nowhere_at_all:policy",
    },
    "reexplore.sources": {
        "shelf": "small_package:Shelf",
        "broken": "small_package:Broken",
        "listless": "small_package:Listless",
        "unshaped": "small_package:Shapeless",
        "unheard": "nowhere_at_all:Source",
    },
    "reexplore.surrogates": {
        "level": "small_package:Level",
        "unshaped": "small_package:Shapeless",
        "unheard": "nowhere_at_all:Model",
    },
    "reexplore.surfaces": {
        "spring": "small_package:Spring",
        "spring-chargeless": "small_package:chargeless",
        "spring-number": "small_package:NUMBER",
        "spring-nowhere": "nowhere_at_all:make",
    },
}
REEXPLORE = Path(sys.executable).parent / "reexplore"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Install the small package for this module."""
    folder = tmp_path_factory.mktemp("site")
    install(folder, name="small-package", version="1.2", module=MODULE, announced=ANNOUNCED)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    yield folder
    sys.path.remove(str(folder))
    sys.modules.pop("small_package", None)


def declared(folder, **changes):
    """Return a campaign file with a constraint or a surface of another package."""
    file = folder / "small.yaml"
    file.write_text(yaml.safe_dump(SMALL | changes))
    return file


def with_surface(name):
    return {"theory": {"level": "teacher", "builders": ["placement"], "surface": name}}


@pytest.mark.usefixtures("installed")
class TestCarbons(ConstraintSuite):
    """A constraint of another package keeps what every constraint keeps."""

    name = "carbons"
    good = (8, 20)
    bad = ("eight", None, [8], 8.0, True)
    kept = (ligand("CAM", "H"),)
    left_out = (ligand("CAM", "methyl"),)


@pytest.mark.usefixtures("installed")
class TestShelf(SourceSuite):
    """A source of another package keeps what every source keeps."""

    name = "shelf"
    good = (2, 5)
    bad = (0, "two", None, [2])


@pytest.mark.usefixtures("installed")
class TestHydration(PropertySuite):
    """A property of another package keeps what every property keeps."""

    @property
    def one(self):
        return PROPERTIES.find("hydration")[0].read({})


@pytest.mark.usefixtures("installed")
class TestLevel(SurrogateSuite):
    """A surrogate of another package keeps what every surrogate keeps."""

    @property
    def kind(self):
        return SURROGATES.find("level")[0]


def test_a_member_is_trained_by_the_version_that_the_driver_chose(installed, tmp_path):
    store = Store(tmp_path / "store")
    samples = store.put_text(samples_to_text(make_samples(6)))
    recipe = Training(samples, {"offset_kcal_mol": 0.0}, 0, 2, 1, surrogate="level", version="1.2")
    here = Context(tmp_path, tmp_path, tmp_path, store, 1, 1.0)
    assert member(recipe.to_json(), here)["samples"] == 3
    with pytest.raises(ExecutionError, match=r"its surrogate 'level' is version 1.2, not 1.1"):
        member(replace(recipe, version="1.1").to_json(), here)


def test_a_property_of_another_package_is_chosen_for_and_its_version_kept(installed, tmp_path):
    space = {key: value for key, value in SMALL["space"].items() if key != "metals"}
    setup = prepare(str(declared(tmp_path, space=space, objective=[{"property": "hydration"}])), workspace=tmp_path)
    assert setup.goals.metals == ("La",)
    assert setup.resolved()["objective"] == [{"property": "hydration", "direction": "lower", "version": "1.2"}]


def test_an_objective_of_another_package_means_the_goals_that_it_lists(installed, tmp_path):
    space = {key: value for key, value in SMALL["space"].items() if key != "metals"}
    goals = [{"property": "selectivity", "metals": ["Lu", "La"]}, {"property": "exchange_energy", "metal": "Lu"}]
    budget = {"budget": {"seed_labels": 6, "batch": 2, "labels": 10}}
    named, written = (
        prepare(str(declared(tmp_path, space=space, objective=said, **budget)), workspace=tmp_path).resolved()
        for said in ("heavy-first", goals)
    )
    # The campaign keeps the goals themselves: what the name means later changes nothing unseen.
    assert named == written
    assert [goal["property"] for goal in named["objective"]] == ["selectivity", "exchange_energy"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("heavy-last", "'objective': unknown objective 'heavy-last': did you mean 'heavy-first'?"),
        ("aimless", "'objective': 'aimless' gives"),
    ],
)
def test_an_objective_that_is_none_is_one_sentence(installed, tmp_path, said, told):
    with pytest.raises(InputError) as refused:
        prepare(str(declared(tmp_path, objective=said)), workspace=tmp_path)
    assert str(refused.value).startswith(told)


def from_source(said):
    return {"space": {"ligands": said, "metals": ["La"], "coordinations": [{"ligands": 1}]}}


def test_ligands_of_another_packages_source_are_searched_like_those_of_a_file(installed, tmp_path):
    constraint = {"constraints": [{"cost": {"at_most": 2}}]}
    setup = prepare(str(declared(tmp_path, **from_source({"shelf": 3}), **constraint)), workspace=tmp_path)
    assert [scaffold.name for scaffold in setup.space.listed] == ["acid-1", "acid-2", "acid-3"]
    assert sum(setup.rules.broken(ligand) is not None for ligand in setup.space.ligands()) == 1
    open_campaign(setup).close()
    # What the source gives later is not what the campaign began with.
    declared(tmp_path, **from_source({"shelf": 4}), **constraint)
    with pytest.raises(InputError, match=r"the shelf is not what the campaign in .* began with"):
        prepare(str(tmp_path / "small.yaml"), workspace=tmp_path)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"shelf": "two"}, "'space.ligands.shelf': give a number of carbons (given: 'two')"),
        ({"self": 2}, "'space.ligands': unknown source 'self': did you mean 'shelf'?"),
        ({"broken": 2}, "the ligands of Broken cannot be had: AttributeError"),
        ({"listless": 2}, "Listless gives no LigandTable, but list"),
        ({"shelf": 2, "file": "x"}, "'space.ligands': give the path of a ligand file, or the name of one source"),
        ({}, "'space.ligands': give the path of a ligand file, or the name of one source"),
        (7, "'space.ligands': give the path of a ligand file, or the name of one source"),
    ],
)
def test_a_source_that_gives_no_ligands_is_one_sentence(installed, tmp_path, said, told):
    with pytest.raises(InputError) as refused:
        prepare(str(declared(tmp_path, **from_source(said))), workspace=tmp_path)
    assert told in str(refused.value)


def test_a_policy_of_another_package_is_written_out_in_the_declaration(installed, tmp_path):
    setup = prepare(str(declared(tmp_path, policy="bold")), workspace=tmp_path)
    assert setup.resolved()["policy"]["beta"] == 9.0
    with pytest.raises(InputError, match="the policy 'boundless': 'beta' is null, and the 'acquisition' qUpper"):
        prepare(str(declared(tmp_path, policy="boundless")), workspace=tmp_path)


def test_names_and_versions_are_those_of_the_package(installed, tmp_path):
    assert set(CONSTRAINTS.names) == {*CONSTRAINTS.here, *ANNOUNCED["reexplore.constraints"]}
    assert {surface.name for surface in known_surfaces()} == {*SURFACES, *ANNOUNCED["reexplore.surfaces"]}
    setup = prepare(str(declared(tmp_path, constraints=[{"carbons": 8}])), workspace=tmp_path)
    assert setup.rules.to_json() == [{"name": "carbons", "said": 8, "version": "1.2"}]


def test_a_surface_of_another_package_relaxes(installed):
    spring = find_surface("spring")
    result = relax(water(), surface=spring)
    oxygen, hydrogen, _ = result.structure.positions_angstrom
    assert np.linalg.norm(hydrogen - oxygen) == pytest.approx(1.0, abs=1e-3)
    assert result.engine == "spring 1.2"
    assert spring.recipe(metal=False) == {"surface": {"name": "spring", "version": "1.2"}}
    assert surface_of_recipe(spring.recipe(metal=True)) == spring
    assert not spring.is_corrected


WRONG = [
    ({"constraints": [{"unshaped": 1}]}, "the constraint 'unshaped' (small_package:Shapeless) has no read and no say"),
    ({"constraints": [{"unheard": 1}]}, "the constraint 'unheard' (nowhere_at_all:Rule) cannot be loaded"),
    ({"objective": [{"property": "unshaped"}]}, "the property 'unshaped' (small_package:Shapeless) has no name and no"),
    ({"objective": [{"property": "unheard"}]}, "the property 'unheard' (nowhere_at_all:Property) cannot be loaded"),
    ({"space": SMALL["space"] | {"ligands": {"unshaped": 1}}}, "the source 'unshaped' (small_package:Shapeless) has"),
    ({"space": SMALL["space"] | {"ligands": {"unheard": 1}}}, "the source 'unheard' (nowhere_at_all:Source) cannot"),
    ({"objective": "unheard"}, "the objective 'unheard' (nowhere_at_all:objective) cannot be loaded"),
    ({"objective": "stumbling"}, "the objective 'stumbling' fails: KeyError('name')"),
    ({"policy": "stumbling"}, "the policy 'stumbling' fails: KeyError('name')"),
    ({"objective": "number"}, "the objective 'number' (small_package:NUMBER) is neither a class nor"),
    ({"policy": "unheard"}, "the policy 'unheard' (nowhere_at_all:policy) cannot be loaded"),
    ({"surrogate": {"model": "unshaped"}}, "the surrogate 'unshaped' (small_package:Shapeless) has no title and no"),
    ({"surrogate": {"model": "unheard"}}, "the surrogate 'unheard' (nowhere_at_all:Model) cannot be loaded"),
    (with_surface("spring-nowhere"), "the surface 'spring-nowhere' (nowhere_at_all:make) cannot be loaded"),
    (with_surface("spring-number"), "the surface 'spring-number' (small_package:NUMBER) is neither a class nor"),
    (with_surface("spring-chargeless"), "the surface 'spring-chargeless' cannot be called as calculator(charge=0)"),
]


@pytest.mark.parametrize(("changes", "told"), WRONG)
def test_what_does_not_keep_its_shape_is_one_sentence(installed, tmp_path, changes, told):
    with pytest.raises(MissingEngineError) as refused:
        prepare(str(declared(tmp_path, **changes)), workspace=tmp_path)
    assert str(refused.value).startswith(told)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "code", "told"),
    [({"constraints": [{"carbons": 8}]} | with_surface("spring"), 0, "candidates"), (WRONG[1][0], 3, WRONG[1][1])],
)
def test_validate_says_so(installed, tmp_path, changes, code, told):
    ended = subprocess.run(
        [REEXPLORE, "campaign", "validate", declared(tmp_path, **changes)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(installed), os.environ.get("PYTHONPATH", "")])},
    )
    assert ended.returncode == code
    assert told in " ".join((ended.stdout + ended.stderr).split())
    assert "Traceback" not in ended.stderr
