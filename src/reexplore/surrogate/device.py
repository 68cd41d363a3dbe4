"""Where a network computes: on the processor, or on a graphics card where there is one.

What comes out is the same but for rounding, so that it stands in no key. Importing this module loads torch.
"""

from __future__ import annotations

import torch

from reexplore.device import wanted_device
from reexplore.errors import MissingEngineError


def chosen_device(*, pays: bool = True) -> torch.device:
    """Return where to compute; `auto` takes a card where it `pays`.

    Raises `MissingEngineError` when a card is asked for and torch finds none.
    """
    # torch calls AMD's cards cuda as well.
    wanted = wanted_device()
    if wanted == "cpu" or (wanted == "auto" and not (pays and torch.cuda.is_available())):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise MissingEngineError(
            f"execution.device is {wanted}, and torch {torch.__version__} finds no graphics card on this machine: take"
            " auto or cpu, or install torch for your driver (https://pytorch.org)"
        )
    return torch.device("cuda")


def used_card() -> str | None:
    """Return the name of the card that this process has computed on, None for none."""
    return str(torch.cuda.get_device_name()) if torch.cuda.is_initialized() else None
