"""The voxel network as a surrogate of campaigns; the network itself is loaded where a member is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from reexplore.surrogate.base import Ensemble, HoldOut, MemberReport
from reexplore.surrogate.samples import Sample
from reexplore.surrogate.settings import VoxelSettings


class Voxel:
    """A 3D convolutional network on densities around the metal, on top of a composition-linear prior."""

    title: ClassVar[str] = "voxel network"

    @staticmethod
    def settings(declared: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings with the channels of a campaign file."""
        return VoxelSettings(channels=declared.get("channels") or "elements").declaration()

    @staticmethod
    def train(samples: Sequence[Sample], out: HoldOut, settings: Mapping[str, Any], path: Path) -> MemberReport:
        """Train one network."""
        from reexplore.surrogate.voxel_network import train_member

        return train_member(samples, out, settings=VoxelSettings.of(settings), path=path)

    @staticmethod
    def load(paths: Sequence[Path]) -> Ensemble:
        """Return the saved networks."""
        from reexplore.surrogate.voxel_network import SavedEnsemble

        return SavedEnsemble(paths)
