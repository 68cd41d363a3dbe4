"""Bad input is refused before anything is created, each time with one clear sentence."""

import importlib.util
import os

import pytest
import yaml

from reexplore.campaign.declaration.begun import difference
from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.declaration.space import require_size
from reexplore.campaign.results.plan import plan_campaign
from reexplore.chemistry.library import find_scaffold
from reexplore.energies.levels import QUICK
from reexplore.errors import InputError, MissingEngineError
from reexplore.shipped import shipped_names

GOOD = {
    "name": "trial",
    "space": {
        "scaffolds": ["CAM"],
        "substituents": ["H", "methyl"],
        "metals": ["La"],
        "coordinations": [{"ligands": 1}],
    },
}


@pytest.fixture
def attempt(tmp_path):
    """Return a function that prepares a changed campaign and, if it is refused, checks that nothing was left."""

    def prepare_changed(**changes):
        data = {key: dict(value) if isinstance(value, dict) else value for key, value in GOOD.items()}
        for path, value in changes.items():
            *parents, last = path.split("__")
            target = data
            for parent in parents:
                target = target.setdefault(parent, {})
            target[last] = value
        file = tmp_path / "trial.yaml"
        file.write_text(yaml.safe_dump(data))
        return prepare(str(file), workspace=tmp_path)

    yield prepare_changed
    assert [p.name for p in tmp_path.iterdir()] == ["trial.yaml"]


def refusal(attempt, error=InputError, **changes):
    with pytest.raises(error) as refused:
        attempt(**changes)
    message = str(refused.value)
    assert "\n" not in message
    return message


def test_a_good_file_is_prepared(attempt):
    setup = attempt()
    assert (setup.space.size, setup.level.name, setup.policy.name) == (2, "standard", "balanced")


AT_PH_5 = {"pH": 5}
BOUND = {"property": "complexation_free_energy", "metal": "La", "across_charges": True}


def test_scaffolds_stand_at_a_ph_by_computed_pka(attempt):
    setup = attempt(theory__conditional=AT_PH_5)
    assert (setup.at_ph.ph, setup.at_ph.pka) == (5.0, {})
    stages = {stage.name: stage.tasks for stage in plan_campaign(setup).stages}
    # Two ligands of two protons each.
    assert stages["protonation states at standard"] == 4
    assert stages["reference acids at standard"] == 48
    told = refusal(attempt, theory__conditional=AT_PH_5 | {"pka": "given"})
    assert told.startswith("'theory.conditional.pka': ligands from scaffolds have no given pKa")
    sketch = {"theory__level": "teacher", "theory__builders": ["sketch"]}
    assert "need vibrations" in refusal(attempt, theory__conditional=AT_PH_5, **sketch)
    own = [{"name": "phosphonate", "smiles": "[*:1]CP(=[O:11])(OC)[O-:12]", "charge": -1}]
    told = refusal(attempt, theory__conditional=AT_PH_5, space__scaffolds=own)
    assert "is the base of no reference acid" in told


def test_charges_stand_together_at_a_ph_only_and_with_a_caveat(attempt):
    assert "across_charges compares" in refusal(attempt, objective=[BOUND])
    setup = attempt(objective=[BOUND], theory__conditional=AT_PH_5)
    assert any("too high by 2.5 log units" in sentence for sentence in setup.warnings)
    assert setup.goals.group("1 L, 6 H2O", ligand_charge=-2) == "1 L, 6 H2O"
    assert not any("too high" in sentence for sentence in attempt(theory__conditional=AT_PH_5).warnings)


def test_unknown_scaffold(attempt):
    told = refusal(attempt, space__scaffolds=["HOPE"])
    assert told == "'space.scaffolds.0': unknown scaffold 'HOPE': did you mean 'HOPO'?"


