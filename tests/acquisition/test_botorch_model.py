"""BoTorch's greedy batch on the table is the exact greedy batch, which the default sampler's is not."""

import numpy as np
import pytest
import torch
from botorch.acquisition import qLogExpectedImprovement
from botorch.optim.optimize import optimize_acqf_discrete
from botorch.sampling.get_sampler import get_sampler
from botorch.sampling.index_sampler import IndexSampler

from reexplore.acquisition.botorch_model import EveryMember, TableModel, rows_as_inputs

N, S, Q = 300, 64, 8


def table():
    """Return correlated utilities with the incumbent at 0."""
    random = np.random.default_rng(0)
    features = random.normal(size=(N, 4))
    return features @ random.normal(size=(4, S)) + 0.3 * random.normal(size=(N, S)) - 1.0


def exact_greedy(utility, q):
    """Return the rows that one after the other raise the mean over worlds of the best gain most."""
    best, picks = np.zeros(utility.shape[1]), []
    for _ in range(q):
        value = np.maximum(utility - best, 0).mean(axis=1)
        value[picks] = -1
        picks.append(int(value.argmax()))
        best = np.maximum(best, utility[picks[-1]])
    return picks


def joint_gain(utility, picks):
    return np.maximum(utility[picks].max(axis=0), 0).mean()


def botorch_greedy(utility, sampler, q=Q):
    model = TableModel(utility)
    acquisition = qLogExpectedImprovement(model, best_f=0.0, sampler=sampler)
    picked, _ = optimize_acqf_discrete(acquisition, q=q, choices=rows_as_inputs(list(range(N))))
    return picked[:, 0].long().tolist()


def test_the_samples_are_the_columns_in_order():
    utility = table()
    model = TableModel(utility)
    rows = torch.tensor([[[3.0], [7.0]], [[7.0], [1.0]]])
    drawn = model.every_member(model.posterior(rows))
    assert drawn.shape == (S, 2, 2, 1)
    assert np.array_equal(drawn[:, 0, :, 0].numpy().T, utility[[3, 7]])
    assert np.array_equal(drawn[:, 1, 0, 0].numpy(), utility[7])


def test_mean_and_variance_are_the_tables():
    utility = table()
    posterior = TableModel(utility).posterior(rows_as_inputs([5, 6]))
    assert np.allclose(posterior.mean[:, 0], utility[5:7].mean(axis=1))
    assert np.allclose(posterior.variance[:, 0], utility[5:7].var(axis=1, ddof=1))


def test_a_greedy_batch_is_the_exact_one():
    utility = table()
    assert botorch_greedy(utility, TableModel(utility).every_member) == exact_greedy(utility, Q)


def test_the_default_sampler_would_not_do():
    utility = table()
    model = TableModel(utility)
    default = get_sampler(model.posterior(rows_as_inputs([0])), torch.Size([S]), seed=0)
    assert isinstance(default, IndexSampler)
    assert not isinstance(model.every_member, IndexSampler)
    wrong = botorch_greedy(utility, default)
    assert wrong != exact_greedy(utility, Q)
    assert joint_gain(utility, wrong) < 0.98 * joint_gain(utility, exact_greedy(utility, Q))


def test_a_sampler_of_another_size_is_refused():
    model = TableModel(table())
    with pytest.raises(ValueError, match="64"):
        EveryMember(sample_shape=torch.Size([8]))(model.posterior(rows_as_inputs([0])))
