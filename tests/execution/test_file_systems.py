"""Which folders other machines write to as well is told by the file system they are mounted from."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from reexplore.execution import file_systems

MOUNTS = {"/": "ext4", "/home": "nfs4", "/home/me/fast": "xfs", "/scratch": "lustre", "/far": "fuse.sshfs"}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/data/runs", None),
        ("/home/me/runs", "nfs4"),
        ("/home/me/fast/runs", None),
        ("/scratch/project", "lustre"),
        ("/far/away", "fuse.sshfs"),
        ("/homely", None),
    ],
)
def test_the_innermost_mount_counts(path, kind, monkeypatch):
    mounted = [SimpleNamespace(mountpoint=place, fstype=kind) for place, kind in MOUNTS.items()]
    monkeypatch.setattr(file_systems.psutil, "disk_partitions", lambda **_: mounted)
    assert file_systems.networked(Path(path)) == kind
