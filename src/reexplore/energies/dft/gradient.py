"""The gradient of a closed-shell density-functional energy in water: what a DFT relaxation goes by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyscf import dft, gto, lib
from pyscf.grad import dispersion as grad_dispersion
from pyscf.grad import rks as grad_rks
from pyscf.scf import dispersion
from pyscf.solvent.grad import pcm as grad_pcm
from scipy.linalg import lu_factor, lu_solve
from scipy.spatial.distance import cdist
from scipy.special import erf

from reexplore.energies.dft.card import Card, card_for
from reexplore.energies.dft.checkpoint import Checkpoint
from reexplore.energies.dft.exchange_correlation import ORBITAL_THRESHOLD
from reexplore.energies.dft.field import RestrictedField
from reexplore.energies.dft.fitted_gradient import by_atom, metric_slope, three_centre_slopes
from reexplore.energies.dft.interaction import Interaction, evaluated
from reexplore.energies.dft.molecule import build_molecule, principal_axes
from reexplore.energies.dft.processor import Processor
from reexplore.energies.dft.solvent import LAYER_ROWS, Cavity, layers
from reexplore.energies.dft.start_density import start_density
from reexplore.energies.dft.states import State, StateSearch
from reexplore.energies.electrons import implied_unpaired
from reexplore.energies.levels import Level
from reexplore.errors import InputError
from reexplore.structures.structure import Structure

Array = NDArray[np.float64]

_GRID_POINTS = 512
#: Where PySCF's orbital values hold the second derivatives xx, xy, xz, yy, yz, zz.
_SECOND = ((4, 5, 6), (5, 7, 8), (6, 8, 9))


@dataclass(frozen=True)
class Slope:
    """An energy in hartree, its gradient in hartree/bohr of shape (atoms, 3), and the density it belongs to.

    The energy holds everything a label holds but the cavity's non-electrostatic term. On the processor its
    electrostatic term is that of the fitted density, whose gradient this is.
    """

    energy_hartree: float
    gradient_hartree_bohr: Array
    density: Array


def require_gradient(structure: Structure, level: Level) -> None:
    """Raise `InputError` for a level without a GGA or a hybrid of one, and for an open shell."""
    if not level.is_density_functional or dft.libxc.xc_type(level.functional) != "GGA":
        raise InputError(
            f"level '{level.name}' has no gradient here: take one whose functional is a GGA or a hybrid of one, such as"
            " quick or workstation"
        )
    if implied_unpaired(structure, level):
        raise InputError(
            f"level '{level.name}' makes an open shell of this structure, and only closed shells have gradients:"
            " take a level that keeps the 4f electrons in the core, quick or workstation"
        )


def energy_and_gradient(
    structure: Structure, *, level: Level, density: Array | None = None, memory_gb: float = 4.0
) -> Slope:
    """Return the energy of a closed shell and its analytic gradient at a level.

    Coulomb and exact exchange by density fitting (F. Weigend, M. Häser, Theor. Chem. Acc. 1997, 97, 331), IEF-PCM with
    a cavity that moves with its atoms (E. Cancès, B. Mennucci, J. Chem. Phys. 2001, 114, 4744; smooth switching as
    A. W. Lange, J. M. Herbert, J. Chem. Phys. 2010, 133, 244111), D4. The integration grid does not respond. `density`
    is where to start from, in the frame of the principal axes. Raises `InputError` as `require_gradient` does,
    `CalculationFailed` when the field does not converge.
    """
    require_gradient(structure, level)
    mol = build_molecule(structure, level=level, memory_gb=memory_gb)
    start = start_density(mol, level=level).sum(axis=0) if density is None else density

    def processor() -> Processor:
        return Processor(mol, level, cavity=Cavity.of(mol, level), memory_gb=memory_gb)

    def found(interaction: Interaction) -> tuple[State, Array]:
        field = RestrictedField(mol, xc=level.functional)
        field.equip(level, interaction)
        state = StateSearch(field, level, Checkpoint(None)).converge("field", start)
        if isinstance(interaction, Card):
            return state, interaction.gradient(field)
        assert isinstance(interaction, Processor)
        return state, _on_processor(field, interaction, state.densities.sum(axis=0))

    state, gradient = evaluated(found, card=lambda: card_for(mol, level), processor=processor, attempts=[])
    dispersing = grad_rks.Gradients(dft.RKS(mol, xc=level.functional))
    gradient = gradient + grad_dispersion.get_dispersion(dispersing, disp=level.dispersion)
    energy = state.total_hartree + float(dispersion.get_dispersion(dispersing.base, disp=level.dispersion))
    # What the sum lacks of zero is the grid's error where it is coarsest beside the density: at the heaviest nucleus.
    gradient[int(np.argmax([gto.charge(symbol) for symbol in structure.symbols]))] -= gradient.sum(axis=0)
    return Slope(energy, gradient @ principal_axes(structure).T, state.densities.sum(axis=0))


def _on_processor(field: Any, interaction: Processor, density: Array) -> Array:
    """Return the gradient of a converged field without dispersion, shape (atoms, 3)."""
    return np.asarray(
        _one_electron(field, density)
        + _exchange_correlation(field, interaction, density)
        + _interaction(field, interaction, density)
        + grad_rks.Gradients(field).grad_nuc(field.mol)
    )


def _one_electron(field: Any, density: Array) -> Array:
    """Return the derivatives of kinetic energy, nuclear attraction, core potentials and overlap."""
    mol = field.mol
    weighted = grad_rks.Gradients(field).make_rdm1e(field.mo_energy, field.mo_coeff, field.mo_occ)
    by_orbital = _by_orbital(mol, "int1e_ipovlp", weighted) - _by_orbital(mol, "int1e_ipkin", density)
    at_nuclei = np.zeros((mol.natm, 3))
    with_core_potential = set(mol._ecpbas[:, gto.ATOM_OF])
    for atom, charge in enumerate(mol.atom_charges()):
        with mol.with_rinv_at_nucleus(atom):
            attracted = charge * _by_orbital(mol, "int1e_iprinv", density)
            if atom in with_core_potential:
                attracted -= _by_orbital(mol, "ECPscalar_iprinv", density)
        by_orbital += attracted
        # What a nucleus does to the orbitals' centres they do to it.
        at_nuclei[atom] -= attracted.sum(axis=1)
    return 2.0 * (by_atom(by_orbital, mol) + at_nuclei)


def _by_orbital(mol: Any, integral: str, matrix: Array) -> Array:
    """Return Σ_ν M_μν ⟨∇μ|…|ν⟩ for every orbital, shape (3, orbitals)."""
    return np.einsum("xij,ij->xi", mol.intor(integral, comp=3), matrix)


def _exchange_correlation(field: Any, interaction: Processor, density: Array) -> Array:
    """Return the derivative of a GGA's energy on a grid that stays where it is."""
    by_orbital = np.zeros((3, field.mol.nao))
    integrator = dft.numint.NumInt()
    for points in lib.prange(0, len(interaction.grids.weights), _GRID_POINTS):
        weights = interaction.grids.weights[slice(*points)]
        values = integrator.eval_ao(field.mol, interaction.grids.coords[slice(*points)], deriv=2).transpose(0, 2, 1)
        orbitals = np.flatnonzero(np.abs(values[:4]).max(axis=(0, 2)) > ORBITAL_THRESHOLD)
        values = values[:, orbitals]
        halves = density[np.ix_(orbitals, orbitals)] @ values[:4]
        densities = np.einsum("ng,kng->kg", halves[0], values[:4])
        densities[1:] *= 2.0
        derivative = integrator.eval_xc_eff(field.xc, densities, deriv=1, xctype="GGA", spin=0)[1]
        factors = weights * derivative
        against = np.einsum("kg,kng->ng", factors, halves)
        for axis in range(3):
            of_axis = values[1 + axis] * against
            for other in range(3):
                of_axis += factors[1 + other] * values[_SECOND[axis][other]] * halves[0]
            by_orbital[axis, orbitals] -= 2.0 * of_axis.sum(axis=1)
    return by_atom(by_orbital, field.mol)


