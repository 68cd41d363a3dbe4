"""Kinds of acid: the atoms of a ligand that take a proton, and acids of each kind with measured pKa."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from rdkit import Chem

from reexplore.chemistry.acids import takes_proton, with_proton
from reexplore.chemistry.ligands import Ligand
from reexplore.errors import InputError

CARBOXYLIC, PHENOL, THIOL = "carboxylic acid", "phenol", "thiol"
HYDROXAMIC, AMMONIUM, PYRIDINIUM = "hydroxamic acid or hydroxypyridinone", "ammonium", "pyridinium"

#: What an atom that takes a proton is then, by its place in the base; the first pattern that fits counts.
_KINDS = tuple(
    (kind, Chem.MolFromSmarts(pattern))
    for kind, pattern in (
        (HYDROXAMIC, "[O-][#7X3;+0]"),
        # 3-Hydroxy-4-pyridinones and -pyranones: the hydroxyl beside the carbonyl of the ring.
        (HYDROXAMIC, "[O-]cc=[O,S]"),
        (CARBOXYLIC, "[O-]C=O"),
        (PHENOL, "[O-]c"),
        (THIOL, "[S-][#6]"),
        (AMMONIUM, "[NX3;+0;$(N[CX4]);!$(N[C,S,P]=[O,S,N]);!$(N[a])]"),
        (PYRIDINIUM, "[nX2;+0]"),
    )
)
#: No proton of water's stays here.
_STRONG_ACID = Chem.MolFromSmarts("[O-]S(=O)=O")
KINDS = (CARBOXYLIC, PHENOL, HYDROXAMIC, AMMONIUM, PYRIDINIUM, THIOL)
#: These take their protons before the others do.
STRONG_BASES = (PHENOL, THIOL, HYDROXAMIC, AMMONIUM)


@dataclass(frozen=True)
class Site:
    """An atom of a ligand, as it binds, that takes a proton; `kind` is what it is then, empty where none fits."""

    atom: int
    kind: str


@dataclass(frozen=True)
class ReferenceAcid:
    """An acid with a measured pKa, by the SMILES of its base."""

    name: str
    smiles: str
    kind: str
    pka: float

    @cached_property
    def base(self) -> Ligand:
        """Return the base, a free molecule."""
        mol = Chem.MolFromSmiles(self.smiles)
        return _molecule(mol, f"{self.name} less H")

    @cached_property
    def acid(self) -> Ligand:
        """Return the acid."""
        (site,) = (site for site in sites(self.base) if site.kind == self.kind)
        return replace(protonated(self.base, site.atom), scaffold=self.name)


#: pKa in water at 25 °C. CRC Handbook of Chemistry and Physics, 95th ed., 5-94; of hydroxamic acids, hydroxypyridinones
#: and maltol A. E. Martell, R. M. Smith, Critical Stability Constants, vols. 3 and 5, at low ionic strength.
REFERENCE_ACIDS = (
    ReferenceAcid("acetic acid", "CC(=O)[O-]", CARBOXYLIC, 4.76),
    ReferenceAcid("benzoic acid", "O=C([O-])c1ccccc1", CARBOXYLIC, 4.20),
    ReferenceAcid("glycolic acid", "OCC(=O)[O-]", CARBOXYLIC, 3.83),
    ReferenceAcid("chloroacetic acid", "ClCC(=O)[O-]", CARBOXYLIC, 2.87),
    ReferenceAcid("phenol", "[O-]c1ccccc1", PHENOL, 9.99),
    ReferenceAcid("catechol", "[O-]c1ccccc1O", PHENOL, 9.34),
    ReferenceAcid("salicylaldehyde", "[O-]c1ccccc1C=O", PHENOL, 8.37),
    ReferenceAcid("4-nitrophenol", "[O-]c1ccc([N+](=O)[O-])cc1", PHENOL, 7.15),
    ReferenceAcid("acetohydroxamic acid", "CC(=O)N[O-]", HYDROXAMIC, 9.36),
    ReferenceAcid("benzohydroxamic acid", "O=C(N[O-])c1ccccc1", HYDROXAMIC, 8.79),
    ReferenceAcid("1-hydroxy-2-pyridinone", "O=c1ccccn1[O-]", HYDROXAMIC, 5.8),
    ReferenceAcid("maltol", "Cc1occc(=O)c1[O-]", HYDROXAMIC, 8.44),
    ReferenceAcid("deferiprone", "Cc1n(C)ccc(=O)c1[O-]", HYDROXAMIC, 9.77),
    ReferenceAcid("methylammonium", "CN", AMMONIUM, 10.66),
    ReferenceAcid("dimethylammonium", "CNC", AMMONIUM, 10.73),
    ReferenceAcid("trimethylammonium", "CN(C)C", AMMONIUM, 9.80),
    ReferenceAcid("2-hydroxyethylammonium", "NCCO", AMMONIUM, 9.50),
    ReferenceAcid("pyridinium", "c1ccncc1", PYRIDINIUM, 5.23),
    ReferenceAcid("2-methylpyridinium", "Cc1ccccn1", PYRIDINIUM, 6.00),
    ReferenceAcid("3-chloropyridinium", "Clc1cccnc1", PYRIDINIUM, 2.81),
    ReferenceAcid("imidazolium", "c1c[nH]cn1", PYRIDINIUM, 6.99),
    ReferenceAcid("ethanethiol", "CC[S-]", THIOL, 10.61),
    ReferenceAcid("2-mercaptoethanol", "OCC[S-]", THIOL, 9.72),
    ReferenceAcid("benzenethiol", "[S-]c1ccccc1", THIOL, 6.62),
)

REFERENCE_ELEMENTS = frozenset(
    atom.GetSymbol() for acid in REFERENCE_ACIDS for atom in Chem.MolFromSmiles(acid.smiles).GetAtoms()
)


def sites(ligand: Ligand) -> tuple[Site, ...]:
    """Return the atoms of a free ligand that take a proton in water, with what each is then."""
    kinds = {match[0]: kind for kind, pattern in reversed(_KINDS) for match in ligand.mol.GetSubstructMatches(pattern)}
    never = {match[0] for match in ligand.mol.GetSubstructMatches(_STRONG_ACID)}
    return tuple(Site(atom, kinds.get(atom, "")) for atom in takes_proton(ligand.mol) if atom not in never)


def protonated(ligand: Ligand, atom: int) -> Ligand:
    """Return a free ligand with one more proton on an atom."""
    mol = Chem.RWMol(ligand.mol)
    with_proton(mol, atom)
    Chem.SanitizeMol(mol)
    return _molecule(mol, f"{ligand.name} + H")


def next_protons(ligand: Ligand) -> tuple[tuple[str, Ligand], ...]:
    """Return the forms a free molecule may have with one more proton, each once with the kind of acid it then is.

    Strong bases come first. None is left where every site holds a proton.
    """
    free = sites(ligand)
    strong = [site for site in free if site.kind in STRONG_BASES]
    forms = ((site.kind, protonated(ligand, site.atom)) for site in strong or free)
    return tuple({form.identity: (kind, form) for kind, form in forms}.values())


def require_known_kinds(ligand: Ligand) -> None:
    """Raise `InputError` for a ligand with a site that is of no kind: its pKa cannot be computed."""
    for site in sites(ligand):
        if not site.kind:
            symbol = ligand.mol.GetAtomWithIdx(site.atom).GetSymbol()
            raise InputError(
                f"no pKa of '{ligand.canonical_smiles}' are given, and none can be computed: its {symbol}{site.atom} is"
                f" the base of no reference acid ({', '.join(KINDS)})"
            )


def _molecule(mol: Chem.Mol, name: str) -> Ligand:
    # Written twice, so that nothing is left of the order of the atoms.
    identity = Chem.MolToSmiles(Chem.MolFromSmiles(Chem.MolToSmiles(mol)))
    return Ligand(identity, Chem.GetFormalCharge(mol), scaffold=name, substituents=())
