"""Whatever is killed, whenever: the resumed campaign is the undisturbed one, and nothing finished is computed again."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MEMORY = Path("/dev/shm")


@pytest.mark.engine
def test_a_campaign_killed_at_any_point_ends_like_an_undisturbed_one(tmp_path):
    """Every end of a transaction and an even sample of all other points; the benchmark tries every one."""
    place = MEMORY if MEMORY.is_dir() else tmp_path
    command = [sys.executable, "-m", "tests.campaign.crashing", "--every", "25", "--commits", "--folder", place]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    figures = json.loads(told.stdout.splitlines()[-1])
    assert figures["differences"] == []
    assert figures["crash_points_identical"] == figures["crash_points_tried"]
    assert figures["recomputed_beyond_in_flight"] == 0
    # Not a sweep over next to nothing: every transaction of a campaign of three rounds is in it.
    assert figures["crash_points"] > 1000
    assert figures["crash_points_tried"] > 100
