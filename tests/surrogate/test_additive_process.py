"""The additive process against scikit-learn's, and its draws against its own mean and covariance."""

import numpy as np
import pytest

from reexplore.chemistry.library import SCAFFOLDS, SUBSTITUENTS
from reexplore.surrogate.additive_process import AdditiveProcess, Labelled
from reexplore.surrogate.kernels import TERMS, Around, parts_of

METALS = ("La", "Gd", "Lu")


def complexes(count, seed=0):
    random = np.random.default_rng(seed)
    groups = list(SUBSTITUENTS.values())
    parts, around = [], []
    for _ in range(count):
        scaffold = SCAFFOLDS[("HOPO-345N", "CAM-456N")[random.integers(2)]]
        parts.append(parts_of((scaffold.smiles, *(groups[i].smiles for i in random.integers(0, 25, 4)))))
        around.append(Around(METALS[random.integers(3)], 1, 6))
    return Labelled(tuple(parts), tuple(around))


def _place(part):
    return part if part.site is None else part[1:]


def invented(known):
    """Return an additive energy: each substituent at a site has a number, each scaffold, and each metal."""
    random = np.random.default_rng(5)
    worth = {}
    return np.array(
        [
            sum(worth.setdefault(part if part.site is None else part[1:], random.normal()) for part in parts)
            + 10 * METALS.index(around.metal)
            for parts, around in zip(known.parts, known.around, strict=True)
        ]
    )


def leaning(parts, around):
    """Return what another model says of parts: a number that belongs to each in each of the surroundings."""
    return np.array([[len(part.substituent) + METALS.index(each.metal) for part in parts] for each in around], float)


LEANINGS = pytest.mark.parametrize("leant", [None, leaning])


def gram(first, second, weights):
    """Return the covariance by its definition: a sum over parts, term by term."""
    found = np.zeros((len(first), len(second)))
    for i, (parts, around) in enumerate(zip(first.parts, first.around, strict=True)):
        for j, (others, surroundings) in enumerate(zip(second.parts, second.around, strict=True)):
            found[i, j] = sum(
                weight * of_around.gram([around], [surroundings])[0, 0] * of_part.gram(parts, others).sum()
                for weight, (of_part, of_around) in zip(weights, TERMS, strict=False)
            )
    return found


@LEANINGS
def test_mean_and_spread_are_those_of_scikit_learn(leant):
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import PairwiseKernel

    known, asked = complexes(14), complexes(4, seed=1)
    target = invented(known)
    weights = np.array([*np.linspace(0.05, 0.3, len(TERMS)), *([0.4] if leant else []), 0.07])
    process = AdditiveProcess(known, target, weights, leant)
    together = Labelled((*known.parts, *asked.parts), (*known.around, *asked.around))
    table = gram(together, together, weights)
    if leant:
        around = [[each] for each in together.around]
        said = np.array([leant(*each).sum() for each in zip(together.parts, around, strict=True)])
        said = (said - said[: len(known)].mean()) / said[: len(known)].std()
        table = table + 0.4 * np.outer(said, said)
    rows = np.arange(len(together))[:, None]
    kernel = PairwiseKernel(metric=lambda a, b, **_: table[int(a[0]), int(b[0])])
    other = GaussianProcessRegressor(kernel, alpha=weights[-1] + 1e-8, optimizer=None, normalize_y=True)
    other.fit(rows[: len(known)], target)
    mean, spread = other.predict(rows[len(known) :], return_std=True)
    expected, uncertain = process.expected(asked)
    assert expected == pytest.approx(mean, rel=1e-6)
    assert uncertain == pytest.approx(spread, rel=1e-5)


@LEANINGS
def test_tables_add_up_to_what_is_expected_of_a_complex(leant):
    known, asked = complexes(30), complexes(5, seed=1)
    process = AdditiveProcess.fit(known, invented(known), leant)
    mean, spread = process.expected(asked)
    for row, (parts, around) in enumerate(zip(asked.parts, asked.around, strict=True)):
        tables = process.tables(parts, [around], draws=0, name="")
        assert tables.mean.sum() == process.means(parts, [around]).sum() == pytest.approx(mean[row])
        assert np.sqrt(tables.covariance.sum()) == pytest.approx(spread[row], rel=1e-4)


@LEANINGS
def test_draws_have_the_covariance_that_is_left(leant):
    known = complexes(30)
    process = AdditiveProcess.fit(known, invented(known), leant)
    (parts,), around = complexes(1, seed=2).parts, [Around(metal, 1, 6) for metal in METALS]
    tables = process.tables(parts, around, draws=600, name="x")
    left = tables.covariance[0]
    found = np.cov(tables.draws[0])
    assert np.abs(found - left).max() < 0.2 * np.diag(left).max()
    assert np.abs(tables.draws.mean(axis=-1)).max() < 0.15 * np.sqrt(np.diag(left).max())


def test_it_learns_an_additive_energy():
    known, asked = complexes(150), complexes(100, seed=3)
    both = invented(Labelled((*known.parts, *asked.parts), (*known.around, *asked.around)))
    process = AdditiveProcess.fit(known, both[:150])
    mean, spread = process.expected(asked)
    error = mean - both[150:]
    assert np.abs(error).mean() < 0.6 < 0.3 * both.std()
    assert np.mean(np.abs(error) < 1.645 * spread) > 0.8


def test_without_labels_nothing_is_said():
    with pytest.raises(ValueError, match="no label"):
        AdditiveProcess.fit(complexes(0), np.zeros(0))
