"""Core potentials by name: basis-set-exchange's, and the one that it holds under the wrong metal's numbers."""

from __future__ import annotations

from typing import Any

#: The name of neodymium's potential with a core of 49 electrons, 4f3 among them.
ND_TRIVALENT = "ecp49mwb"

# M. Dolg, H. Stoll, A. Savin, H. Preuss, Theor. Chim. Acta 1989, 75, 173; M. Dolg, H. Stoll, H. Preuss, Theor. Chim.
# Acta 1993, 85, 441: ECP49MWB of the Stuttgart/Cologne group, in its transcription for OpenMolcas 22.10 (basis library
# STUTTGART, Nd, 11 electrons). Of the 29 potentials for La-Lu that this library shares with basis-set-exchange 0.12
# (lcecp-0 and lcecp-1) 28 are equal in every digit; under Nd3+ basis-set-exchange has those of Nd2+, ECP50MWB.
_NEODYMIUM_TRIVALENT = """\
Nd nelec 49
Nd ul
2    1.0000000      0.0000000
Nd S
2    3.9755000    110.3146390
2    1.9878000     -5.0782100
Nd P
2    3.4045000     75.8689390
2    1.7023000     -1.1725530
Nd D
2    2.4044000     38.2719060
2    1.2022000     -0.0263390
Nd F
2    4.9206000    -51.5815180
"""

_TEXTS = {ND_TRIVALENT: _NEODYMIUM_TRIVALENT}


def core_potential_source(name: str) -> str:
    """Return what PySCF loads a core potential from: NWChem's format for those kept here, otherwise its name."""
    return _TEXTS.get(name, name)


def core_potential(name: str, symbol: str) -> Any:
    """Return the core potential of a metal in PySCF's form, empty where PySCF finds none."""
    from pyscf import gto

    return gto.basis.load_ecp(core_potential_source(name), symbol)
