"""The R groups of the enumerated family: cut from MOSES, the most frequent first (`benchmarks/r_groups.py`).

MOSES is under the MIT licence, which is shipped beside the file as `r_groups.LICENSE`.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

from reexplore.chemistry.library import Substituent

_SOURCE = "MOSES"
HYDROGEN = Substituent("H", "[*:1][H]", _SOURCE)


@cache
def r_groups() -> tuple[Substituent, ...]:
    """Return the shipped R groups; each is named by its SMILES with an open place."""
    text = files("reexplore.proposals").joinpath("r_groups.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return tuple(Substituent(row["smiles"].replace("[*:1]", "*", 1), row["smiles"], _SOURCE) for row in rows)
