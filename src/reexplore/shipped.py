"""Where shipped campaigns, policies and Parsl configurations are found, installed or in the repository."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from reexplore.errors import InputError

Kind = Literal["campaigns", "policies", "parsl_configs"]

_SUFFIX: dict[Kind, str] = {"campaigns": ".yaml", "policies": ".yaml", "parsl_configs": ".py"}
_LABEL: dict[Kind, str] = {"campaigns": "campaign", "policies": "policy", "parsl_configs": "Parsl config"}


def shipped_folder(kind: Kind) -> Path:
    """Return the folder that holds what we ship of this kind."""
    installed = Path(__file__).parent / "shipped" / kind
    return installed if installed.is_dir() else Path(__file__).parents[2] / kind


def shipped_names(kind: Kind) -> list[str]:
    """Return the names we ship of this kind."""
    return sorted(p.stem for p in shipped_folder(kind).glob(f"*{_SUFFIX[kind]}") if not p.stem.startswith("_"))


def is_shipped(kind: Kind, path: Path) -> bool:
    """Return whether a file is one of those we ship."""
    return path.resolve().is_relative_to(shipped_folder(kind).resolve())


def resolve(kind: Kind, reference: str, *, beside: Path | None = None) -> Path:
    """Return the file a campaign means: a path (tried beside the campaign file too) or a shipped name.

    A path has a `/` or an ending. A bare name is a shipped one, so that no file that happens to lie around takes the
    place of what we ship.
    """
    label, suffix = _LABEL[kind], _SUFFIX[kind]
    is_path = "/" in reference or bool(Path(reference).suffix)
    try:
        here = [path for base in (beside, Path()) if base is not None and (path := base / reference).is_file()]
    except OSError as error:
        raise InputError(f"no {label} can be called so: {error.strerror} ({reference[:60]}…)") from None
    if is_path and here:
        return here[0].resolve()
    # A shipped file may be named with its folder, as in `campaigns/cam.yaml`, from anywhere.
    stem = reference.removeprefix(f"{kind}/").removesuffix(suffix)
    shipped = shipped_folder(kind) / f"{stem}{suffix}"
    if shipped.is_file():
        return shipped.resolve()
    names = shipped_names(kind)
    near = get_close_matches(stem, names, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"shipped are {', '.join(names) or 'none'}"
    if here:
        raise InputError(f"no {label} '{reference}' is shipped: for the file of that name write ./{reference}")
    raise InputError(f"no {label} '{reference}' (not a file, not shipped): {hint}")
