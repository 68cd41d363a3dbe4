"""What a campaign that has begun was declared with, whatever version of the program began it."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

from reexplore.campaign.ledger import Ledger
from reexplore.config import with_surface

#: What campaigns did before there was a choice of it.
_BEFORE = {"other_conformers": 2, "levels": [], "surfaces": [], "checks": 1}


def declaration(ledger_path: Path) -> dict[str, Any] | None:
    """Return the declaration of the campaign whose ledger this is, None when it has not begun."""
    if not ledger_path.is_file():
        return None
    with closing(Ledger(ledger_path, read_only=True)) as ledger:
        known = ledger.meta("campaign")
    return written_out(json.loads(known)) if known is not None else None


def written_out(declared: dict[str, Any]) -> dict[str, Any]:
    """Return a declaration with what its program did without being asked, in today's words."""
    space = declared["space"]
    scaffolds = [s if isinstance(s, str) else {"donors": {}} | s for s in space["scaffolds"]]
    theory = _BEFORE | with_surface(declared["theory"])
    return {"steering": "rounds"} | declared | {"space": space | {"scaffolds": scaffolds}, "theory": theory}