@pytest.mark.parametrize(
    ("smiles", "charge", "reason"),
    [
        ("[O-:11]c1cc([*:1])c([O-:12])cc1", -2, "cannot hold one metal together"),
        ("[n:11]1cc([*:1])c(-c2cc[n:12]cc2)cc1", 0, "cannot hold one metal"),
        ("CS(=O)(=O)C[S:11](=[O:12])(=O)C[*:1]", 0, "this sulfur has no lone pair left"),
        ("C[N+:11](C)(C)CC([*:1])[O-:12]", 0, "cannot be a donor: this nitrogen has no lone pair left"),
        ("[2H]C(=[O:11])N([*:1])[O-:12]", -1, "names an isotope, which changes no energy here"),
        ("[13CH3]C(=[O:11])N([*:1])[O-:12]", -1, "names an isotope"),
        ("CC(=[O:11])N([*:1])[O-:12]" + "C" * 3000, -1, "more than 2000 letters"),
        (f"{'C' * 60}C(=[O:11])N([*:1])[O-:12]", -1, "atoms, more than 200: its search would take hours"),
    ],
)
def test_a_scaffold_that_structures_build_would_refuse(attempt, smiles, charge, reason):
    own = {"name": "mine", "smiles": smiles, "charge": charge}
    assert reason in refusal(attempt, space__scaffolds=[own], space__coordinations=[{"ligands": 2}])


def test_a_substituent_with_an_isotope(attempt):
    own = {"name": "mine", "smiles": "[13CH3][*:1]"}
    assert "substituent 'mine': '[13CH3][*:1]' names an isotope" in refusal(attempt, space__substituents=[own])


@pytest.mark.parametrize("smiles", ["C[*:1]", "[CH3][*:1]", "[*:1]C"])
def test_a_group_by_two_names_is_told_and_counts_once(attempt, smiles):
    setup = attempt(space__substituents=["H", "methyl", {"name": "me", "smiles": smiles}])
    assert setup.space.size == 2
    assert "the substituent 'me' is 'methyl' by another name: it counts once" in setup.warnings
    assert len(list(setup.space.candidates())) == setup.space.size


def test_a_scaffold_by_two_names_is_told_and_counts_once(attempt):
    own = {"name": "mine", "smiles": find_scaffold("CAM").smiles, "charge": -2}
    setup = attempt(space__scaffolds=["CAM", own])
    assert setup.space.size == 2
    assert "the scaffold 'mine' is 'CAM' by another name: it counts once" in setup.warnings


ACETATE = {"name": "acetate", "smiles": "[*:1]CC(=[O:12])[O-:11]", "charge": -1}


def test_a_scaffold_may_bind_in_several_ways(attempt):
    modes = {"once": [11], "twice": [12, 11]}
    space = attempt(space__scaffolds=[ACETATE | {"donors": modes}]).space
    once, twice = space.scaffolds
    assert (once.name, twice.name) == ("acetate.once", "acetate.twice")
    assert (once.denticity, twice.denticity) == (1, 2)
    # Each fills the sphere with waters of its own, and is another candidate.
    assert {c.waters for c in space.candidates()} == {7, 6}
    assert len({c.key for c in space.candidates()}) == 4
    assert {c.coordination_number for c in space.candidates()} == {8}


@pytest.mark.parametrize(
    ("modes", "reason"),
    [
        (
            {"once": [13]},
            "the mode 'once' names the donor 13, which '[*:1]CC(=[O:12])[O-:11]' lacks: its donors are 11, 12",
        ),
        ({"once": [11, 11]}, "the mode 'once' names a donor twice ([11, 11]): keep one of them"),
        ({"a": [11, 12], "b": [12, 11]}, "two of its modes have the same donors: keep one of them"),
        ({"once": [11]}, "the donor 12 is in none of its modes: name it in one, or write no donors at all"),
    ],
)
def test_modes_of_binding_that_are_wrong(attempt, modes, reason):
    told = refusal(attempt, space__scaffolds=[ACETATE | {"donors": modes}])
    assert told == f"'space.scaffolds.0.donors': scaffold 'acetate': {reason}"


