import base64
import re
from html import unescape

import pytest

from reexplore.tracking.documents import Document, write_html, write_markdown
from reexplore.tracking.journal_plots import journal_figures, observed_coverage
from reexplore.tracking.pdf_document import write_pdf
from reexplore.tracking.records import ParityPoint
from tests.tracking.sample import campaign

EVIL = "<script>alert(1)</script>"
TEXT = f"""# A title

A paragraph with `C[N+](C)C`, (H₂O)₆ and −90.6 ± 5.1; {EVIL}

![A caption](parity)

| rank | candidate |
| ---: | --- |
| 1 | La(CAM-H) {EVIL} |

* one
* two

```
code: [x]
```
"""


@pytest.fixture(scope="module")
def document():
    return Document("A title", TEXT, [f for f in journal_figures(campaign()) if f.name == "parity"])


def test_markdown_lies_beside_its_figures(document, tmp_path):
    write_markdown(document, tmp_path / "a report.md")
    (link,) = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", (tmp_path / "a report.md").read_text())
    assert (tmp_path / link.replace("%20", " ")).read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "a report-figures" / "parity.svg").read_text().startswith("<?xml")


def test_html_is_one_file_in_which_no_text_is_a_tag(document, tmp_path):
    write_html(document, tmp_path / "report.html")
    html = (tmp_path / "report.html").read_text()
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 2
    (picture,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    assert base64.b64decode(picture) == document.figures[0].svg.encode()
    assert not re.findall(r'(?:src|href)="(?!data:|#)', html)
    assert "default-src 'none'" in unescape(html)
    assert '<td style="text-align:right">1</td>' in html


def test_pdf_has_its_pages_with_the_picture_and_its_letters(document, tmp_path):
    long = Document(document.title, TEXT + "\n\nA paragraph.\n" * 90, document.figures)
    write_pdf(long, tmp_path / "report.pdf")
    pdf = (tmp_path / "report.pdf").read_bytes()
    assert pdf.startswith(b"%PDF-1.")
    assert len(re.findall(rb"/Type /Page\b", pdf)) >= 2
    assert len(re.findall(rb"/Subtype /Image", pdf)) == 1
    # Fonts with these letters are in the file: nothing depends on the reader's.
    assert len(re.findall(rb"/FontFile2", pdf)) >= 2


def test_a_report_has_the_figures_that_there_are_data_for():
    # Four labels that were predicted before are too few for a curve of coverage, six are not.
    assert [figure.name for figure in journal_figures(campaign())] == ["parity", "learning", "best"]
    figures = journal_figures(campaign(substituents=12))
    assert [figure.name for figure in figures] == ["parity", "calibration", "learning", "best"]
    for figure in figures:
        # 3.3 inches at 600 dots.
        assert int.from_bytes(figure.png[16:20], "big") == 1980


def test_coverage_counts_the_labels_inside_each_interval():
    # One, one and a half, and three standard deviations off: 68.3, 86.6 and 99.7 %.
    points = [ParityPoint("k", "n", 10.0, 2.0, 10.0 + off, before_labelling=True) for off in (2.0, -3.0, 6.0)]
    levels, share = observed_coverage(points)
    at = dict(zip(levels.round(2), share, strict=True))
    assert (at[0.0], at[0.68], at[0.69], at[0.86], at[0.87], at[0.99], at[1.0]) == pytest.approx(
        (0, 0, 1 / 3, 1 / 3, 2 / 3, 2 / 3, 1)
    )
