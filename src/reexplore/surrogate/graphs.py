"""Complexes as the graphs that Allegro reads: one with every atom, or many as stars around their metals.

Importing this module loads torch and nequip, as `allegro` does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from nequip.data import AtomicDataDict

from reexplore.errors import InputError
from reexplore.structures.screening.arrays import Complexes
from reexplore.structures.structure import Structure
from reexplore.surrogate.metal_neighbours import ELEMENTS, stars
from reexplore.surrogate.settings import AllegroSettings, Readout

Graph = dict[str, torch.Tensor]


def structure_graph(structure: Structure, settings: AllegroSettings) -> Graph:
    """Return the graph whose total energy is the readout.

    Allegro's edge (i, j) sees edges of the same centre i only, and an atom without edges has no
    energy. Leaving out all edges but the metal's therefore *is* the metal's energy, exactly.
    """
    unknown = sorted(set(structure.symbols) - set(ELEMENTS))
    if unknown:
        raise InputError(f"the surrogate knows no element {', '.join(unknown)}; it knows {', '.join(ELEMENTS)}")
    positions = structure.positions_angstrom
    centres = positions[:1] if settings.readout == "metal" else positions
    distance = np.linalg.norm(positions[None, :, :] - centres[:, None, :], axis=-1)
    near = distance < settings.r_max_angstrom
    near[np.arange(len(centres)), np.arange(len(centres))] = False
    return {
        AtomicDataDict.POSITIONS_KEY: torch.tensor(positions, dtype=torch.float64),
        AtomicDataDict.ATOM_TYPE_KEY: torch.tensor([ELEMENTS.index(symbol) for symbol in structure.symbols]),
        AtomicDataDict.EDGE_INDEX_KEY: torch.as_tensor(np.stack(np.nonzero(near))),
    }


def star_graph(complexes: Complexes, r_max_angstrom: float) -> Graph:
    """Return one graph of all complexes for the metal's readout.

    Only the metals have edges, and an edge needs of its other end the element alone: all hydrogens
    are one node, and the vectors are given. Those nodes make a graph of their own, the last.
    """
    found = stars(complexes, r_max_angstrom=r_max_angstrom)
    size = complexes.size
    types = np.concatenate([found.metals, np.arange(len(ELEMENTS))])
    batch = np.concatenate([np.arange(size), np.full(len(ELEMENTS), size)])
    return {
        AtomicDataDict.POSITIONS_KEY: torch.zeros((len(types), 3), dtype=torch.float64),
        AtomicDataDict.ATOM_TYPE_KEY: torch.as_tensor(types),
        AtomicDataDict.EDGE_INDEX_KEY: torch.as_tensor(np.stack([found.star, size + found.elements])),
        AtomicDataDict.EDGE_VECTORS_KEY: torch.as_tensor(found.vectors_angstrom),
        AtomicDataDict.BATCH_KEY: torch.as_tensor(batch),
        AtomicDataDict.NUM_NODES_KEY: torch.as_tensor(np.append(np.ones(size, dtype=np.int64), len(ELEMENTS))),
    }


def moved(graph: Graph, device: torch.device) -> Graph:
    """Return a graph whose tensors lie on a device."""
    return {name: tensor.to(device) for name, tensor in graph.items()}


def mean_neighbours(graphs: Sequence[Graph], readout: Readout) -> float:
    """Return the mean number of edges of a centre that has any by the readout."""
    edges = sum(graph[AtomicDataDict.EDGE_INDEX_KEY].shape[1] for graph in graphs)
    centres = len(graphs) if readout == "metal" else sum(len(g[AtomicDataDict.ATOM_TYPE_KEY]) for g in graphs)
    return edges / centres
