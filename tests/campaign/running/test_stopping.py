"""Why a driver stops, and whether the same command goes on at once."""

import pytest

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


@pytest.mark.parametrize(("unit", "key"), [("core", "core_hours"), ("GPU", "gpu_hours")])
def test_spent_hours_stop_a_campaign(unit, key):
    used = [9.9]
    stop, unlimited = StopRequest(), StopRequest(spent(lambda: used[0], None, unit=unit))
    stop.watch(spent(lambda: used[0], 10.0, unit=unit))
    assert stop.reason is None
    used[0] = 10.0
    assert stop.reason == f"10.0 of 10 {unit}-hours are spent: raise budget.{key}, then resume"
    assert unlimited.reason is None
