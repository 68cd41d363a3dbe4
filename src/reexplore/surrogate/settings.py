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
    is one pass over the training part. The learning rate is multiplied by `learning_rate_factor` after `patience`
    epochs without progress and training ends when it falls below `learning_rate_end`, or after
    `epochs_without_progress`. The member that is kept is an exponential moving average of the weights with the decay
    `average_decay`. Perceptrons have `hidden_layers` of `hidden_features`, that of the readout one of
    `readout_features`; what is None is as many as `scalar_features`.
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
    learning_rate_factor: float = 0.5
    epochs_without_progress: int | None = None
    trained_bessels: bool = False
    hidden_layers: int = 1
    hidden_features: int | None = None
    readout_features: int | None = None

    def declaration(self) -> dict[str, Any]:
        """Return all settings as JSON-ready values; `AllegroSettings(**declaration)` rebuilds them."""
        return {name: value for name, value in asdict(self).items() if name not in _LATER or value != _LATER[name]}


#: Settings that came later, at what was done before them: there they are in no key.
_LATER = {
    "learning_rate_factor": 0.5,
    "epochs_without_progress": None,
    "trained_bessels": False,
    "hidden_layers": 1,
    "hidden_features": None,
    "readout_features": None,
}


def published(*, tensor_features: int) -> AllegroSettings:
    """Return the settings of the published study of rare-earth ligands with 2 or 4 tensor features.

    Gupta, Hetherington, de Jong, Digital Discovery 2026, 5, 363, by the authors' own input file. It was written for
    an older nequip: perceptrons had hidden layers of 8, 16 and 32 and give 64 numbers; here they are three of 32, for
    today's Allegro has layers of one width. The gradient is clipped as elsewhere here.
    """
    return AllegroSettings(
        readout="all",
        l_max=2,
        scalar_features=64,
        tensor_features=tensor_features,
        epochs=1500,
        patience=20,
        batch_size=4,
        learning_rate_end=1e-5,
        average_decay=0.99,
        learning_rate_factor=0.75,
        epochs_without_progress=100,
        trained_bessels=True,
        hidden_layers=3,
        hidden_features=32,
        readout_features=16,
    )


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
