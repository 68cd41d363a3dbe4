import base64
import hashlib
import json
import math
import re
import shlex
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from reexplore.tracking.decisions import Decision, DecisionRow
from reexplore.tracking.records import ParityPoint
from reexplore.tracking.review_page import review_page
from tests.tracking.sample import campaign

EVIL = "</script><img src=x onerror=alert(1)>\"'&"


class Page(HTMLParser):
    """The page as a browser's tokenizer sees it."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.raw, self._inside = [], [], None
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._inside = (tag, dict(attrs))
            self.raw.append((tag, dict(attrs), ""))

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self._inside = None

    def handle_data(self, data):
        if self._inside:
            tag, attrs, text = self.raw[-1]
            self.raw[-1] = (tag, attrs, text + data)
        else:
            self.text += data

    def all(self, tag, **wanted):
        return [a for t, a in self.tags if t == tag and all(a.get(k) == v for k, v in wanted.items())]

    @property
    def data(self):
        def refuse(constant):
            raise AssertionError(f"{constant} is not JSON")

        (text,) = [text for tag, attrs, text in self.raw if attrs.get("id") == "data"]
        return json.loads(text, parse_constant=refuse)["candidates"]


@pytest.fixture(scope="module")
def record():
    return campaign()


@pytest.fixture(scope="module")
def page(record):
    return Page(review_page(record, top=3))


def test_only_the_embedded_scripts_and_styles_may_run(page):
    (policy,) = [a["content"] for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert "default-src 'none'" in policy
    scripts = re.search(r"script-src ([^;]*)", policy)[1].split()
    styles = re.search(r"style-src ([^;]*)", policy)[1].split()

    def digest(text):
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    assert scripts == [digest(t) for tag, a, t in page.raw if tag == "script" and a.get("type") != "application/json"]
    assert styles == [digest(t) for tag, _, t in page.raw if tag == "style"]


def test_nothing_is_fetched_from_elsewhere(page):
    links = [a[k] for _, a in page.tags for k in ("src", "href", "xlink:href", "action") if k in a]
    assert all(link.startswith("#ligand-") for link in links)
    assert not page.all("link")
    (style,) = [text for tag, _, text in page.raw if tag == "style"]
    assert "url(" not in style
    assert "@import" not in style


def test_every_group_has_its_table_and_shows_the_strongest_and_all_that_was_tried(record, page):
    assert page.text.count("L charge -2 · ") == len([a for a in page.all("tbody") if "data-group" in a]) == 2
    shown = {a["data-key"] for a in page.all("tr") if "data-key" in a}
    expected = {r.key for r in record.rows if r.status != "predicted" or (r.rank or math.inf) <= 3}
    assert shown == expected == set(page.data)
    assert len(shown) < len(record.rows)


def test_rows_come_by_rank_and_failures_last(record, page):
    keys = [a["data-key"] for a in page.all("tr") if "data-key" in a]
    rows = {r.key: r for r in record.rows}
    la = [rows[k].rank for k in keys if rows[k].metal == "La"]
    assert la == sorted((r for r in la if r), key=int) + [None] * la.count(None)
    assert la[-1] is None


def test_the_card_has_what_the_record_has(record, page):
    row = next(r for r in record.rows if r.status == "labelled")
    card = page.data[row.key]
    assert card["dft"] == row.dft_kcal_mol
    assert list(card["terms"]) == list(row.terms_hartree)
    assert card["xyz"] == row.geometry_xyz
    # What is drawn to the metal is what quality control found, never a distance of the page's own.
    assert card["contacts"] == list(row.contacts) == [1, 2]
    failed = next(r for r in record.rows if r.failure)
    assert page.data[failed.key]["failure"]["evidence"] == {"distance_angstrom": "3.92", "limit": "2.96"}


def test_hostile_text_stays_text(record):
    rows = [
        replace(row, name=EVIL, ligand=EVIL, smiles=EVIL, group=EVIL, warnings=(EVIL,))
        for row in record.rows
        if row.metal == "La"
    ]
    said = Decision("1", 0.0, EVIL, "command", "hold", EVIL, candidate=rows[0].key)
    rows[0] = replace(rows[0], decisions=(said,))
    rows[3] = replace(rows[3], failure=replace(rows[3].failure, message=EVIL, stage=EVIL, evidence={EVIL: EVIL}))
    points = (replace(record.rounds[1], parity=(ParityPoint(rows[0].key, EVIL, -1, 1, -2, before_labelling=True),)),)
    hostile = replace(
        record, name=EVIL, level=EVIL, banner=EVIL, config_yaml=EVIL, warnings=(EVIL,), omissions=(EVIL,),
        engines={EVIL: EVIL}, environment={EVIL: EVIL}, rows=tuple(rows), rounds=points,
        decisions=(DecisionRow(1, said, EVIL),), reference=EVIL,
    )  # fmt: skip
    page = Page(review_page(hostile, top=9))
    assert not page.all("img")
    assert len(page.all("script")) == 3
    assert page.data[rows[3].key]["failure"]["message"] == EVIL
    assert page.data[rows[0].key]["smiles"] == EVIL
    assert page.data[rows[0].key]["decisions"][0]["said"].endswith(EVIL)
    # What is copied is given to a shell.
    (card,) = [attributes for _, attributes in page.tags if attributes.get("id") == "card"]
    assert shlex.split(card["data-command"]) == ["reexplore", "review", "{}", EVIL]
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)


def test_decisions_are_on_the_page_with_their_history(record):
    key = record.rows[0].key
    first = Decision("1", 0.0, "anna", "command", "promote", "makeable", candidate=key)
    second = Decision("2", 60.0, "bob", "MLflow", "reject", "toxic", candidate=key)
    rows = (replace(record.rows[0], decisions=(first, second), status="rejected", rank=None), *record.rows[1:])
    table = (DecisionRow(1, first, record.rows[0].name, replaced_by=2), DecisionRow(2, second, record.rows[0].name))
    html = review_page(replace(record, rows=rows, decisions=table), top=3)
    page = Page(html)
    card = page.data[key]
    assert [each["said"] for each in card["decisions"]] == [second.said, first.said]
    assert card["decided"] == "rejected"
    assert 'class="badge rejected">rejected' in html
    assert "until 2" in page.text
    assert page.text.index("toxic") < page.text.index("makeable")


def test_of_a_rejected_family_the_strongest_are_shown_and_all_that_were_named(record):
    family = Decision("1", 0.0, "anna", "command", "reject", "why", family={"metal": "La"})
    alone = Decision("2", 0.0, "anna", "command", "reject", "why", candidate=record.rows[6].key)
    rows = [
        replace(row, status="rejected", rank=None, decisions=(alone if row.key == alone.candidate else family,))
        for row in record.rows
        if row.metal == "La"
    ]
    shown = Page(review_page(replace(record, rows=tuple(rows)), top=2)).data
    assert len(shown) == 3
    assert alone.candidate in shown


def test_numbers_that_are_not_finite_are_left_out(record):
    row = replace(record.rows[0], predicted_kcal_mol=math.nan, sigma_kcal_mol=math.inf, terms_hartree={"x": math.nan})
    card = Page(review_page(replace(record, rows=(row,)), top=3)).data[row.key]
    assert (card["predicted"], card["sigma"], card["terms"]) == (None, None, {})


def test_parity_shows_predictions_made_beforehand_where_they_belong(record):
    def point(key, predicted, observed, before=True):
        return ParityPoint(key, key, predicted, 2.0, observed, before_labelling=before)

    points = (point("a", -210, -210), point("b", -190, -190), point("c", -190, -210), point("fitted", 0, -200, False))
    html = review_page(replace(record, rounds=(replace(record.rounds[1], parity=points),)), top=3)
    found = dict(re.findall(r'class="point" data-key="(\w+)".*?(<circle[^>]*>)', html))
    assert set(found) == {"a", "b", "c"}
    x, y = ({k: float(re.search(f'{axis}="([^"]*)"', c)[1]) for k, c in found.items()} for axis in ("cx", "cy"))
    # The dashed line runs from (60, 280) to (390, 10).
    for key in "ab":
        assert y[key] == pytest.approx(280 - (x[key] - 60) * 270 / 330, abs=0.2)
    assert x["c"] == x["a"]
    assert y["c"] == y["b"] < y["a"]


def test_a_fake_is_announced_before_anything_else(record):
    html = review_page(replace(record, banner="energies are INVENTED"), top=3)
    assert html.index("Energies are INVENTED") < html.index("<h1>")
    assert 'class="banner"' not in review_page(record, top=3)


def test_an_empty_campaign_is_a_page_too(record):
    page = Page(review_page(replace(record, rows=(), rounds=()), top=3))
    assert "No candidate has been predicted or labelled yet" in page.text
