"""What every surrogate has to keep: inherit `SurrogateSuite` and name the class and what its file declares."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from reexplore.structures.screening.arrays import Complexes
from reexplore.surrogate.base import HoldOut, Surrogate, seen_by
from reexplore.surrogate.choices import Choices
from reexplore.surrogate.kernels import Around
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

    def said(self, ensemble, sample, complexes):
        """Return what each member says of one sample: the mean of its joint samples, where it gives several."""
        if seen_by(self.kind) == "geometry":
            found = ensemble.predict(complexes)
        else:
            found = ensemble.predict_ligands(Choices.of_one(sample.parts, Around.of(sample.group)), complexes)
        assert found.shape[:2] == (1, 1)
        return found.reshape(MEMBERS, -1).mean(axis=1)

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
            said = self.said(ensemble, sample, complexes_of(sample))
            (member,) = (r.member for r in reports if sample.key in r.out_of_fold_kcal_mol)
            expected = reports[member].out_of_fold_kcal_mol[sample.key]
            assert said[member] == pytest.approx(expected, abs=0.02)

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
        expected = self.said(ensemble, samples[0], complexes)
        assert self.said(ensemble, samples[0], turned) == pytest.approx(expected, abs=0.02)

    def test_labels_that_are_all_equal_are_learned_as_they_are(self, tmp_path):
        from dataclasses import replace

        samples = [replace(sample, target_kcal_mol=-42.0) for sample in make_samples(9)]
        report = self.train(samples, 1, tmp_path / "equal")
        assert list(report.out_of_fold_kcal_mol.values()) == pytest.approx([-42.0] * 3, abs=0.5)

    def test_fewer_labels_than_folds_are_learned_from(self, tmp_path):
        report = self.train(make_samples(2), 0, tmp_path / "few")
        assert report.samples == 1
        assert all(np.isfinite(value) for value in report.out_of_fold_kcal_mol.values())


class LigandSuite(SurrogateSuite):
    """What a surrogate that sees ligands has to keep beside."""

    def test_what_has_no_geometry_is_learned_from_and_predicted(self, tmp_path):
        from dataclasses import replace

        samples = make_samples(12)
        samples[3:5] = [replace(sample, structure=None) for sample in samples[3:5]]
        reports = [self.train(samples, member, tmp_path / f"{member}") for member in range(MEMBERS)]
        ensemble = self.kind.load([tmp_path / f"{member}" for member in range(MEMBERS)])
        (report,) = (r for r in reports if samples[3].key in r.out_of_fold_kcal_mol)
        # Three members of two draws, each with its mirror image.
        assert ensemble.predict_ligands(Choices.of_one(samples[3].parts, Around("La", 1, 6)), None).shape == (1, 1, 12)
        said = self.said(ensemble, samples[3], None)
        assert np.isfinite(said).all()
        assert said[report.member] == pytest.approx(report.out_of_fold_kcal_mol[samples[3].key], abs=0.02)

    def test_joint_samples_do_not_depend_on_what_else_is_asked(self, trained):
        samples, _, paths = trained
        ensemble = self.kind.load(paths)
        scaffold, _ = samples[0].parts
        groups = ("[H][*:1]", "F[*:1]", "Cl[*:1]")
        around = tuple(Around(metal, 1, 6) for metal in ("La", "Lu"))
        whole = Choices(scaffold, groups, np.arange(3)[:, None], around)
        together = ensemble.predict_ligands(whole, None)
        alone = ensemble.predict_ligands(whole.ligands([2]), None)
        assert alone == pytest.approx(together[2:], abs=1e-6)

    def test_errors_that_metals_of_a_ligand_share_cancel(self, trained):
        samples, _, paths = trained
        ligand = Choices(
            samples[0].parts[0],
            ("N#C[*:1]",),
            np.zeros((1, 1), dtype=np.intp),
            (Around("Nd", 1, 6), Around("Pr", 1, 6)),
        )
        one, other = self.kind.load(paths).predict_ligands(ligand, None)[0]
        assert np.std(one - other) < 0.5 * np.sqrt(np.var(one) + np.var(other))
