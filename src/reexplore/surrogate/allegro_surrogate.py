"""Allegro as a surrogate of campaigns; the network itself is loaded where a member is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, ClassVar

from reexplore.surrogate.base import Ensemble, HoldOut, MemberReport
from reexplore.surrogate.samples import Sample
from reexplore.surrogate.settings import AllegroSettings


class Allegro:
    """An equivariant network on top of a composition-linear prior (`surrogate.allegro`)."""

    title: ClassVar[str] = "Allegro"

    @staticmethod
    def settings(declared: Mapping[str, Any]) -> dict[str, Any]:
        """Return the published settings with the readout and the batch size of a campaign file."""
        said = AllegroSettings(readout=declared["readout"])
        batch_size = declared.get("batch_size")
        return (said if batch_size is None else replace(said, batch_size=batch_size)).declaration()

    @staticmethod
    def train(samples: Sequence[Sample], out: HoldOut, settings: Mapping[str, Any], path: Path) -> MemberReport:
        """Train one network."""
        from reexplore.surrogate.allegro import train_member

        return train_member(samples, settings=AllegroSettings(**settings), path=path, **asdict(out))

    @staticmethod
    def load(paths: Sequence[Path]) -> Ensemble:
        """Return the saved networks."""
        from reexplore.surrogate.allegro import SavedEnsemble

        return SavedEnsemble(paths)
