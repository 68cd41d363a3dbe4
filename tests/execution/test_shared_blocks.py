"""Two executors in the blocks of one: what is asked for, what is given back, and that both get their tasks."""

import math
import os
import time
from types import SimpleNamespace

import pytest

from reexplore.execution.parsl import ParslExecutor
from reexplore.execution.shared_blocks import HostExecutor
from reexplore.execution.sites import load_site
from reexplore.shipped import resolve

LONG_S = 120


@pytest.fixture
def pools(tmp_path):
    """Return a host of two workers on one card and a guest of four on cores."""
    options = {"workers": 4, "cards": 1, "workers_per_card": 2}
    config = load_site(resolve("parsl_configs", "local"), run_dir=tmp_path / "parsl", options=options)
    return config.executors


@pytest.mark.parametrize(("own", "guests"), [(0, 0), (3, 0), (0, 1), (3, 8)])
def test_a_host_asks_for_blocks_for_both(pools, own, guests):
    host, guest = pools
    host.tasks.update(dict.fromkeys(range(own)))
    guest.tasks.update(dict.fromkeys(range(guests)))
    assert host.outstanding() == own + math.ceil(guests * 2 / 4)


def test_no_idle_block_is_given_back_while_the_guest_computes(pools, monkeypatch):
    host, guest = pools
    given_back = []
    parent = HostExecutor.__mro__[1]
    monkeypatch.setattr(parent, "scale_in", lambda _self, blocks, _idle=None: given_back.append(blocks) or [])
    guest.tasks[1] = None
    host.scale_in(1, max_idletime=300.0)
    assert given_back == []
    # At the end everything is, whatever runs.
    host.scale_in(1)
    guest.tasks.clear()
    host.scale_in(2, max_idletime=300.0)
    assert given_back == [1, 2]


def test_a_guest_asks_for_nothing_and_sees_the_blocks_of_its_host(pools):
    host, guest = pools
    host._status = {"0": SimpleNamespace(state="RUNNING")}
    assert (guest.scale_out_facade(2), guest.scale_in_facade(2)) == ([], [])
    assert guest.status_facade == host.status_facade == host._status


def test_the_command_of_a_block_starts_both(pools):
    host, guest = pools
    host.launch_cmd, guest.launch_cmd = "host {block_id}", "guest {block_id}"
    assert host._get_launch_command("7") == "guest 7 &\nhost 7 && wait"


@pytest.mark.engine
def test_one_block_has_workers_on_a_card_and_others_that_see_none(pools, tmp_path):
    host, guest = pools
    config = load_site(resolve("parsl_configs", "local"), run_dir=tmp_path / "run", options={"workers": 1, "cards": 1})
    host, guest = config.executors
    with ParslExecutor(config, store=tmp_path / "store", evidence=tmp_path / "evidence") as workers:
        asked = [workers.call(label, os.getenv, "CUDA_VISIBLE_DEVICES") for label in ("gpu", "cheap")]
        deadline = time.monotonic() + LONG_S
        while not all(each.done() for each in asked) and time.monotonic() < deadline:
            workers.check()
            time.sleep(0.5)
        assert [each.result(timeout=1) for each in asked] == ["card-0", ""]
        assert len(host.blocks_to_job_id) == 1
        assert guest.blocks_to_job_id == {}
        blocks = [[manager["block_id"] for manager in each.connected_managers()] for each in (host, guest)]
        assert blocks == [["0"], ["0"]]
