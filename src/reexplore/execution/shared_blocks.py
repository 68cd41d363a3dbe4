"""Two executors in the blocks of one: workers on a node's cores beside those on its cards.

Parsl knows one executor a block, and a manager gives each of its workers a card or none of them. Here the command of a
block starts a manager of either executor on each node. The host asks for blocks and gives them back, for both; the
guest has none of its own.
"""

from __future__ import annotations

import math
from typing import Any

from parsl.executors import HighThroughputExecutor


class HostExecutor(HighThroughputExecutor):
    """Workers whose blocks hold those of a guest as well, once there is one."""

    guest: GuestExecutor | None = None

    def outstanding(self) -> int:
        """Return the tasks that blocks are asked for: its own, and the guest's as if they were its own."""
        own = int(super().outstanding())
        if self.guest is None:
            return own
        waiting = self.guest.outstanding() * self.workers_per_node / self.guest.workers_per_node
        return own + math.ceil(waiting)

    def scale_in(self, blocks: int, max_idletime: float | None = None) -> list[str]:
        """Give idle blocks back; none while the guest computes, for Parsl does not see in which of them."""
        if max_idletime is not None and self.guest is not None and self.guest.outstanding():
            return []
        given_back: list[str] = super().scale_in(blocks, max_idletime)
        return given_back

    def _get_launch_command(self, block_id: str) -> str:
        own: str = super()._get_launch_command(block_id)
        if self.guest is None:
            return own
        # Without a variable of the shell: launchers write it into a script that expands them. A host that fails ends
        # the block; one that has drained waits for its guest.
        return f"{self.guest.beside(block_id)} &\n{own} && wait"


class GuestExecutor(HighThroughputExecutor):
    """Workers in the blocks of a host."""

    host: HostExecutor

    def beside(self, block_id: str) -> str:
        """Return the command that starts its manager on a node of a block."""
        command: str = self._get_launch_command(block_id)
        return command

    @property
    def status_facade(self) -> dict[str, Any]:
        """Return the state of the host's blocks: where they fail or wait, it does."""
        states: dict[str, Any] = self.host.status_facade
        return states

    def scale_out_facade(self, n: int) -> list[str]:  # noqa: ARG002 - Parsl's signature
        """Ask for nothing: the host does."""
        return []

    def scale_in_facade(self, n: int, max_idletime: float | None = None) -> list[str]:  # noqa: ARG002 - Parsl's
        """Give nothing back: the host does."""
        return []