def test_a_mode_without_donors(attempt):
    told = refusal(attempt, space__scaffolds=[ACETATE | {"donors": {"none": []}}])
    assert told.endswith("'space.scaffolds.0.donors.none': should have at least 1 item (given: [])")


def test_surfaces(attempt):
    assert attempt().surface.name == "gfn2-m"
    assert attempt(theory__surface="gfn2").surface.name == "gfn2"
    assert attempt(theory__relaxation="tblite").surface.name == "gfn2"
    assert refusal(attempt, theory__surface="gfn3") == "'theory.surface': unknown surface 'gfn3': did you mean 'gfn2'?"
    assert "relaxation is the older name of surface" in refusal(
        attempt, theory__relaxation="tblite", theory__surface="gfn2"
    )
    assert "relaxation should be one of tblite, xtb, xtb-python, not 'mopac'" in refusal(
        attempt, theory__relaxation="mopac"
    )


def test_a_donor_without_numbers(attempt):
    phosphine = {"name": "phosphine", "smiles": "C[P:11](C)CC[P:12](C)C[*:1]", "charge": 0}
    reason = refusal(attempt, space__scaffolds=[phosphine])
    assert reason.startswith("'theory.surface': the metal-donor correction has no numbers for La and a phosphorus")
    assert "surface gfn2" in reason
    assert attempt(space__scaffolds=[phosphine], theory__surface="gfn2").surface.name == "gfn2"


PUSH = {"metal": "La", "donor": "water", "height_hartree": 0.01, "decay_per_bohr": 1.0, "at_angstrom": 2.5}


def test_a_surface_of_the_users_own(attempt):
    setup = attempt(theory__surface="mine", theory__surfaces=[{"name": "mine", "corrections": [PUSH]}])
    assert setup.surface.name == "mine"
    assert setup.surface.own
    assert any("numbers of your own" in text or "mine" in text for text in (setup.surface.summary, setup.surface.name))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"height_hartree": -0.01}, "the correction of La and water is no repulsion: height_hartree is -0.01"),
        ({"donor": "fluoride"}, "the kinds of donors are water"),
        ({"metal": "Al"}, "'Al' is no rare earth"),
    ],
)
def test_a_surface_of_the_users_own_that_is_no_repulsion(attempt, changed, reason):
    # Whether it is the one asked for or not.
    assert reason in refusal(attempt, theory__surfaces=[{"name": "mine", "corrections": [PUSH | changed]}])


def test_two_surfaces_of_one_name(attempt):
    entry = {"name": "mine", "corrections": [PUSH]}
    assert "two surfaces have the same name" in refusal(attempt, theory__surfaces=[entry, entry])
    assert "is there already" in refusal(attempt, theory__surfaces=[entry | {"name": "gfn2"}])


def test_unknown_substituent(attempt):
    assert "did you mean 'methyl'?" in refusal(attempt, space__substituents=["metyl"])


def test_unknown_metal(attempt):
    assert "unknown metal 'Am'" in refusal(attempt, space__metals=["La", "Am"])


def test_unknown_policy(attempt):
    assert "no policy 'gredy' (not a file, not shipped): did you mean 'greedy'?" in refusal(attempt, policy="gredy")


def test_unknown_level(attempt):
    assert "unknown level 'papper': did you mean 'paper'?" in refusal(attempt, theory__level="papper")


def test_the_published_level_is_taken(attempt):
    assert attempt(theory__level="paper").level.open_shells


def test_core_potentials_as_campaigns_of_before_had_them(attempt):
    before, today = (attempt(theory__level="quick", theory__core_potentials=version).level for version in (1, 2))
    assert (before, today) == (QUICK.as_distributed(), QUICK)


