"""Each row is accepted with its donors or refused with a reason, whatever stands around it."""

import csv
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reexplore.chemistry.ligands import assemble
from reexplore.errors import InputError
from reexplore.sources.base import LigandTable, Row
from reexplore.sources.ligand_file import LigandFile
from reexplore.sources.ligand_list import Start, judge

SIXTY = Path(__file__).parent / "data" / "ligands.csv"


def rows(*texts):
    """Return a table of rows, each `name,smiles,donors,charge,start_from,pka` with what is left out empty."""
    names = ("name", "smiles", "donors", "charge", "start_from", "pka")
    found = [Row(line, dict(zip(names, text.split("|"), strict=False))) for line, text in enumerate(texts, start=2)]
    return LigandTable("the ligand file ligands.csv", Path(), names, tuple(found))


def no_start(_ligand, said):
    raise InputError(f"its start '{said}' is not there")


def judged(table, **more):
    asked = {"fits": lambda _: "", "choose": lambda _, proposals: proposals[0], "begin": no_start, "taken": ()}
    return judge(table, **asked | {"lacks_pka": lambda _ligand, _given: "", "known": {}} | more)


def only(text, **more):
    found = judged(rows(text, "water|O"), **more).verdicts[0]
    assert found.status == ("refused" if found.single is None else "accepted")
    return found


@pytest.mark.parametrize("donors", ["0 8", "0;8", "0, 8", " 8 0 "])
def test_donors_are_given_by_their_numbers(donors):
    found = only(f"picolinate|[O-]C(=O)c1ccccn1|{donors}|-1")
    assert (found.donors, found.donor_numbers, found.origin) == ("O0 N8", "0 8", "given")


def test_donors_are_given_by_atom_maps():
    found = only("acetate|[O-:11]C(=[O:12])C")
    assert (found.donors, found.origin) == ("O0 O2", "given")


def test_donors_that_are_not_given_are_proposed():
    assert (only("picolinate|[O-]C(=O)c1ccccn1").donors, only("acetate|CC(=O)[O-]").origin) == ("O0 N8", "proposed")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a|[O-]C(=O)C|x", "are no numbers of atoms"),
        ("a|[O-]C(=O)C|7", "has no atom 7"),
        ("a|[O-]C(=O)C|0 0", "named twice"),
        ("a|[O-]C(=O)C|3", "cannot be a donor"),
        ("a|[O-]C(=O)C|-1", "are no numbers of atoms"),
        ("a|[O-:11]C(=O)C|0", "by atom maps and in the column donors"),
        ("a|[O-:1]C(=O)C", "atom maps 11, 12"),
        ("a|[O-]C(=O)C||-2", "the SMILES has charge -1, the column says -2"),
        ("a|[O-]C(=O)C||one", "is no whole number"),
        ("a|[O-]C(=O)C||-1.5", "is no whole number"),
        ("a|", "the SMILES is empty"),
        ("a|" + "C" * 3000, "more than 2000 letters"),
        ("|O", "it has no name"),
        ("=+-|O", "it has no name"),
        ("acetate|[O-]C(=O)C|||mine.xyz", "its start 'mine.xyz' is not there"),
        ("CAM|O", "is that of a scaffold of this campaign"),
        ("a|C\x1b[31m", "cannot be printed"),
    ],
)
def test_a_row_is_refused_with_its_reason(row, reason):
    found = only(row, taken=("CAM",))
    assert reason in found.reason
    assert len(found.reason) < 320


@pytest.mark.parametrize("charge", ["-1", "−1", "-1.0", ""])
def test_a_charge_may_be_written_as_people_do(charge):
    assert only(f"acetate|[O-]C(=O)C||{charge}").is_accepted


def test_a_name_becomes_one_that_files_and_terminals_bear():
    assert only("=dimethyl [phosphate] (D2EHPA short)|COP(=O)([O-])OC").name == "dimethyl-phosphate-(D2EHPA-short)"
    assert only("β-diketonate|CC(=O)C=C(C)[O-]").name == "β-diketonate"


def test_what_does_not_fit_is_refused_before_any_part_of_it_is_taken():
    seen = []

    def choose(smiles, proposals):
        seen.append(smiles)
        return proposals[0]

    found = only("EDTA|[O-]C(=O)CNCC(=O)[O-]", choose=choose, fits=lambda s: "no" if s.ligand.denticity > 2 else "")
    assert (found.reason, seen) == ("no", ["O"])


def test_donors_that_are_left_out_are_told():
    found = only("terephthalate|[O-]C(=O)c1ccc(cc1)C(=O)[O-]", choose=lambda _, proposals: proposals[-1])
    assert (found.donors, found.reason) == ("O0 O2", "O0 O2 O10 O11 cannot hold one metal together")


def test_given_donors_that_cannot_hold_one_metal_are_refused():
    found = only("terephthalate|[O-]C(=O)c1ccc(cc1)C(=O)[O-]|0 10", choose=lambda _, proposals: proposals[0][:1])
    assert found.reason == "its donors O0 O10 cannot hold one metal together"


