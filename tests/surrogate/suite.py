"""What every surrogate has to keep: inherit `SurrogateSuite` and name the class and what its file declares."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from reexplore.structures.screening.arrays import Complexes
from reexplore.surrogate.base import HoldOut, Surrogate
from reexplore.surrogate.samples import folds
from tests.surrogate.sample import make_samples

MEMBERS, SEED = 3, 4
DECLARED = {"model": "", "members": MEMBERS, "readout": "metal", "uncertainty_floor_kcal_mol": 5.0}


def complexes_of(sample):
    """Return one sample as an array of one ligand with one metal."""
    from rdkit import Chem

    from reexplore.chemistry.metals import METALS

    table = Chem.GetPeriodicTable()
    structure = sample.structure
    away = structure.positions_angstrom - structure.positions_angstrom[0]
    return Complexes(
        numbers=np.array([[table.GetAtomicNumber(symbol) for symbol in structure.symbols[1:]]]),
        positions_angstrom=away[None, 1:],
        metals=(METALS[structure.symbols[0]],),
        shifts_angstrom=np.zeros((1, len(structure) - 1, 3)),
        charges=np.array([structure.charge]),
    )


class SurrogateSuite:
    """Set `kind` to a surrogate, and `changes` to settings that make its training short."""

    kind: type[Surrogate]
    changes: Mapping[str, Any] = MappingProxyType({})

    def settings(self):
        return self.kind.settings(DECLARED) | self.changes

    def train(self, samples, member, path):
        return self.kind.train(samples, HoldOut(member, MEMBERS, SEED), self.settings(), path)

    @pytest.fixture(scope="class")
    @classmethod
    def trained(cls, tmp_path_factory):
        folder, samples = tmp_path_factory.mktemp("members"), make_samples(12)
        reports = [cls().train(samples, member, folder / f"{member}") for member in range(MEMBERS)]
        return samples, reports, [folder / f"{member}" for member in range(MEMBERS)]

    def test_its_settings_are_all_it_needs_and_go_through_json(self):
        assert isinstance(self.kind, Surrogate)
        assert json.loads(json.dumps(self.settings())) == self.settings()
        assert self.kind.title

    def test_every_label_is_predicted_by_the_member_that_did_not_see_it(self, trained):
        samples, reports, _ = trained
        fold_of = folds(samples, MEMBERS, SEED)
        for report in reports:
            held_out = {s.key for s, fold in zip(samples, fold_of, strict=True) if fold == report.member}
            assert report.out_of_fold_kcal_mol.keys() == held_out
            json.dumps(report.to_dict(), allow_nan=False)

    def test_a_held_out_label_changes_nothing(self, trained, tmp_path):
        from dataclasses import replace

        samples, reports, _ = trained
        gone = next(iter(reports[0].out_of_fold_kcal_mol))
        changed = [replace(s, target_kcal_mol=999.0) if s.key == gone else s for s in samples]
        again = self.train(changed, 0, tmp_path / "again")
        assert again.out_of_fold_kcal_mol == pytest.approx(reports[0].out_of_fold_kcal_mol)

    def test_saved_members_say_what_they_said(self, trained):
        samples, reports, paths = trained
        ensemble = self.kind.load(paths)
        for sample in samples[:4]:
            said = ensemble.predict(complexes_of(sample))
            assert said.shape == (1, 1, MEMBERS)
            (member,) = (r.member for r in reports if sample.key in r.out_of_fold_kcal_mol)
            expected = reports[member].out_of_fold_kcal_mol[sample.key]
            assert said[0, 0, member] == pytest.approx(expected, abs=0.02)

    def test_a_turned_complex_is_predicted_alike(self, trained):
        samples, _, paths = trained
        ensemble = self.kind.load(paths)
        complexes = complexes_of(samples[0])
        random = np.random.default_rng(0)
        turn, _ = np.linalg.qr(random.standard_normal((3, 3)))
        turned = Complexes(
            complexes.numbers,
            complexes.positions_angstrom @ (turn * np.sign(np.linalg.det(turn))),
            complexes.metals,
            complexes.shifts_angstrom,
            complexes.charges,
        )
        assert ensemble.predict(turned) == pytest.approx(ensemble.predict(complexes), abs=0.02)