@pytest.mark.parametrize("theory", [{"force_field": 1}, {"surface": "gfn2-xtb-python"}])
def test_what_needs_xtb_python_is_refused_where_it_cannot_be_had(attempt, monkeypatch, theory):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "xtb" else found(name, *more))
    changes = {f"theory__{key}": value for key, value in theory.items()}
    message = refusal(attempt, MissingEngineError, theory__level="quick", **changes)
    assert "xtb-python, which is built for Python 3.11 at the latest" in message
    # What does not need it goes on without it.
    assert attempt(theory__level="quick").file.theory.force_field == 2


R2SCAN = {"name": "mine", "based_on": "quick", "functional": "r2scan", "dispersion": "d4:r2scan"}


def test_a_level_of_the_users_own(attempt):
    setup = attempt(theory__level="mine", theory__levels=[R2SCAN])
    assert setup.level.functional == "r2scan"
    assert setup.resolved()["level"] == setup.level.declaration()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "paper"}, "the level 'paper' is shipped: give your own another name"),
        ({"based_on": "quik"}, "unknown level 'quik': did you mean 'quick'?"),
        ({"functional": "r2skan"}, "level 'mine': the functional 'r2skan' is not in libxc"),
        ({"dispersion": "d4:r2skan"}, "level 'mine': D4 has no parameters for 'r2skan'"),
        ({"ligand_basis": "def2-svpdd"}, "level 'mine': there is no basis set 'def2-svpdd' for C"),
    ],
)
def test_a_level_of_the_users_own_that_cannot_be(attempt, change, message):
    assert message in refusal(attempt, theory__level="mine", theory__levels=[R2SCAN | change])


def test_a_level_that_is_nearly_the_users_own(attempt):
    sentence = refusal(attempt, theory__level="my-r2scam", theory__levels=[R2SCAN | {"name": "my-r2scan"}])
    assert sentence == "'theory.level': unknown level 'my-r2scam': did you mean 'my-r2scan'?"


def test_smiles_that_does_not_parse(attempt):
    own = [{"name": "mine", "smiles": "c1cc([*:1]", "charge": 0}]
    assert "RDKit cannot read the SMILES" in refusal(attempt, space__scaffolds=own)


def test_a_substituent_without_attachment_point(attempt):
    own = [{"name": "mine", "smiles": "CC"}]
    assert "exactly one attachment point" in refusal(attempt, space__substituents=own)


def test_a_charged_substituent_without_saying_so(attempt):
    own = [{"name": "mine", "smiles": "[O-]S(=O)(=O)[*:1]"}]
    assert "say so with `charge: -1`" in refusal(attempt, space__substituents=own)


def test_denticity_that_does_not_fit_the_coordination_number(attempt):
    assert "do not fit the coordination number 8" in refusal(attempt, space__coordinations=[{"ligands": 5}])


def test_waters_that_do_not_match_the_coordination_number(attempt):
    message = refusal(attempt, space__coordinations=[{"ligands": 1, "waters": 5, "coordination_number": 8}])
    assert "leave 6 places for water at coordination number 8, but waters is 5" in message


def test_a_metal_in_a_coordination_the_library_does_not_hold(attempt):
    assert "Sc is held in coordination number 6 to 8, not 9" in refusal(
        attempt, space__metals=["Sc"], space__coordinations=[{"ligands": 1, "coordination_number": 9}]
    )


def test_the_coordination_number_follows_from_waters(attempt):
    space = attempt(space__coordinations=[{"ligands": 1, "waters": 5}, {"ligands": 1, "waters": 6}]).space
    assert {(c.waters, c.coordination_number) for c in space.candidates()} == {(5, 7), (6, 8)}
    message = refusal(attempt, space__coordinations=[{"ligands": 1, "waters": 9}])
    assert "La is held in coordination number 6 to 10, not 11 (scaffold '" in message


