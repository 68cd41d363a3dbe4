"""A disk that refuses is nobody's failure but its own."""

import errno
import os
from pathlib import Path

import pytest

from reexplore.errors import ExecutionError
from reexplore.execution import durable
from reexplore.execution.durable import file_system, require_room


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO, errno.ESTALE])
def test_whatever_the_file_system_refuses_is_one_sentence(tmp_path, code):
    with pytest.raises(ExecutionError) as refused, file_system(tmp_path):
        raise OSError(code, os.strerror(code))
    assert os.strerror(code) in str(refused.value)
    assert str(tmp_path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_full_device_is_met_for_real(tmp_path):
    with pytest.raises(ExecutionError, match="No space left on device"), file_system(tmp_path):
        Path("/dev/full").write_text("x")


def test_room_is_asked_for_before_it_is_needed(tmp_path, monkeypatch):
    require_room(tmp_path / "new")
    monkeypatch.setattr(durable, "_LEAST_FREE_GB", 1e9)
    with pytest.raises(ExecutionError, match=r"GB and .* files left: make room"):
        require_room(tmp_path)
    monkeypatch.undo()
    if os.statvfs(tmp_path).f_files:
        monkeypatch.setattr(durable, "_LEAST_FREE_FILES", 10**15)
        with pytest.raises(ExecutionError, match="reexplore store pack"):
            require_room(tmp_path)
