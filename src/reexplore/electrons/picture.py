"""Both Fukui functions of a ligand's acid, drawn on its formula."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D

from reexplore.electrons.of_ligand import LigandElectrons
from reexplore.errors import InputError

Array = NDArray[np.float64]

_WIDTH, _HEIGHT = 480, 400
_DRAWERS = {".svg": rdMolDraw2D.MolDraw2DSVG, ".png": rdMolDraw2D.MolDraw2DCairo}
_LARGEST_RADIUS = 0.55
#: Where an electron leaves, and where one comes.
_COLOURS = {"fukui_minus": (0.93, 0.55, 0.35), "fukui_plus": (0.40, 0.60, 0.90)}
_LEGENDS = {
    "fukui_minus": "f- : an electron leaves, electrophiles attack",
    "fukui_plus": "f+ : an electron comes, nucleophiles attack",
}


def require_picture(path: Path) -> None:
    """Raise `InputError` for a file that no picture is written to."""
    if path.suffix not in _DRAWERS:
        raise InputError(f"a picture is written as .svg or .png, not as '{path.name}'")
    if not path.parent.is_dir():
        raise InputError(f"there is no folder {path.parent} to write the picture to")


def write_picture(found: LigandElectrons, path: Path) -> None:
    """Draw both Fukui functions side by side into an SVG or PNG file; discs have areas as the function has values.

    Raises `InputError` for another kind of file.
    """
    require_picture(path)
    drawer = _DRAWERS[path.suffix](2 * _WIDTH, _HEIGHT, _WIDTH, _HEIGHT)
    options: Any = drawer.drawOptions()
    options.addAtomIndices = False
    options.annotationFontScale = 0.6
    values = {name: found.of_heavy_atoms[name] for name in _COLOURS}
    largest = max(float(each.max()) for each in values.values())
    drawer.DrawMolecules(
        [_annotated(found.acid.mol, each) for each in values.values()],
        legends=[_LEGENDS[name] for name in values],
        highlightAtoms=[list(_radii(each, largest)) for each in values.values()],
        highlightAtomColors=[dict.fromkeys(_radii(each, largest), _COLOURS[name]) for name, each in values.items()],
        highlightAtomRadii=[_radii(each, largest) for each in values.values()],
        highlightBonds=[[] for _ in values],
    )
    drawer.FinishDrawing()
    drawn = drawer.GetDrawingText()
    path.write_bytes(drawn.encode() if isinstance(drawn, str) else drawn)


def _annotated(mol: Chem.Mol, values: Array) -> Chem.Mol:
    shown = Chem.Mol(mol)
    rdDepictor.Compute2DCoords(shown)
    for atom, value in zip(shown.GetAtoms(), values, strict=True):
        if value >= 0.03:
            atom.SetProp("atomNote", f"{value:.2f}")
    return shown


def _radii(values: Array, largest: float) -> dict[int, float]:
    return {i: _LARGEST_RADIUS * float(np.sqrt(x / largest)) for i, x in enumerate(values) if x > 0.01 * largest}
