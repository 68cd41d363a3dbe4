"""Why a driver stops, and whether the same command goes on at once."""

from reexplore.campaign import stopping
from reexplore.campaign.stopping import Stopped


def test_what_a_driver_was_asked_is_known_until_it_ends():
    with stopping.watching():
        assert stopping.reason() is None
        stopping.ask("SIGTERM")
        stopping.ask("SIGUSR1")
        assert stopping.reason() == "SIGTERM"
        assert Stopped(stopping.reason()).exit_code == 75
    assert stopping.reason() is None


def test_a_paused_campaign_is_not_started_again_by_its_batch_script(tmp_path):
    with stopping.watching(stopping.paused(tmp_path)):
        assert stopping.reason() is None
        (tmp_path / stopping.PAUSE).touch()
        assert Stopped(stopping.reason()).exit_code == 76


def test_spent_core_hours_stop_a_campaign():
    used = [9.9]
    with stopping.watching(stopping.spent(lambda: used[0], 10.0)):
        assert stopping.reason() is None
        used[0] = 10.0
        assert stopping.reason() == "10.0 of 10 core-hours are spent: raise budget.core_hours, then resume"
    with stopping.watching(stopping.spent(lambda: used[0], None)):
        assert stopping.reason() is None
