"""A label's single point as a PySCF script that needs nothing of this package."""

from __future__ import annotations

import importlib.metadata
from string import Template

from reexplore.chemistry.metals import METALS
from reexplore.energies.core_potentials import core_potential_source
from reexplore.energies.dft.molecule import oriented_positions
from reexplore.energies.levels import GAS_PHASE, Level
from reexplore.errors import InputError
from reexplore.structures.structure import Structure

_HEADER = Template('''"""Single point of $formula at reexplore's level '$level' (version $version).

Charge $charge, multiplicity $multiplicity.

$summary.

    pip install $packages
    OMP_NUM_THREADS=4 python THIS_FILE

Written by reexplore $reexplore. It uses PySCF's own classes only. At levels of closed shells its total energy is
that of reexplore within 3e-6 Hartree. An open 4f shell has several solutions some kcal/mol apart, of which reexplore
keeps the lowest it finds: compare the spin and the 4f population printed here before the energies. Of Gd, Tb and Dy it
leaves out a function at the nucleus that is in the basis here and makes their energies too low.
"""

from types import SimpleNamespace

import numpy as np
from pyscf import dft, gto, scf
from pyscf.data.nist import BOHR
from pyscf.solvent import smd

# Å, along the principal axes of the nuclear charges: grid and cavity points keep the directions of the axes.
ATOMS = """
$atoms
"""
CHARGE, MULTIPLICITY = $charge, $multiplicity
FUNCTIONAL, DISPERSION = "$functional", $dispersion
LIGAND_BASIS, FITTING_BASIS = "$ligand_basis", "$fitting_basis"
# f_electrons: those of the 4f shell that are not in the core
METALS = $metals
GRID_LEVEL = $grid_level
SOLVENT, CAVITY_POINTS_PER_SPHERE, METAL_RADIUS_ANGSTROM = $solvent, $cavity_points, $metal_radius
ENERGY_TOLERANCE_HARTREE, GRADIENT_TOLERANCE = $energy_tolerance, $gradient_tolerance
''')

_MOLECULE = '''

def molecule(atoms, charge, multiplicity):
    """Bases and core potentials are loaded one by one: PySCF returns an empty potential without a word."""
    symbols = sorted({symbol for symbol, _ in atoms})
    basis = {s: gto.basis.load(METALS[s]["basis"] if s in METALS else LIGAND_BASIS, s) for s in symbols}
    assert all(basis.values()), "a basis is missing: pip install 'basis-set-exchange>=0.12'"
    potentials = {s: gto.basis.load_ecp(METALS[s]["ecp"], s) for s in symbols if s in METALS and METALS[s]["ecp"]}
    potentials |= {s: gto.basis.load_ecp("def2-ecp", s) for s in symbols if s == "I"}
    for symbol, potential in potentials.items():
        assert potential, f"no core potential for {symbol}"
        cores = METALS[symbol]["core_electrons"] if symbol in METALS else 28
        assert potential[0] == cores, f"{symbol}: {potential[0]} core electrons"
    return gto.M(
        atom=atoms, basis=basis, ecp=potentials, charge=charge, spin=multiplicity - 1, verbose=0, max_memory=8000
    )


def start_density(mol):
    """Minimal-basis ligand atoms around the ion; PySCF's own guesses start from the neutral metal and oscillate."""
    density = np.zeros((2, mol.nao, mol.nao))
    offsets = mol.aoslice_by_atom()[:, 2:]
    ligands = [i for i in range(mol.natm) if mol.atom_pure_symbol(i) not in METALS]
    if ligands:
        atoms = [(mol.atom_pure_symbol(i), mol.atom_coord(i)) for i in ligands]
        basis = {mol.atom_pure_symbol(i): mol._basis[mol.atom_pure_symbol(i)] for i in ligands}
        cores = {symbol: mol._ecp[symbol] for symbol in basis if symbol in mol._ecp}
        part = gto.M(atom=atoms, basis=basis, ecp=cores, unit="Bohr", spin=None, verbose=0)
        orbitals = np.concatenate([np.arange(*offsets[i]) for i in ligands])
        density[np.ix_([0, 1], orbitals, orbitals)] = scf.hf.init_guess_by_minao(part) / 2
    for i, (start, stop) in enumerate(offsets):
        if mol.atom_pure_symbol(i) in METALS:
            density[:, start:stop, start:stop] = ion_density(mol.atom_pure_symbol(i))
    return density
'''

