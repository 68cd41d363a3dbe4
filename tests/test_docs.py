"""Files and programs that the docs name are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_is_there(page):
    text = page.read_text(encoding="utf-8")
    # A SMILES in a table looks like a link.
    links = {link for link in re.findall(r"\]\(([^)#:\s=]+)(?:#[^)]*)?\)", text) if "//" not in link}
    assert {link for link in links if not (page.parent / link).exists()} == set()
    files = set(
        re.findall(r"`?(?<![\w/])((?:tests|benchmarks|docs|campaigns|examples|parsl_configs)/[\w/.-]+\.\w+)", text)
    )
    inside = set(re.findall(r"`(?:src/reexplore/)?((?:[a-z_]+/)+[a-z_]+\.py)`", text)) - files
    missing = {name for name in files if not (ROOT / name).exists()}
    missing |= {name for name in inside if not (ROOT / "src" / "reexplore" / name).exists()}
    assert missing == set()
