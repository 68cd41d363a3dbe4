"""Kramers gaps against experiment, published work, PySCF's own CASSCF and the laws of rotation."""

from dataclasses import replace

import numpy as np
import pytest
from pyscf import mcscf, scf

from reexplore.energies.dft.checkpoint import Checkpoint
from reexplore.energies.kramers import gap, ions
from reexplore.energies.kramers.gap import averaged_field, kramers_gap, molecule
from reexplore.energies.kramers.integrals import fitting_sets
from reexplore.energies.kramers.ions import IONS, KramersIon
from reexplore.energies.kramers.ladder import STAGE, Ladder
from reexplore.energies.kramers.method import SMALL_BASIS, KramersMethod
from reexplore.errors import CalculationFailed, FailureCode
from reexplore.structures.structure import Structure
from tests.energies.kramers.examples import LINEAR, turned

SMALL = KramersMethod("x2c-SVPall", "x2c-SV(P)all", "x2c-SV(P)all")
HIGHEST = replace(SMALL, spins="highest")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder where the orbitals of [Dy(OH)2]+ are kept from the first calculation on."""
    return tmp_path_factory.mktemp("linear")


@pytest.fixture(scope="module")
def linear(folder):
    return kramers_gap(LINEAR, method=SMALL, checkpoint=folder)


@pytest.mark.engine
@pytest.mark.parametrize(
    ("symbol", "first_cm", "within"),
    [
        # Levels of free ions. Dy IV, 6H13/2: 3506. Yb IV, 2F5/2: 10214 (NIST Atomic Spectra Database).
        ("Dy", 3506.0, 0.02),
        ("Yb", 10214.0, 0.02),
    ],
)
def test_a_free_ion_has_its_multiplet_and_its_first_level(symbol, first_cm, within):
    alone = Structure((symbol,), np.zeros((1, 3)), 3)
    found = kramers_gap(alone, method=KramersMethod(metal_basis="x2c-SVPall"))
    energies = [doublet.energy_cm for doublet in found.doublets]
    assert len(energies) == IONS[symbol].doublets
    assert energies == pytest.approx(len(energies) * [0.0], abs=1e-3)
    assert found.next_multiplet_cm == pytest.approx(first_cm, rel=within)
    assert found.l_squared == pytest.approx(12.0, abs=1e-9)
    assert found.f_population == pytest.approx(IONS[symbol].f_electrons, abs=1e-9)


@pytest.mark.engine
def test_doublets_are_kramers_pairs_and_the_ground_one_is_axial(linear):
    assert max(doublet.split_cm for doublet in linear.doublets) < 1e-6
    ground = linear.doublets[0]
    # |m| = 15/2 of 6H15/2: 2 g_J J = 20.
    assert ground.g[2] == pytest.approx(20.0, abs=0.1)
    assert linear.transversal_g < 1e-3
    assert linear.tilt_degrees == pytest.approx(0.0, abs=1e-3)
    assert linear.doubts == {}
    assert linear.next_multiplet_cm > linear.doublets[-1].energy_cm
    assert sum(linear.stage_cpu_seconds.values()) > 0


@pytest.mark.engine
def test_turning_a_molecule_changes_no_level(linear):
    found = kramers_gap(turned(LINEAR), method=SMALL)
    ours, others = ([d.energy_cm for d in each.doublets] for each in (linear, found))
    assert ours == pytest.approx(others, abs=0.1)
    assert found.tilt_degrees == pytest.approx(0.0, abs=0.05)
    assert found.energy_hartree == pytest.approx(linear.energy_hartree, abs=1e-6)


@pytest.mark.engine
def test_fitted_integrals_give_the_gap_of_exact_ones_to_half_a_wavenumber(linear, folder):
    exact = kramers_gap(LINEAR, method=replace(SMALL, integrals="exact"), checkpoint=folder)
    fitted, others = ([d.energy_cm for d in each.doublets] for each in (linear, exact))
    assert linear.gap_cm == pytest.approx(exact.gap_cm, abs=0.5)
    assert fitted == pytest.approx(others, abs=1.0)
    assert exact.fitting_functions == 0


@pytest.mark.engine
def test_the_energy_is_that_of_pyscfs_state_averaged_casscf(linear, folder):
    ion = IONS["Dy"]
    mol = molecule(LINEAR, ion, SMALL)
    orbitals = Checkpoint(folder).load(STAGE)
    mol.spin = 5
    fit = fitting_sets(mol, "Dy")
    field = scf.ROHF(mol).sfx2c1e().density_fit(auxbasis=fit)
    field.mo_coeff = orbitals
    theirs = mcscf.DFCASSCF(field, 7, (7, 2), auxbasis=fit).state_average_(21 * [1 / 21])
    theirs.kernel(orbitals)
    assert theirs.converged
    assert theirs.e_tot == pytest.approx(linear.energy_hartree, abs=1e-6)


@pytest.mark.engine
def test_the_first_gap_is_that_of_casscf_with_spin_orbit_mean_field(monkeypatch):
    """840.8 cm⁻¹: sextets by all-electron CASSCF with one-centre spin-orbit integrals, whose free ion has ζ = 1789."""
    monkeypatch.setitem(ions.IONS, "Dy", KramersIon("Dy", 1789.0))
    assert kramers_gap(LINEAR, method=SMALL_BASIS).gap_cm == pytest.approx(840.8, rel=0.02)


@pytest.mark.engine
def test_a_killed_calculation_goes_on_from_its_orbitals(linear, tmp_path, monkeypatch):
    save, saved = Checkpoint.save, []

    def killed(self, stage, orbitals):
        save(self, stage, orbitals)
        saved.append(stage)
        if len(saved) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoint, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        kramers_gap(LINEAR, method=SMALL, checkpoint=tmp_path)
    monkeypatch.setattr(Checkpoint, "save", save)
    found = kramers_gap(LINEAR, method=SMALL, checkpoint=tmp_path)
    assert found.attempts[0]["steps"] < linear.attempts[0]["steps"]
    assert found.gap_cm == pytest.approx(linear.gap_cm, abs=0.2)


@pytest.mark.engine
def test_kept_orbitals_of_another_molecule_are_not_taken(folder):
    ion = IONS["Dy"]
    longer = LINEAR.moved_to(LINEAR.positions_angstrom * 1.05)
    field = averaged_field(molecule(longer, ion, SMALL), ion, SMALL, memory_gb=1.0, scratch=None)
    ladder = Ladder(field, ion, Checkpoint(folder))
    begun = ladder._begin()
    np.testing.assert_allclose(begun.T @ field.overlap @ begun, np.eye(begun.shape[1]), atol=1e-8)


@pytest.mark.engine
def test_steps_that_run_out_are_a_failure_with_every_attempt(monkeypatch):
    monkeypatch.setattr("reexplore.energies.kramers.ladder._STEPS", 1)
    monkeypatch.setattr("reexplore.energies.kramers.ladder._SHORT_STEPS", 1)
    with pytest.raises(CalculationFailed) as failed:
        kramers_gap(LINEAR, method=HIGHEST)
    assert failed.value.failure.code is FailureCode.NOT_CONVERGED
    assert [attempt["converged"] for attempt in failed.value.failure.evidence["attempts"]] == 3 * [False]


@pytest.mark.engine
def test_a_shell_that_is_not_4f_is_the_wrong_state(monkeypatch, folder):
    monkeypatch.setattr(gap, "_LEAST_L_SQUARED", 11.999)
    with pytest.raises(CalculationFailed) as failed:
        kramers_gap(LINEAR, method=SMALL, checkpoint=folder)
    assert failed.value.failure.code is FailureCode.WRONG_STATE


@pytest.mark.engine
def test_too_little_memory_for_the_integrals_sends_them_to_disk(linear, tmp_path):
    found = kramers_gap(LINEAR, method=SMALL, scratch=tmp_path, memory_gb=0.1)
    assert found.gap_cm == pytest.approx(linear.gap_cm, abs=0.05)