_CLOSED_ION = '''

def ion_density(symbol):
    """The bare ion, a closed shell, in the gas phase."""
    ion = dft.RKS(molecule([(symbol, (0.0, 0.0, 0.0))], 3, 1), xc=FUNCTIONAL)
    ion.grids.level = GRID_LEVEL
    ion.kernel(ion.get_init_guess(key="hcore"))
    assert ion.converged, f"the free ion {symbol} did not converge"
    return np.array(ion.make_rdm1()) / 2
'''

_OPEN_ION = '''

def ion_density(symbol):
    """The bare ion in the gas phase by UHF, its 4f electrons put one by one into atomic orbitals."""
    f_electrons = METALS[symbol]["f_electrons"]
    ion = molecule([(symbol, (0.0, 0.0, 0.0))], 3, (f_electrons if f_electrons <= 7 else 14 - f_electrons) + 1)
    ion.build(symmetry="SO3")
    field = scf.UHF(ion)
    # The core holds 1s to 3d; 4s 4p 4d 5s 5p are full.
    full = {"s": (2, 2), "p": (2, 2), "d": (1, 1)}
    field.irrep_nelec = {name: full.get(name[0], (0, 0)) for name in ion.irrep_name}
    for k, name in enumerate(sorted(name for name in ion.irrep_name if name[0] == "f")):
        field.irrep_nelec[name] = (int(k < f_electrons), int(k < f_electrons - 7))
    field.max_cycle = 200
    field.kernel(field.get_init_guess(key="hcore"))
    assert field.converged, f"the free ion {symbol} did not converge"
    return np.array(field.make_rdm1())
'''

_MAIN = """

symbols_and_positions = [line.split() for line in ATOMS.strip().splitlines()]
mol = molecule([(s, [float(x) for x in xyz]) for s, *xyz in symbols_and_positions], CHARGE, MULTIPLICITY)
field = (dft.UKS if MULTIPLICITY > 1 else dft.RKS)(mol, xc=FUNCTIONAL)
field.grids.level = GRID_LEVEL
field = field.density_fit(auxbasis=FITTING_BASIS)
# Without this a pure functional evaluates the three-centre integrals anew in every cycle.
field.with_df.build()
"""

_SOLVATION = """
solvent = smd.SMD(mol, solvent=SOLVENT)
solvent.radii_table = smd.smd_radii(smd.solvent_db[SOLVENT][2])
for symbol in METALS:
    if METAL_RADIUS_ANGSTROM:
        solvent.radii_table[gto.charge(symbol)] = METAL_RADIUS_ANGSTROM / BOHR
solvent.sasa_ng = CAVITY_POINTS_PER_SPHERE
# The non-electrostatic term has to see the true nuclear charges; PySCF hands it those the core potentials leave.
true_charges = np.array([gto.charge(mol.atom_pure_symbol(i)) for i in range(mol.natm)], dtype=np.int32)
term = smd.SMD(mol, solvent=SOLVENT)
term.mol = SimpleNamespace(natm=mol.natm, atom_coords=mol.atom_coords, atom_charges=lambda: true_charges)
solvent.e_cds = smd.get_cds_legacy(term)[0]
field = field.SMD(solvent)
"""

