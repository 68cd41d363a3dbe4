"""The models of a campaign as they are registered: what is sent, whoever keeps it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

#: What a registered model is asked, and what it answers, column by column.
ASKED = ("smiles", "metal")
ANSWERED = (
    ("smiles", "string"),
    ("metal", "string"),
    ("ligands", "long"),
    ("waters", "long"),
    ("predicted_kcal_mol", "double"),
    ("sigma_kcal_mol", "double"),
    ("reason", "string"),
)


@dataclass(frozen=True)
class ModelRecord:
    """A trained ensemble by the `name` it is registered under, and the round it was trained in.

    `digest` tells two of them apart. `write` puts weights and all else it needs into an empty folder, `loader` names
    the module of the package that reads them. `example` are pairs of SMILES and metal, `requirements` the packages it
    runs with, in their versions.
    """

    name: str
    round: int
    digest: str
    summary: str
    loader: str
    write: Callable[[Path], None]
    example: tuple[tuple[str, str], ...]
    requirements: tuple[str, ...]
