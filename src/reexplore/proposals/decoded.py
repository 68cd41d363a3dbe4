"""Ligands decoded from a generator's latent space, and chosen by what labels say of the molecule or of the vector.

`Decoded` follows COWBOYS (H. Moss et al., arXiv:2507.03910): the latent space proposes, a process on molecules judges.
`TrustRegion` is Bayesian optimisation in the latent space around the best (D. Eriksson et al., NeurIPS 2019).
Importing this module loads torch.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from reexplore.errors import InputError
from reexplore.proposals.generator import Generator
from reexplore.proposals.proposer import (
    CURIOSITY,
    Known,
    Proposal,
    Proposed,
    Wanted,
    first_of,
    ranked,
    sorted_out,
)

Array = NDArray[np.float64]

_TEMPERATURE = 0.7
#: So many of the best are looked around, within a Gaussian of this deviation (the prior's is 1).
_CENTRES = 15
_NEAR = 0.45
#: The half width of the trust region, in deviations of the labelled vectors, and the narrowest.
_WIDTH, _NARROWEST = 1.0, 0.1


@dataclass(frozen=True, eq=False)
class Decoded:
    """`decodes` in two sweeps: from the prior and around the best labelled, then around the most promising of those."""

    title: ClassVar[str] = "decoded"
    generator: Generator
    wanted: Wanted | None
    charges: tuple[int, ...] = (-1, 0)
    decodes: int = 1000

    def propose(self, n: int, known: Known) -> Proposed:
        """Return up to `n` ligands that were not tried."""
        chance, refused, pool = known.chance, Counter[str](), dict[str, Proposal]()
        centres = [Proposal(each, (each.ligand.identity,)) for each in known.best(_CENTRES)]
        best: list[Proposal] = []
        for sweep in (0, 1):
            around = centres if sweep == 0 else best[:_CENTRES]
            z, parents = self._near(around, self.decodes // (4 if sweep == 0 else 2), chance)
            if sweep == 0:
                prior = chance.normal(size=(self.decodes // 4, self.generator.settings.latent))
                z, parents = np.concatenate([z, prior]), [*parents, *(() for _ in prior)]
            smiles = self.generator.decode(z, temperature=_TEMPERATURE, seed=int(chance.integers(2**31)))
            found, why = sorted_out(zip(smiles, parents, strict=True), known, self.charges)
            refused += why
            pool |= {each.found.ligand.identity: each for each in found if each.found.ligand.identity not in pool}
            best = ranked(list(pool.values()), known)
        return Proposed(first_of(best, n, self.wanted), refused)

    def _near(
        self, around: list[Proposal], count: int, chance: np.random.Generator
    ) -> tuple[Array, list[tuple[str, ...]]]:
        """Return latent vectors near those of some ligands, and the labelled ligands that they come from."""
        latent = self.generator.settings.latent
        around = [each for each in around if self.generator.knows(each.found.ligand)]
        if not around:
            return np.zeros((0, latent)), []
        centres = self.generator.encode([each.found.ligand for each in around])
        which = np.arange(count) % len(around)
        z = centres[which] + _NEAR * chance.normal(size=(count, latent))
        return z, [around[k].parents for k in which]


@dataclass(frozen=True, eq=False)
class TrustRegion:
    """`decodes` vectors in a box around the best labelled, ranked by a Gaussian process on vectors, then decoded.

    The box is halved for every `n` labels without a better one.
    """

    title: ClassVar[str] = "trust region"
    generator: Generator
    wanted: Wanted | None
    charges: tuple[int, ...] = (-1, 0)
    decodes: int = 1000

    def propose(self, n: int, known: Known) -> Proposed:
        """Return up to `n` ligands that were not tried."""
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

        chance = known.chance
        rows = [k for k, each in enumerate(known.ligands) if self.generator.knows(each.ligand)]
        if len(rows) < 2:
            raise InputError("a trust region needs two labelled ligands at least that the generator knows")
        ligands, values = [known.ligands[k].ligand for k in rows], known.values[rows]
        z = self.generator.encode(ligands)
        place, size = z.mean(axis=0), z.std(axis=0) + 1e-6
        kernel = ConstantKernel(1.0) * RBF(np.sqrt(z.shape[1]), (1.0, 100.0)) + WhiteKernel(0.1)
        process = GaussianProcessRegressor(kernel, normalize_y=True, random_state=0)
        process.fit((z - place) / size, values)
        best = int(np.argmax(values))
        idle = len(values) - 1 - best
        width = max(_NARROWEST, _WIDTH * 0.5 ** (idle // max(n, 1)))
        offered = (z[best] - place) / size + width * chance.uniform(-1, 1, size=(self.decodes, z.shape[1]))
        mean, deviation = process.predict(offered, return_std=True)
        offered = offered[np.argsort(-(mean + CURIOSITY * deviation), kind="stable")]
        smiles = self.generator.decode(
            offered * size + place, temperature=_TEMPERATURE, seed=int(chance.integers(2**31))
        )
        parent = (ligands[best].identity,)
        found, refused = sorted_out(((each, parent) for each in smiles), known, self.charges)
        return Proposed(first_of(found, n, self.wanted), refused)
