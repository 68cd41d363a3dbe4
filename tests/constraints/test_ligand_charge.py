"""The charges a free ligand may have."""

from tests.constraints.suite import ConstraintSuite, ligand


class TestLigandCharge(ConstraintSuite):
    name = "ligand_charge"
    good = ([-1, -2], [0])
    bad = ([], -1, ["-1"], [True], [1.0], [1000], None, {"at_most": -1})
    kept = (ligand("HOPO", "H"), ligand("CAM", "H"))
    left_out = (ligand("TREN-CAM", *["H"] * 3),)

    def test_the_reason_names_both(self):
        assert self.rule().reason(ligand("TREN-CAM", *["H"] * 3)) == "charge -6, not -1 or -2"
