"""The written report says what the ledger has, cites what was used, and nothing else."""

import pytest
import yaml

from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.results.citations import _known, citations
from reexplore.campaign.results.snapshot import campaign_record
from reexplore.campaign.results.written_report import _cell, report_document, write_report
from reexplore.errors import InputError
from reexplore.tracking.documents import parser
from tests.campaign.results.test_reasons import context  # noqa: F401 - a fixture
from tests.campaign.test_loop import SMALL


@pytest.fixture(scope="module")
def report(context):  # noqa: F811
    record = campaign_record(context.setup, context.ledger, pool=context.pool)
    return record, report_document(context.setup, context.ledger, record, top=2)


def test_a_report_has_its_parts_and_the_numbers_of_the_campaign(report):
    record, document = report
    tokens = parser().parse(document.markdown)
    parts = [tokens[n + 1].content for n, token in enumerate(tokens) if token.tag == "h2" and token.nesting == 1]
    assert parts == [
        "Space", "Protocol", "Rounds and baselines", "Candidates", "Failures and what was left out", "Costs",
        "Decisions of people", "How to reproduce it", "References",
    ]  # fmt: skip
    assert "Not real chemistry" in document.markdown
    assert "not finished when this was written" in document.markdown
    labels = [row.dft_kcal_mol for row in record.rows if row.dft_kcal_mol is not None and row.rank in (1, 2)]
    assert labels
    for label in labels:
        assert f"| {label:.1f}".replace("-", "−") in document.markdown
    # Every table is read as one: no cell of it spills over.
    assert all(len(set(widths)) == 1 for widths in _widths(tokens))


def test_a_name_is_no_mark_of_markdown():
    name = "a|b `c` [d](http://e) *f* <g> h_i_j C\\C"
    tokens = parser().parse(f"| x |\n| --- |\n| {_cell(name)} |\n")
    (inline,) = [token for token in tokens if token.type == "inline" and token.content != "x"]
    assert "".join(child.content for child in inline.children) == name
    assert {child.type for child in inline.children} <= {"text", "text_special"}


def _widths(tokens):
    """Yield how many cells the rows of each table have."""
    found = []
    for token in tokens:
        if token.type == "table_open":
            found = []
        elif token.type == "tr_open":
            found.append(0)
        elif token.type in ("td_open", "th_open"):
            found[-1] += 1
        elif token.type == "table_close":
            yield found


def test_a_fake_is_not_cited_as_an_engine(context):  # noqa: F811
    keys = [citation.key for citation in citations(context.setup, imported=False)]
    assert {"rdkit", "allegro", "nequip", "botorch", "parsl", "mlflow"} <= set(keys)
    assert not {"pyscf", "gfn2", "architector", "smd"} & set(keys)


def test_a_real_campaign_cites_its_level_surface_and_builders(tmp_path):
    real = SMALL | {"theory": {"level": "standard"}, "surrogate": {"model": "tabular"}}
    (tmp_path / "real.yaml").write_text(yaml.safe_dump(real))
    setup = prepare(str(tmp_path / "real.yaml"), workspace=tmp_path)
    keys = [citation.key for citation in citations(setup, imported=False)]
    wanted = {"architector", "openbabel", "gfn2", "gfnff", "alpb", "pyscf", "pbe", "d4", "def2", "def2diffuse", "smd"}
    assert wanted <= set(keys)
    assert not {"b3lyp", "crest", "allegro", "sascore"} & set(keys)
    # What another program computed is not PySCF's.
    assert "pyscf" not in {citation.key for citation in citations(setup, imported=True)}


def test_every_entry_of_the_bibliography_is_whole():
    entries = _known()
    assert len(entries) >= 20
    for citation in entries.values():
        assert {"author", "title", "year"} <= citation.fields.keys(), citation.key
        assert citation.bibtex.count("{") == citation.bibtex.count("}")
        assert not set("{}") & set(citation.text)
    assert entries["gfn2"].text == (
        "C. Bannwarth, S. Ehlert, S. Grimme, J. Chem. Theory Comput. 2019, 15, 1652–1671,"
        " https://doi.org/10.1021/acs.jctc.8b01176"
    )


def test_nothing_is_written_where_a_file_has_no_folder(context, report, tmp_path):  # noqa: F811
    record, _ = report
    files = {"markdown": tmp_path / "here.md", "html": tmp_path / "no" / "there.html"}
    with pytest.raises(InputError, match="make it first"):
        write_report(context.setup, context.ledger, record, top=2, files=files)
    assert not (tmp_path / "here.md").exists()
