"""One structure as a page that needs nothing else: opened anywhere, turned with the mouse."""

from __future__ import annotations

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from reexplore import __version__
from reexplore.chemistry.metals import METALS
from reexplore.structures.structure import Structure
from reexplore.tracking.review_page import asset, content_security_policy
from reexplore.tracking.structure_picture import bonds_to_draw, contacts


def structure_page(structure: Structure, *, title: str) -> str:
    """Return an HTML page with the structure in 3D; script, style and geometry are embedded."""
    environment = Environment(
        loader=PackageLoader("reexplore.tracking", "page"), autoescape=True, undefined=StrictUndefined
    )
    css, viewer, script = (asset(name) for name in ("structure.css", "3Dmol-min.js", "structure.js"))
    lines = [
        f"{symbol} {x:.5f} {y:.5f} {z:.5f}"
        for symbol, (x, y, z) in zip(structure.symbols, structure.positions_angstrom, strict=True)
    ]
    bonds = bonds_to_draw(structure)
    return environment.get_template("structure.html.j2").render(
        title=title,
        atoms=len(structure),
        data={
            "xyz": "\n".join([f"{len(structure)}", "", *lines, ""]),
            "bonds": [np.flatnonzero(row).tolist() for row in bonds],
            "contacts": contacts(structure),
            "metals": [i for i, symbol in enumerate(structure.symbols) if symbol in METALS],
        },
        version=__version__,
        css=css,
        viewer_js=viewer,
        page_js=script,
        policy=content_security_policy(styles=(css,), scripts=(viewer, script)),
    )
