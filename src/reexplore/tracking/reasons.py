"""Why a candidate stands where it does, as plain values: how it was chosen, what the models say, and what is near it.

Energies are in kcal/mol and more negative binds stronger.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erf, exp, pi, sqrt
from typing import Literal


@dataclass(frozen=True)
class Chosen:
    """How a candidate came into its batch: the place there, counted from 1, of so many, and under which policy.

    `predicted_kcal_mol` ± `sigma_kcal_mol` is what the models said of it then. `reference_kcal_mol` is what it had to
    surpass: the lowest label of its group at that time, or without one the mean of what was predicted of the group
    (`reference_is_label` tells them apart). `by` says who promoted it, when and why.
    """

    place: int
    among: int
    policy: str
    acquisition: str
    predicted_kcal_mol: float | None = None
    sigma_kcal_mol: float | None = None
    reference_kcal_mol: float | None = None
    reference_is_label: bool = True
    by: str = ""

    @property
    def uncertainty_share(self) -> float | None:
        """Return how much of its expected improvement came from the error bar, 0 to 1; None where nothing is known."""
        if self.predicted_kcal_mol is None or self.reference_kcal_mol is None or not self.sigma_kcal_mol:
            return None
        return uncertainty_share(self.reference_kcal_mol - self.predicted_kcal_mol, self.sigma_kcal_mol)


def uncertainty_share(gain: float, sigma: float) -> float:
    """Return the share of the uncertainty in the expected improvement of one candidate by itself, 0 to 1.

    For a normal distribution the expected improvement is gain Φ(gain/σ) + σ φ(gain/σ) (D. R. Jones, M. Schonlau, W. J.
    Welch, J. Glob. Optim. 1998, 13, 455): the first term is what is expected anyway, the second is what the error bar
    adds. Where no gain is expected all of it is the error bar's.
    """
    z = gain / sigma
    expected = max(gain, 0.0) * 0.5 * (1 + erf(z / sqrt(2)))
    by_chance = sigma * exp(-z * z / 2) / sqrt(2 * pi)
    return 1.0 if gain <= 0 else by_chance / (expected + by_chance)


@dataclass(frozen=True)
class Relative:
    """A labelled ligand near a candidate's by structure: Tanimoto `similarity`, and its labels by metal."""

    ligand: str
    smiles: str
    similarity: float
    labels_kcal_mol: dict[str, float]


@dataclass(frozen=True)
class Sibling:
    """A candidate that differs in one thing, which `name` is: a metal or a substituent.

    `value_kcal_mol` is its label where `is_label`, otherwise what is predicted with its `sigma_kcal_mol`.
    """

    key: str
    name: str
    value_kcal_mol: float
    is_label: bool
    sigma_kcal_mol: float | None = None


@dataclass(frozen=True)
class Limit:
    """A number of the ligand that a constraint of the campaign keeps within limits."""

    name: str
    value: float
    at_least: float | None = None
    at_most: float | None = None
    unit: str = ""


@dataclass(frozen=True)
class Reasons:
    """All that explains a candidate's place.

    `members_kcal_mol` is what each member of the newest model says, `rank_before` the rank after the round before the
    newest. `metals` is the same ligand along the series, itself included, on the scale `metals_scale`; `substituents`
    the same complex with one substituent changed, itself included. `sa_score` is 1 for what is easily made, 10 for what
    is not (P. Ertl, A. Schuffenhauer, J. Cheminform. 2009, 1, 8). `origin` says who proposed the ligand, when, and from
    which; it is empty for a ligand of the campaign file.
    """

    chosen: Chosen | None = None
    members_kcal_mol: tuple[float, ...] = ()
    rank_before: int | None = None
    relatives: tuple[Relative, ...] = ()
    metals: tuple[Sibling, ...] = ()
    metals_scale: Literal["binding", "exchange"] = "binding"
    substituents: tuple[Sibling, ...] = ()
    sa_score: float | None = None
    limits: tuple[Limit, ...] = ()
    origin: str = ""
