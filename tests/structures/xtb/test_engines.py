import shutil
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from reexplore.errors import CalculationFailed, FailureCode, InputError, MissingEngineError
from reexplore.structures.conformers.free_ligand import water
from reexplore.structures.structure import Structure
from reexplore.structures.xtb import engines, xtb_program
from reexplore.structures.xtb.engines import ENGINES, surface_of
from reexplore.structures.xtb.relax import gradient, relax, single_point_energy
from reexplore.structures.xtb.surfaces import SURFACE_OF_ENGINE, SURFACES
from tests.structures.sample import relaxed

needs_xtb = pytest.mark.skipif(shutil.which("xtb") is None, reason="the optional xtb program is not on PATH")
#: xtb-python ends with Python 3.11.
HERE = [engine for engine in ENGINES if engine != "xtb-python" or find_spec("xtb")]
ANY_ENGINE = [pytest.param(e, marks=needs_xtb if e == "xtb" else ()) for e in HERE]

# xtb 6.5.1 at the geometry of La_HOPO-H_1_6 with the metal replaced, `xtb x.xyz --gfn 2 --chrg 2 --uhf 0`
# with `--alpb water` and `--gbsa h2o`. With Hund's `--uhf 6` (Eu) and `--uhf 7` (Gd) it is 0.47 Eh above.
XTB_HARTREE = {
    "Eu": (-67.867664141268, -67.832454375969),
    "Gd": (-67.862030764939, -67.825915149342),
    "Yb": (-67.822941065942, -67.787261881111),
}


def _plain(engine):
    return SURFACES[SURFACE_OF_ENGINE[engine]]


def _complex_of(metal):
    lanthanum = relaxed("La_HOPO-H_1_6")
    return Structure((metal, *lanthanum.symbols[1:]), lanthanum.positions_angstrom, lanthanum.charge)


@pytest.mark.parametrize("engine", ANY_ENGINE)
@pytest.mark.parametrize("metal", XTB_HARTREE)
def test_open_4f_shells_have_the_energy_of_no_unpaired_electron(metal, engine):
    alpb, gbsa = XTB_HARTREE[metal]
    expected = gbsa if engine == "xtb-python" else alpb
    assert single_point_energy(_complex_of(metal), surface=_plain(engine)) == pytest.approx(expected, abs=1e-6)


def test_hunds_number_is_never_passed(monkeypatch):
    passed = []

    class SpiedError(Exception):
        pass

    def calculator(*_args, uhf, **_others):
        passed.append(uhf)
        raise SpiedError

    def program(command, **_others):
        passed.append(int(command[command.index("--uhf") + 1]))
        raise SpiedError

    for engine, importer in {"tblite": engines.tblite_interface, "xtb-python": engines._xtb_python}.items():
        if engine in HERE:
            monkeypatch.setattr(importer()[0], "Calculator", calculator)
    monkeypatch.setattr(xtb_program, "_program", lambda: ("xtb", "6.5.1"))
    monkeypatch.setattr(xtb_program.subprocess, "run", program)
    for metal in ("Ce", "Eu", "Gd", "Yb", "Lu"):
        for engine in HERE:
            with pytest.raises(SpiedError):
                relax(_complex_of(metal), surface=_plain(engine))
    assert passed == [0] * 5 * len(HERE)


@pytest.mark.parametrize("engine", ANY_ENGINE)
def test_each_engine_says_which_method_it_is(engine):
    name = surface_of(water(), engine=engine).name
    assert name.startswith(f"{engine} ")
    assert ("GBSA(water)" in name) == (engine == "xtb-python")
    assert ("ALPB(water)" in name) == (engine != "xtb-python")
    assert "gas phase" in surface_of(water(), engine=engine, solvent="gas").name


@pytest.mark.parametrize("engine", ANY_ENGINE)
def test_each_engine_relaxes_water_to_its_documented_minimum(engine):
    # xtb's documentation prints -5.070544440612 Eh for its relaxed example water in the gas phase.
    stretched = water().moved_to(water().positions_angstrom * 1.1)
    result = relax(stretched, surface=_plain(engine), solvent="gas")
    assert result.energy_hartree == pytest.approx(-5.070544, abs=2e-6)
    assert result.to_dict()["engine"] == result.engine == surface_of(water(), engine=engine, solvent="gas").name
    assert result.gradient_max_hartree_bohr < 3e-4
    assert 1 < result.steps < 30


@needs_xtb
def test_gradients_of_all_engines_agree_in_the_gas_phase():
    ours, *others = (gradient(_complex_of("Eu"), surface=_plain(engine), solvent="gas") for engine in HERE)
    for other in others:
        np.testing.assert_allclose(other, ours, atol=1e-5)


@needs_xtb
def test_the_program_reports_what_it_did_not_reach():
    with pytest.raises(CalculationFailed) as caught:
        relax(_complex_of("Lu"), surface=_plain("xtb"), max_steps=2)
    assert caught.value.failure.code is FailureCode.NOT_CONVERGED
    assert caught.value.failure.stage == "relaxation"


@needs_xtb
def test_a_crash_of_the_program_is_a_failure_with_its_last_words():
    # Two atoms in one place.
    impossible = Structure(("O", "H", "H"), np.zeros((3, 3)), 0)
    with pytest.raises(CalculationFailed) as caught:
        single_point_energy(impossible, surface=_plain("xtb"))
    assert caught.value.failure.evidence["output"]


def test_a_missing_package_says_where_it_can_be_had(monkeypatch):
    monkeypatch.setitem(sys.modules, "xtb", None)
    engines._xtb_python.cache_clear()
    with pytest.raises(MissingEngineError, match=r"needs xtb-python, which is built for Python 3.11 at the latest"):
        relax(water(), surface=_plain("xtb-python"))
    engines._xtb_python.cache_clear()


def test_a_missing_program_is_named_with_its_remedy(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingEngineError, match="apt-get install xtb"):
        relax(water(), surface=_plain("xtb"))


def test_solvent_models_are_not_exchanged_in_silence():
    with pytest.raises(InputError, match="choose one of gbsa-water, gas"):
        relax(water(), surface=_plain("xtb-python"), solvent="alpb-water")
    with pytest.raises(InputError, match="choose one of alpb-water, gas"):
        relax(water(), solvent="gbsa-water")
    with pytest.raises(InputError, match="unknown relaxation engine 'crest'"):
        surface_of(water(), engine="crest")


def test_the_loosest_level_that_reaches_the_norm_is_taken():
    assert [xtb_program.ancopt_level(norm) for norm in (8e-4, 3e-4, 1e-4)] == ["tight", "vtight", "extreme"]
    with pytest.raises(InputError, match="5e-05 Eh/bohr at best"):
        xtb_program.ancopt_level(1e-6)
