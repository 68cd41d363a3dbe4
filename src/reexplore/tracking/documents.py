"""A document in Markdown with its figures, and two of the files that are made of it: Markdown and one HTML file."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from reexplore import __version__
from reexplore.tracking.journal_plots import ReportFigure
from reexplore.tracking.review_page import asset, content_security_policy


@dataclass(frozen=True)
class Document:
    """A title, Markdown text, and the figures that the text shows by name."""

    title: str
    markdown: str
    figures: list[ReportFigure]


def write_markdown(document: Document, path: Path) -> None:
    """Write the text, and beside it a folder with every figure as PNG and SVG."""
    folder = path.with_name(f"{path.stem}-figures")
    text = document.markdown
    for figure in document.figures:
        folder.mkdir(exist_ok=True)
        (folder / f"{figure.name}.png").write_bytes(figure.png)
        (folder / f"{figure.name}.svg").write_text(figure.svg, encoding="utf-8")
        text = text.replace(f"]({figure.name})", f"]({folder.name.replace(' ', '%20')}/{figure.name}.png)")
    path.write_text(text, encoding="utf-8")


def write_html(document: Document, path: Path) -> None:
    """Write one file with everything in it, which opens offline and prints."""
    body = _html(document)
    for figure in document.figures:
        data = base64.b64encode(figure.svg.encode()).decode()
        body = body.replace(f'src="{figure.name}"', f'src="data:image/svg+xml;base64,{data}"')
    css = asset("report.css")
    environment = Environment(
        loader=PackageLoader("reexplore.tracking", "page"), autoescape=True, undefined=StrictUndefined
    )
    page = environment.get_template("report.html.j2").render(
        title=document.title,
        body=Markup(body),
        css=css,
        version=__version__,
        policy=content_security_policy(styles=(css,), scripts=()),
    )
    path.write_text(page, encoding="utf-8")


def _html(document: Document) -> str:
    html: str = parser().render(document.markdown)
    return html


def parser() -> MarkdownIt:
    """Return what reads the text: CommonMark with tables; a tag that stands in it is shown and never obeyed."""
    return MarkdownIt("commonmark", {"html": False}).enable("table")
