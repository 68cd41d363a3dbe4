"""A picture of one structure: balls and sticks seen from its broad side, the ligand in two dimensions beside it."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.ligands import Ligand
from reexplore.chemistry.metals import METALS
from reexplore.structures.bonds import COVALENT_RADII_ANGSTROM, bonds_from_distances, distance_matrix
from reexplore.structures.holding import DONOR_MARGIN_ANGSTROM, DONOR_RADII_ANGSTROM
from reexplore.structures.structure import Layout, Structure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

_INCHES, _DPI = 5.0, 150
_BALL, _METAL_BALL_ANGSTROM, _STICK_ANGSTROM = 0.42, 0.62, 0.11
_UNKNOWN_RADIUS_ANGSTROM = 1.2
_METAL_COLOUR = (0.06, 0.40, 0.45)
_FOG = 0.45
_HIGHLIGHT = (1.0, 0.78, 0.35)


def contacts(structure: Structure) -> list[tuple[int, int]]:
    """Return the pairs of a rare-earth ion and an atom near enough to be its donor, as quality control counts them."""
    distances = distance_matrix(structure)
    metals = [i for i, symbol in enumerate(structure.symbols) if symbol in METALS]
    return [
        (metal, atom)
        for metal in metals
        for atom, symbol in enumerate(structure.symbols)
        if symbol in DONOR_RADII_ANGSTROM
        and distances[metal, atom]
        < METALS[structure.symbols[metal]].shannon_radius_angstrom
        + DONOR_RADII_ANGSTROM[symbol]
        + DONOR_MARGIN_ANGSTROM
    ]


def structure_picture(structure: Structure, *, title: str = "") -> bytes:
    """Return a PNG of a structure, its rare-earth ions with what is near enough to be a donor."""
    figure, axes = _figure(1)
    metals = {i: symbol for i, symbol in enumerate(structure.symbols) if symbol in METALS}
    _draw_structure(axes[0], structure, contacts(structure), metals)
    return _png(figure, title)


def complex_picture(structure: Structure, *, candidate: Candidate, names: Mapping[int, str]) -> bytes:
    """Return a PNG of the free ligand in two dimensions, donors highlighted and named, beside its complex in three.

    The structure is in `Layout` order; `names` belong to atoms of `candidate.ligand.mol`.
    """
    layout = Layout.of(candidate)
    labels = {0: candidate.metal.symbol}
    for k in range(candidate.ligands):
        labels |= {layout.ligand(k)[atom]: name for atom, name in names.items()}
    figure, axes = _figure(2)
    axes[0].imshow(_drawing(candidate.ligand, names))
    axes[0].axis("off")
    _draw_structure(axes[1], structure, [(0, donor) for donor in layout.donors], labels)
    return _png(figure, candidate.name)


def _figure(panels: int) -> tuple[Any, list[Axes]]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Not pyplot, which keeps every figure alive and asks for a display.
    figure = Figure(figsize=(panels * _INCHES, _INCHES), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, [figure.add_subplot(1, panels, k + 1) for k in range(panels)]


def _png(figure: Any, title: str) -> bytes:
    if title:
        figure.suptitle(title, fontsize=11)
    image = io.BytesIO()
    figure.savefig(image, format="png", facecolor="white")
    return image.getvalue()


def _drawing(ligand: Ligand, names: Mapping[int, str]) -> NDArray[np.uint8]:
    from matplotlib.image import imread

    mol = Chem.Mol(ligand.mol)
    rdDepictor.Compute2DCoords(mol)
    rdDepictor.StraightenDepiction(mol)
    for atom, name in names.items():
        mol.GetAtomWithIdx(atom).SetProp("atomNote", name)
    pixels = int(_INCHES * _DPI)
    drawer = rdMolDraw2D.MolDraw2DCairo(pixels, pixels)
    options: Any = drawer.drawOptions()
    options.padding = 0.08
    options.annotationFontScale = 0.7
    options.highlightRadius = 0.45
    options.maxFontSize = 30
    donors = list(ligand.donors)
    rdMolDraw2D.PrepareAndDrawMolecule(
        drawer, mol, highlightAtoms=donors, highlightBonds=[], highlightAtomColors=dict.fromkeys(donors, _HIGHLIGHT)
    )
    drawer.FinishDrawing()
    return np.asarray(imread(io.BytesIO(drawer.GetDrawingText()), format="png"))


def _draw_structure(
    axes: Axes, structure: Structure, held: Sequence[tuple[int, int]], labels: Mapping[int, str]
) -> None:
    from matplotlib.patches import Circle, Polygon

    view = _broad_side(structure)
    near = (view[:, 2] - view[:, 2].min()) / max(float(np.ptp(view[:, 2])), 1e-9)
    radii = [_radius(symbol) for symbol in structure.symbols]
    colours = [_faded(_colour(symbol), depth) for symbol, depth in zip(structure.symbols, near, strict=True)]
    for first, second in held:
        start, end = view[first], view[second]
        along = (end - start) / np.linalg.norm(end - start)
        # From the surface of one ball to that of the other.
        line = np.array([start + radii[first] * along, end - radii[second] * along])
        depth = float(line[:, 2].mean())
        axes.plot(*line[:, :2].T, color="#6b7882", lw=1.4, ls=(0, (2, 2)), zorder=depth)
    for first, second in zip(*np.nonzero(np.triu(bonds_to_draw(structure))), strict=True):
        centre = view[[first, second]].mean(axis=0)
        for end in (int(first), int(second)):
            corners = _stick(view[end, :2], centre[:2])
            depth = float((view[end, 2] + centre[2]) / 2)
            axes.add_patch(Polygon(corners, closed=True, fc=colours[end], ec="#33333380", lw=0.4, zorder=depth))
    for atom, (x, y, z) in enumerate(view):
        ball = Circle((x, y), radii[atom], fc=colours[atom], ec="#333333", lw=0.6, zorder=float(z) + 0.3)
        axes.add_patch(ball)
        shine = Circle((x - 0.3 * radii[atom], y + 0.3 * radii[atom]), 0.25 * radii[atom], fc="#ffffff99", ec="none")
        shine.set_zorder(float(z) + 0.31)
        axes.add_patch(shine)
    top = float(view[:, 2].max()) + 1.0
    for atom, label in labels.items():
        box = {"boxstyle": "round,pad=0.15", "fc": "#ffffffc0", "ec": "none"}
        x, y = (float(c) for c in view[atom, :2])
        axes.annotate(label, (x, y), xytext=(7, 7), textcoords="offset points", fontsize=8, bbox=box, zorder=top)
    margin = 1.0
    axes.set_xlim(float(view[:, 0].min()) - margin, float(view[:, 0].max()) + margin)
    axes.set_ylim(float(view[:, 1].min()) - margin, float(view[:, 1].max()) + margin)
    axes.set_aspect("equal")
    axes.axis("off")


def _broad_side(structure: Structure) -> Array:
    """Return the positions turned so that the heavy atoms spread most to the right, then upwards."""
    positions = structure.positions_angstrom
    heavy = np.array([symbol != "H" for symbol in structure.symbols])
    chosen = positions[heavy] if heavy.any() else positions
    centred = positions - chosen.mean(axis=0)
    _, _, axes = np.linalg.svd(chosen - chosen.mean(axis=0), full_matrices=True)
    axes[2] = np.cross(axes[0], axes[1])
    return np.asarray(centred @ axes.T)


def bonds_to_draw(structure: Structure) -> NDArray[np.bool_]:
    """Return the bonds as quality control finds them, shape (atoms, atoms); elements it does not know have none."""
    known = [i for i, s in enumerate(structure.symbols) if s in COVALENT_RADII_ANGSTROM or s in METALS]
    part = Structure(tuple(structure.symbols[i] for i in known), structure.positions_angstrom[known], 0)
    bonds = np.zeros((len(structure), len(structure)), dtype=bool)
    bonds[np.ix_(known, known)] = bonds_from_distances(part)
    return bonds


def _stick(start: Array, end: Array) -> Array:
    along = end - start
    length = float(np.linalg.norm(along)) or 1.0
    across = _STICK_ANGSTROM * np.array([-along[1], along[0]]) / length
    return np.array([start + across, end + across, end - across, start - across])


def _radius(symbol: str) -> float:
    if symbol in METALS:
        return _METAL_BALL_ANGSTROM
    return _BALL * COVALENT_RADII_ANGSTROM.get(symbol, _UNKNOWN_RADIUS_ANGSTROM) + 0.05


def _colour(symbol: str) -> Array:
    from ase.data import atomic_numbers
    from ase.data.colors import jmol_colors

    return np.array(_METAL_COLOUR) if symbol in METALS else np.asarray(jmol_colors[atomic_numbers[symbol]])


def _faded(colour: Array, nearness: float) -> tuple[float, ...]:
    """Return the colour as it looks through the haze in front of it: 1 is nearest."""
    haze = _FOG * (1.0 - nearness)
    return tuple(float(c) for c in colour * (1.0 - haze) + haze)
