"""A structure's edges are those that another program finds."""

import pytest

from reexplore.surrogate.settings import AllegroSettings
from tests.surrogate.sample import make_samples

pytestmark = pytest.mark.engine


def test_the_neighbour_list_is_ases():
    from ase import Atoms
    from ase.neighborlist import neighbor_list
    from nequip.data import AtomicDataDict

    from reexplore.surrogate.graphs import structure_graph

    structure = make_samples(1)[0].structure
    i, j = neighbor_list("ij", Atoms(structure.symbols, structure.positions_angstrom), 6.0)
    for readout, keep in (("all", i >= 0), ("metal", i == 0)):
        graph = structure_graph(structure, AllegroSettings(readout=readout))
        ours = {tuple(edge) for edge in graph[AtomicDataDict.EDGE_INDEX_KEY].T.tolist()}
        assert ours == set(zip(i[keep].tolist(), j[keep].tolist(), strict=True))
