"""Samples in blocks are predicted as one by one, in their own order."""

from dataclasses import replace

import numpy as np
import pytest

from reexplore.errors import InputError
from reexplore.surrogate.base import HoldOut
from reexplore.surrogate.composition import Composition
from reexplore.surrogate.predicting import Blocks
from reexplore.surrogate.tabular import Tabular
from tests.surrogate.sample import make_samples


@pytest.mark.parametrize("kind", [Composition, Tabular])
def test_each_sample_is_predicted_as_it_is_alone(kind, tmp_path):
    samples = make_samples(24)
    if kind is Tabular:
        samples = [replace(sample, structure=None) for sample in samples]
    else:
        samples = [replace(sample, parts=()) for sample in samples]
    kind.train(samples, HoldOut(2, 2, 0), kind.settings({}), tmp_path / "member")
    ensemble = kind.load([tmp_path / "member"])
    together = Blocks(samples).predicted(ensemble).mean(axis=1)
    alone = [Blocks([sample]).predicted(ensemble).mean() for sample in samples[::5]]
    assert together[::5] == pytest.approx(alone, abs=1e-6)
    # Four substituents, two scaffolds and eight metals make a sum: what was learned is near its labels, in their order.
    labels = np.array([sample.target_kcal_mol for sample in samples])
    assert np.corrcoef(together, labels)[0, 1] > 0.9


def test_what_is_no_number_is_refused():
    class Broken:
        def predict(self, complexes):
            return np.full((*complexes.shape, 1), np.nan)

    samples = [replace(sample, parts=()) for sample in make_samples(3)]
    with pytest.raises(InputError, match=f"says of {samples[0].key} what is no number"):
        Blocks(samples).predicted(Broken())