def test_known_donors_are_not_looked_for_again():
    table = rows("acetate|CC(=O)[O-]")
    found = judged(table, known={("acetate", "CC(=O)[O-]"): "3"}).verdicts[0]
    assert (found.donors, found.origin) == ("O3", "proposed")


def test_the_same_ligand_counts_once_and_both_lines_are_told():
    found = judged(rows("acetate|CC(=O)[O-]", "again|[O-]C(C)=O", "by one|CC(=O)[O-]|3"))
    assert [v.status for v in found.verdicts] == ["accepted", "repeated", "accepted"]
    assert found.verdicts[1].reason == "the same ligand as acetate in line 2: counted once"
    assert found.count() == "2 of 3 rows accepted, 1 repeated"


def test_names_that_come_to_the_same_are_told():
    assert judged(rows("a b|O", "a-b|CO")).verdicts[1].reason == "its name, a-b, is that of line 2: rename it"


def test_isomers_are_two_ligands():
    both = judged(rows("Z|CC(=O)/C=C(/C)[O-]", "E|CC(=O)/C=C(C)/[O-]", "S|C[C@H](O)C(=O)[O-]", "R|C[C@@H](O)C(=O)[O-]"))
    assert len({s.smiles for s in both.scaffolds}) == len(both.accepted) == 4


def test_a_file_without_an_accepted_row_says_why_the_first_is_refused():
    with pytest.raises(InputError, match=r"no row of .* is accepted, the first of 2, line 2, because .*hold a metal"):
        judged(rows("benzene|c1ccccc1", "hexane|CCCCCC"))


def test_the_scaffold_of_a_ligand_is_the_ligand():
    for verdict, scaffold in zip((found := judged(LigandFile(SIXTY).table())).accepted, found.scaffolds, strict=True):
        ligand = verdict.single.ligand
        # Twice: what is kept between must not be changed by the first.
        for assembled in (assemble(scaffold, ()), assemble(scaffold, ())):
            assert assembled == ligand
            assert assembled.name == verdict.name
            assert (assembled.donors, scaffold.denticity) == (ligand.donors, ligand.denticity)
            assert set(ligand.warnings) <= set(assembled.warnings)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_neither_the_order_of_rows_nor_other_columns_change_what_is_taken(seed, tmp_path_factory):
    with SIXTY.open(encoding="utf-8") as file:
        known = [row for row in csv.DictReader(file) if not row["refused"]][:25]
    chance = random.Random(seed)
    taken = {tuple(sorted(row.items())): row for row in chance.sample(known, len(known))}.values()
    columns = ["name", "smiles", f"column {seed}", "charge"]
    chance.shuffle(columns)
    path = tmp_path_factory.mktemp("shuffled") / "some.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([[row.get(column, "anything") for column in columns] for row in taken])
    found = judged(LigandFile(path).table())
    plain = judged(rows(*(f"{row['name']}|{row['smiles']}" for row in known)))
    assert {s.smiles for s in found.scaffolds} == {s.smiles for s in plain.scaffolds}
    assert found.digest({}) == plain.digest({})


def test_a_start_is_part_of_what_a_campaign_takes_from_a_file():
    def begin(ligand, said):
        return Start(Path(said), "1 L, 6 H2O", f"{ligand.charge} {said}")

    plain, one, other = (judged(rows(f"acetate|[O-]C(=O)C|||{said}"), begin=begin) for said in ("", "a.xyz", "b.xyz"))
    assert len({found.digest({}) for found in (plain, one, other)}) == 3
    ligand = one.verdicts[0].single.ligand
    assert one.start_of(ligand, stoichiometry="1 L, 6 H2O") == "-1 a.xyz"
    assert one.start_of(ligand, stoichiometry="2 L, 4 H2O") == plain.start_of(ligand, stoichiometry="1 L, 6 H2O") == ""


def test_measured_pka_are_kept_and_refused_where_they_cannot_be():
    assert only("IDA|O=C([O-])CNCC(=O)[O-]||||9.34 2.61").pka == (9.34, 2.61)
    assert "its pKa rise" in only("IDA|O=C([O-])CNCC(=O)[O-]||||2.61 9.34").reason
    needed = {"lacks_pka": lambda ligand, given: f"{given} of 2" if ligand.charge and given < 2 else ""}
    lacking = only("IDA|O=C([O-])CNCC(=O)[O-]||||9.34", **needed)
    assert lacking.reason == "1 of 2"


def test_other_pka_are_another_list_only_where_they_count():
    one, other = (judged(rows(f"IDA|O=C([O-])CNCC(=O)[O-]||||{pka}")) for pka in ("9.34 2.61", "9.1"))
    assert one.digest({}) == other.digest({})
    assert one.digest({}, with_pka=True) != other.digest({}, with_pka=True)