def _interaction(field: Any, interaction: Processor, density: Array) -> Array:
    """Return the derivative of the fitted Coulomb and exchange energies and of the solvent's of the fitted density.

    With the fit's coefficients c, the solvent's answer r in the same functions, the metric V and the cavity's
    charges q: (c + r)ᵀ dm - (½ c + r)ᵀ dV c + q dv, the cavity's matrices apart. Exchange adds, with the coefficients
    of the products of filled orbitals c_ij and the functional's share a: -a Σ_ij (2 c_ijᵀ dm_ij - c_ijᵀ dV c_ij).
    """
    mol, fit, cavity, share = field.mol, interaction.fit, interaction.cavity, interaction.exact_exchange
    functions = fit.functions
    coefficients = fit.coefficients(fit.moments(density))
    answer = None if cavity is None else cavity.reaction(coefficients, fit)
    reaction = np.zeros_like(coefficients) if answer is None else answer.coefficients
    metric = np.outer(0.5 * coefficients + reaction, coefficients)
    exchanged = None
    if share:
        filled = field.mo_coeff[:, field.mo_occ > 0]
        pairs = fit.products(filled)
        flat = pairs.reshape(len(pairs), -1)
        metric -= share * (flat @ flat.T)
        pairs *= -2.0 * share
        exchanged = (filled, pairs)
    by_orbital, by_function = three_centre_slopes(mol, functions, density, coefficients + reaction, exchanged)
    found = by_atom(by_orbital, mol) + by_atom(by_function + metric_slope(functions, metric), functions)
    if cavity is None or answer is None:
        return found
    charges = answer.charges
    # The cavity's points move with the atom whose sphere they lie on.
    of_density = gto.mole.intor_cross("int2c2e_ip1", cavity.points, functions) * charges[:, None] * coefficients
    of_nuclei = gto.mole.intor_cross("int2c2e_ip1", cavity.points, gto.fakemol_for_charges(mol.atom_coords()))
    of_nuclei = of_nuclei * charges[:, None] * mol.atom_charges()
    at_points = (of_density.sum(axis=2) - of_nuclei.sum(axis=2)).T
    found += np.array([at_points[start:stop].sum(axis=0) for start, stop in cavity.surface["gslice_by_atom"]])
    found -= by_atom(of_density.sum(axis=1), functions)
    found += of_nuclei.sum(axis=1).T
    return found + _cavity_response(cavity, answer.potential)


