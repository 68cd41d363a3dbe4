"""The pages of the reference that are written by the code: the keys of the campaign file, and the commands.

MkDocs calls `on_files` and `on_page_markdown` (`hooks` in mkdocs.yml); the tests call `keys_page` and `commands_page`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import typer
from pydantic import BaseModel
from typer.cli import get_docs_for_click

from reexplore import config
from reexplore.cli.app import app

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

DOCS = Path(__file__).resolve().parent
#: Where a key, or a part of the file, is explained.
EXPLAINED = {
    "space.ligands": "[ligands from a file](../ligand-files.md)",
    "space.scaffolds[]": "[the library](../campaign-file.md#the-library)",
    "space.propose": "[ligands that join a campaign](../generator.md#ligands-that-join-a-campaign)",
    "space.coordinations[]": "[coordinations](../campaign-file.md#coordinations)",
    "objective": "[objectives](../objectives.md)",
    "constraints": "[constraints](../constraints.md)",
    "theory": "[energies](../energies.md), [structures](../structures.md)",
    "theory.level": "[levels beside each other](../validation/energies.md#levels-beside-each-other)",
    "theory.levels[]": "[a level of your own](../levels.md#a-level-of-your-own)",
    "theory.organic": "[into a second solvent](../stability.md#into-a-second-solvent)",
    "theory.surface": "[energy surfaces](../surfaces.md)",
    "theory.surfaces[]": "[numbers of your own](../surfaces.md#numbers-of-your-own)",
    "theory.geometry": "[labels in series](../structures.md#labels-in-series)",
    "theory.reference": "[what the free ligand is counted from](../stability.md#what-the-free-ligand-is-counted-from)",
    "theory.conditional": "[computed pKa](../stability.md#computed-pka)",
    "theory.force_field": "[the force field](../structures.md#the-force-field)",
    "theory.core_potentials": "[neodymium's core potential](../energies.md#neodymiums-core-potential)",
    "theory.relax": "[finalists on geometries of the level](../energies.md#finalists-on-geometries-of-the-level)",
    "surrogate": "[learning and choosing](../learning.md)",
    "surrogate.channels": "[complexes as pictures](../voxels.md)",
    "surrogate.graft": "[the funnel](../learning.md#the-funnel)",
    "policy": "[choosing a policy](../choosing-a-policy.md)",
    "steering": "[label, learn and choose side by side](../asynchronous.md)",
    "budget": "[running for days](../running.md#seeing)",
    "budget.stop": "[when a campaign ends](../learning.md#when-a-campaign-ends)",
    "learn_from": "[labels of others](../predicting.md#learn_from-in-a-campaign-file)",
    "execution": "[clusters](../clusters.md)",
    "execution.device": "[graphics cards](../clusters.md#graphics-cards)",
    "execution.escalation": "[when a calculation fails](../campaign-file.md#when-a-calculation-fails)",
    "tracking": "[storage and security](../storage-and-security.md)",
    "anchors": "[anchors beside candidates](../stability.md#anchors-beside-the-candidates-of-a-campaign)",
}
#: The default of a mapping whose keys all have theirs.
BELOW = "those of its keys"
#: What JSON's types are called here; a part of the file is a mapping too.
_KINDS = {"integer": "whole number", "number": "number", "array": "list", "object": "mapping", "string": "text"}


@dataclass(frozen=True)
class Key:
    """A key of the campaign file: its path, what it takes, what it is where it is left out, and its meaning."""

    path: str
    takes: str
    default: str
    meaning: str
    #: What stands below the key, where that is a mapping of keys.
    below: type[BaseModel] | None

    @property
    def anchor(self) -> str:
        """Return the place of the key on its page."""
        return self.path.replace("[]", "").replace(".", "-")


def keys(model: type[BaseModel] = config.CampaignFile, above: str = "") -> Iterator[Key]:
    """Yield the keys of a part of the campaign file, in its order; those below them are asked for by `Key.below`."""
    schema = model.model_json_schema()
    for name, field in model.model_fields.items():
        below = next(iter(_models_in(field.annotation)), None)
        listed = "[]" if schema["properties"][name].get("type") == "array" else ""
        yield Key(
            path=f"{above}{name}{listed if below else ''}",
            takes=_words(schema["properties"][name]),
            default="" if field.is_required() else _default(field.get_default(call_default_factory=True)),
            meaning=_meanings(model).get(name) or (_text(below.__doc__) if below else ""),
            below=below,
        )


def keys_page() -> str:
    """Return the page of the campaign file's keys, in Markdown."""
    head = (
        "# Keys of the campaign file\n\nThis page is made from the code that checks the file. The library of scaffolds"
        " and substituents, coordinations and policies: [the campaign file](../campaign-file.md). `[]` is each entry of"
        " a list.\n\n## The file\n"
    )
    return "\n".join([head, *_section(config.CampaignFile, "", depth=2)]) + "\n"


