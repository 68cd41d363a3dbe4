"""Every notebook of the examples runs as it stands."""

import json
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "examples").glob("*.ipynb"))


def test_there_is_one():
    assert NOTEBOOKS


@pytest.mark.engine
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_its_cells_run_one_after_the_other(path, tmp_path, monkeypatch, drivers_compute):
    monkeypatch.chdir(tmp_path)
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    names: dict = {}
    for number, cell in enumerate(cells):
        if cell["cell_type"] == "code":
            # Results are not kept in the file: they would be another machine's.
            assert cell["outputs"] == []
            exec(compile("".join(cell["source"]), f"{path.name}, cell {number}", "exec"), names)
    assert names["status"].labels == 6
    assert names["label"].terms.total_hartree < 0
    assert set(names["labels"]["name"]) <= set(names["candidates"]["name"])
