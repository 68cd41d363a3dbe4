import xml.etree.ElementTree as ET

from reexplore.tracking.ligand_drawings import draw_ligands

CAM = ("CNC(=O)c1cccc([O-])c1[O-]", "CNC(=O)c1cc(C)cc([O-])c1[O-]", "CNC(=O)c1cc(-c2ccccc2)cc([O-])c1[O-]")


def elements(drawing):
    return list(ET.fromstring(f"<svg>{drawing}</svg>"))


def test_each_ligand_is_drawn_once_and_what_cannot_be_read_is_left_out():
    drawings = draw_ligands([CAM[0], CAM[1], CAM[0], "not a molecule"])
    assert list(drawings) == [CAM[0], CAM[1]]


def test_drawings_hold_paths_only():
    for drawing in draw_ligands(CAM).values():
        assert {element.tag for element in elements(drawing)} <= {"path", "ellipse"}


def test_a_common_core_lies_the_same_way_in_all_drawings():
    def direction(drawing):
        """Return the direction of the first bond, that of the methyl group on the amide."""
        path = next(e for e in elements(drawing) if e.get("class", "").startswith("bond-0 "))
        numbers = [
            float(x) for part in path.get("d").replace("M", "").replace("L", "").split() for x in part.split(",")
        ]
        dx, dy = numbers[2] - numbers[0], numbers[3] - numbers[1]
        return round(dx / (dx**2 + dy**2) ** 0.5, 1), round(dy / (dx**2 + dy**2) ** 0.5, 1)

    assert len({direction(drawing) for drawing in draw_ligands(CAM).values()}) == 1
