"""What is written is read again, by us and by ASE; what is wrong is refused in one sentence."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ase.io import read

from reexplore.dataset.columns import REQUIRED, meaning
from reexplore.dataset.files import read_pool, write_pool
from reexplore.dataset.frames import Foreign
from reexplore.dataset.pool import checked
from reexplore.energies.reactions import KCAL_MOL_PER_EV
from reexplore.errors import InputError
from reexplore.structures.conformers.free_ligand import water
from tests.dataset.sample import geometries_of, pool, rows
from tests.surrogate.sample import read_complex


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    table = pd.DataFrame(rows(2, 4))
    # Keys that ASE would take for numbers, and texts that would be truths.
    table.loc[0, "key"], table.loc[1, "key"] = "1234567812345678", "12345e67"
    table.at[2, "substituents"] = ["T", "C/C=C\\C"]
    made = pool(table, geometries_of(table))
    files = write_pool(made, tmp_path_factory.mktemp("pool") / "mine", energy_key="e", energy="binding_energy_kcal_mol")
    return made, files


def same(one, other):
    assert list(one["key"]) == list(other["key"])
    for column in one.columns:
        for a, b in zip(one[column], other[column], strict=True):
            if isinstance(a, float):
                assert a == pytest.approx(b, abs=1e-7)
            else:
                assert list(a) == list(b) if column == "substituents" else a == b


def test_parquet_comes_back_with_its_geometries_and_what_columns_mean(written):
    made, (parquet, geometries) = written
    for path in (parquet, parquet.with_suffix("")):
        found = read_pool(path)
        same(made.table, found.table)
        assert found.provenance["columns"]["metal"] == meaning("metal")
        for key, structure in made.geometries.items():
            assert found.geometries[key].key == structure.key
    assert geometries.name == "mine.extxyz.xz"


def test_extended_xyz_alone_is_the_whole_pool(written):
    made, (_, geometries) = written
    found = read_pool(geometries)
    same(made.table, found.table)
    assert found.traits == made.traits


def test_other_programs_read_the_energy_under_its_key(written):
    made, (_, geometries) = written
    frames = read(geometries, index=":", format="extxyz")
    energies = [frame.info["e"] for frame in frames]
    assert energies == pytest.approx(list(made.table["binding_energy_kcal_mol"] / KCAL_MOL_PER_EV), abs=1e-7)
    assert [frame.info["charge"] for frame in frames] == list(made.table["charge"])


def published(path, *, frames=2, energy=-4.0, charge="", extra=""):
    """Write frames as the published study has them: an energy under its key, and no word of ours."""
    texts = []
    for number in range(frames):
        structure = read_complex("La_HOPO-H_1_6")
        count, _, *atoms = structure.to_extxyz().splitlines()
        # The metal does not stand first in files of others.
        comment = f'Properties=species:S:1:pos:R:3 total_energy={energy - number} pbc="F F F"{charge}{extra}'
        texts.append("\n".join([count, comment, *reversed(atoms)]))
        structure = structure.moved_to(structure.positions_angstrom * (1 + number))
    path.write_text("\n".join(texts) + "\n")
    return path


def test_the_published_format_is_counted_from_its_atoms(tmp_path):
    file = published(tmp_path / "theirs.extxyz", frames=1)
    found = read_pool(file, foreign=Foreign(ligand_charges=(-1,)))
    (row,) = found.table.to_dict("records")
    assert row["total_energy_kcal_mol"] == pytest.approx(-4.0 * KCAL_MOL_PER_EV)
    told = (row["metal"], row["ligands"], row["waters"], row["ligand_charge"], row["charge"])
    assert told == ("La", 1, 6, -1, 2)
    assert row["scaffold"] == "C7H7N2O3"
    structure = found.geometries[row["key"]]
    assert structure.symbols[0] == "La"
    assert np.allclose(structure.positions_angstrom[0], read_complex("La_HOPO-H_1_6").positions_angstrom[0])
    # What was imported is a pool file of ours from then on.
    files = write_pool(found, tmp_path / "ours", energy_key="total_energy", energy="total_energy_kcal_mol")
    same(found.table, read_pool(files[0]).table)
    same(found.table, read_pool(files[1]).table)


def test_of_several_charges_a_ligand_has_the_one_of_a_closed_shell(tmp_path):
    # HOPO is an anion, CAM a dianion: 87 and 86 protons.
    for name, scaffold in (("La_HOPO-H_1_6", "C7H7N2O3"), ("La_CAM-H_1_6", "C8H7NO3")):
        file = tmp_path / f"{name}.extxyz"
        structure = read_complex(name)
        count, _, *atoms = structure.to_extxyz().splitlines()
        comment = "Properties=species:S:1:pos:R:3 total_energy=-4.0 complex_total_hartree=-1000.5"
        file.write_text("\n".join([count, comment, *atoms]) + "\n")
        (row,) = read_pool(file, foreign=Foreign(ligand_charges=(-1, -2))).table.to_dict("records")
        assert (row["scaffold"], row["charge"]) == (scaffold, structure.charge)
        assert row["complex_total_hartree"] == -1000.5


def test_what_a_frame_tells_in_our_words_is_taken(tmp_path):
    extra = ' scaffold=HOPO substituents="_JSON [\\"H\\"]" smiles="O=c1ccccn1[O-]"'
    file = published(tmp_path / "x.xyz", frames=1, charge=" charge=2", extra=extra)
    with gzip.open(tmp_path / "x.xyz.gz", "wt") as packed:
        packed.write(file.read_text())
    (row,) = read_pool(tmp_path / "x.xyz.gz", foreign=Foreign(unit="kcal/mol")).table.to_dict("records")
    assert (row["scaffold"], list(row["substituents"]), row["smiles"]) == ("HOPO", ["H"], "O=c1ccccn1[O-]")
    assert row["total_energy_kcal_mol"] == -4.0


@pytest.mark.parametrize(
    ("changes", "how", "message"),
    [
        ({}, Foreign(), "names no charge"),
        ({}, Foreign("energy", ligand_charges=(-1,)), "has no 'energy': give --energy-key; it has total_energy"),
        ({}, Foreign(ligand_charges=(-2, -4)), "of --ligand-charge none gives C7H7N2O3 an even number"),
        ({}, Foreign(ligand_charges=(-1, -3)), "of --ligand-charge -1 and -3 gives C7H7N2O3 an even number"),
        ({"extra": " complex_total_hartree=much"}, Foreign(ligand_charges=(-1,)), "complex_total_hartree is much"),
        ({"energy": float("nan")}, Foreign(ligand_charges=(-1,)), "total_energy is nan, not a number"),
        ({"frames": 2}, Foreign(ligand_charges=(-1,)), "keep the label that is right"),
        ({"charge": " charge=2"}, None, "`reexplore dataset import` reads it"),
    ],
)
def test_frames_of_others_that_are_wrong(tmp_path, changes, how, message):
    file = published(tmp_path / "x.extxyz", **changes)
    with pytest.raises(InputError) as refused:
        read_pool(file, foreign=how)
    assert message in str(refused.value)
    assert "x.extxyz" in str(refused.value)


def test_a_molecule_without_a_rare_earth_is_refused(tmp_path):
    (tmp_path / "w.extxyz").write_text(water().to_extxyz().replace("charge=0", "charge=0 total_energy=1"))
    with pytest.raises(InputError, match="holds 0 rare earths"):
        read_pool(tmp_path / "w.extxyz", foreign=Foreign())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        *((lambda t, c=c: t.drop(columns=c), f"has no column {c}") for c in REQUIRED),
        (lambda t: t.iloc[:0], "holds no labels"),
        (lambda t: t.drop(columns="binding_energy_kcal_mol"), "has no property"),
        (lambda t: t.assign(binding_energy_kcal_mol=np.nan), "(NaN) in row 1"),
        (lambda t: t.assign(binding_energy_kcal_mol=np.inf), "infinite in row 1"),
        (lambda t: t.assign(binding_energy_kcal_mol="much"), "no number"),
        (lambda t: t.assign(metal="Fe"), "Fe is no rare earth"),
        (lambda t: t.assign(metal=None), "metal has no value in row 1"),
        (lambda t: t.assign(ligands=1.5), "no whole number"),
        (lambda t: pd.concat([t, t.assign(binding_energy_kcal_mol=1.0)]), "keep the label that is right"),
    ],
)
def test_a_table_that_is_wrong(change, message):
    with pytest.raises(InputError) as refused:
        checked(change(pd.DataFrame(rows(2, 3))), source="mine.parquet")
    assert str(refused.value).startswith("mine.parquet")
    assert message in str(refused.value)


def test_a_label_that_is_there_twice_counts_once():
    table = pd.DataFrame(rows(2, 3))
    assert len(checked(pd.concat([table, table]), source="x")) == len(table)


@pytest.mark.parametrize(("name", "content"), [("a.parquet", b"none"), ("a.extxyz", b"none\n"), ("a.csv", b"")])
def test_what_is_no_pool_file(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=r"a\.(parquet|extxyz|csv)"):
        read_pool(tmp_path / name)


def test_what_is_not_there():
    with pytest.raises(InputError, match="no pool file"):
        read_pool(Path("nowhere"))


def test_a_property_that_cannot_be_ranked_by():
    with pytest.raises(InputError, match="has no property 'size'; it has binding_energy_kcal_mol"):
        pool().values("size")
    with pytest.raises(InputError, match="the same in all"):
        pool(energy=lambda *_: 1.0).values("binding_energy_kcal_mol")
