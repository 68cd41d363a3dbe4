"""Where a task is to compute when it can choose: told by the environment, for it stands in no key."""

from __future__ import annotations

import os

#: `auto`, `cpu`, or `cuda`: a graphics card in any case.
VARIABLE = "REEXPLORE_DEVICE"


def wanted_device() -> str:
    """Return where this process is to compute."""
    return os.environ.get(VARIABLE, "auto")
