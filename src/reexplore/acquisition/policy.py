"""A policy file: how the next batch is chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from reexplore.inputs.strict_models import PlainName, Sentence, Strict, parse, read_mapping
from reexplore.plug_ins import PlugIn, made_by, plug_ins

#: BoTorch's acquisition functions a policy may name, `posterior_mean` for its `PosteriorMean`; and three of our own:
#: `thompson` (each pick is the best of one joint sample), `diverse` (the promising that differ most) and `random`.
Acquisition = Literal[
    "posterior_mean",
    "qLogExpectedImprovement",
    "qUpperConfidenceBound",
    "qPosteriorStandardDeviation",
    "thompson",
    "diverse",
    "random",
]


class Policy(Strict):
    """How candidates are weighed and how many are left to chance.

    `beta` belongs to `qUpperConfidenceBound` alone. `samples` is the number of virtual members. With several goals
    the `shortlist` best by themselves and `shortlist_random` others of a larger pool enter the joint choice; with one
    the whole pool does. `random_controls` of a batch are drawn from the whole pool without looking at the model; with
    the acquisition `random` the whole batch is.
    """

    name: PlainName
    description: Sentence
    acquisition: Acquisition
    beta: Annotated[float, Field(gt=0, le=1e6)] | None = None
    samples: Annotated[int, Field(ge=16, le=4096)] = 256
    shortlist: Annotated[int, Field(ge=1, le=100_000)] = 400
    shortlist_random: Annotated[int, Field(ge=0, le=100_000)] = 100
    random_controls: Annotated[int, Field(ge=0, le=100_000)] = 1

    @model_validator(mode="after")
    def _beta_where_it_belongs(self) -> Self:
        if self.acquisition != "qUpperConfidenceBound" and self.beta is not None:
            raise ValueError(
                f"'beta' ({self.beta:g}) goes with qUpperConfidenceBound alone: leave it out with the 'acquisition'"
                f" {self.acquisition}"
            )
        if self.acquisition == "qUpperConfidenceBound" and self.beta is None:
            raise ValueError("'beta' is null, and the 'acquisition' qUpperConfidenceBound needs it: give a number")
        return self


def added_policies() -> dict[str, PlugIn]:
    """Return the policies that installed packages announce: functions that return what a policy file holds."""
    return plug_ins("reexplore.policies", what="policy")


def load_policy(source: Path | PlugIn) -> Policy:
    """Read and check a policy, of a file or of another package; raise `InputError` with what is wrong first."""
    if isinstance(source, PlugIn):
        said = f"the policy '{source.point.name}'"
        return parse(Policy, made_by(source.load(), said=said), Path(said))
    return parse(Policy, read_mapping(source, "policy file", "`name`, `acquisition`, …"), source)
