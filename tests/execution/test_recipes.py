"""Recipes are written and read alike, and their keys are those of every version before."""

import json
from dataclasses import replace

import pytest

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.ligand_input import plain_ligand
from reexplore.chemistry.metals import METALS
from reexplore.energies.levels import QUICK
from reexplore.execution.kinds import KINDS
from reexplore.execution.recipes import (
    Assembly,
    BipyramidGeometry,
    Build,
    Constrained,
    ConstrainedList,
    DftRelaxation,
    FreeLigand,
    GeneratorTraining,
    Grafts,
    GroundworkFit,
    Interactions,
    KramersGap,
    LabelGeometry,
    ListedPrediction,
    Minimum,
    PoolErrors,
    PoolTraining,
    Prediction,
    Proposing,
    ProxiesOfLigands,
    Selection,
    SinglePoint,
    Sketch,
    Template,
    Training,
    Water,
    WholeForecast,
)
from reexplore.execution.task import Task
from reexplore.structures.xtb.surfaces import find_surface

LIGAND = plain_ligand("CC(=O)N[O-]", donors=(2, 4)).ligand
COMPLEX = Candidate(LIGAND, METALS["Nd"], 1, 6)
GFN2, GFN2_M = find_surface("gfn2"), find_surface("gfn2-m")
WATER = "3\ncharge=0\nO 0 0 0\nH 0.96 0 0\nH -0.24 0.93 0\n"
GRAFTS = Grafts("f0", WATER)

SELECTION = Selection("f0", ("d0",), {"n": 4}, {"a": -1.5}, ("b",), {"name": "greedy"}, 2, 7)
SETTLED = {"checks", "contraction", "surface"}

