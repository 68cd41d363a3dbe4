"""The page of one structure holds everything it needs, and nothing that can run from elsewhere."""

import base64
import hashlib
import json
import re
import shutil
import subprocess

import pytest

from reexplore.tracking.structure_page import structure_page
from tests.structures.sample import relaxed

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def page():
    return structure_page(relaxed("La_HOPO-H_1_6"), title="La & <HOPO>")


def test_the_geometry_is_in_the_page_with_its_bonds(page):
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])
    structure = relaxed("La_HOPO-H_1_6")
    assert len(data["xyz"].strip().splitlines()) == len(structure) + 2
    assert data["metals"] == [0]
    assert data["bonds"][0] == []
    assert all(first in data["bonds"][second] for first, row in enumerate(data["bonds"]) for second in row)
    assert {metal for metal, _ in data["contacts"]} == {0}


def test_nothing_is_loaded_from_elsewhere_and_every_script_is_allowed_by_its_hash(page):
    assert "<title>La &amp; &lt;HOPO&gt;</title>" in page
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1].replace("&#39;", "'")
    assert "default-src 'none'" in policy
    for script in re.findall(r"<script>(.*?)</script>", page, re.DOTALL):
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert not re.search(r'<(?:script|link|img)[^>]*(?:src|href)="http', page)


@pytest.mark.engine
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium on PATH")
def test_a_browser_draws_it(page, tmp_path):
    file = tmp_path / "page.html"
    file.write_text(page, encoding="utf-8")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader"]
    command += ["--enable-unsafe-swiftshader", "--disable-background-networking", f"--user-data-dir={tmp_path}/profile"]
    command += ["--virtual-time-budget=3000", "--enable-logging=stderr", "--dump-dom", file.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert re.search(r'id="viewer".*?<canvas', shown.stdout, re.DOTALL)
    assert "Content Security Policy" not in shown.stderr
    assert "Uncaught" not in shown.stderr
