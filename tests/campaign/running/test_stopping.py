"""Why a driver stops, and whether the same command goes on at once."""

from reexplore.campaign.running.stopping import PAUSE, Stopped, StopRequest, paused, spent


def test_the_first_reason_stays():
    stop = StopRequest()
    assert stop.reason is None
    stop.ask("SIGTERM")
    stop.ask("SIGUSR1")
    assert stop.reason == "SIGTERM"
    assert Stopped(stop.reason).exit_code == 75


def test_a_driver_knows_nothing_of_another_in_the_same_process():
    one, other = StopRequest(), StopRequest()
    one.ask("enough")
    assert other.reason is None


def test_a_paused_campaign_is_not_started_again_by_its_batch_script(tmp_path):
    stop = StopRequest(paused(tmp_path))
    assert stop.reason is None
    (tmp_path / PAUSE).touch()
    assert Stopped(stop.reason).exit_code == 76


def test_spent_core_hours_stop_a_campaign():
    used = [9.9]
    stop, unlimited = StopRequest(), StopRequest(spent(lambda: used[0], None))
    stop.watch(spent(lambda: used[0], 10.0))
    assert stop.reason is None
    used[0] = 10.0
    assert stop.reason == "10.0 of 10 core-hours are spent: raise budget.core_hours, then resume"
    assert unlimited.reason is None
