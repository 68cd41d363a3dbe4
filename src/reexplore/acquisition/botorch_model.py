"""The table of joint samples as BoTorch sees it.

Importing this module loads torch and botorch (seconds).
"""

from __future__ import annotations

import numpy as np
import torch
from botorch.models.ensemble import EnsembleModel
from botorch.posteriors.ensemble import EnsemblePosterior
from botorch.sampling.base import MCSampler
from numpy.typing import NDArray


class TableModel(EnsembleModel):
    """A model whose input is the number of a row and whose members are the columns of a table, shape (N, S).

    A table of shape (N, S, goals) is a model of several outputs.
    """

    def __init__(self, table: NDArray[np.float64]) -> None:
        super().__init__()
        self._num_outputs = 1 if table.ndim == 2 else table.shape[2]
        self.table = torch.as_tensor(np.ascontiguousarray(table), dtype=torch.float64)

    @property
    def every_member(self) -> EveryMember:
        """Return the sampler that goes with this table."""
        return EveryMember(sample_shape=torch.Size([self.table.shape[1]]))

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        """Return the rows `X`, shape (batch × n × 1), as (batch × members × n × outputs)."""
        rows = self.table[X[..., 0].long()]
        return (rows.unsqueeze(-1) if self.table.ndim == 2 else rows).transpose(-2, -3)


class EveryMember(MCSampler):
    """A sampler that takes each member exactly once, the same for every candidate.

    BoTorch's own `IndexSampler` draws members anew for each candidate: candidates are then compared
    in different worlds, and a batch follows the noise.
    """

    def forward(self, posterior: EnsemblePosterior) -> torch.Tensor:
        """Return the members' values with the members in front, shape (members × batch × n × outputs)."""
        if posterior.values.shape[-3] != self.sample_shape[0]:
            raise ValueError(f"a sampler of {self.sample_shape[0]} members met {posterior.values.shape[-3]}")
        return posterior.values.movedim(-3, 0)

    def _update_base_samples(self, posterior: EnsemblePosterior, base_sampler: MCSampler) -> None:
        """Keep what there is: members are counted off, nothing is drawn."""


def rows_as_inputs(rows: list[int]) -> torch.Tensor:
    """Return row numbers as the model's inputs, shape (rows, 1)."""
    return torch.tensor(rows, dtype=torch.float64).unsqueeze(-1)
