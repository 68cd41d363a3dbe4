"""The stability of one complex with everything real, at the cheapest level."""

import pytest
from rich.console import Console

from reexplore.chemistry.ligand_input import plain_ligand
from reexplore.chemistry.metals import METALS
from reexplore.config import TheoryEntry
from reexplore.energies.levels import GFN2
from reexplore.workbench.stability import StabilityBench


@pytest.mark.engine
def test_a_ligand_is_bound_at_the_lower_of_two_coordination_numbers(tmp_path):
    theory = TheoryEntry(builders=["placement"], placement_starts=4, refine=1, reference="acid")
    bench = StabilityBench(tmp_path, theory=theory, level=GFN2, seed=1, console=Console(quiet=True))
    single = plain_ligand("CC(=[O:11])[O-:12]")
    found = bench.bound(single, METALS["Lu"])
    numbers = {each.coordination_number: each for each in (found.best, *found.others)}
    assert set(numbers) == {8, 9}
    assert found.best.free_kcal_mol == min(each.free_kcal_mol for each in numbers.values())
    # One water more is bound by energy and lost by entropy.
    bound, lost = (numbers[9].electronic_kcal_mol - numbers[8].electronic_kcal_mol, numbers[9].free_kcal_mol)
    assert bound < lost - numbers[8].free_kcal_mol
    # Everything is in the store: a second time nothing is computed.
    assert bench.bound(single, METALS["Lu"]) == found
