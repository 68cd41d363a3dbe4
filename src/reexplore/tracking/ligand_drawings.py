"""Ligands in two dimensions, drawn so that a column of them can be compared at a glance."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from markupsafe import Markup
from rdkit import Chem, RDLogger
from rdkit.Chem import rdDepictor, rdFMCS, rdMolTransforms
from rdkit.Chem.Draw import rdMolDraw2D

RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]  # an unreadable SMILES is shown as text

DRAWING_WIDTH, DRAWING_HEIGHT = 160, 100


def draw_ligands(all_smiles: Iterable[str]) -> dict[str, Markup]:
    """Return the inside of an SVG for each distinct SMILES that RDKit can read.

    Ligands with a common core are turned so that the core lies the same way in all of them.
    """
    molecules = {smiles: Chem.MolFromSmiles(smiles) for smiles in dict.fromkeys(all_smiles)}
    readable = {smiles: mol for smiles, mol in molecules.items() if mol is not None}
    families: list[list[Chem.Mol]] = []
    for mol in sorted(readable.values(), key=lambda mol: mol.GetNumAtoms()):
        family = next((family for family in families if _aligned(mol, family[0])), None)
        if family is None:
            rdDepictor.Compute2DCoords(mol)
            rdDepictor.StraightenDepiction(mol)
            families.append([mol])
        else:
            family.append(mol)
    for family in families:
        _lay_down(family)
    return {smiles: _svg(mol) for smiles, mol in readable.items()}


def ligand_svg(smiles: str) -> str | None:
    """Return one ligand as a whole SVG file, None where RDKit cannot read it."""
    size = f'width="{2 * DRAWING_WIDTH}" height="{2 * DRAWING_HEIGHT}" viewBox="0 0 {DRAWING_WIDTH} {DRAWING_HEIGHT}"'
    inside = draw_ligands([smiles]).get(smiles)
    return inside and f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n{inside}</svg>\n'


def _lay_down(family: list[Chem.Mol]) -> None:
    """Turn all drawings of a family by a quarter if that makes them fit a wide frame better."""
    width, height = np.ptp(np.vstack([mol.GetConformer().GetPositions() for mol in family]), axis=0)[:2]
    if height > width:
        quarter = np.array([[0.0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
        for mol in family:
            rdMolTransforms.TransformConformer(mol.GetConformer(), quarter)


def _aligned(mol: Chem.Mol, reference: Chem.Mol) -> bool:
    common = rdFMCS.FindMCS([reference, mol], ringMatchesRingOnly=True, completeRingsOnly=True, timeout=1)
    if common.numAtoms < 0.8 * reference.GetNumAtoms():
        return False
    core = Chem.MolFromSmarts(common.smartsString)
    pairs = zip(reference.GetSubstructMatch(core), mol.GetSubstructMatch(core), strict=True)
    rdDepictor.GenerateDepictionMatching2DStructure(mol, reference, list(pairs))
    return True


def _svg(mol: Chem.Mol) -> Markup:
    drawer = rdMolDraw2D.MolDraw2DSVG(DRAWING_WIDTH, DRAWING_HEIGHT)
    options: Any = drawer.drawOptions()
    options.clearBackground = False
    options.fixedBondLength = 20
    options.minFontSize = 10
    options.bondLineWidth = 1.2
    options.padding = 0.03
    rdMolDraw2D.PrepareAndDrawMolecule(drawer, mol)
    drawer.FinishDrawing()
    text: str = drawer.GetDrawingText()
    start, end = text.index("<!-- END OF HEADER -->"), text.rindex("</svg>")
    return Markup(text[start:end])