def test_co_ligands_beside_every_ligand(attempt):
    said = [{"ligands": 1, "waters": 1, "co_ligands": {"nitrate": 2}}]
    setup = attempt(space__coordinations=said)
    candidate = next(setup.space.candidates())
    assert (candidate.coordination_number, candidate.waters) == (7, 1)
    assert candidate.name.endswith("(nitrate)2(H2O)")
    assert candidate.group.name.startswith("La (1 L, 2 nitrate, 1 H2O)")
    assert setup.resolved()["space"]["coordinations"] == said


def test_a_coordination_without_co_ligands_is_declared_as_ever(attempt):
    declared = attempt().resolved()["space"]["coordinations"]
    assert declared == [{"ligands": 1, "waters": None, "coordination_number": 8}]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            {"ligands": 1, "co_ligands": {"nitrat": 3}},
            "'space.coordinations.0.co_ligands': unknown co-ligand 'nitrat': did you mean 'nitrate'?",
        ),
        ({"ligands": 1, "co_ligands": {"nitrate": 4}}, "1 ligands of it and 4 nitrate do not fit"),
        (
            {"ligands": 1, "waters": 4, "coordination_number": 9, "co_ligands": {"nitrate": 1}},
            "1 nitrate leave 5 places",
        ),
        ({"ligands": 1, "waters": 0, "co_ligands": {"chloride": 6}}, "would have the charge"),
        ({"ligands": 1, "co_ligands": {"nitrate": 0}}, "greater than or equal to 1"),
        ({"ligands": 1, "co_ligands": {"water": 2}}, "its number is given by waters"),
        ({"ligands": 1, "co_ligands": {"[O-:11]c1cc[n:12]cc1": 1}}, "its donors cannot hold one metal together"),
    ],
)
def test_co_ligands_that_do_not_fit(attempt, entry, message):
    assert message in refusal(attempt, space__coordinations=[entry])


def test_more_donors_than_an_aqua_ion_has_are_told(attempt):
    told = "Sc is built with 8 donors, its aqua ion has 6: give a coordination_number if that is not meant"
    assert told in attempt(space__metals=["La", "Sc"]).warnings
    assert not any("donors" in sentence for sentence in attempt().warnings)


def test_two_coordinations_that_are_one(attempt):
    message = refusal(attempt, space__coordinations=[{"ligands": 1}, {"ligands": 1, "waters": 6}])
    assert "two coordinations are one and the same for scaffold 'CAM'" in message


def test_a_negative_budget(attempt):
    assert "'budget.labels'" in refusal(attempt, budget__labels=-12)


def test_a_missing_parsl_config(attempt):
    assert "no Parsl config 'clustre'" in refusal(attempt, execution__parsl="clustre")


def test_an_unknown_option_of_the_parsl_config(attempt):
    assert "takes no option 'wrkers': its options are workers" in refusal(attempt, execution__options={"wrkers": 2})


def test_an_option_the_parsl_config_needs(attempt):
    assert "partition" in refusal(attempt, execution__parsl="slurm")


def test_a_scaffold_listed_twice(attempt):
    assert "the scaffold 'CAM' is listed twice" in refusal(attempt, space__scaffolds=["CAM", "CAM"])


def test_a_library_name_for_something_else(attempt):
    own = [{"name": "CAM", "smiles": "c1c([*:1])cc([O-:12])c([O-:11])c1", "charge": -2}]
    assert "the scaffold 'CAM' is in the library" in refusal(attempt, space__scaffolds=own)


def test_a_name_that_would_break_tables(attempt):
    own = [{"name": "[tBu]", "smiles": "CC(C)(C)[*:1]"}]
    assert "name" in refusal(attempt, space__substituents=own)


def test_a_seed_no_generator_takes(attempt):
    assert "'seed'" in refusal(attempt, seed=-1)


def test_dft_on_sketched_geometries(attempt):
    assert "goes with level 'teacher' only" in refusal(attempt, theory__builders=["sketch"])


def test_a_builder_that_cannot_be_seeded_is_told(attempt):
    assert any("cannot be seeded" in warning for warning in attempt().warnings)
    assert attempt(theory={"level": "teacher", "builders": ["sketch"]}).warnings == ()


