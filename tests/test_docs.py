"""Files and programs that the docs name are there, and the reference names every key and every command."""

import importlib
import re
from pathlib import Path

import pytest
import typer
import yaml

from reexplore.cli.app import app
from reexplore.config import CampaignFile

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
#: Pages that `docs/reference.py` writes when the site is built.
WRITTEN = {ROOT / "docs" / "reference" / "campaign-file.md", ROOT / "docs" / "reference" / "commands.md"}


@pytest.fixture(scope="module")
def reference():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "docs")
        return importlib.import_module("reference")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_is_there(page):
    text = page.read_text(encoding="utf-8")
    # A SMILES in a table looks like a link.
    links = {link for link in re.findall(r"\]\(([^)#:\s=]+)(?:#[^)]*)?\)", text) if "//" not in link}
    linked = {(page.parent / link).resolve() for link in links}
    assert {link for link in linked - WRITTEN if not link.exists()} == set()
    files = set(
        re.findall(r"`?(?<![\w/])((?:tests|benchmarks|docs|campaigns|examples|parsl_configs)/[\w/.-]+\.\w+)", text)
    )
    inside = set(re.findall(r"`(?:src/reexplore/)?((?:[a-z_]+/)+[a-z_]+\.py)`", text)) - files
    missing = {name for name in files if not (ROOT / name).exists()}
    missing |= {name for name in inside if not (ROOT / "src" / "reexplore" / name).exists()}
    assert missing == set()


def test_every_page_stands_in_the_navigation():
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    named = {ROOT / "docs" / page for page in _leaves(yaml.safe_load(text)["nav"])}
    assert named == {page for page in PAGES if (ROOT / "docs") in page.parents} | WRITTEN


def test_the_site_loads_nothing_from_elsewhere():
    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert site["theme"]["font"] is False  # else from Google's servers
    # Without one of ours the plug-in for pages on a disk names a script of unpkg.com.
    (polyfill,) = site["extra"]["polyfills"]
    assert polyfill.endswith("iframe-worker.js")
    assert (ROOT / "docs" / polyfill).is_file()


def test_the_reference_names_every_key_of_the_campaign_file(reference):
    page = reference.keys_page()
    named = set(re.findall(r"^\[`([^`]+)`\]", page, flags=re.MULTILINE))
    schema = CampaignFile.model_json_schema()
    paths = set(_paths(schema, schema))
    assert {path.removesuffix("[]") for path in paths} == named
    # Keys that every campaign file has, by hand: what is walked above would miss what the schema misses.
    assert {"name", "space.coordinations[].waters", "theory.level", "execution.escalation.timeout.tries"} <= named
    # What is explained elsewhere is a key of today.
    assert set(reference.EXPLAINED) <= paths


def test_every_key_has_its_meaning_and_its_default(reference):
    keys = list(_keys(reference, reference.keys()))
    assert [key.path for key in keys if not key.meaning] == []
    defaults = {key.path: key.default for key in keys}
    assert defaults["budget.labels"] == "`12`"
    assert defaults["space.coordinations[]"] == ""
    assert defaults["theory.builders"] == "`[architector, placement]`"


def test_the_reference_names_every_command_and_option(reference):
    page = reference.commands_page()
    sections = dict(re.findall(r"^##+ `([^`]+)`[^\n]*\n(.*?)(?=^##|\Z)", page, flags=re.MULTILINE | re.DOTALL))
    commands = dict(_commands(typer.main.get_command(app), "reexplore"))
    assert set(sections) == set(commands)
    missing = {
        (name, option)
        for name, command in commands.items()
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("--") and f"`{option}" not in sections[name] and f", {option}" not in sections[name]
    }
    assert missing == set()
    # A group lists its commands with whole sentences.
    assert re.findall(r"^\* `[a-z]+`: .*\.\.\.$", page, flags=re.MULTILINE) == []


def _leaves(nav):
    if isinstance(nav, str):
        yield nav
    else:
        for entry in nav.values() if isinstance(nav, dict) else nav:
            yield from _leaves(entry)


def _paths(part, schema, above=""):
    """Yield the path of each key that a JSON schema has, of those in lists with `[]`."""
    for name, held in part["properties"].items():
        text = str(held)
        references = re.findall(r"'\$ref': '#/\$defs/(\w+)'", text)
        path = f"{above}{name}{'[]' if references and held.get('type') == 'array' else ''}"
        yield path
        for reference in references:
            yield from _paths(schema["$defs"][reference], schema, f"{path}.")


def _keys(reference, keys):
    for key in keys:
        yield key
        if key.below:
            yield from _keys(reference, reference.keys(key.below, f"{key.path}."))


def _commands(command, name):
    for below, inner in getattr(command, "commands", {}).items():
        yield f"{name} {below}", inner
        yield from _commands(inner, f"{name} {below}")
