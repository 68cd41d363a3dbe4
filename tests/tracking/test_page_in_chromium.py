"""The page as people use it: a real browser, without a network."""

import math
import shlex
import shutil
from dataclasses import replace

import pytest
from playwright.sync_api import expect, sync_playwright

from reexplore.tracking.doublets import DoubletRecord, MagnetRecord
from reexplore.tracking.reasons import Chosen, Reasons, Relative, Sibling
from reexplore.tracking.review_page import review_page
from tests.tracking.sample import campaign

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [pytest.mark.engine, pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium on PATH")]

#: 3D without a graphics card takes its time where many tests run at once.
_PATIENCE_MS = 120_000
expect.set_options(timeout=_PATIENCE_MS)

COMPLEX = "6\ncharge=+1\n{metal} 0 0 0\nO 0 0 2.4\nO 0 2.5 0\nH 0.6 2.9 0\nH -0.6 2.9 0\nO 2.6 0 0\n"


@pytest.fixture(scope="module")
def record():
    made = campaign()
    rows = []
    for row in made.rows:
        siblings = (Sibling("x", "La", -30.0, True), Sibling("y", "Eu", -33.0, False, 2.0))
        chosen = Chosen(2, 4, "balanced", "qLogExpectedImprovement", -97.2, 18.0, -90.6)
        near = (Relative("CAM-x", "CC", 0.61, {"Eu": -240.0, "La": -250.0}),)
        reasons = Reasons(chosen, (-250.0, -252.0), 5, near, siblings, "exchange", siblings, 2.5)
        xyz = row.geometry_xyz and COMPLEX.format(metal=row.metal)
        rows.append(replace(row, reasons=reasons, geometry_xyz=xyz, contacts=(1, 2, 5) if xyz else ()))
    return replace(made, rows=tuple(rows), reference="a file.yaml")


@pytest.fixture(scope="module")
def chromium():
    flags = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=flags, timeout=_PATIENCE_MS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def file(record, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(review_page(record, top=20), encoding="utf-8")
    return path


@pytest.fixture
def open_page(chromium, file):
    """Return what opens the page at a size; nothing may be asked of a network, and nothing may go wrong."""
    asked, wrong, contexts = [], [], []

    def opened(width=850, height=1000, **how):
        context = chromium.new_context(viewport={"width": width, "height": height}, **how)
        contexts.append(context)
        context.set_offline(True)
        context.set_default_timeout(_PATIENCE_MS)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda line: wrong.append(line.text) if "Content Security Policy" in line.text else None)
        page.goto(file.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []
    # The page itself, and pictures that it draws within itself.
    assert {url for url in asked if not url.startswith(("blob:", "data:"))} == {file.as_uri()}


def ranked(record, metal):
    return sorted((r for r in record.rows if r.metal == metal and r.rank), key=lambda r: r.rank)


def shown(page):
    return page.locator("#candidates tr[data-key]:visible").evaluate_all("rows => rows.map(r => r.dataset.key)")


def test_the_first_candidate_is_there_in_3d_and_why(record, open_page):
    page = open_page()
    first = ranked(record, "La")[0]
    assert page.locator('tr[aria-selected="true"]').get_attribute("data-key") == first.key
    expect(page.locator("#viewer canvas").first).to_be_attached()
    page.get_by_role("tab", name="Why here").click()
    text = page.locator("#panel-why").inner_text()
    assert "ranks 1st by its" in text
    assert "it stood 5th" in text
    page.locator("tr[data-key]", has_text="round 1").first.click()
    # 39 % and 61 % by hand: see test_reasons.
    text = page.locator("#panel-why").inner_text()
    assert "policy balanced (qLogExpectedImprovement)" in text
    assert "39 % came from the expected gain and 61 % from the error bar" in text
    page.get_by_role("tab", name="What is near").click()
    # Its own metal's label comes first.
    assert "CAM-x 0.61" in page.locator(".relatives").inner_text()
    assert page.locator(".relatives td").inner_text().startswith("La −250.0")


def test_sorting_keeps_what_has_no_value_at_the_end(record, open_page):
    page = open_page()
    for direction in (1, -1):
        page.locator("#candidates th button", has_text="label").click()
        labels = {r.key: r.dft_kcal_mol for r in record.rows if r.metal == "La"}
        order = sorted(labels, key=lambda key: math.inf if labels[key] is None else direction * labels[key])
        known = [key for key in order if labels[key] is not None]
        assert shown(page)[: len(known)] == known
        assert all(labels[key] is None for key in shown(page)[len(known) :])


def test_filters_hold_together_and_over_all_groups(record, open_page):
    page = open_page()
    page.get_by_label("filter by text").fill("cam-methyl (h2o)6")
    assert shown(page) == [r.key for r in record.rows if r.metal == "La" and r.ligand == "CAM-methyl"]
    page.select_option("#group", label="all groups, each ranked by itself")
    assert len(shown(page)) == 2
    page.get_by_label("filter by text").fill("")
    page.get_by_label("status").select_option("labelled")
    assert set(shown(page)) == {r.key for r in record.rows if r.status == "labelled"}
    page.get_by_label("metal").select_option("Eu")
    assert set(shown(page)) == {r.key for r in record.rows if r.status == "labelled" and r.metal == "Eu"}
    expect(page.locator("#count")).to_have_text(f"{len(shown(page))} of {len(record.rows)}")
    page.get_by_label("filter by text").fill("no such thing")
    assert shown(page) == []


def test_a_magnet_has_its_doublets_and_its_axis(chromium, record, tmp_path):
    heights = (0.0, 512.3, 520.1, 801.7)
    doublets = tuple(DoubletRecord(height, (0.0012, 0.0034, 19.87)) for height in heights)
    first = ranked(record, "La")[0]
    rows = [replace(r, magnet=MagnetRecord(doublets, (0.0, 0.6, 0.8), 2.4)) if r is first else r for r in record.rows]
    path = tmp_path / "page.html"
    path.write_text(review_page(replace(record, rows=tuple(rows)), top=20), encoding="utf-8")
    page = chromium.new_page()
    page.goto(path.as_uri())
    assert "first Kramers gap\t512.3 cm⁻¹" in page.locator("#panel-numbers table").first.inner_text()
    levels = page.locator("svg[aria-label^=doublets]")
    assert levels.get_attribute("aria-label") == "doublets at 0.0, 512.3, 520.1, 801.7 cm⁻¹"
    high = levels.locator("path.level").evaluate_all("lines => lines.map(l => l.getBBox().y)")
    # By hand: 138 of height for 801.7 cm⁻¹.
    assert [round(high[0] - y, 1) for y in high] == [0.0, 88.2, 89.5, 138.0]
    # Of two levels that lie close by the numbers stand apart.
    at = levels.locator("text").evaluate_all("texts => texts.map(t => [t.textContent, Number(t.getAttribute('y'))])")
    numbers = {text: y for text, y in at if text in ("512.3", "520.1")}
    assert numbers["512.3"] - numbers["520.1"] >= 13
    assert "2.4° off" in page.locator("#panel-numbers").inner_text()
    page.close()


def test_candidates_are_compared_by_keyboard_and_superposed(open_page):
    page = open_page()
    page.get_by_label("status").select_option("labelled")
    page.locator('tr[aria-selected="true"]').focus()
    page.keyboard.press("c")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("c")
    page.keyboard.press("v")
    table = page.locator("table.compared")
    assert table.locator("thead th").count() == 3
    rows = dict(line.split("\t", 1) for line in table.inner_text().splitlines() if "\t" in line)
    assert rows["M–ligand, Å"] == "2.40 2.60\t2.40 2.60"
    assert rows["M–water, Å"] == "2.50\t2.50"
    # Equal complexes lie on each other.
    assert rows["donors apart, Å"] == "–\t0.00"
    page.keyboard.press("v")
    assert page.locator("#card h2").inner_text() != "Side by side"


def test_the_smiles_and_a_command_are_copied_as_a_shell_takes_them(record, open_page):
    page = open_page()
    first = ranked(record, "La")[0]
    page.locator("#panel-numbers .copy").click()
    expect(page.locator("#panel-numbers .copy")).to_have_text("copied")
    page.get_by_role("tab", name="Decide").click()
    page.get_by_role("button", name="reject").click()
    # Without a reason there is nothing to copy.
    expect(page.locator(".decide").get_by_role("button", name="copy")).to_be_disabled()
    why = 'it\'s "$HOME" `id` \\ $(id)'
    page.get_by_label("why", exact=True).fill(why)
    given = page.get_by_label("command to copy").input_value()
    assert shlex.split(given) == ["reexplore", "review", "reject", "a file.yaml", first.key, "--why", why]


def test_a_phone_shows_all_of_it_without_scrolling_sideways(open_page):
    page = open_page(390, 844, is_mobile=True, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("tab", name="What is near").tap()
    for part in ("#viewer", "#card", "#text", "#candidates"):
        box = page.locator(part).bounding_box()
        assert box["x"] >= 0, part
        assert box["x"] + box["width"] <= 390, part
    page.locator("tr[data-key]").nth(2).tap()
    assert page.locator('tr[aria-selected="true"]').get_attribute("data-key") == shown(page)[2]


def test_two_hundred_candidates_stay_under_three_megabytes(record):
    # With geometries of the size that candidates have.
    atoms = "\n".join(f"C      {i:12.8f}     {-i:12.8f}     {i / 7:12.8f}" for i in range(44))
    xyz = f'44\nProperties=species:S:1:pos:R:3 charge=1 pbc="F F F"\n{atoms}\n'
    rows = [replace(record.rows[k % len(record.rows)], key=f"{k:016x}", geometry_xyz=xyz) for k in range(200)]
    assert len(review_page(replace(record, rows=tuple(rows)), top=200).encode()) < 3_000_000
