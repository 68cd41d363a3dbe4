"""Whatever is killed, whenever: the resumed campaign is the undisturbed one, and nothing finished is computed again."""

import pytest

from tests.campaign.crashing import stand_ins, sweep


@pytest.mark.engine
def test_a_campaign_killed_at_any_point_ends_like_an_undisturbed_one(tmp_path):
    """The first and the last end of each kind of transaction and an even sample; the benchmark tries every point."""
    with stand_ins():
        figures = sweep(tmp_path, every=40, transactions=True)
    assert figures["differences"] == []
    assert figures["crash_points_identical"] == figures["crash_points_tried"]
    assert figures["recomputed_beyond_in_flight"] == 0
    # Not a sweep over next to nothing.
    assert figures["crash_points"] > 1000
    assert figures["crash_points_tried"] > 40
