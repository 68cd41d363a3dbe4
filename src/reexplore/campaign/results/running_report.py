"""The page and the files of a campaign that is running: they follow its labels at little cost."""

from __future__ import annotations

import time
from collections.abc import Collection

from reexplore.campaign.results.report import report_round, write_files
from reexplore.campaign.results.snapshot import campaign_record
from reexplore.campaign.running.context import CampaignContext

#: A page is written so seldom that writing takes at most one part in so many of the driver's time, and not in a row.
_PARTS, _LEAST_APART_S = 20, 30.0


class RunningReport:
    """What people see of a running campaign; the MLflow mirror is brought up to date when a round is closed."""

    def __init__(self, context: CampaignContext) -> None:
        self._context = context
        self._is_behind = False
        self._not_before_s = time.monotonic()

    def turn(self, labelled: Collection[str]) -> None:
        """Show the candidates whose labelling ended, now or at a later turn; to be called often."""
        self._is_behind |= bool(labelled)
        if time.monotonic() >= self._not_before_s:
            self.bring_up_to_date()

    def bring_up_to_date(self) -> None:
        """Write page and files if they are behind."""
        if not self._is_behind:
            return
        began_s = time.monotonic()
        context = self._context
        write_files(campaign_record(context.setup, context.ledger, pool=context.pool), context.setup.folder)
        self._is_behind = False
        ended_s = time.monotonic()
        self._not_before_s = ended_s + max(_PARTS * (ended_s - began_s), _LEAST_APART_S)

    def round_closed(self, number: int) -> None:
        """Say what a closed round came to, and bring files and mirror up to date."""
        report_round(self._context, number)
        self._is_behind = False
