"""A document as PDF: A4 pages that are drawn from its Markdown, part by part."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fpdf import FPDF
from fpdf.enums import TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace
from markdown_it.token import Token
from matplotlib import get_data_path
from PIL import Image

from reexplore import __version__
from reexplore.tracking.documents import Document, parser

#: Matplotlib brings these fonts, which have the letters and signs of chemistry.
_FONTS = {
    "text": {"": "DejaVuSans", "B": "DejaVuSans-Bold", "I": "DejaVuSans-Oblique"},
    "mono": {"": "DejaVuSansMono"},
}
_INK, _SOFT, _TINT, _RULE = (29, 39, 48), (85, 98, 110), (245, 247, 248), (200, 207, 213)
_TEXT, _SMALL, _CODE = 8.5, 7.5, 6.5
#: Size of type and space before, in points and mm.
_HEADINGS = {"h1": (17.0, 0.0), "h2": (12.5, 6.0), "h3": (9.5, 3.0)}
#: That of most columns; printed with so many dots an inch.
_FIGURE_MM, _DPI = 84, 200
#: Of the longest cell of a column no more letters count for its width.
_LETTERS = 46


def write_pdf(document: Document, path: Path) -> None:
    """Write the document to a file; its pages are numbered."""
    pages = _Pages(document)
    pages.draw(parser().parse(document.markdown))
    pages.output(str(path))


class _Pages(FPDF):
    def __init__(self, document: Document) -> None:
        super().__init__(format="A4")
        self._title, self._figures = document.title, {figure.name: figure for figure in document.figures}
        self.set_margins(18, 16)
        self.set_auto_page_break(True, 18)
        self.set_title(document.title)
        self.set_creator(f"reexplore {__version__}")
        self.set_line_width(0.1)
        self.set_draw_color(*_RULE)
        folder = Path(get_data_path()) / "fonts" / "ttf"
        for family, styles in _FONTS.items():
            for style, name in styles.items():
                self.add_font(family, style, folder / f"{name}.ttf")
        self.add_page()

    def footer(self) -> None:
        """Number a page; called by the library."""
        self.set_y(-12)
        self._type(7, colour=_SOFT)
        self.cell(0, 5, f"{self._title} · page {self.page_no()} of {{nb}}", align="C")

    def draw(self, tokens: Sequence[Token]) -> None:
        """Draw one part after the other."""
        number, lead = 0, ""
        while number < len(tokens):
            token = tokens[number]
            if token.type == "heading_open":
                size, before = _HEADINGS[token.tag]
                self.ln(before)
                # No heading stands alone at the end of a page.
                if self.will_page_break(24):
                    self.add_page()
                self._type(size, "B")
                self._lines(_plain(tokens[number + 1]), size)
                self.ln(1.5)
            elif token.type == "inline" and tokens[number - 1].type == "paragraph_open":
                self._paragraph(token, lead)
                lead = ""
            elif token.type == "list_item_open":
                lead = f"{token.info}." if token.info else "•"
            elif token.type == "fence":
                self._type(_CODE, family="mono")
                self.set_fill_color(*_TINT)
                self._lines(token.content.rstrip(), _CODE, fill=True)
                self.ln(2)
            elif token.type == "table_open":
                end = next(n for n in range(number, len(tokens)) if tokens[n].type == "table_close")
                self._table(tokens[number:end])
                number = end
            number += 1

    def _paragraph(self, token: Token, lead: str) -> None:
        children = token.children or []
        if children and children[0].type == "image":
            self.ln(2)
            figure = self._figures[str(children[0].attrs["src"])]
            self.image(_for_pages(figure.png), x="C", w=_FIGURE_MM)
            return
        is_caption = bool(children) and children[0].type == "em_open"
        self._type(_SMALL if is_caption else _TEXT, colour=_SOFT if is_caption else _INK)
        if lead:
            self.cell(6, 4.2, lead)
        self._lines(_plain(token), _SMALL if is_caption else _TEXT)
        self.ln(0.5 if lead else 1.5)

    def _table(self, tokens: Sequence[Token]) -> None:
        rows: list[list[str]] = []
        aligned: list[str] = []
        for number, token in enumerate(tokens):
            if token.type == "tr_open":
                rows.append([])
            elif token.type in ("th_open", "td_open"):
                rows[-1].append(_plain(tokens[number + 1]))
                if token.type == "th_open":
                    aligned.append("RIGHT" if "right" in str(token.attrs.get("style", "")) else "LEFT")
        # A column is as wide as what stands in it needs, within reason.
        widths = [2 + max(3, *(min(len(row[k]), _LETTERS) for row in rows)) for k in range(len(aligned))]
        self._type(_SMALL - (1 if sum(widths) > 2 * _LETTERS else 0))
        with self.table(
            rows,
            col_widths=tuple(widths),
            text_align=tuple(aligned),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            headings_style=FontFace(emphasis="BOLD", color=_SOFT),
            line_height=self.font_size * 1.35,
            padding=(0.6, 1.2),
        ):
            pass
        self.ln(2)

    def _type(self, size: float, style: Any = "", *, family: str = "text", colour: tuple[int, ...] = _INK) -> None:
        self.set_font(family, style, size)
        self.set_text_color(*colour)

    def _lines(self, text: str, size: float, *, fill: bool = False) -> None:
        self.multi_cell(0, size * 0.48, text, align="L", fill=fill, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _plain(token: Token) -> str:
    """Return the text of a part without its marks."""
    kept = {"text", "code_inline", "text_special"}
    found = "".join(
        " " if child.type in ("softbreak", "hardbreak") else child.content
        for child in token.children or []
        if child.type in kept or child.type.endswith("break")
    )
    return found.strip()


def _for_pages(png: bytes) -> io.BytesIO:
    """Return a picture with as many dots as a printed page shows."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    width = round(_FIGURE_MM / 25.4 * _DPI)
    smaller = io.BytesIO()
    picture.resize((width, round(picture.height * width / picture.width))).save(smaller, format="PNG")
    smaller.seek(0)
    return smaller
