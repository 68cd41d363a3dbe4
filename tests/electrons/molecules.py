"""Molecules at fixed geometries, and what was measured of them."""

import numpy as np

from reexplore.structures.structure import Structure

#: Formaldehyde at its measured geometry (K. Takagi, T. Oka, J. Phys. Soc. Jpn. 1963, 18, 1174) and its vertical
#: ionisation potential in eV (NIST Chemistry WebBook).
FORMALDEHYDE = Structure(
    ("C", "O", "H", "H"),
    np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 1.2078], [0.0, 0.9405, -0.5866], [0.0, -0.9405, -0.5866]]),
    0,
)
FORMALDEHYDE_IP_EV = 10.88
#: Its vertical affinity in eV by electron transmission (K. D. Jordan, P. D. Burrow, Chem. Rev. 1987, 87, 557).
FORMALDEHYDE_EA_EV = -0.86

_RING = np.array([[np.cos(angle), np.sin(angle), 0.0] for angle in np.arange(6) * np.pi / 3])
#: Benzene (r(CC) 1.397 Å, r(CH) 1.084 Å; A. Langseth, B. P. Stoicheff, Can. J. Phys. 1956, 34, 350), its vertical
#: ionisation potential (NIST) and affinity (K. D. Jordan, P. D. Burrow, Chem. Rev. 1987, 87, 557) in eV.
BENZENE = Structure(("C",) * 6 + ("H",) * 6, np.concatenate([1.397 * _RING, 2.481 * _RING]), 0)
BENZENE_IP_EV, BENZENE_EA_EV = 9.24, -1.12
