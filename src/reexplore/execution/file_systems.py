"""Which folders lie on file systems that other machines write to as well."""

from __future__ import annotations

from pathlib import Path

import psutil

#: File systems of a network or of a cluster, by the names /proc/mounts gives them.
_NETWORKED = frozenset(
    "nfs nfs4 lustre gpfs beegfs cifs smb3 smbfs afs ceph glusterfs panfs orangefs pvfs2 wekafs dvs 9p virtiofs".split()  # noqa: SIM905
)


def networked(path: Path) -> str | None:
    """Return the type of the network file system a path lies on, or None for a disk of this machine.

    What FUSE mounts is taken for a network: nothing tells sshfs from a disk but its name.
    """
    place = path.resolve()
    mounts = {Path(m.mountpoint): m.fstype for m in psutil.disk_partitions(all=True)}
    kind = next((mounts[folder] for folder in (place, *place.parents) if folder in mounts), "")
    return kind if kind in _NETWORKED or kind.startswith("fuse") else None
