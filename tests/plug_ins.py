"""Small packages as `pip install --target` leaves them: a module and its metadata in a folder of the path."""

from collections.abc import Mapping
from pathlib import Path


def install(folder: Path, *, name: str, version: str, module: str, announced: Mapping[str, Mapping[str, str]]) -> Path:
    """Put a package of one module into a folder and return the folder; it is found once that is on `sys.path`.

    `announced` maps each entry point's group to names with what stands behind them, `MODULE:OBJECT`.
    """
    (folder / f"{name.replace('-', '_')}.py").write_text(module)
    metadata = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    sections = (
        f"[{group}]\n" + "".join(f"{point} = {value}\n" for point, value in points.items())
        for group, points in announced.items()
    )
    (metadata / "entry_points.txt").write_text("\n".join(sections))
    return folder
