"""Samples survive a file, are counted like a chemist counts, and are split fairly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit.Chem.rdMolDescriptors import CalcMolFormula

from reexplore.chemistry.candidates import Group
from reexplore.chemistry.library import find_scaffold, find_substituent
from reexplore.chemistry.ligands import assemble
from reexplore.surrogate.samples import (
    LIGAND_CHARGE,
    Sample,
    composition,
    factors,
    feature_columns,
    feature_matrix,
    folds,
    samples_from_text,
    samples_to_text,
    targets_kcal_mol,
)
from tests.surrogate.sample import make_samples, read_complex


def test_samples_survive_being_written():
    samples = [*make_samples(3), *make_samples(1, seed=5, labelled=False)]
    again = samples_from_text(samples_to_text(samples))
    assert [s.to_dict() for s in again] == [s.to_dict() for s in samples]
    assert [s.structure.key for s in again] == [s.structure.key for s in samples]
    assert again[-1].target_kcal_mol is None


def test_a_structure_that_does_not_start_with_its_metal_is_refused():
    with pytest.raises(ValueError, match="first atom is La, not the metal Eu"):
        Sample("a", read_complex("La_CAM-H_1_6"), Group("Eu", 1, 6, -2), "CAM", ("H",), None)


def test_composition_is_the_sum_formula_rdkit_gives():
    sample = next(s for s in make_samples(60) if s.scaffold == "CAM" and s.substituents == ("H",))
    ligand = assemble(find_scaffold("CAM"), (find_substituent("H"),)).mol_with_hydrogens
    assert CalcMolFormula(ligand).startswith("C8H7NO3")
    assert composition(sample) == {sample.group.metal: 1, "C": 8, "H": 7 + 12, "N": 1, "O": 3 + 6, LIGAND_CHARGE: -2}


def test_factors_count_substituents_and_mark_the_rest():
    sample = make_samples(1)[0]
    twice = Sample("two", sample.structure, sample.group, "CAM", ("fluoro", "fluoro"), None)
    assert factors(twice) == {
        "scaffold CAM": 1,
        f"metal {sample.group.metal}": 1,
        "stoichiometry 1:6": 1,
        "substituent fluoro": 2,
    }


def test_a_matrix_keeps_its_columns_and_leaves_unknown_names_out():
    columns = feature_columns([{"b": 1.0}, {"a": 2.0}])
    assert columns == ("a", "b")
    assert feature_matrix([{"b": 3.0, "z": 9.0}, {}], columns).tolist() == [[0, 3], [0, 0]]
    assert feature_matrix([], columns).shape == (0, 2)


def test_a_missing_label_is_named():
    sample = make_samples(1, labelled=False)[0]
    with pytest.raises(ValueError, match=sample.key):
        targets_kcal_mol([sample])


POOL = make_samples(40)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 40), st.integers(2, 8), st.integers(0, 5), st.randoms(use_true_random=False))
def test_folds_are_balanced_and_independent_of_order(n, k, seed, random):
    samples = POOL[:n]
    fold_of = folds(samples, k, seed)
    sizes = np.bincount(fold_of, minlength=k)
    assert sizes.max() - sizes.min() <= 1
    assert all((fold_of != fold).any() for fold in range(k))
    shuffled = random.sample(samples, n)
    again = dict(zip([s.key for s in shuffled], folds(shuffled, k, seed), strict=True))
    assert [again[s.key] for s in samples] == fold_of.tolist()


def test_folds_spread_each_group_and_change_with_the_seed():
    samples = [s for s in POOL if s.group.metal in ("Eu", "La")]
    fold_of = folds(samples, 2, 0)
    for group in {s.group for s in samples}:
        sizes = np.bincount(fold_of[[s.group == group for s in samples]], minlength=2)
        assert abs(sizes[0] - sizes[1]) <= 1
    assert any(folds(POOL, 4, 0).tolist() != folds(POOL, 4, seed).tolist() for seed in (1, 2))


def test_too_little_to_split_is_refused():
    with pytest.raises(ValueError, match="cannot be split"):
        folds(POOL[:1], 4, 0)
    with pytest.raises(ValueError, match="not unique"):
        folds([POOL[0], POOL[0]], 2, 0)


def test_whole_ligands_are_held_out_together():
    samples = make_samples(60)
    fold_of = folds(samples, 4, seed=1, whole_ligands=True)
    by_ligand = {}
    for sample, fold in zip(samples, fold_of, strict=True):
        by_ligand.setdefault(sample.ligand, set()).add(int(fold))
    assert all(len(found) == 1 for found in by_ligand.values())
    assert set().union(*by_ligand.values()) == {0, 1, 2, 3}
    order = np.random.default_rng(0).permutation(60)
    assert folds([samples[i] for i in order], 4, seed=1, whole_ligands=True).tolist() == fold_of[order].tolist()