def commands_page() -> str:
    """Return the page of all commands with their arguments, options and exit codes, in Markdown."""
    command = typer.main.get_command(app)
    _say_in_whole(command)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command), name="reexplore")
    text = text.replace("# `reexplore`\n", "# Commands\n\nThis page is made from `--help` of every command.\n", 1)
    return re.sub(r"^(##+ `reexplore.* ([a-z]+)`)$", r"\1 { data-toc-label='\2' }", text, flags=re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the written pages, and what lies outside of the docs and is linked from them, to the site."""
    from mkdocs.structure.files import File

    files.append(File.generated(config, "reference/campaign-file.md", content=keys_page()))
    files.append(File.generated(config, "reference/commands.md", content=commands_page()))
    linked = {path for file in files.documentation_pages() for path in _outside(file.content_string, file.src_uri)}
    for path in sorted(linked):
        file = File.generated(config, f"repository/{path}", abs_src_path=str(DOCS.parent / path))
        files.append(file)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links that leave the docs at the copies that the site has."""
    del config, files
    up = "../" * page.file.src_uri.count("/")
    for path in _outside(markdown, page.file.src_uri):
        markdown = re.sub(rf"\]\((?:\.\./)+{re.escape(path)}\)", f"]({up}repository/{path})", markdown)
    return markdown


def _outside(markdown: str, page: str) -> set[str]:
    """Return the files of the repository, outside of the docs, that a page links to."""
    targets = {(DOCS / page).parent / link for link in re.findall(r"\]\((\.\./[^)#\s]+)\)", markdown)}
    found = {target.resolve() for target in targets if target.is_file()}
    return {str(path.relative_to(DOCS.parent)) for path in found if not path.is_relative_to(DOCS)}


def _section(model: type[BaseModel], above: str, *, depth: int) -> Iterator[str]:
    """Yield the lines of a part's own keys, then those of the parts below it, each under a heading."""
    several = list(keys(model, above))
    for key in several:
        left_out = [f"default {key.default}" if key.default else "must be given"] if key.default != BELOW else []
        below = [f"[its keys](#part-{key.anchor})"] if key.below else []
        facts = "; ".join([key.takes, *left_out, *below])
        name = key.path.removesuffix("[]")
        more = f" More: {EXPLAINED[key.path]}." if key.path in EXPLAINED and not key.below else ""
        yield f"[`{name}`](#{key.anchor}){{ #{key.anchor} .key }} *{facts}*{{ .takes }}\n:   {key.meaning}{more}\n"
    for key in several:
        if key.below:
            label = key.path.rpartition(".")[2]
            yield f"{'#' * depth} `{key.path}` {{ #part-{key.anchor} data-toc-label='{label}' }}\n"
            yield _text(key.below.__doc__)
            yield f"More: {EXPLAINED[key.path]}.\n" if key.path in EXPLAINED else ""
            yield from _section(key.below, f"{key.path}.", depth=depth + 1)


def _words(schema: dict[str, Any]) -> str:
    """Return in words what a JSON schema admits."""
    if "anyOf" in schema:
        several = [_words(one) for one in schema["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(several))
    if chosen := schema.get("enum") or ([schema["const"]] if "const" in schema else []):
        return ", ".join(f"`{one}`" for one in chosen)
    words = _KINDS[schema.get("type", "object")] + _range(schema)
    # What a list holds, or a mapping whose keys are names.
    within = schema.get("items") or schema.get("additionalProperties")
    if not isinstance(within, dict) or not within:
        return words
    several = re.sub(r"\b(list|mapping|number|text)\b", r"\1s", _words(within))
    return f"{words} {'of' if words == 'list' else 'to'} {several}"


def _range(schema: dict[str, Any]) -> str:
    low, above = schema.get("minimum"), schema.get("exclusiveMinimum")
    high, below = schema.get("maximum"), schema.get("exclusiveMaximum")
    if low is not None and high is not None:
        return f" from {_number(low)} to {_number(high)}"
    ends = [
        f"{word} {_number(end)}"
        for word, end in (("at least", low), ("above", above), ("at most", high), ("below", below))
        if end is not None
    ]
    return f", {' and '.join(ends)}" if ends else ""


def _number(value: float) -> str:
    return f"{value:,}".removesuffix(".0")


def _default(value: Any) -> str:
    if isinstance(value, BaseModel):
        return BELOW
    if value is None or value in ([], {}):
        return "none"
    if value == "":
        return "empty"
    return f"`[{', '.join(value)}]`" if isinstance(value, list) else f"`{value}`"


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


@cache
def _meanings(model: type[BaseModel]) -> dict[str, str]:
    """Return what stands in `#:` above each key in the code."""
    lines = Path(config.__file__).read_text(encoding="utf-8").splitlines()
    found = {}
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.ClassDef) and node.name == model.__name__:
            for entry in node.body:
                if isinstance(entry, ast.AnnAssign) and isinstance(entry.target, ast.Name):
                    above: list[str] = []
                    line = entry.lineno - 2
                    while lines[line].lstrip().startswith("#:"):
                        above.insert(0, lines[line].lstrip().removeprefix("#:").strip())
                        line -= 1
                    found[entry.target.id] = " ".join(above)
    return found


def _text(docstring: str | None) -> str:
    return " ".join((docstring or "").split())


def _say_in_whole(command: Any) -> None:
    """Give the commands of a group their first sentence in place of its first words."""
    for below in getattr(command, "commands", {}).values():
        below.short_help = re.split(r"(?<=[.:;])\s|\n\n", (below.help or "").strip())[0].rstrip(".:;") + "."
        _say_in_whole(below)
