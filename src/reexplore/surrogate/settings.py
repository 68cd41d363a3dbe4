"""Every number that decides what a network becomes, without importing any of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

#: `all` sums every atom's energy, as published; `metal` reads the metal's alone.
Readout = Literal["metal", "all"]


@dataclass(frozen=True)
class AllegroSettings:
    """Architecture and training of one member.

    The architecture is the published small Allegro (Musaelian et al., Nat. Commun. 14, 579 (2023)):
    `layers` tensor-product layers over `bessels` radial functions within `r_max_angstrom`. One epoch
    is one pass over the training part. The learning rate is halved after `patience` epochs without
    progress and training ends when it falls below `learning_rate_end`. The member that is kept is an
    exponential moving average of the weights with the decay `average_decay`.
    """

    readout: Readout = "metal"
    r_max_angstrom: float = 6.0
    l_max: Literal[1, 2] = 1
    layers: int = 2
    scalar_features: int = 32
    tensor_features: int = 4
    bessels: int = 8
    weights: Literal["float32", "float64"] = "float32"
    epochs: int = 200
    patience: int = 15
    batch_size: int = 32
    learning_rate: float = 1e-2
    learning_rate_end: float = 5e-4
    gradient_clip: float = 1.0
    average_decay: float = 0.97

    def declaration(self) -> dict[str, Any]:
        """Return all settings as JSON-ready values; `AllegroSettings(**declaration)` rebuilds them."""
        return asdict(self)


#: `elements` is a channel for each group of elements; `rgb` is the published form, a colour for each element.
Channels = Literal["elements", "rgb"]


@dataclass(frozen=True)
class VoxelSettings:
    """Architecture and training of one member of the voxel network.

    A residual network in three dimensions (He et al., CVPR 2016) on densities of Gaussians of `width_angstrom`, on
    `points` points `spacing_angstrom` apart along each axis. `blocks` are those of each size; the first size has
    `features` features, each further one twice as many. Every epoch sees every complex once, turned at random.
    """

    channels: Channels = "elements"
    points: int = 32
    spacing_angstrom: float = 0.85
    width_angstrom: float = 0.7
    features: int = 16
    blocks: tuple[int, ...] = (1, 1, 1, 1)
    epochs: int = 40
    batch_size: int = 16
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3

    @property
    def reach_angstrom(self) -> float:
        """Return how far from the metal the box reaches."""
        return self.points * self.spacing_angstrom / 2

    def declaration(self) -> dict[str, Any]:
        """Return all settings as JSON-ready values; `VoxelSettings.of(declaration)` rebuilds them."""
        return asdict(self) | {"blocks": list(self.blocks)}

    @classmethod
    def of(cls, declaration: Mapping[str, Any]) -> VoxelSettings:
        """Rebuild settings from `declaration`."""
        return cls(**{**declaration, "blocks": tuple(declaration["blocks"])})