_CONVERGED = """
field.disp = DISPERSION
field.conv_tol, field.conv_tol_grad = ENERGY_TOLERANCE_HARTREE, GRADIENT_TOLERANCE

density = start_density(mol)
field.kernel(density if MULTIPLICITY > 1 else density.sum(axis=0))
if not field.converged:
    field.level_shift, field.max_cycle = 0.3, 80
    field.kernel(field.make_rdm1())
    field.level_shift = 0.0
if not field.converged:
    field = field.newton()
    field.kernel(field.mo_coeff, field.mo_occ)
assert field.converged, "the self-consistent field did not converge"

total = field.make_rdm1()
total = total if MULTIPLICITY == 1 else total.sum(axis=0)
populations = np.einsum("ij,ji->i", total, mol.intor("int1e_ovlp"))
labels = mol.ao_labels(fmt=None)
print("converged_electrons", mol.nelectron)
print("spin_squared", field.spin_square()[0] if MULTIPLICITY > 1 else 0.0)
print("f_population", sum(p for p, (_, s, shell, _) in zip(populations, labels) if s in METALS and shell[1:] == "f"))
for name, key in (
    ("dispersion_hartree", "dispersion"),
    ("solvent_electrostatic_hartree", "e_solvent"),
    ("solvent_cds_hartree", "e_cds"),
):
    print(name, repr(float(field.scf_summary.get(key, 0.0))))
print("total_hartree", repr(float(field.e_tot)))
"""


def pyscf_script(structure: Structure, *, level: Level, multiplicity: int) -> str:
    """Return a PySCF script for the single point of a structure; see `exporting.export_label`.

    It names only what PySCF, pyscf-dispersion and basis-set-exchange bring and prints the terms of the energy
    in Hartree. Raises `InputError` for a level whose exchange PySCF's density fitting does not evaluate.
    """
    if level.exchange != "none" and not level.exchange.startswith("density-fitted"):
        raise InputError(f"level '{level.name}': no PySCF script is known for exchange '{level.exchange}'")
    metals = {symbol: _treatment(level, symbol) for symbol in sorted(set(structure.symbols) & set(METALS))}
    open_shells = any(metal["f_electrons"] for metal in metals.values())
    packages = [
        f"{name}=={importlib.metadata.version(name)}" for name in ("pyscf", "pyscf-dispersion", "basis-set-exchange")
    ]
    header = _HEADER.substitute(
        formula=_formula(structure),
        charge=structure.charge,
        multiplicity=multiplicity,
        level=level.name,
        version=level.version,
        summary=level.summary.rstrip("."),
        packages=" ".join(packages),
        reexplore=importlib.metadata.version("reexplore"),
        atoms="\n".join(
            f"{symbol:2} {x:18.12f} {y:18.12f} {z:18.12f}"
            for symbol, (x, y, z) in zip(structure.symbols, oriented_positions(structure), strict=True)
        ),
        functional=level.functional,
        dispersion=_literal(level.dispersion or None),
        ligand_basis=level.ligand_basis,
        fitting_basis=level.coulomb_fitting_basis,
        metals=_literal(metals),
        grid_level=level.grid_level,
        solvent=_literal(level.solvent),
        metal_radius=level.metal_radius_angstrom,
        cavity_points=level.cavity_points_per_sphere,
        energy_tolerance=level.energy_tolerance_hartree,
        gradient_tolerance=level.gradient_tolerance,
    )
    ion = _OPEN_ION if open_shells else _CLOSED_ION
    solvation = "" if level.solvent == GAS_PHASE else _SOLVATION
    return header + _MOLECULE + ion + _MAIN + solvation + _CONVERGED


def _treatment(level: Level, symbol: str) -> dict[str, str | int | None]:
    metal, treatment = METALS[symbol], level.treatment_of(symbol)
    core = treatment.core_of(symbol)
    # Eight electrons are left, 5s and 5p (4s and 4p for Y), where the core holds the 4f shell.
    f_in_core = metal.atomic_number - metal.oxidation_state - core == 8
    return {
        "basis": treatment.basis,
        "ecp": None if treatment.ecp is None else core_potential_source(treatment.ecp),
        "core_electrons": core,
        "f_electrons": 0 if f_in_core else metal.f_electrons,
    }


def _literal(value: object) -> str:
    return repr(value).replace("'", '"')


def _formula(structure: Structure) -> str:
    counts = {symbol: structure.symbols.count(symbol) for symbol in dict.fromkeys(structure.symbols)}
    return "".join(f"{symbol}{count if count > 1 else ''}" for symbol, count in counts.items())
