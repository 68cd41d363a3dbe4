"""The page and the files of a campaign that is running: they follow its labels at little cost."""

from __future__ import annotations

import time
from collections.abc import Collection

from reexplore.campaign.results.report import report_round, send, write_files
from reexplore.campaign.results.snapshot import campaign_record
from reexplore.campaign.running.context import CampaignContext
from reexplore.tracking.records import CampaignRecord

#: A page is written so seldom that writing takes at most one part in so many of the driver's time, and not in a row.
_PARTS, _LEAST_APART_S = 20, 30.0


class RunningReport:
    """What people see of a running campaign.

    The MLflow mirror follows a closed round when the calculations of the next one have been handed out: of a large
    campaign it takes many seconds, in which the workers have to have something to do.
    """

    def __init__(self, context: CampaignContext) -> None:
        self._context = context
        self._is_behind = False
        self._unsent: CampaignRecord | None = None
        self._not_before_s = time.monotonic()

    def turn(self, labelled: Collection[str]) -> None:
        """Show the candidates whose labelling ended, now or at a later turn; to be called often."""
        self._is_behind |= bool(labelled)
        self._send()
        if time.monotonic() >= self._not_before_s:
            self._write()

    def bring_up_to_date(self) -> None:
        """Write page and files and send the mirror what they are behind by."""
        self._send()
        self._write()

    def round_closed(self, number: int) -> None:
        """Say what a closed round came to, and bring the files up to date; the mirror follows at the next turn."""
        self._unsent = report_round(self._context, number)
        self._is_behind = False

    def _send(self) -> None:
        record, self._unsent = self._unsent, None
        if record is not None:
            send(self._context, record)

    def _write(self) -> None:
        if not self._is_behind:
            return
        began_s = time.monotonic()
        context = self._context
        write_files(campaign_record(context.setup, context.ledger, pool=context.pool), context.setup.folder)
        self._is_behind = False
        ended_s = time.monotonic()
        self._not_before_s = ended_s + max(_PARTS * (ended_s - began_s), _LEAST_APART_S)