def _cavity_response(cavity: Cavity, potential: Array) -> Array:
    """Return ½ vᵀ d(K⁻¹R) v: how the answer of the cavity changes as its points and areas move.

    With u = K⁻ᵀ v and the charges K⁻¹R v the derivatives of D and S enter as sums over pairs of points.
    """
    surface, areas, factor = cavity.surface, cavity.areas, cavity.f_epsilon / (2.0 * np.pi)
    single, double = layers(surface)
    kernel = lu_factor(single - factor * (double * areas) @ single, overwrite_a=True)
    charges = lu_solve(kernel, factor * (double @ (areas * potential)) - cavity.f_epsilon * potential)
    adjoint = lu_solve(kernel, potential, trans=1)
    through = factor * (adjoint @ double)
    answered = potential + single @ charges
    of_single = areas * through - adjoint
    forces = _pair_forces(surface, factor * adjoint, areas * answered, of_single, charges)
    of_switch, of_areas = grad_pcm.get_dF_dA(surface)
    itself = of_single * charges * surface["charge_exp"] * np.sqrt(2.0 / np.pi) / surface["switch_fun"] ** 2
    found = np.einsum("i,inx->nx", through * answered, of_areas) - np.einsum("i,inx->nx", itself, of_switch)
    return 0.5 * (found + np.array([forces[start:stop].sum(axis=0) for start, stop in surface["gslice_by_atom"]]))


def _pair_forces(surface: dict[str, Array], left_d: Array, right_d: Array, left_s: Array, right_s: Array) -> Array:
    """Return the derivative of Σ l_i D_ij r_j + Σ l_i S_ij r_j by each point, shape (points, 3); normals are fixed."""
    exponents, points, normals = surface["charge_exp"], surface["grid_coords"], surface["norm_vec"]
    along_normals = np.einsum("jx,jx->j", points, normals)
    forces = np.zeros_like(points)
    for start in range(0, len(points), LAYER_ROWS):
        rows = slice(start, start + LAYER_ROWS)
        widths = np.outer(exponents[rows], exponents) / np.hypot(exponents[rows, None], exponents)
        apart = cdist(points[rows], points)
        itself = apart == 0.0
        apart[itself] = 1.0
        scaled = widths * apart
        gaussian = 2.0 / np.sqrt(np.pi) * widths * np.exp(-(scaled**2))
        slope = gaussian - erf(scaled) / apart
        slope[itself] = gaussian[itself] = 0.0
        inward = (points[rows] @ normals.T - along_normals) / apart**2
        pairs_d, pairs_s = np.outer(left_d[rows], right_d), np.outer(left_s[rows], right_s)
        # D = -S' n·r / r: along the line between the points, and along the normal.
        along = pairs_d * (2.0 * widths**2 * gaussian + 3.0 * slope / apart**2) * inward
        along = along + pairs_s * slope / apart**2
        normal = -pairs_d * slope / apart**2
        forces[rows] += along.sum(axis=1)[:, None] * points[rows] - along @ points + normal @ normals
        forces -= along.T @ points[rows] - along.sum(axis=0)[:, None] * points + normal.sum(axis=0)[:, None] * normals
    return forces
