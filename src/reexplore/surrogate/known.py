"""Every surrogate by name; a network is loaded where a member is needed, not here."""

from __future__ import annotations

from reexplore.plug_ins import Kinds
from reexplore.surrogate.allegro_surrogate import Allegro
from reexplore.surrogate.base import Surrogate
from reexplore.surrogate.composition import Composition
from reexplore.surrogate.stack import Stack
from reexplore.surrogate.tabular import Tabular
from reexplore.surrogate.voxel_surrogate import Voxel

SURROGATES: Kinds[Surrogate] = Kinds(
    what="surrogate",
    group="reexplore.surrogates",
    here={"allegro": Allegro, "composition": Composition, "tabular": Tabular, "stack": Stack, "voxel": Voxel},
    needs=("title", "settings", "train", "load"),
)