def test_a_scaffold_of_one_s_own_may_carry_a_warning(attempt):
    own = {"name": "mine", "smiles": "CNC(=O)c1cc([*:1])cc([O-:12])c1[O-:11]", "charge": -2, "warning": "two protons"}
    (ligand,) = attempt(space__scaffolds=[own], space__substituents=["H"]).space.ligands()
    assert ligand.warnings == ("mine: two protons",)


def test_a_campaign_that_does_not_exist(tmp_path):
    with pytest.raises(InputError, match=r"no campaign 'quickstrt'.*did you mean 'quickstart'"):
        prepare("quickstrt", workspace=tmp_path)


@pytest.mark.parametrize(("module", "package"), [("architector", "architector"), ("openbabel", "openbabel-wheel")])
def test_an_engine_that_is_not_installed(attempt, monkeypatch, module, package):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == module else found(name, *a))
    message = refusal(attempt, MissingEngineError)
    assert f"not installed: {package}; install with `pip install" in message


@pytest.mark.parametrize("module", ["architector", "openbabel", "numba"])
def test_an_engine_of_a_builder_that_is_not_used_need_not_be_installed(attempt, monkeypatch, module):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == module else found(name, *a))
    assert attempt(theory__builders=["placement"]).file.theory.builders == ["placement"]


def test_what_a_file_means_does_not_depend_on_the_machine(attempt, monkeypatch, tmp_path):
    """CREST is used where a file names it, not where the program happens to be."""
    without = attempt().file.theory.builders
    program = tmp_path / "bin" / "crest"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    assert attempt().file.theory.builders == without == ["architector", "placement"]
    assert attempt(theory__builders=["placement", "crest"]).file.theory.builders == ["placement", "crest"]
    program.unlink()
    program.parent.rmdir()
    assert "builder 'crest' needs the program" in refusal(
        attempt, MissingEngineError, theory__builders=["placement", "crest"]
    )


def test_a_pool_above_its_limit_is_refused_with_the_arithmetic(attempt):
    setup = attempt(space__limit=1)
    with pytest.raises(
        InputError, match=r"\(2\) ligands × 1 metals × 1 coordinations = 2 candidates, more than space.limit = 1"
    ):
        require_size(setup.space, setup.file.space.limit)


def test_own_scaffold_and_substituent_are_taken(attempt):
    setup = attempt(
        space__scaffolds=[{"name": "mine", "smiles": "O=C(c1cc([*:1])cc([O-:12])c1[O-:11])N(C)C", "charge": -2}],
        space__substituents=["H", {"name": "tBu", "smiles": "CC(C)(C)[*:1]"}],
    )
    assert {c.ligand.name for c in setup.space.candidates()} == {"mine-H", "mine-tBu"}


def test_metals_come_in_the_order_of_the_series_however_listed(attempt):
    setup = attempt(space__metals=["Lu", "La", "Y"])
    assert list(dict.fromkeys(c.metal.symbol for c in setup.space.candidates())) == ["Y", "La", "Lu"]


@pytest.mark.parametrize("name", shipped_names("campaigns"))
def test_every_shipped_campaign_is_valid(name, tmp_path):
    setup = prepare(name, workspace=tmp_path)
    require_size(setup.space, setup.file.space.limit)


def test_the_shipped_campaigns_are_those_the_readme_names():
    assert {"quickstart", "cam", "hopo", "polydentate", "rehearsal"} <= set(shipped_names("campaigns"))
    assert {"greedy", "balanced", "explore"} <= set(shipped_names("policies"))
    assert {"local", "slurm"} <= set(shipped_names("parsl_configs"))


def test_cam_covers_the_published_series(tmp_path):
    space = prepare("campaigns/cam.yaml", workspace=tmp_path).space
    assert [m.symbol for m in space.metals] == [
        "Y",
        "La",
        "Ce",
        "Pr",
        "Nd",
        "Sm",
        "Eu",
        "Gd",
        "Tb",
        "Dy",
        "Ho",
        "Er",
        "Tm",
        "Yb",
        "Lu",
    ]
    assert len(space.substituents) >= 21


