"""Groups of a ligand whose protonation, as written, is doubtful in neutral water."""

from __future__ import annotations

from rdkit import Chem

from reexplore.chemistry.library import SCAFFOLDS, SUBSTITUENTS

_ACID = SUBSTITUENTS["carboxylic-acid"].warning

#: Name, pattern and warning; a group that an earlier pattern has found is not found again. The pKa are
#: rounded from A. E. Martell, R. M. Smith, Critical Stability Constants, vols. 1-3.
_GROUPS = tuple(
    (name, Chem.MolFromSmarts(pattern), warning)
    for name, pattern, warning in (
        ("carboxylic acid", "[OX2H]C=O", _ACID),
        ("phosphorus acid", "[OX2H]P=O", _ACID),
        ("sulfonic acid", "[OX2H]S(=O)=O", _ACID),
        ("2-hydroxypyridine", "[OX2H]c[n;X2]", SUBSTITUENTS["2-hydroxypyridine"].warning),
        ("N-hydroxy group", "[OX2H][#7]", "taken neutral, but its proton (pKa 6 to 9) leaves when a metal binds"),
        ("phenol as donor", "[OX2H:1]c", "taken neutral, but its proton (pKa near 10) may leave when a metal binds"),
        ("thiol", "[SX2H]", SUBSTITUENTS["thiol"].warning),
        ("catecholate", "[O-]cc[O-]", SCAFFOLDS["CAM"].warning),
        ("thiocatecholate", "[O-]cc[S-]", SCAFFOLDS["thio-CAM"].warning),
        ("hydroxamate", "[O-][NX3;!$(N=*)]C=O", SCAFFOLDS["benzohydroxamate"].warning),
        ("phenolate", "[O-]c", "taken deprotonated; its proton (pKa near 10) competes with the metal in neutral water"),
        ("alkoxide", "[O-][CX4]", "taken deprotonated, which an alcohol (pKa near 16) is not in water"),
        (
            "nitrogen anion",
            "[N-;!$([N-]=*);!$([N-][N+]);!$([N-]S(=O)(=O)[CX4](F)F)]",
            "taken deprotonated, which it hardly is in neutral water",
        ),
        (
            "aliphatic amine",
            "[NX3;+0;$(N[CX4]);!$(N[C,S,P]=[O,S,N]);!$(N[a]);!$(N[N,O,S,P]);!$(NC=C)]",
            "taken neutral; free in neutral water it holds a proton (pKa 8 to 11)",
        ),
    )
)


def doubtful_groups(mol: Chem.Mol, *, donors: tuple[int, ...]) -> tuple[tuple[str, str], ...]:
    """Return name and warning of each kind of group whose protonation in the SMILES is doubtful at pH 7.

    A neutral phenol is doubtful as a donor only. Judged by the group alone: what the rest of the
    molecule does to its acidity is not seen.
    """
    found: list[tuple[str, str]] = []
    seen: set[int] = set()
    for name, pattern, warning in _GROUPS:
        wanted = {a.GetIdx() for a in pattern.GetAtoms() if a.GetAtomMapNum()}
        matches = [set(m) for m in mol.GetSubstructMatches(pattern) if {m[k] for k in wanted} <= set(donors)]
        hetero = [{a for a in match if mol.GetAtomWithIdx(a).GetSymbol() != "C"} for match in matches]
        if any(not atoms & seen for atoms in hetero):
            found.append((name, warning))
        seen = seen.union(*hetero)
    return tuple(found)
