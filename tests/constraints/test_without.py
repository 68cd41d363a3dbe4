"""Patterns of atoms that no ligand may have."""

from tests.constraints.suite import ConstraintSuite, ligand


class TestWithout(ConstraintSuite):
    name = "without"
    good = (["[N+](=O)[O-]", "S", "[SX2H]"], ["[#9]"])
    bad = ([], "S", ["S", 1], ["no smarts("], [""], ["C" * 2000], ["C" * 60], ["C\nC"], None, {"at_most": 1})
    kept = (ligand("CAM", "H"), ligand("HOPO", "fluoro"))
    left_out = (ligand("CAM", "thiol"), ligand("HOPO", "nitro"), ligand("thio-HOPO", "H"))

    def test_the_reason_is_the_first_pattern_that_is_there(self):
        assert self.rule().reason(ligand("CAM", "thiol")) == "it has S"