def test_the_cheapest_level_needs_no_pyscf_and_says_what_it_is_good_for(attempt, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "pyscf" else found(name, *a))
    assert "not installed: pyscf" in refusal(attempt, MissingEngineError)
    setup = attempt(theory__level="gfn2")
    assert any("draw no selectivity" in warning for warning in setup.warnings)


@pytest.mark.parametrize("waters", [7, "9"])
def test_an_aqua_ion_has_eight_or_nine_waters(attempt, waters):
    assert attempt(theory__aqua_waters=9).file.theory.aqua_waters == 9
    assert "'theory.aqua_waters'" in refusal(attempt, theory__aqua_waters=waters)


LU_LA = {"property": "selectivity", "metals": ["Lu", "La"]}
WHOLE = {"budget": {"seed_labels": 4, "batch": 4, "labels": 12}}


def test_the_metals_follow_from_the_objective(attempt):
    setup = attempt(space__metals=[], objective=[LU_LA], **WHOLE)
    assert [metal.symbol for metal in setup.space.metals] == ["La", "Lu"]
    assert setup.resolved()["objective"] == [LU_LA | {"direction": "lower"}]
    assert setup.resolved()["space"]["metals"] == ["La", "Lu"]
    assert attempt(space__metals=["Lu", "La"], objective=[LU_LA], **WHOLE).resolved() == setup.resolved()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"space__metals": []}, "'space.metals': it is empty: name at least one metal, or give an objective"),
        ({"objective": [LU_LA]}, "'space.metals': La, but the objective is about La Lu: leave space.metals out"),
        (
            {"space__metals": [], "objective": [{"property": "selectivity", "metals": ["Y", "La"]}]},
            "selectivity Y over La: level 'standard' describes these metals in different ways",
        ),
        (
            {"space__metals": [], "objective": [LU_LA], "budget": {"seed_labels": 4, "batch": 3, "labels": 12}},
            "'budget.batch': 3, but the objective labels 2 complexes of each ligand (La Lu): take a multiple of 2",
        ),
        (
            {"space__metals": [], "objective": [LU_LA, LU_LA | {"direction": "higher"}], **WHOLE},
            "contradict each other",
        ),
        (
            {
                "space__metals": [],
                "objective": [LU_LA, {"property": "exchange_energy", "metal": "Lu"}],
                "policy": "explore",
                **WHOLE,
            },
            "'policy': 'explore' (qPosteriorStandardDeviation) weighs one goal, and the objective has 2",
        ),
    ],
)
def test_an_objective_that_cannot_be_followed_is_refused(attempt, changes, sentence):
    assert sentence in refusal(attempt, **changes)


@pytest.mark.parametrize(
    ("theory", "reason"),
    [
        ({"level": "gfn2"}, "cannot be relaxed: level 'gfn2' has no gradient here"),
    ],
)
def test_finalists_that_have_no_gradient(attempt, theory, reason):
    message = refusal(attempt, theory=theory | {"relax": "dft"})
    assert "'theory.relax'" in message
    assert reason in message
    assert message.endswith("or leave relax out")


def test_finalists_that_are_open_shells(attempt):
    message = refusal(attempt, theory={"level": "paper", "relax": "dft"}, space__metals=["La", "Eu"])
    assert "'theory.relax'" in message
    assert "finalists with Eu cannot be relaxed: level 'paper' makes an open shell" in message
    assert attempt(theory={"level": "paper", "relax": "dft"}).level.name == "paper"


def test_finalists_without_a_relaxation(attempt):
    assert "give relax: dft as well, or leave finalists out" in refusal(attempt, theory__finalists=3)
    assert attempt(theory__relax="dft").file.theory.finalists == 5


