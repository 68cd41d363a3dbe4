"""The pools of labels that come with the package."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reexplore.dataset.files import PARQUET, read_pool
from reexplore.dataset.pool import LabelledPool

FOLDER = Path(__file__).parents[1] / "pools"


def shipped_pools() -> Iterator[tuple[str, LabelledPool]]:
    """Yield every pool that comes with the package, with its name."""
    for path in sorted(FOLDER.glob(f"*{PARQUET}")):
        yield path.stem, read_pool(path)
