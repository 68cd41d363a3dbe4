"""What a generator is trained with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True)
class GeneratorSettings:
    """The sizes of the network and how it is trained; measured in `benchmarks/generator.py`.

    `hidden` is the width of the decoder, `latent` the numbers that stand for a ligand, `embedding` those of a token.
    A token is hidden from the decoder with the chance `word_dropout`. The Kullback-Leibler term grows to `divergence`
    over the first third of the epochs, and properties count `properties` times.
    """

    hidden: int = 192
    latent: int = 48
    embedding: int = 32
    batch: int = 128
    epochs: int = 20
    learning_rate: float = 3e-3
    word_dropout: float = 0.15
    divergence: float = 0.05
    properties: float = 0.5

    def declaration(self) -> dict[str, Any]:
        """Return the settings as JSON-ready values."""
        return asdict(self)

    @classmethod
    def of(cls, declared: Mapping[str, Any]) -> Self:
        """Read them from `declaration`."""
        return cls(**declared)