def test_cuda_where_the_cards_are_amds(attempt):
    site = {"parsl": "frontier", "options": {"account": "a", "gpu_blocks": 1}}
    message = refusal(attempt, execution=site | {"device": "cuda"})
    assert "'execution.device'" in message
    assert "this site has AMD's: take auto" in message
    assert attempt(execution=site).site.stem == "frontier"
    assert attempt(execution=site | {"device": "cuda"}, theory__level="gfn2").level.name == "gfn2"


FREE = {"space__metals": [], "objective": [{"property": "complexation_free_energy", "metal": "La"}]}


def test_waters_may_be_left_open_where_free_energies_decide(attempt):
    said = [{"ligands": 1, "waters": "auto", "co_ligands": {"nitrate": 1}}, {"ligands": 1, "waters": "auto"}]
    setup = attempt(space__coordinations=said, **FREE)
    assert {(c.group.waters, c.waters) for c in setup.space.candidates()} == {(None, 4), (None, 6)}
    assert setup.resolved()["space"]["coordinations"] == [said[0], {"ligands": 1, "waters": "auto"}]


@pytest.mark.parametrize(
    ("entry", "changes", "message"),
    [
        (
            {"waters": "auto"},
            {},
            "'space.coordinations.0.waters': auto takes the number of waters with",
        ),
        (
            {"waters": "auto"},
            {"space__metals": [], "objective": [{"property": "exchange_energy", "metal": "La"}]},
            "Give an objective of free energies, such as complexation_free_energy, or a number",
        ),
        ({"waters": "auto", "coordination_number": 8}, FREE, "but coordination_number is 8: keep one of them"),
        ({"waters": "open"}, FREE, "'space.coordinations.0.waters': should be a whole number from 0 to 100, or auto"),
        ({"waters": True}, FREE, "should be a whole number from 0 to 100, or auto"),
    ],
)
def test_waters_that_cannot_be_open_are_refused(attempt, entry, changes, message):
    assert message in refusal(attempt, space__coordinations=[{"ligands": 1} | entry], **changes)


def test_protons_of_another_scale_than_the_level_are_told(attempt):
    told = "protons in water are on the scale of density functionals"
    assert any(told in warning for warning in attempt(theory__level="gfn2", theory__reference="acid").warnings)
    assert not any(told in warning for warning in attempt(theory__reference="acid").warnings)


def test_a_campaign_that_searches_is_declared_as_before_there_were_series(attempt):
    assert "geometry" not in attempt().resolved()["theory"]
    assert attempt(theory__geometry="search").resolved() == attempt().resolved()
    assert attempt(theory__geometry="series").resolved()["theory"]["geometry"] == "series"


def test_listed_ligands_have_no_series(attempt):
    sentence = refusal(attempt, space__ligands="ligands.csv", theory__geometry="series")
    assert "theory.geometry: series grafts substituents on scaffolds, and listed ligands (space.ligands)" in sentence
    assert "leave geometry out" in sentence


def test_a_series_is_told_to_whoever_reads_its_numbers(attempt):
    assert any("labels are in series" in each for each in attempt(theory__geometry="series").warnings)
    assert not any("series" in each for each in attempt().warnings)


@pytest.mark.parametrize(
    ("theory", "message"),
    [
        ({"confirm": 5}, "confirm searches for what a series has not: give geometry: series"),
        ({"confirm": 5, "relax": "dft", "geometry": "series"}, "keep one of them"),
        ({"confirm": 0, "geometry": "series"}, "confirm"),
    ],
)
def test_what_cannot_be_confirmed(attempt, theory, message):
    assert message in refusal(attempt, **{f"theory__{key}": value for key, value in theory.items()})


def test_a_series_may_be_confirmed_later(attempt):
    declared, later = attempt(theory__geometry="series"), attempt(theory__geometry="series", theory__confirm=5)
    assert difference(declared.resolved(), later.resolved()) == []
    assert "confirm" not in attempt().resolved()["theory"]
