"""Families hold the whole pool, and what is written of them is read again."""

from reexplore.chemistry.families import Family, families
from reexplore.chemistry.library import SCAFFOLDS, SUBSTITUENTS, Scaffold
from reexplore.chemistry.ligands import assemble
from reexplore.chemistry.metals import METALS
from reexplore.chemistry.space import Coordination, Space

TWO = Scaffold("two", "CNC(=O)c1c([*:1])c([*:2])cc([O-:12])c1[O-:11]", -2, "", "", sites=2)
SPACE = Space(
    scaffolds=(SCAFFOLDS["CAM"], TWO),
    substituents=tuple(SUBSTITUENTS[name] for name in ("methyl", "H", "nitro")),
    metals=(METALS["Lu"], METALS["La"]),
    coordinations=(Coordination(1, 8), Coordination(2, 8)),
)


def test_every_candidate_is_in_one_family():
    pool = list(SPACE.candidates())
    found = families(SPACE)
    again = [candidate for family in found for candidate in family.candidates()]
    assert sorted(c.key for c in again) == sorted(c.key for c in pool)
    # CAM-H is a ligand of the first scaffold only: the space made it of that one first.
    assert [(f.scaffold.name, f.ligands, f.waters, len(f.members)) for f in found] == [
        ("CAM", 1, 6, 3),
        ("CAM", 2, 4, 3),
        ("two", 1, 6, 6),
        ("two", 2, 4, 6),
    ]


def test_choices_make_the_ligands():
    for family in families(SPACE):
        for ligand, choice in zip(family.members, family.choices, strict=True):
            assert assemble(family.scaffold, tuple(family.substituents[i] for i in choice)) == ligand


def test_a_family_survives_being_written():
    for family in families(SPACE):
        again = Family.from_text(family.to_text())
        assert [c.key for c in again.candidates()] == [c.key for c in family.candidates()]
        assert [c.group for c in again.candidates()] == [c.group for c in family.candidates()]
        assert [c.ligand.name for c in again.candidates()] == [c.ligand.name for c in family.candidates()]
        assert again.choices.tolist() == family.choices.tolist()
        assert again.to_text() == family.to_text()


def test_parts_are_the_whole():
    (family, *_) = families(SPACE)
    parts = list(family.chunks(2))
    assert [len(part.members) for part in parts] == [2, 1]
    assert [c.key for part in parts for c in part.candidates()] == [c.key for c in family.candidates()]
