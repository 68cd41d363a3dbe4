"""What every stage of a campaign works with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from reexplore.campaign.declaration.assembled import pool_of
from reexplore.campaign.declaration.pool import Pool
from reexplore.campaign.declaration.setup import Setup
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.ledger.rows import ProposedLigand
from reexplore.campaign.running.decided import Decided
from reexplore.campaign.running.dispatcher import Dispatcher
from reexplore.campaign.running.external_energies import awaited_folder, is_elsewhere
from reexplore.campaign.running.progress import Narrator
from reexplore.campaign.running.stopping import StopRequest
from reexplore.execution.executor import Executor
from reexplore.execution.store import Store


@dataclass(frozen=True)
class CampaignContext:
    """A campaign's declaration, its memory and its hands, and what may stop it."""

    setup: Setup
    ledger: Ledger
    executor: Executor
    narrator: Narrator
    stop: StopRequest = field(default_factory=StopRequest)

    @cached_property
    def pool(self) -> Pool:
        """Return every candidate of the space by key."""
        return pool_of(self.setup, self.ledger.proposed())

    def take_in(self, proposed: Sequence[ProposedLigand]) -> None:
        """Let ligands that are not in the ledger yet join the candidates, and what people decided be read anew."""
        self.__dict__["pool"] = pool_of(self.setup, [*self.ledger.proposed(), *proposed])
        self.__dict__.pop("decided", None)

    @cached_property
    def decided(self) -> Decided:
        """Return what people decided about candidates."""
        return Decided(self.pool, self.ledger, whole_ligands=self.setup.goals.unit_size > 1)

    @property
    def store(self) -> Store:
        """Return the store of results."""
        return Store(self.setup.store)

    @cached_property
    def dispatcher(self) -> Dispatcher:
        """Return what turns tasks into outcomes."""
        return Dispatcher(
            ledger=self.ledger,
            store=self.store,
            executor=self.executor,
            narrator=self.narrator,
            rules=self.setup.file.execution.escalation,
            device=self.setup.file.execution.device,
            stop=self.stop,
            awaited=awaited_folder(self.setup) if is_elsewhere(self.ledger) else None,
        )
