"""How long the joint choice of a batch takes, and whether it is the batch it should be.

    python benchmarks/batch.py [--json] [--candidates 100000] [--samples 256] [--picks 32] [--compared 2000]

Utilities are invented: correlated over candidates through eight features, each with noise of its own, and with the
incumbent at 0. `joint_batch_s` is the time of `select_batch` with BoTorch's qLogExpectedImprovement, by the clock, and
`joint_batch_cpu_s` the processor's; BoTorch is loaded before. `as_exact_greedy` counts picks that stand at the same
place in the batch which looks at every row after every pick. BoTorch's own loop is asked about the first `--compared`
rows: `as_botorch` counts picks that are in its batch, and `above_botorch` is by how much BoTorch's acquisition of our
batch exceeds that of its own.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import numpy as np
import torch
from botorch.acquisition import qLogExpectedImprovement
from botorch.optim.optimize import optimize_acqf_discrete

from reexplore.acquisition.botorch_model import TableModel, rows_as_inputs
from reexplore.acquisition.policy import Policy
from reexplore.acquisition.select import select_batch

POLICY = Policy(name="batch", description="", acquisition="qLogExpectedImprovement", random_controls=0)
_FEATURES = 8
_CHUNK = 4096


def utilities(candidates: int, samples: int) -> np.ndarray:
    """Return invented joint utilities, shape (candidates, samples)."""
    random = np.random.default_rng(0)
    features, directions = random.normal(size=(candidates, _FEATURES)), random.normal(size=(_FEATURES, samples))
    own = random.normal(size=(candidates, 1)) + 0.3 * random.normal(size=(candidates, samples))
    return features @ directions / 2 + own - 1.0


def every_row_every_time(utility: np.ndarray, picks: int) -> list[int]:
    """Return the rows that one after the other raise the mean best most."""
    best, picked = np.zeros(utility.shape[1]), list[int]()
    for _ in range(picks):
        gain = np.concatenate(
            [
                np.maximum(utility[start : start + _CHUNK] - best, 0.0).mean(axis=1)
                for start in range(0, len(utility), _CHUNK)
            ]
        )
        gain[picked] = -1.0
        picked.append(int(gain.argmax()))
        best = np.maximum(best, utility[picked[-1]])
    return picked


def run_batch(*, candidates: int, samples: int, picks: int, compared: int) -> dict[str, Any]:
    """Return times and agreement; see the module."""
    torch.set_num_threads(1)
    utility = utilities(candidates, samples)
    started, cpu = time.monotonic(), time.process_time()
    ours = _chosen(utility, picks)
    wall_s, cpu_s = time.monotonic() - started, time.process_time() - cpu
    exact = every_row_every_time(utility, picks)
    few = utility[:compared]
    model = TableModel(few)
    acquisition = qLogExpectedImprovement(model, best_f=0.0, sampler=model.every_member)
    with torch.no_grad():
        theirs, _ = optimize_acqf_discrete(acquisition, q=picks, choices=rows_as_inputs(list(range(len(few)))))
        mine = _chosen(few, picks)
        above = float(acquisition(rows_as_inputs(mine)) - acquisition(theirs))
    return {
        "candidates": candidates,
        "samples": samples,
        "picks": picks,
        "joint_batch_s": round(wall_s, 2),
        "joint_batch_cpu_s": round(cpu_s, 2),
        "as_exact_greedy": sum(a == b for a, b in zip(ours, exact, strict=True)),
        "compared": compared,
        "as_botorch": len(set(mine) & set(theirs[:, 0].long().tolist())),
        "above_botorch": round(above, 6),
    }


def _chosen(utility: np.ndarray, picks: int) -> list[int]:
    keys = [f"{row:08d}" for row in range(len(utility))]
    return [
        int(pick.key) for pick in select_batch(utility, keys, policy=POLICY, q=picks, pending=(), labelled=(), seed=0)
    ]


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candidates", type=int, default=100_000)
    parser.add_argument("--samples", type=int, default=256)
    parser.add_argument("--picks", type=int, default=32)
    parser.add_argument("--compared", type=int, default=2000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = run_batch(
        candidates=options.candidates, samples=options.samples, picks=options.picks, compared=options.compared
    )
    for name, value in figures.items():
        print(f"{name:20s} {value}")
    if options.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