#: A recipe of today, the fields that are absent where they mean what was done before them, and the key that every
#: version has given it.
RECIPES = (
    (Build(COMPLEX, "placement", 30, 7), {"order", "force_field"}, "37f9fa0e59fc030053cbc94c3f785751"),
    (Sketch(COMPLEX, 7), set(), "3d5765fb85761726fcbd3865b5db9e25"),
    (
        Template(COMPLEX, ("b0", "b1"), 5, GFN2),
        {"checks", "crest", "surface", "start", "force_field"},
        "7e19244690e20508992c1ebfec8ae9a6",
    ),
    (
        LabelGeometry(COMPLEX, (WATER,), sketch=False, surface=GFN2),
        {"checks", "contraction", "surface"},
        "9d7bf7d9ae0c7f8829766d1777dbfd72",
    ),
    (
        LabelGeometry(COMPLEX, (WATER,), sketch=True, surface=GFN2_M),
        {"checks", "contraction", "surface"},
        "b682125e6b8c2719dd74804005cce200",
    ),
    (
        FreeLigand(LIGAND, sketch=False, conformers=10, seed=7, surface=GFN2_M),
        {"checks", "surface"},
        "355d4a48f02277fb9bb16032f24ba13c",
    ),
    (Water(sketch=False, surface=GFN2_M), {"surface"}, "f4845650f4f73118a2b603d2c08b629e"),
    (Minimum(WATER, GFN2_M), {"candidate", "checks", "surface"}, "87fde62c64ace80ee60ae960d70a9a90"),
    (SinglePoint(WATER, {"name": "quick"}), {"multiplicity"}, "511fd01537f03a8765fed037a3548625"),
    (DftRelaxation(WATER, {"name": "quick"}, GFN2_M), set(), "7b24a4ec28b6121169eb2a7ac63391a3"),
    (BipyramidGeometry(COMPLEX, GFN2_M, 7), set(), "bf10f17b4a394b52a86844fd68f3ad95"),
    (KramersGap(WATER, {"metal_basis": "x2c-TZVPall"}), set(), "ed98634b621e6ea1c8e6dd5d595b2956"),
    (Assembly({"name": "HOPO"}, ({"name": "H"},), 0, 25, "2026.03.1"), set(), "bb3dc12b3c90d4604002551b49dd5957"),
    (Constrained("f0", ({"name": "without", "said": ["S"]},)), set(), "9bb1a91461f6aabf8cd64dad89ac2d24"),
    (GRAFTS, {"contraction"}, "3b67f21754d35ae40f097060520b5a66"),
    (Prediction(GRAFTS, ("m0", "m1")), {"contraction", "sums_up"}, "ed22df368faa490ef034a42e33c81ebb"),
    (ConstrainedList(("f0", "f1"), ({"name": "without", "said": ["S"]},)), set(), "80dcc81bbdb3e3ccefd382e43592db10"),
    (ListedPrediction("t0", ("m0", "m1")), {"contraction", "sums_up"}, "34784fa5f587205b0b99e249226d2f2f"),
    (Interactions(GRAFTS, (0, 2), ("La", "Lu")), {"contraction"}, "c29b10e44cfbe177d3bb2738a8f6647a"),
    (GroundworkFit("e0"), set(), "506cb978a0354fcb95f9acb735c4f50e"),
    (Training("s0", {"readout": "metal"}, 0, 4, 7), {"groundwork"}, "e894d41bbce245ee7422ae46050ebefc"),
    (PoolTraining("s0", {}, 4, 7, "tabular"), {"version"}, "08d1a5a356ff60b3fd24f30aa756e515"),
    (PoolErrors("s0", {}, "scaffold", 7, "tabular"), {"version"}, "2189e1b3af416760f710adfb79d1041d"),
    (ProxiesOfLigands(("C[O-:1]",), 7), set(), "8cd2c8220f7be4a798a87ddc2672014f"),
    (GeneratorTraining("t0", {"latent": 48}, 7), {"start"}, "e36a34d1f83414c836a1f76091a1fc95"),
    (
        Proposing("bred", 4, ("alkoxide",), 8, {"C[O-:1]": 1.5}, "t0", 7, 2),
        {"generator"},
        "64ad107b3d8b8eb4f6c89a3499822d3c",
    ),
    (WholeForecast(("p0", "p1")), set(), "34ffd969ed6aa003b59099b21f20696e"),
    (
        Selection("f0", ("d0",), {"n": 4}, {"a": -1.5}, ("b",), {"name": "greedy"}, 2, 7),
        {"pending"},
        "0638bd9523ae590bb21e6d7aaa5d08f5",
    ),
)
#: The same kinds with everything that was added later.
LATER = (
    Build(COMPLEX, "placement", 30, 7, order=2),
    Build(COMPLEX, "architector", 10, 7, force_field=2),
    Template(COMPLEX, ("b0",), 5, GFN2_M, checks=2, crest=True),
    Template(COMPLEX, ("b0",), 5, GFN2, start=WATER),
    Template(COMPLEX, ("b0",), 5, GFN2, force_field=2),
    LabelGeometry(COMPLEX, (WATER,), sketch=False, surface=GFN2_M, checks=2, contraction=2),
    FreeLigand(LIGAND, sketch=False, conformers=10, seed=7, surface=GFN2, checks=2),
    Minimum(WATER, GFN2_M, COMPLEX, checks=2),
    SinglePoint(WATER, QUICK.declaration(), 3),
    Grafts("f0", WATER, 2),
    Prediction(Grafts("f0", WATER, 2), ("m0",)),
    Prediction(GRAFTS, ("m0", "m1"), sums_up=True),
    ListedPrediction("t0", ("m0", "m1"), 2),
    ListedPrediction("t0", ("m0", "m1"), sums_up=True),
    Training("s0", {"readout": "metal"}, 0, 4, 7, groundwork="g0"),
    GeneratorTraining("t0", {"latent": 48}, 7, start="g0"),
    Proposing("decoded", 4, ("alkoxide",), 8, {"C[O-:1]": 1.5}, "t0", 7, 2, generator="g0"),
    replace(SELECTION, pending=("c",)),
)


@pytest.mark.parametrize("recipe", [*(recipe for recipe, _, _ in RECIPES), *LATER], ids=lambda r: type(r).__name__)
def test_what_is_written_is_read(recipe):
    written = recipe.to_json()
    read = type(recipe).from_json(json.loads(json.dumps(written)))
    assert read.to_json() == written
    assert recipe.kind in KINDS


@pytest.mark.parametrize(("recipe", "absent", "key"), RECIPES, ids=lambda value: type(value).__name__)
def test_keys_are_those_of_every_version_before(recipe, absent, key):
    assert not absent & recipe.to_json().keys()
    assert Task.of(recipe, title="any").key == key


@pytest.mark.parametrize("recipe", LATER, ids=lambda recipe: type(recipe).__name__)
def test_what_was_added_later_has_another_key(recipe):
    first = next(other for other, _, _ in RECIPES if type(other) is type(recipe))
    assert Task.of(recipe, title="").key != Task.of(first, title="").key


def test_every_kind_has_a_recipe():
    assert {recipe.kind for recipe, _, _ in RECIPES} == set(KINDS)
