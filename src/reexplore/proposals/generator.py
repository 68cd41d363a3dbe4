"""A trained generator: ligands to latent vectors, latent vectors to SMILES and to properties.

Importing this module loads torch: import it where a generator is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from reexplore.chemistry.ligands import Ligand
from reexplore.errors import InputError
from reexplore.proposals.network import StringVae
from reexplore.proposals.settings import GeneratorSettings
from reexplore.proposals.strings import Vocabulary, string_of
from reexplore.proposals.training_set import Scales

Array = NDArray[np.float64]

FILE_VERSION = 1
#: So many latent vectors are decoded together.
_TOGETHER = 512


@dataclass(frozen=True, eq=False)
class Generator:
    """A trained network with the tokens, the classes and the properties that it knows."""

    network: StringVae
    settings: GeneratorSettings
    vocabulary: Vocabulary
    scales: Scales
    properties: tuple[str, ...]

    def knows(self, ligand: Ligand) -> bool:
        """Return whether a ligand has a latent vector: others have tokens that were not learned."""
        return self.vocabulary.knows(string_of(ligand))

    @torch.no_grad()
    def encode(self, ligands: Sequence[Ligand]) -> Array:
        """Return the latent vector of each ligand, shape (ligands, latent).

        Raises `InputError` for a ligand that has no string, or one of tokens that were not learned.
        """
        strings = [string_of(ligand) for ligand in ligands]
        found = [np.zeros((0, self.settings.latent))]
        for start in range(0, len(strings), _TOGETHER):
            rows = torch.as_tensor(self.vocabulary.numbers(strings[start : start + _TOGETHER]))
            found.append(self.network.encode(rows)[0].double().numpy())
        return np.concatenate(found)

    def decode(self, z: Array, *, temperature: float, seed: int) -> list[str]:
        """Return one SMILES for each latent vector, empty where it decodes to nothing.

        At temperature 0 the likeliest token is taken each time. Raises `InputError` for vectors of another length.
        """
        if z.ndim != 2 or z.shape[1] != self.settings.latent or not np.isfinite(z).all():
            raise InputError(f"a latent vector of this generator is {self.settings.latent} finite numbers")
        chance = torch.Generator().manual_seed(seed)
        found: list[str] = []
        for start in range(0, len(z), _TOGETHER):
            some = torch.as_tensor(z[start : start + _TOGETHER], dtype=torch.float32)
            rows = self.network.sample(some, temperature=temperature, chance=chance)
            found += [self.vocabulary.smiles(row) for row in rows.tolist()]
        return found

    @torch.no_grad()
    def said(self, z: Array, classes: Sequence[str]) -> Array:
        """Return the properties that the head says of latent vectors, shape (vectors, properties), each in its unit."""
        rows = [self.scales.classes.index(name) for name in classes]
        rest = self.network.said(torch.as_tensor(z, dtype=torch.float32), torch.as_tensor(rows, dtype=torch.int64))
        return np.asarray(self.scales.means[rows] + self.scales.deviations * rest.double().numpy())

    def save(self, path: Path) -> None:
        """Write it to a file of weights only."""
        content = {
            "version": FILE_VERSION,
            "settings": self.settings.declaration(),
            "tokens": list(self.vocabulary.tokens),
            "classes": list(self.scales.classes),
            "properties": list(self.properties),
            "means": torch.as_tensor(self.scales.means),
            "deviations": torch.as_tensor(self.scales.deviations),
            "weights": self.network.state_dict(),
        }
        torch.save(content, path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read one from a file; raise `InputError` for a file of another version."""
        content = torch.load(path, weights_only=True)
        if content["version"] != FILE_VERSION:
            raise InputError(
                f"{path} is a generator of version {content['version']}; this reexplore reads version {FILE_VERSION}:"
                " train it again"
            )
        settings = GeneratorSettings.of(content["settings"])
        vocabulary, properties = Vocabulary(tuple(content["tokens"])), tuple(content["properties"])
        classes = tuple(content["classes"])
        network = StringVae(len(vocabulary), len(classes), len(properties), settings)
        network.load_state_dict(content["weights"])
        scales = Scales(classes, content["means"].numpy(), content["deviations"].numpy())
        return cls(network.eval(), settings, vocabulary, scales, properties)
